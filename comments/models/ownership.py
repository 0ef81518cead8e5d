"""Whose a comment is: its author is known by the account, or by the token of the status page."""

from __future__ import annotations

from django.utils.crypto import constant_time_compare

from comments.errors import NotYours
from comments.models import Comment
from comments.models.locks import lock_own
from newsreader.accounts.models import User


def own_comment(comment_id: int, by: User | None, token: str, text: tuple[int, str] | None = None) -> Comment:
    """Return the comment, locked, with its article, if it is theirs. Raises Comment.DoesNotExist, NotYours.

    `text`: as `lock_own` takes it.
    """
    comment = lock_own(comment_id, text)
    refuse_others(comment, by, token)
    return comment


def refuse_others(comment: Comment, by: User | None, token: str) -> None:
    """Raise NotYours where the comment is not theirs."""
    has_token = bool(token) and constant_time_compare(comment.status_token, token)
    if not has_token and not is_account_of(comment, by):
        raise NotYours()


def is_account_of(comment: Comment, user: User | None) -> bool:
    """Say whether the comment was left by this account."""
    return bool(user and comment.identity and comment.identity.user_id == user.pk)
