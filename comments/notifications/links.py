"""Addresses as they stand in mails: absolute, on SITE_URL."""

from comments.models import Comment
from newsreader.kit.web import absolute


def moderation_url(comment: Comment) -> str:
    """Where a moderator decides about this comment; signing in comes first."""
    return absolute(f"/admin/comments/comment/{comment.pk}/change/")
