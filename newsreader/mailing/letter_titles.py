"""What each mail is called in the newsroom, by the name of its templates."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: Final[dict[str, str | Promise]] = {
    "account_changed": _("Your account was changed"),
    "account_confirm_email": _("Confirm your address"),
    "account_exists": _("You already have an account"),
    "account_login_code": _("Sign-in code"),
    "account_reset_password": _("Choose a new password"),
    "account_unknown": _("There is no account with this address"),
    "article_held_up": _("A scheduled article does not appear"),
    "article_published": _("Your article is published"),
    "article_sent": _("An article for the editors"),
    "article_sent_back": _("An article was sent back to you"),
    "author_comment": _("A comment on your article"),
    "author_comments": _("Comments on your articles"),
    "chat_switched_off": _("A chat webhook was switched off"),
    "comment_appeal_rejected": _("Your appeal was rejected"),
    "comment_confirm": _("Is this your address?"),
    "comment_handed_over": _("A comment was handed to you"),
    "comment_objection_settled": _("The outcome of your objection"),
    "comment_published": _("Your comment is published"),
    "comment_refused": _("Your comment was refused"),
    "comment_report_received": _("We have your report"),
    "comment_report_settled": _("The outcome of your report"),
    "comment_waiting": _("A comment waits"),
    "erasure_asked": _("You will be erased"),
    "erasure_link": _("A link for being erased"),
    "comments_overdue": _("A comment has waited for long"),
    "comments_waiting": _("Comments wait"),
    "invitation": _("Invitation to the newsroom"),
    "my_data_link": _("Your data"),
    "reader_article": _("A new article"),
    "reader_comment": _("A new comment, or a reply"),
    "reader_confirm": _("Is this your address?"),
    "reader_correction": _("An article was corrected"),
    "reader_digest": _("News for a reader"),
    "reader_picked": _("The editors picked your comment"),
    "reader_published": _("Your comment is published"),
    "reader_refused": _("Your comment was refused"),
    "log_alarm": _("The audit log does not verify"),
    "mail_alarm": _("Very many codes and confirmations are asked for"),
}


def title_of(name: str) -> str:
    """Return what a mail is called; its plain name, if it is none of this release."""
    return str(TITLES.get(name, name))
