"""The site: its name, its colours, its menu."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.models.querysets import SiteQuerySet


class Site(models.Model):
    """The site's name and what is on every page. One row, edited in the admin."""

    class Colour(models.TextChoices):
        """The colour of links and marks, in a light and a dark shade each: the values are in `static/site.css`."""

        BLUE = "blue", _("Blue")
        PETROL = "petrol", _("Petrol")
        GREEN = "green", _("Green")
        OCHRE = "ochre", _("Ochre")
        RUST = "rust", _("Rust")
        RED = "red", _("Red")
        PLUM = "plum", _("Plum")
        SLATE = "slate", _("Slate")

    class Tone(models.TextChoices):
        """How a transparent logo is drawn: where its ground is as dark or as light, it gets another one."""

        DARK = "dark", _("dark")
        LIGHT = "light", _("light")

    name = models.CharField(_("name"), max_length=200, default="Newsreader")
    tagline = models.CharField(_("tagline"), max_length=300, blank=True)
    footer = models.TextField(_("footer"), blank=True)
    locale = models.CharField(
        _("how dates are written"),
        max_length=10,
        blank=True,
        help_text=_("For example en-gb for British English. Empty: the usual style of the site’s language."),
    )
    colour = models.CharField(
        _("colour"),
        max_length=20,
        choices=Colour,
        default=Colour.BLUE,
        db_default=Colour.BLUE,
        help_text=_("For links, highlights and buttons, in light and dark mode."),
    )
    # Made by articles.pictures.logo; its size and its tone are read with the row, so that no page opens the file.
    logo = models.FileField(
        _("logo"),
        upload_to="pictures/logo",
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Shown at the top of every page instead of the name, which screen readers still read. Best four to six "
            "times as wide as it is high, at least 168 pixels high, on a transparent background. PNG, WebP or JPEG, "
            "not SVG."
        ),
    )
    logo_width = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)  # pixels
    logo_height = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    logo_tone = models.CharField(
        max_length=5, choices=Tone, blank=True, default="", db_default="", editable=False
    )  # Empty: it can be seen on any ground.
    articles_per_page = models.PositiveSmallIntegerField(_("articles per page"), default=20)
    lead = models.ForeignKey(
        "articles.Article",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lead story"),
        help_text=_("Empty: the newest article with a picture."),
    )
    own_menu_only = models.BooleanField(
        _("show only the entries below in the menu"),
        default=False,
        help_text=_("Otherwise every section that is in the menu is shown as well."),
    )
    own_foot_only = models.BooleanField(
        _("show only the entries below in the foot"),
        default=False,
        help_text=_("Otherwise pages such as the imprint are shown as well."),
    )
    # Counts changes of what every page shows (names, menus). Together with an article's, the key of each cached page.
    page_version = models.PositiveBigIntegerField(default=1, editable=False)
    # Counts changes of which articles readers see and of what lists show of them; not their numbers of comments. Also
    # what the worker has counted for the transparency page, about once an hour.
    lists_version = models.PositiveBigIntegerField(default=1, db_default=1, editable=False)

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("site")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="site_is_one_row"),
            models.CheckConstraint(condition=Q(articles_per_page__gte=1), name="site_lists_articles"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def language(self) -> str:
        """The language of its pages, as a variant where one is chosen. A variant of another language is none."""
        is_variant = self.locale.partition("-")[0] == settings.LANGUAGE_CODE.partition("-")[0]
        return self.locale if is_variant else settings.LANGUAGE_CODE


class MenuItem(models.Model):
    """An entry of the menu or the foot beside the sections and pages: an address, or one of those at another place."""

    class Place(models.TextChoices):
        MENU = "menu", _("menu")
        FOOT = "foot", _("foot")

    site = models.ForeignKey(Site, models.CASCADE, related_name="menu_items")
    place = models.CharField(_("place"), max_length=10, choices=Place, default=Place.MENU)
    position = models.PositiveSmallIntegerField(
        _("position"),
        default=100,
        help_text=_("In the menu among the positions of the sections, in the foot at the end."),
    )
    label = models.CharField(
        _("label"), max_length=100, blank=True, help_text=_("Empty: the name of the section or page.")
    )
    section = models.ForeignKey(
        "articles.Section", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("section")
    )
    page = models.ForeignKey(
        "articles.Article",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": "page"},
        verbose_name=_("page"),
    )
    address = models.CharField(_("or address"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("menu entry")
        verbose_name_plural = _("menu entries")
        ordering = ["place", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(section__isnull=False, page=None, address="")
                | Q(section=None, page__isnull=False, address="")
                | (Q(section=None, page=None) & ~Q(address="") & ~Q(label="")),
                name="menu_item_leads_to_one_thing",
                violation_error_message=_("Choose a section, or a page, or type an address and a label for it."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        target = self.section or self.page
        return target.get_absolute_url() if target else self.address

    @property
    def name(self) -> str:
        return self.label or str(self.section or self.page)
