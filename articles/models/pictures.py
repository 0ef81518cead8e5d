"""Editors' pictures."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.models.origins import Imported, once_per_origin

_PERCENT = [MaxValueValidator(100)]


class Picture(Imported):
    """A picture with its texts for readers."""

    file = models.ImageField(
        _("file"), upload_to="pictures/%Y/%m", width_field="width", height_field="height", max_length=300
    )
    width = models.PositiveIntegerField(_("width, in pixels"), null=True, blank=True, editable=False)
    height = models.PositiveIntegerField(_("height, in pixels"), null=True, blank=True, editable=False)
    alternative_text = models.TextField(
        _("alternative text"), blank=True, help_text=_("Describe the picture for people who can’t see it.")
    )
    caption = models.TextField(_("caption"), blank=True)
    credit = models.CharField(_("credit"), max_length=300, blank=True)
    # The focal point, which stays visible where the picture is cut: percent from the left and upper edge.
    focal_x = models.PositiveSmallIntegerField(_("focal point, from the left"), default=50, validators=_PERCENT)
    focal_y = models.PositiveSmallIntegerField(_("focal point, from the top"), default=50, validators=_PERCENT)
    # Widths in pixels of the smaller copies that articles.pictures has made; NULL until then.
    widths = models.JSONField(null=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        constraints = [once_per_origin("picture_once_per_origin")]
        indexes = [
            # The worker looks for pictures without copies.
            models.Index(fields=["id"], condition=Q(widths__isnull=True), name="picture_without_copies"),
            # Finds the rows of the pictures in a text.
            models.Index(fields=["file"], name="picture_by_file"),
        ]

    def __str__(self) -> str:
        return self.caption or self.alternative_text or str(self.file.name)
