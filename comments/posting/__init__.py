"""Leaving a reply. `post_comment` is the only way in for people, `importing.admit` the only one for imports.

submission:         validate and screen, then check, store, count and record, in one transaction
refusals:           bans, parents that are not shown, the same text once more
storing:            the rows, counts and mails of a comment that was accepted
importing:          records of another system -> rows
import_order:       the comments of a file, kept on disk and put in order
import_undoing:     which imported comments nobody has worked on since, and deleting those
request_parsing:    a request -> a draft
reply_form:         the reply form, and its own page
own_comments:       what somebody has left under an article, with what they may still do
editing_rights:     whether the author of a comment may change it now
views:              the pages of a reply, of a thread, and of a permanent address
guest_fragment, thread_page: frames that are kept, and what changes in them
sign_in_steps:      the ways to say who you are, each a submit button of the form
portraits:          the picture beside a comment, once its author has removed or replaced it
kept_drafts:        drafts that are kept on the server while their authors sign in
guest_cookie:       the only cookie of a guest
email_confirmation: asking a guest to confirm their email address
rerendering:        rendering comments again that an older renderer made
"""

from comments.posting.submission import post_comment

__all__ = ["post_comment"]
