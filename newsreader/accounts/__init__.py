"""People who can sign in, and the identities under which they comment.

models:             User, Invitation, CommenterIdentity, KnownWay, KeptAnswer, Retention
identities:         the commenter identity of a request
groups:             the newsroom's groups and their permissions
invitations:        inviting to the newsroom; invitation_views: the pages where that is accepted
leaving:            taking all roles from somebody who leaves
adapters:           allauth's hooks
letters:            the mails about accounts, in the words and the look of the paper
asked_letters:      which of them anybody can ask for, and whether the next one may be sent
browsers:           browsers by the names that people know
allauth_internals:  what allauth offers in no public way
forms, views, urls: the account pages, and allauth's where ours differ
email_field:        the library's field for addresses, read as ours
mailed_codes:       the codes in mails, of which the newest counts
login_codes:        signing in with a code from a mail
reauthentication:   making sure that it is still the same person
second_factor:      the second factor of staff
sign_in_ways:       telling owners of a sign-in by a new way
address_changes:    of an added or removed address; staff_changes: of what staff changed in the admin
factor_secrets:     secrets of second factors and provider tokens, encrypted
account_linking:    connecting a login provider to an account
old_sessions:       sessions that have ended, or are too many; and where those came from that go on
unconfirmed:        accounts that somebody signed up for and never confirmed
sign_in_trips:      what is to be known when somebody comes back from a login provider
session_secrets:    what sessions hold encrypted, anew when keys are rotated
session_store:      how a session is read, and what of it is encrypted
sessions:           what a session knows besides its user
session_user:       who is signed in
pictures:           avatars and initials
upload_pass:        who may send large bodies to the newsroom
middleware:         checks before allauth's views
kept_answers:       a POST over REST that is sent again
headless_urls, api_authentication, api: apps and API clients
providers:          login providers
people_admin, invitation_admin: accounts and invitations in the admin
admin, apps, events: registration, and events that others listen to
"""
