"""Addresses as they stand in mails: absolute, on SITE_URL."""

from django.urls import reverse

from comments.models import Comment
from newsreader.kit.web import absolute


def moderation_url(comment: Comment) -> str:
    """Where a moderator decides about this comment; signing in comes first."""
    return absolute(f"/admin/comments/comment/{comment.pk}/change/")


def confirmation_url(comment: Comment) -> str:
    """Where a guest confirms the address typed with this comment; empty where nothing is to be confirmed any more."""
    proof = comment.proofs.first()
    return absolute(reverse("confirm-address", args=[comment.pk, proof.token])) if proof else ""
