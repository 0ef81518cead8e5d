"""Changing an article's text and everything around it: one operation for the API and other callers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from articles import formatting, publishing
from articles.errors import AddressFixed, HeadlineMissing, StateUnknown
from articles.models.article import Article, Byline, SourceAttribution
from articles.models.taxonomy import Author
from articles.picture_fetching import fetch_later
from articles.tagging import tags_named
from newsreader.accounts.models import User
from newsreader.kit.errors import Forbidden
from newsreader.kit.text import tidy, tidy_line
from newsreader.kit.versions import refuse_stale

# Columns of an article that are written as they are.
PLAIN = {"kind", "headline", "slug", "standfirst", "body", "language", "section", "takes_comments", "comments_close_at"}
ADDRESS = ("slug", "kind")  # The address is made from these, so they are fixed after publication.
TEXT = {"headline", "standfirst", "body"}


@transaction.atomic
def write(
    values: dict[str, Any], *, by: User, article: Article | None = None, versions: Collection[int] | None = None
) -> Article:
    """Create an article from these values, or change an existing one.

    Beside the columns in PLAIN: `tags` (names), `authors` (Author rows), `sources` (dicts of name, url, kind), `state`
    and `scheduled_for`. HTML is sanitised. Where nothing is said about comments, an article is open for them and a page
    is not. `versions`: those of the article for which the change is meant; None: any.
    Raises Forbidden, AddressTaken, AddressFixed, NeedsTime, StateUnknown, NotATag, VersionConflict.
    """
    made = article is None
    article = Article() if article is None else Article.objects.select_for_update().get(pk=article.pk)
    if not made:
        refuse_stale(article.version, versions)
    plain = {name: value for name, value in values.items() if name in PLAIN}
    moved = [name for name in ADDRESS if name in plain and plain[name] != getattr(article, name)]
    if article.published_on and moved:
        raise AddressFixed()
    if "takes_comments" not in plain and (made or "kind" in moved):
        plain["takes_comments"] = Article.takes_comments_by_default(plain.get("kind", article.kind))
    for name, value in plain.items():
        setattr(article, name, _tidied(name, value))
    if not article.headline:
        raise HeadlineMissing()
    if not article.slug:
        article.slug = slugify(article.headline, allow_unicode=True)[:200] or "article"
    # Only these columns: other operations may be changing counts and state at the same moment.
    article.save(update_fields=None if made else [*plain, "slug"])
    _around(article, values)
    if "body" in plain:
        fetch_later(article)
    if made and "authors" not in values and (author := getattr(by, "author", None)):
        Byline.objects.create(article=article, author=author)
    if not made:
        publishing.note_change(article, text=bool(TEXT & plain.keys()))
    if "state" in values:
        _move(article, values["state"], values.get("scheduled_for"), by)
    written = Article.objects.for_page().get(pk=article.pk)
    if moved and written.state == Article.State.SCHEDULED:
        publishing.refuse_taken_address(written)
    return written


def _tidied(name: str, value: Any) -> Any:
    if name == "headline":
        return tidy_line(value)
    if name == "body":
        return formatting.sanitise(tidy(value))
    return tidy(value) if isinstance(value, str) else value


def _around(article: Article, values: dict[str, Any]) -> None:
    if "tags" in values:
        article.tags.set(tags_named(values["tags"], own=article.tags.all()))
    if "authors" in values:
        _name(article, values["authors"])
    if "sources" in values:
        article.sources.all().delete()
        rows_ = [
            SourceAttribution(article=article, position=at, **source) for at, source in enumerate(values["sources"])
        ]
        SourceAttribution.objects.bulk_create(rows_)


def _name(article: Article, authors: list[Author]) -> None:
    """Put these authors over the article, in this order. Who stays keeps the roles that an editor has given them."""
    article.bylines.exclude(author__in=authors).delete()
    for at, author in enumerate(authors):
        if not article.bylines.filter(author=author).update(position=at):
            Byline.objects.create(article=article, author=author, position=at)


def _move(article: Article, state: str, at: Any, by: User) -> None:
    """Give it this state if it has another. Only those with the permission may publish or withdraw an article."""
    if state == article.state and at is None:
        return
    if not by.has_perm("articles.publish_article"):
        raise Forbidden()
    match state:
        case Article.State.PUBLISHED:
            publishing.publish(article.pk)
        case Article.State.SCHEDULED:
            publishing.schedule(article.pk, at)
        case Article.State.WITHDRAWN:
            publishing.withdraw(article.pk)
        case Article.State.DRAFT:
            publishing.back_to_draft(article.pk)
        case _:
            raise StateUnknown()
