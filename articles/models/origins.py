"""Where imported rows came from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Imported(models.Model):
    """Where a row came from: source site (may be empty), type and id there. All empty: written here."""

    origin_site = models.CharField(_("source site"), max_length=200, blank=True, editable=False)
    origin_type = models.CharField(_("type at the source"), max_length=40, blank=True, editable=False)
    origin_id = models.CharField(_("id at the source"), max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True


def once_per_origin(name: str) -> models.UniqueConstraint:
    """Return the constraint by which a second import finds the row of the first instead of adding another."""
    return models.UniqueConstraint(
        fields=["origin_site", "origin_type", "origin_id"], condition=~Q(origin_id=""), name=name
    )
