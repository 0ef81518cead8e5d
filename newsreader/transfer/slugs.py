"""Slugs that are free: no two articles of one day, and no two pages, share one."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from django.db.models import Q
from django.utils import timezone

from articles.models.article import Article
from articles.records import digest

LENGTH, NUMBERED = 200, 20  # code points; numbers tried before a slug gets a digest instead
Place = dt.date | str  # the day of an article, or "page"


def _place(article: Article) -> Place | None:
    """Return where its slug has to be unique; None where it has no address yet and is not scheduled to get one."""
    on = article.published_on or _day_of(article.scheduled_for)
    return "page" if on and article.kind == Article.Kind.PAGE else on


def _day_of(at: dt.datetime | None) -> dt.date | None:
    return timezone.localdate(at, timezone.get_default_timezone()) if at else None


class FreeSlugs:
    """Slugs for new articles, batch by batch, checked against each other and against existing ones."""

    def __init__(self) -> None:
        self.taken: set[tuple[Place, str]] = set()  # by earlier batches, too: those of a dry run are not stored

    def give(self, articles: list[Article]) -> None:
        """Change the slugs that are taken; published articles choose first."""
        places = {place for article in articles if (place := _place(article))}
        here = Article.objects.filter(Q(published_on__in=places - {"page"}) | Q(state=Article.State.SCHEDULED))
        if "page" in places:
            here |= Article.objects.filter(kind=Article.Kind.PAGE, published_on__isnull=False)
        rows = here.only("kind", "slug", "published_on", "scheduled_for")
        self.taken |= {(place, row.slug) for row in rows if (place := _place(row))}
        tries: Counter[tuple[Place, str]] = Counter()
        for article in sorted(articles, key=lambda article: article.state != Article.State.PUBLISHED):
            article.slug = article.slug[:LENGTH]
            if (place := _place(article)) is None:
                continue
            article.slug = self._free(place, article.slug, article.origin_id, tries)
            self.taken.add((place, article.slug))

    def _free(self, place: Place, slug: str, origin_id: str, tries: Counter[tuple[Place, str]]) -> str:
        found = slug
        while (place, found) in self.taken:
            tries[place, slug] += 1
            number = tries[place, slug]
            ending = f"-{number + 1}" if number < NUMBERED else f"-{digest(origin_id, str(number))}"
            found = f"{slug[: LENGTH - len(ending)]}{ending}"
        return found
