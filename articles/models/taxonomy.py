"""How articles are organised: sections, tags, authors."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from articles.models.origins import Imported, once_per_origin
from articles.models.querysets import NamedQuerySet


class Section(Imported):
    """A part of the newspaper: Town, Business, Culture."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("web address"), max_length=200, unique=True, allow_unicode=True)
    description = models.TextField(_("description"), blank=True)
    position = models.PositiveSmallIntegerField(_("position in the menu"), default=0)
    in_menu = models.BooleanField(
        _("in the menu"), default=True, help_text=_("The front page then shows its newest articles, too.")
    )

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["position", "name", "pk"]
        constraints = [once_per_origin("section_once_per_origin")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/sections/{quote(self.slug)}/"


class Tag(Imported):
    """What an article is about, across sections."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("web address"), max_length=200, unique=True, allow_unicode=True)

    objects = NamedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name", "pk"]
        constraints = [once_per_origin("tag_once_per_origin")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def address(slug: str) -> str:
        return f"/tags/{quote(slug)}/"

    def get_absolute_url(self) -> str:
        return self.address(self.slug)


class Author(Imported):
    """Somebody named over articles, linked to a user if they can sign in."""

    name = models.CharField(_("name"), max_length=245)
    slug = models.SlugField(_("web address"), max_length=200, unique=True, allow_unicode=True)
    biography = models.TextField(_("biography"), blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="author",
        verbose_name=_("account"),
    )

    objects = NamedQuerySet.as_manager()

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        ordering = ["name", "pk"]
        constraints = [once_per_origin("author_once_per_origin")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def address(slug: str) -> str:
        return f"/authors/{quote(slug)}/"

    def get_absolute_url(self) -> str:
        return self.address(self.slug)
