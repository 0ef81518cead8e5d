"""ErasureRequest, somebody who wants to be erased; DigestKey, with which erasures are kept without the person;
CopiesFolder, where copies of the site are.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_key() -> str:
    """Return 256 random bits as text."""
    return secrets.token_hex(32)


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(24)


class ErasureRequest(models.Model):
    """Somebody wants to be erased, at `due_at`: an account, or a guest by a confirmed address (in small letters).

    Until it has begun it can be cancelled. `token` is in the address of the page for that, which is mailed.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="erasure_request"
    )
    email = models.EmailField(max_length=254, blank=True)
    keep_text = models.BooleanField(default=True)
    token = models.CharField(max_length=64, default=new_token, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(db_index=True)
    begun_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, email="") | (Q(user=None) & ~Q(email="")),
                name="erasure_request_of_one_person",
            ),
            models.UniqueConstraint(fields=["email"], condition=~Q(email=""), name="erasure_request_once_per_address"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.due_at}"


class DigestKey(models.Model):
    """The key of the digests of erased people (`newsreader.personal_data.erasures`). One row, made by a migration.

    It is in the database, and so in every copy of it: whoever has no copy cannot try addresses against the digests, and
    whoever restores one has the key that its erasures need.
    """

    key = models.CharField(max_length=64, default=new_key)

    def __str__(self) -> str:
        return str(self.pk)


class CopiesFolder(models.Model):
    """A folder that `manage.py backup` has put copies into: an erasure is noted there at once."""

    path = models.CharField(max_length=1000, unique=True)
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.path
