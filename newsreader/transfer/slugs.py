"""Slugs that are free: no two articles of one day, and no two pages, share one."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from articles.models.article import Article
from articles.records import digest
from newsreader.transfer.report import Report

LENGTH, NUMBERED = 200, 20  # code points; numbers tried before a slug gets a digest instead
Place = dt.date | str  # the day of an article, or "page"


def _place(article: Article) -> Place | None:
    """Return where its slug has to be unique; None where it has no address yet."""
    if article.published_on is None:
        return None
    return "page" if article.kind == Article.Kind.PAGE else article.published_on


class FreeSlugs:
    """Slugs for a batch of new articles, checked against each other and against existing ones."""

    def __init__(self, articles: list[Article]) -> None:
        self.articles = articles
        days = {article.published_on for article in articles if article.published_on}
        here = Article.objects.filter(kind=Article.Kind.ARTICLE, published_on__in=days)
        self.taken: set[tuple[Place, str]] = {
            (day, slug) for day, slug in here.values_list("published_on", "slug") if day
        }
        if any(_place(article) == "page" for article in articles):
            pages = Article.objects.filter(kind=Article.Kind.PAGE, published_on__isnull=False)
            self.taken |= {("page", slug) for slug in pages.values_list("slug", flat=True)}
        self.tries: Counter[tuple[Place, str]] = Counter()

    def give(self, report: Report) -> None:
        """Change the slugs that are taken, with a remark on each; published articles choose first."""
        for article in sorted(self.articles, key=lambda article: article.state != Article.State.PUBLISHED):
            article.slug = article.slug[:LENGTH]
            if (place := _place(article)) is None:
                continue
            wanted = article.slug
            article.slug = self._free(place, wanted, article.origin_id)
            self.taken.add((place, article.slug))
            if article.slug != wanted:
                report.remark("slug_changed", article.headline, f"{wanted} → {article.slug}")

    def _free(self, place: Place, slug: str, origin_id: str) -> str:
        found = slug
        while (place, found) in self.taken:
            self.tries[place, slug] += 1
            number = self.tries[place, slug]
            ending = f"-{number + 1}" if number < NUMBERED else f"-{digest(origin_id, str(number))}"
            found = f"{slug[: LENGTH - len(ending)]}{ending}"
        return found
