"""What programs are told on a page: JSON-LD, cards for sharing, maps of the site, embedding. Read as programs read it."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from articles.models.article import Article
from comments.models import Comment
from newsreader.kit.feeds import writable
from newsreader.kit.web import absolute
from tests.attack.planting import Planting, first_difference, read_html
from tests.attack.stage import Stage, batches, parsed

_MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
_NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def facts(html: str) -> list[Any]:
    """Return every JSON-LD block of a page. One that is not JSON raises."""
    return [json.loads(text) for kind, text in read_html(html).scripts if kind == "application/ld+json"]


def _of_kind(html: str, kind: str) -> Any:
    every = [one for block in facts(html) for one in (block if isinstance(block, list) else [block])]
    return next((one for one in every if one.get("@type") == kind), {})


def article_facts(stage: Stage, planting: Planting, surface: str) -> None:
    """An article's JSON-LD and card say what its editors wrote, to the letter."""
    for attack, (pack, article, turn, line) in planting.rows:
        for each in pack:
            stage.tally.tried(surface, each.list)
        html = stage.client.get(article.get_absolute_url()).content.decode()
        told, cards = _of_kind(html, "NewsArticle"), read_html(html).cards
        picture = (told.get("image") or [{}])[0]
        found = (
            told.get("headline"), told.get("description"), told.get("articleSection"), picture.get("caption", ""),
            sorted(told.get("keywords", [])), cards.get("og:title"), cards.get("og:description"),
        )  # fmt: skip
        wanted = (
            line[4][:300], turn[5], line[0][:200], turn[2],
            sorted({tag.name for tag in article.tags.all()}), line[4][:300], turn[5],
        )  # fmt: skip
        for one, other in zip(found, wanted, strict=True):
            if (one or "") != other:
                stage.tally.fault("lost", surface, attack.list, f"{str(one)[:60]!r} ≠ {str(other)[:60]!r}", line[4])
        if told.get("url") != absolute(article.get_absolute_url()):
            stage.tally.fault("broke out", surface, attack.list, f"leads to {told.get('url')!r}", line[4])


def embedded(stage: Stage, planting: Planting, surface: str) -> None:
    """The HTML another site gets, shown with no policy around it."""
    for some in batches(planting.rows, 40):
        told = []
        for attack, (pack, article, _, line) in some:
            for each in pack:
                stage.tally.tried(surface, each.list)
            told.append(parsed(stage.client.get("/oembed/", {"url": absolute(article.get_absolute_url())})))
            if told[-1].get("title") != line[4][:300]:
                stage.tally.fault("lost", surface, attack.list, f"title {told[-1].get('title')!r}"[:90], line[4])
        allowed = {"p": [], "strong": [], "cite": [], "br": [], "a": ["href"], "time": ["datetime"]}
        seen = stage.frames(
            [f"<main>{one.get('html', '')}</main>" for one in told], {"blockquote": allowed}, pruned="script", texts=[]
        )
        usual = seen[0].bones
        for (attack, _), one in zip(some, seen, strict=True):
            if one.bones != usual:
                stage.tally.fault("broke out", surface, attack.list, first_difference(usual, one.bones), attack.text)
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, attack.list, what, attack.text)


def maps(stage: Stage, planting: Planting, surface: str) -> None:
    """Maps of the site and of the news are well formed, and name every article."""
    newest = planting.rows[-1][1][1]
    answers = [stage.client.get(f"/sitemaps/{newest.published_on:%Y-%m}.xml"), stage.client.get("/news-sitemap.xml")]
    plain, news = (
        etree.fromstring(answer.content, etree.XMLParser(resolve_entities=False, no_network=True)) for answer in answers
    )
    places = {loc.text for loc in plain.iter(f"{_MAP}loc")}
    titles = {title.text for title in news.iter(f"{_NEWS}title")}
    for attack, (pack, article, _, _) in planting.rows:
        for each in pack:
            stage.tally.tried(surface, each.list)
        if absolute(article.get_absolute_url()) not in places:
            stage.tally.fault("lost", surface, attack.list, article.get_absolute_url(), article.headline)
        if writable(article.headline) not in titles:
            stage.tally.fault("lost", surface, attack.list, "not in the news", article.headline)


def comment_facts(stage: Stage, planting: Planting, surface: str) -> None:
    """Comments in the page's JSON-LD: their words and names as they were given."""
    html = stage.client.get(Article.objects.get(pk=planting.article.pk).get_absolute_url()).content.decode()
    told = {one["@id"]: one for one in _of_kind(html, "NewsArticle").get("comment", [])}
    rows = Comment.objects.in_bulk(planting.comments)
    for pk, (attack, _) in planting.comments.items():
        one = told.get(absolute(rows[pk].permanent_url))
        stage.tally.tried(surface, attack.list)
        if one is None:
            stage.tally.fault("lost", surface, attack.list, "not told", attack.text)
        elif one.get("text", "") != rows[pk].words or one["author"].get("name", "") != rows[pk].shown_name:
            stage.tally.fault("lost", surface, attack.list, str(one)[:120], attack.text)
