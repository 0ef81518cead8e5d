"""Where imported rows came from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ImportRun(models.Model):
    """One import: its number is the key. `manage.py undo_import` takes out what came with it.

    One that is not finished was cut short: the same command goes on with it, since the file is known by its digest.
    """

    source = models.CharField(_("system"), max_length=40)
    file = models.CharField(_("file"), max_length=255)
    digest = models.CharField(_("digest of the file"), max_length=64, blank=True, db_default="")  # empty: an old one
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    undone_at = models.DateTimeField(_("taken out at"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"{self.pk}: {self.source}, {self.file}, {self.started_at:%Y-%m-%d %H:%M}"


class Imported(models.Model):
    """Where a row came from: source site (may be empty), type and id there. All empty: written here.

    `import_run` is the import that it came with; empty also where it came before imports had numbers.
    """

    origin_site = models.CharField(_("source site"), max_length=200, blank=True, editable=False)
    origin_type = models.CharField(_("type at the source"), max_length=40, blank=True, editable=False)
    origin_id = models.CharField(_("id at the source"), max_length=200, blank=True, editable=False)

    import_run = models.ForeignKey(
        ImportRun, models.SET_NULL, null=True, blank=True, related_name="+", editable=False, db_index=False
    )

    class Meta:
        abstract = True


def once_per_origin(name: str) -> models.UniqueConstraint:
    """Return the constraint by which a second import finds the row of the first instead of adding another."""
    return models.UniqueConstraint(
        fields=["origin_site", "origin_type", "origin_id"], condition=~Q(origin_id=""), name=name
    )
