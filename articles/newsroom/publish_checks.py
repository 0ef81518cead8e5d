"""Publish checks: what an article still lacks. To add one, write a check and its line in CHECKS.

They never stop anybody: an editor may have a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.picture_fetching import missing


class Remark(NamedTuple):
    """What is missing, in which field (of the article or its lead picture), and a sentence about it."""

    code: str
    field: str
    sentence: str | Promise
    of_picture: bool = False


def remarks(article: Article) -> list[Remark]:
    """Return what the article lacks, in the order of its form. Reads its bylines, sources and lead picture."""
    return [remark for check in CHECKS for remark in check(article)]


def _standfirst(article: Article) -> Iterator[Remark]:
    if article.kind == Article.Kind.ARTICLE and not article.standfirst.strip():
        yield Remark("no_standfirst", "standfirst", _("No standfirst yet."))


def _section(article: Article) -> Iterator[Remark]:
    if article.kind == Article.Kind.ARTICLE and not article.section_id:
        yield Remark("no_section", "section", _("No section yet."))


def _text(article: Article) -> Iterator[Remark]:
    if not article.body.strip():
        yield Remark("no_text", "body", _("No text yet."))


def _pictures_in_text(article: Article) -> Iterator[Remark]:
    if "<img" not in article.body:
        return
    from lxml import html  # Only editors need it.
    from lxml.etree import ParserError

    try:
        text = html.fragment_fromstring(article.body, create_parent="div")
    except (ParserError, ValueError):
        return
    pictures = text.xpath(".//img")
    caption = "ancestor::figure//figcaption"
    if any(not picture.get("alt", "").strip() for picture in pictures):
        yield Remark("no_alternative_in_text", "body", _("A picture in the text has no alternative text."))
    if any(not picture.xpath(f"{caption}//text()[normalize-space()]") for picture in pictures):
        yield Remark("no_credit_in_text", "body", _("A picture in the text has neither caption nor credit."))
    elif any(
        not picture.xpath("ancestor::figure//figcaption//small//text()[normalize-space()]") for picture in pictures
    ):
        yield Remark(
            "no_credit_in_text", "body", _("A picture in the text has no credit (small print in its caption).")
        )
    if missing(article.body):
        sentence = _("A picture in the text is on another site, and readers see a link instead. Upload it here.")
        yield Remark("foreign_picture", "body", sentence)


def _lead_picture(article: Article) -> Iterator[Remark]:
    picture = article.lead_picture
    if picture and not picture.alternative_text.strip():
        sentence = _("The lead picture has no alternative text.")
        yield Remark("no_alternative", "alternative_text", sentence, of_picture=True)
    if picture and not picture.credit.strip():
        yield Remark("no_credit", "credit", _("The lead picture has no credit."), of_picture=True)


def _origin(article: Article) -> Iterator[Remark]:
    if article.kind != Article.Kind.ARTICLE:
        return
    if not article.sources.all() and not article.bylines.all():
        yield Remark("no_origin", "bylines", _("No author or source yet."))


CHECKS: list[Callable[[Article], Iterator[Remark]]] = [
    _standfirst,
    _section,
    _text,
    _pictures_in_text,
    _lead_picture,
    _origin,
]
