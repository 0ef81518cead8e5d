"""Addresses in mails: absolute, on SITE_URL; and the signed ones with which a moderator decides.

They are written out, and a test compares them with the pages: Django, asked for them, would import every page into the
worker.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone

from articles.models.article import Article
from comments.models import Comment, Decision, EmailConfirmation
from newsreader.accounts import second_factor
from newsreader.accounts.models import User
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.web import absolute

ACTIONS = ("approve", "spam", "trash")
LIFE, SALT = dt.timedelta(days=7), "comments.mail-link"


class Action(NamedTuple):
    """What a signed address lets one moderator do: once, within a week, and only if nobody has decided since."""

    comment_id: int
    user_id: int
    name: str
    seen: int  # the number of the last decision when the mail was written
    until: int  # seconds since 1970

    @property
    def has_ended(self) -> bool:
        return timezone.now().timestamp() > self.until


def moderation_url(comment: Comment) -> str:
    """Where a moderator decides about this comment; signing in comes first."""
    return absolute(f"/admin/comments/comment/{comment.pk}/change/")


def desk_url(comment: Comment) -> str:
    """Where a comment is shown on the desk, with all tools; signing in comes first."""
    return absolute(f"/admin/moderation/{comment.pk}/")


def queue_url() -> str:
    """Where moderators find all that waits; signing in comes first."""
    return absolute("/admin/moderation/")


def choices_url() -> str:
    """Where somebody of the newsroom chooses which mails they get; signing in comes first."""
    return absolute("/admin/moderation/mails/")


def chat_url(hook_id: int) -> str:
    """Where a chat webhook is changed; signing in comes first."""
    return absolute(f"/admin/comments/chathook/{hook_id}/change/")


def log_url() -> str:
    """Where those who run the site read the audit log; signing in comes first."""
    return absolute("/admin/comments/auditentry/")


def settings_url() -> str:
    """Where the limits of comments are set; signing in comes first."""
    return absolute("/admin/comments/commentsettings/")


def form_url(article: Article) -> str:
    """Where an article is edited; signing in comes first."""
    return absolute(f"/admin/articles/article/{article.pk}/change/")


def confirmation_url(comment: Comment) -> str:
    """Where a guest confirms the address typed with this comment; empty if nothing is left to confirm."""
    found = _confirmation.first(comment.pk)
    return absolute(f"/comments/{comment.pk}/confirm/{found[0]}/") if found else ""


@Compiled
def _confirmation(comment_id: int) -> QuerySet[EmailConfirmation, tuple[str]]:
    return EmailConfirmation.objects.filter(comment=comment_id).order_by("pk").values_list("token")[:1]


def action_urls(decision: Decision, address: str) -> dict[str, str]:
    """Return the addresses with which the moderator at this verified address decides without signing in, by action.

    Always the same for one decision and address, so that a mail that is sent twice is the same mail.
    """
    user = _owner.first(address.lower())
    if user is None or not second_factor.is_set_up(user):
        return {}
    until = int((decision.created_at + LIFE).timestamp())
    actions = [Action(decision.comment_id, user.pk, name, decision.number, until) for name in ACTIONS]
    tokens = {action.name: signing.Signer(salt=SALT).sign_object(list(action)) for action in actions}
    return {name: absolute(f"/moderation/link/{token}/") for name, token in tokens.items()}


@Compiled
def _owner(address: str) -> QuerySet[User]:
    same = User.objects.filter(emailaddress__email=address, emailaddress__verified=True)
    return same.filter(is_active=True).order_by("pk")[:1]


def read_action(token: str) -> Action:
    """Return what a signed address says. Raises signing.BadSignature."""
    return Action(*signing.Signer(salt=SALT).unsign_object(token))
