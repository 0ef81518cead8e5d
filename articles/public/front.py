"""The layout of the front page.

First the lead (an editor's choice, else the newest with a picture), then two more, then each section of the menu with
its newest articles, then whatever is new and not shown yet. No article is shown twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import OuterRef, QuerySet, Subquery

from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet
from articles.models.site import Site
from articles.models.taxonomy import Section
from articles.public import listing
from articles.public.teasers import IN_BLOCK, IN_RIVER, teaser, teasers
from newsreader.kit.compiled_queries import Compiled

SECONDS = 3
PER_SECTION = 4


@dataclass
class Block:
    """A section on the front page with its newest articles."""

    section: Section
    articles: list[Article]


@dataclass
class Front:
    """The front page. `more`: there are further articles on the next page."""

    lead: Article | None = None
    seconds: list[Article] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    latest: list[Article] = field(default_factory=list)
    more: bool = False

    def articles(self) -> Iterator[Article]:
        """Yield all articles shown, in order."""
        if self.lead:
            yield self.lead
        yield from self.seconds
        for block in self.blocks:
            yield from block.articles
        yield from self.latest


def arrange(site: Site) -> Front:
    """Lay out the front page. Five queries, however many sections there are."""
    size = site.articles_per_page
    newest = [pk for (pk,) in _newest(size=size + 1)]
    sections = _sections()
    wanted = {*newest, *(pk for section in sections for pk in _newest_of(section)), site.lead_id}
    rows = listing.by_ids([pk for pk in wanted if pk])

    front = Front(more=len(newest) > size)
    latest = [rows[pk] for pk in newest[:size] if pk in rows]
    front.lead = rows.get(site.lead_id or 0) or _first_pictured(latest)
    shown = {front.lead.pk} if front.lead else set()
    front.seconds = _take(latest, SECONDS, shown)
    for section in sections:
        articles = _take((rows[pk] for pk in _newest_of(section) if pk in rows), PER_SECTION, shown)
        if articles:
            front.blocks.append(Block(section, articles))
    front.latest = _take(latest, size, shown)
    return front


def written(front: Front) -> dict[str, str]:
    """Return the parts of the front page as HTML, by their names in its template; a block's is `block-` with its id."""
    return {
        "lead": teaser(front.lead, lead=True) if front.lead else "",
        "seconds": teasers(front.seconds),
        **{
            f"block-{block.section.pk}": teasers(
                block.articles, numbered=True, subject=block.section, level=3, sizes=IN_BLOCK
            )
            for block in front.blocks
        },
        "latest": teasers(front.latest, level=3, sizes=IN_RIVER),
    }


def _published() -> ArticleQuerySet:
    return Article.objects.published().articles()


_newest = Compiled(lambda *, size: _published().newest_first().values_list("pk")[:size])


@Compiled
def _sections() -> QuerySet[Section]:
    """The sections of the menu, each with the ids of its newest articles, some to spare for those shown further up."""
    own = _published().filter(section=OuterRef("pk")).newest_first().values("pk")
    newest = {f"newest_{n}": Subquery(own[n : n + 1]) for n in range(PER_SECTION + SECONDS + 1)}
    return Section.objects.filter(in_menu=True).annotate(**newest)


def _newest_of(section: Section) -> list[int]:
    ids = (getattr(section, f"newest_{n}") for n in range(PER_SECTION + SECONDS + 1))
    return [pk for pk in ids if pk]


def _first_pictured(articles: list[Article]) -> Article | None:
    """Return the first with a picture among those fresh enough to lead, else the first."""
    pictured = (article for article in articles[: SECONDS + 1] if article.lead_picture_id)
    return next(pictured, articles[0] if articles else None)


def _take(articles: Iterable[Article], most: int, shown: set[int]) -> list[Article]:
    """Return up to `most` of these that are not shown yet, and mark them as shown."""
    taken: list[Article] = []
    for article in articles:
        if len(taken) < most and article.pk not in shown:
            taken.append(article)
            shown.add(article.pk)
    return taken
