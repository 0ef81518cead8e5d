"""The queries about articles. Each has an index in the model's Meta."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models
from django.http import Http404

from articles.errors import Withdrawn
from newsreader.kit.compiled_queries import only_row

if TYPE_CHECKING:
    from articles.models.article import Article
    from articles.models.site import Site


# Relations that an article's own page shows.
SHOWN_ON_PAGE = ("bylines__author", "tags", "sources")


RELATED_AMONG = 30  # articles; older ones are not considered as related


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> ArticleQuerySet:
        """Articles that readers see. Publishing is an operation (articles.publishing), not a comparison of times."""
        return self.filter(state="published")

    def articles(self) -> ArticleQuerySet:
        return self.filter(kind="article")

    def visible_to(self, user: Any) -> ArticleQuerySet:
        """Published articles; for those who may change articles also all others, or an author's own."""
        if not getattr(user, "is_authenticated", False):
            return self.published()
        if user.has_perm("articles.change_any_article"):
            return self.all()
        if user.has_perm("articles.change_article"):
            return self.filter(models.Q(state="published") | models.Q(pk__in=self._own(user)))
        return self.published()

    def changeable_by(self, user: Any) -> ArticleQuerySet:
        """What this person may change: all articles, or those under their name, or none."""
        if not getattr(user, "is_authenticated", False) or not user.has_perm("articles.change_article"):
            return self.none()
        return self.all() if user.has_perm("articles.change_any_article") else self.filter(pk__in=self._own(user))

    def _own(self, user: Any) -> models.QuerySet[Any]:
        return self.model.authors.through.objects.filter(author__user=user).values("article_id")

    def at_address(self, year: int, month: int, day: int, slug: str) -> ArticleQuerySet:
        """The article with this address; none for an impossible date."""
        try:
            return self.at(dt.date(year, month, day), slug)
        except ValueError:
            return self.none()

    def at(self, on: dt.date, slug: str) -> ArticleQuerySet:
        """The article with this date and slug in its address."""
        return self.filter(kind="article", published_on=on, slug=slug)

    def for_reader(self) -> Article:
        """Return the one article among these if readers see it.

        Raises Withdrawn if they have seen it and do not any more, else Http404. One query.
        """
        return as_readers_see(self.ever_public().first())

    def ever_public(self) -> ArticleQuerySet:
        """Articles that readers see, or have seen until they were withdrawn."""
        return self.filter(state__in=["published", "withdrawn"], published_on__isnull=False)

    def under(self, kind: str, value: Any, *, key: str = "pk") -> ArticleQuerySet:
        """The articles in a `section`, with a `tag`, or by an `author`, in any role; `key`: `pk` or `slug`."""
        if kind == "author":
            bylines = self.model.authors.through.objects.filter(**{f"author__{key}": value})
            return self.filter(pk__in=bylines.values("article_id"))
        column = {"section": "section", "tag": "tags"}[kind]
        return self.filter(**{f"{column}__{key}": value})

    def related_to(self, article_id: int, section_id: int) -> ArticleQuerySet:
        """Of the newest in an article's section, those that share most tags with it first. One query."""
        own = self.model.tags.through.objects.filter(article=article_id).values("tag")
        newest = self.published().articles().filter(section=section_id).exclude(pk=article_id).newest_first()
        shared = models.Count("tags", filter=models.Q(tags__in=own))
        rows = self.filter(pk__in=newest.values("pk")[:RELATED_AMONG]).annotate(shared=shared)
        return rows.select_related("lead_picture").defer("body").order_by("-shared", "-published_at", "-pk")

    def newest_first(self) -> ArticleQuerySet:
        return self.order_by("-published_at", "-pk")

    def with_frame(self) -> ArticleQuerySet:
        """With its section and lead picture, in the same query."""
        return self.select_related("section", "lead_picture")

    def for_page(self) -> ArticleQuerySet:
        """With everything that an article's own page shows. Four queries."""
        return self.with_frame().prefetch_related(*SHOWN_ON_PAGE)


def as_readers_see(article: Article | None) -> Article:
    """Return an article that was ever public. Raises Withdrawn if it is not any more, and Http404 for none."""
    if article is None:
        raise Http404
    if article.state == "withdrawn":
        raise Withdrawn(article.public_reason)
    return article


class NamedQuerySet(models.QuerySet[Any]):
    """Tags, or authors: what articles name."""

    def shown(self) -> NamedQuerySet:
        """Those that a published article or page names. Nobody learns from the others what is being written."""
        naming = self.model.articles.through.objects.filter(article__state="published")
        return self.filter(models.Exists(naming.filter(**{str(self.model._meta.model_name): models.OuterRef("pk")})))


class SiteQuerySet(models.QuerySet["Site"]):
    def current(self) -> Site:
        """Return the site's only row; it is created with defaults where missing."""
        # Not by get_or_create alone, which reads as if to write: a page would mix two databases.
        return only_row.first(model=self.model) or self.get_or_create(pk=1)[0]
