"""Article and the tables that belong to one: bylines, sources, corrections, redirects."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.origins import Imported, once_per_origin
from articles.models.pictures import Picture
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag

SOON = dt.timedelta(minutes=5)  # A change so soon after publication or a correction is no news of its own.


class Article(Imported):
    """A piece of news, or a page. `published_at` is the first publication and never changes; `state` says the rest."""

    class Kind(models.TextChoices):
        ARTICLE = "article", _("article")
        PAGE = "page", _("page")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.ARTICLE)
    headline = models.CharField(_("headline"), max_length=300)
    slug = models.SlugField(
        _("web address"),
        max_length=200,
        allow_unicode=True,
        help_text=_("The last part of the address, such as ferry-runs-again."),
    )
    standfirst = models.TextField(_("standfirst"), blank=True, help_text=_("The sentence or two under the headline."))
    body = models.TextField(_("text"), blank=True)  # HTML, sanitised by articles.formatting before it gets here
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: the site’s."))
    section = models.ForeignKey(
        Section, models.PROTECT, null=True, blank=True, related_name="articles", verbose_name=_("section")
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="articles", verbose_name=_("tags"))
    authors: models.ManyToManyField = models.ManyToManyField(
        Author, through="Byline", blank=True, related_name="articles", verbose_name=_("authors")
    )
    lead_picture = models.ForeignKey(
        Picture, models.SET_NULL, null=True, blank=True, related_name="led", verbose_name=_("lead picture")
    )

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, editable=False)
    scheduled_for = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    published_at = models.DateTimeField(_("first published at"), null=True, blank=True, editable=False)
    # The date in its address, in the TIME_ZONE at first publication. Stored, so that another zone changes no address.
    published_on = models.DateField(_("date in its address"), null=True, blank=True, editable=False)
    withdrawn_reason = models.TextField(_("why it was withdrawn"), blank=True, editable=False)
    # Only then readers see the reason, at its address (410).
    reason_is_public = models.BooleanField(_("readers are told why"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("text changed at"), default=timezone.now, editable=False)

    # The newest of its corrections: without any, its page need not ask for them.
    corrected_at = models.DateTimeField(_("corrected at"), null=True, blank=True, editable=False)

    takes_comments = models.BooleanField(_("open for comments"), default=True)
    comments_close_at = models.DateTimeField(_("comments close at"), null=True, blank=True)
    # Approved comments only. Kept by comments.discussion.counting; `manage.py recount_comments` repairs it.
    comment_count = models.PositiveIntegerField(_("comments"), default=0, editable=False)
    # Roots shown in its discussion, tombstones included. Pages are made from this count.
    root_count = models.PositiveIntegerField(default=0, editable=False)

    # `revision` counts changes of its text, `version` every change that the newsroom makes to it, and `page_version`
    # changes of anything on its public page, comments included.
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, db_default=1, editable=False)
    page_version = models.PositiveBigIntegerField(default=1, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        permissions = [
            ("publish_article", _("Can publish, schedule and withdraw articles")),
            ("change_any_article", _("Can see and change everybody's articles")),
        ]
        constraints = [
            once_per_origin("article_once_per_origin"),
            models.UniqueConstraint(
                fields=["published_on", "slug"], condition=Q(kind="article"), name="article_address_once"
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=Q(kind="page") & ~Q(published_on=None), name="page_address_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "scheduled", "published", "withdrawn"]), name="article_state_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=["article", "page"]), name="article_kind_known"),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False, published_on__isnull=False),
                name="article_published_has_a_date",
            ),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(scheduled_for__isnull=False), name="article_scheduled_has_a_time"
            ),
        ]
        indexes = [
            # The front page, feeds and lists: the newest published articles.
            models.Index(
                fields=["-published_at", "-id"], condition=Q(state="published", kind="article"), name="article_newest"
            ),
            # A section's page.
            models.Index(
                fields=["section", "-published_at", "-id"],
                condition=Q(state="published", kind="article"),
                name="article_newest_of_section",
            ),
            # The foot of every page: imprint, privacy and the like, a handful among all articles.
            models.Index(fields=["headline"], condition=Q(state="published", kind="page"), name="article_pages"),
            # `publishing.publish_due` looks for scheduled articles.
            models.Index(fields=["scheduled_for"], condition=Q(state="scheduled"), name="article_due"),
            # What came with an import?
            models.Index(fields=["import_run"], condition=Q(import_run__isnull=False), name="article_by_import"),
        ]

    def __str__(self) -> str:
        return self.headline

    def get_absolute_url(self) -> str:
        """Return its public address, or the preview's while it has none."""
        if not self.published_on:
            return f"/articles/{self.pk}/preview/"
        if self.kind == self.Kind.PAGE:
            return f"/pages/{quote(self.slug)}/"
        return f"/{self.published_on:%Y/%m/%d}/{quote(self.slug)}/"

    @property
    def public_reason(self) -> str:
        """Why it was withdrawn, if readers are to know; else empty."""
        return self.withdrawn_reason if self.reason_is_public else ""

    @property
    def words_changed_at(self) -> dt.datetime:
        """When readers last got other words: the text's change, its publication, or a correction, the latest."""
        return max(at for at in (self.updated_at, self.published_at, self.corrected_at) if at)

    @property
    def updated_for_readers(self) -> dt.datetime | None:
        """When its text was changed under readers' eyes; None if it was not, or if a correction says so anyway."""
        seen = [at for at in (self.published_at, self.corrected_at) if at]
        is_news = self.revision > 1 and bool(seen) and self.updated_at > max(seen) + SOON
        return self.updated_at if is_news else None

    @classmethod
    def takes_comments_by_default(cls, kind: str) -> bool:
        """Say whether an article of this kind is open for comments where nobody says so: a static page is not."""
        return kind != cls.Kind.PAGE

    def closes_at(self, close_after_days: int = 0) -> dt.datetime | None:
        """Return when its comments close: its own time, else so many days after publication (0: never)."""
        return closes_at(self, close_after_days)

    def comments_open(self, close_after_days: int = 0, now: dt.datetime | None = None) -> bool:
        """Say whether readers may reply now."""
        return comments_open(self, close_after_days, now)


