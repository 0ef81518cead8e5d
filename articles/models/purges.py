"""What a CDN has to drop."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Purge(models.Model):
    """A key whose copies a CDN has to drop. Rows are written only where a CDN is configured, and go when it has."""

    key = models.CharField(max_length=60)
    due_at = models.DateTimeField(default=timezone.now)
    is_last = models.BooleanField(default=False)

    class Meta:
        verbose_name = "purge"
        verbose_name_plural = "purges"
        indexes = [models.Index(fields=["due_at"], name="purge_due")]  # `newsreader.operations.purging`

    def __str__(self) -> str:
        return self.key
