"""The questions the house asks about articles. Each calls for an index in the model's Meta."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from articles.models.article import Article
    from articles.models.site import Site


# What an article's own page shows beside its row.
SHOWN_ON_PAGE = ("bylines__author", "tags", "sources")


RELATED_AMONG = 30  # articles: further back nobody looks for what belongs together


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> ArticleQuerySet:
        """What readers see. Publication is a deed (articles.publishing), never a matter of the clock alone."""
        return self.filter(state="published")

    def articles(self) -> ArticleQuerySet:
        return self.filter(kind="article")

    def visible_to(self, user: Any) -> ArticleQuerySet:
        """Published ones; all of them for those who may change articles, an author's own besides."""
        if not getattr(user, "is_authenticated", False):
            return self.published()
        if user.has_perm("articles.change_any_article"):
            return self.all()
        if user.has_perm("articles.change_article"):
            own = self.model.authors.through.objects.filter(author__user=user).values("article_id")
            return self.filter(models.Q(state="published") | models.Q(pk__in=own))
        return self.published()

    def at_address(self, year: int, month: int, day: int, slug: str) -> ArticleQuerySet:
        """The article whose address this is; none for a day that there never was."""
        try:
            on = dt.date(year, month, day)
        except ValueError:
            return self.none()
        return self.filter(kind="article", published_on=on, slug=slug)

    def by_author(self, author: Any) -> ArticleQuerySet:
        """Those over which this name stands, in whatever role."""
        return self.filter(pk__in=author.bylines.values("article_id"))

    def related_to(self, article: Article) -> ArticleQuerySet:
        """Of the newest in its section, those that share most tags with it first. In one query."""
        own = self.model.tags.through.objects.filter(article=article.pk).values("tag")
        newest = self.published().articles().filter(section=article.section_id).exclude(pk=article.pk).newest_first()
        shared = models.Count("tags", filter=models.Q(tags__in=own))
        rows = self.filter(pk__in=newest.values("pk")[:RELATED_AMONG]).annotate(shared=shared)
        return rows.select_related("lead_picture").defer("body").order_by("-shared", "-published_at", "-pk")

    def newest_first(self) -> ArticleQuerySet:
        return self.order_by("-published_at", "-pk")

    def for_list(self) -> ArticleQuerySet:
        """With what a list shows, without bodies: three queries however long the list."""
        return self.select_related("section", "lead_picture").prefetch_related("bylines__author").defer("body")

    def with_frame(self) -> ArticleQuerySet:
        """With its section and lead picture, in the same query."""
        return self.select_related("section", "lead_picture")

    def for_page(self) -> ArticleQuerySet:
        """With what an article's own page shows: four queries."""
        return self.with_frame().prefetch_related(*SHOWN_ON_PAGE)


class SiteQuerySet(models.QuerySet["Site"]):
    def current(self) -> Site:
        """The one row; made with its defaults where it is missing."""
        row, _ = self.get_or_create(pk=1)
        return row
