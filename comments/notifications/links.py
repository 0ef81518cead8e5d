"""Addresses as they stand in mails: absolute, on SITE_URL."""

from django.conf import settings

from comments.models import Comment


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def moderation_url(comment: Comment) -> str:
    """Where a moderator decides about this comment; signing in comes first."""
    return absolute(f"/admin/comments/comment/{comment.pk}/change/")