# Of whatever has the columns of an article, such as a row that nobody has made a model of.


def closes_at(row: Any, close_after_days: int) -> dt.datetime | None:
    """Do what `Article.closes_at` does."""
    if own := row.comments_close_at:
        return own
    if close_after_days and (published_at := row.published_at):
        return published_at + dt.timedelta(days=close_after_days)
    return None


def comments_open(row: Any, close_after_days: int, now: dt.datetime | None = None) -> bool:
    """Do what `Article.comments_open` does."""
    if not row.takes_comments:
        return False
    closing = closes_at(row, close_after_days)
    return closing is None or (now or timezone.now()) < closing


class Byline(models.Model):
    """An author's name over an article, and their role."""

    class Role(models.TextChoices):
        WRITER = "writer", _("by")
        PHOTOGRAPHER = "photographer", _("photographs by")
        EDITOR = "editor", _("edited by")
        TRANSLATOR = "translator", _("translated by")

    article = models.ForeignKey(Article, models.CASCADE, related_name="bylines")
    author = models.ForeignKey(Author, models.PROTECT, related_name="bylines", verbose_name=_("author"))
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.WRITER)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("byline")
        verbose_name_plural = _("bylines")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["article", "author", "role"], name="byline_once")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.author}"


class SourceAttribution(models.Model):
    """Whose work an article is based on: "Adapted from North Coast News Agency"."""

    class Kind(models.TextChoices):
        ADAPTED = "adapted", _("Adapted from")
        AGENCY = "agency", _("Agency report by")
        REPUBLISHED = "republished", _("First published by")
        TRANSLATED = "translated", _("Translated from")
        BASED_ON = "based_on", _("Based on reporting by")

    article = models.ForeignKey(Article, models.CASCADE, related_name="sources")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.ADAPTED)
    name = models.CharField(_("agency or site"), max_length=200)
    url = models.URLField(_("link"), max_length=1000, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"


class Correction(models.Model):
    """What an editor tells readers about an error in a published article, as plain text, with its time."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="corrections")
    text = models.TextField(_("correction"), max_length=2000)
    at = models.DateTimeField(_("corrected at"), default=timezone.now, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:80]


class Redirect(models.Model):
    """An address that an imported article had on its old site, so that old links still work."""

    site = models.CharField(_("old site"), max_length=200, blank=True)
    path = models.CharField(_("old path"), max_length=700)
    article = models.ForeignKey(Article, models.CASCADE, related_name="redirects", verbose_name=_("article"))

    class Meta:
        verbose_name = _("redirect")
        verbose_name_plural = _("redirects")
        constraints = [models.UniqueConstraint(fields=["site", "path"], name="redirect_once_per_site")]
        indexes = [models.Index(fields=["path"], name="redirect_by_path")]

    def __str__(self) -> str:
        return f"{self.site}{self.path}"
