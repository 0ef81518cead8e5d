"""Leaving a reply. `post_comment` is the only way in for people, `importing.admit` the only one for imports.

submission:         post_comment: check, judge, store, count and record, in one transaction
importing:          admit: records of another system -> rows
request_parsing:    a request -> a draft, and back into the form
reply_form:         the reply form, and the page of its own
views:              the pages of a reply, a thread and a permanent address
sign_in_steps:      the ways to say who you are, each a submit button of the form
kept_drafts:        drafts that wait on the server while their writers sign in
guest_cookie:       the one cookie of a guest
email_confirmation: asking a guest to confirm their address
rerendering:        rendering anew what an older renderer made
"""

from comments.posting.submission import post_comment

__all__ = ["post_comment"]
