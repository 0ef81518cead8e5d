"""What readers say and editors decide.

models:         tables with their querysets; paths, locks and permissions
text:           a reader's Markdown -> safe HTML
audit:          the audit log, and the reasons of decisions
discussion:     rows -> what a page shows
notifications:  who gets which mail, and the outbox
screening:      checks, block list, trust, rate limits, bans, surges
posting:        leaving a reply; imports
moderation:     decisions, batches, bans, erasing
objections:     reports, appeals, transparency
authors:        what authors do with their own comments
desk:           the moderators' pages and the admin of comments
api:            the same operations over REST

drafts:         a comment before it is accepted
errors:         why a reply or a decision is refused
events:         what other modules can listen for
listeners:      how comments react to events
checks:         a system check over the data
urls, admin, apps, management: what Django looks for
"""
