"""What was planted and where: comments, documents and rows that hold attacks, and what all surfaces need for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from articles.models.article import Article
from comments.discussion import counting
from comments.drafts import Author as Commenter
from comments.drafts import Draft, Visit
from comments.models import Comment
from comments.posting.submission import post_comment
from tests.attack.lists import Attack
from tests.attack.stage import Stage

PAGE = 200  # comments on a page

CALM = ("A calm word.", "Calm")  # text and name of comments that the others must look like

STATUS = Comment.Status


@dataclass
class Planting:
    """What was planted together: comments by what they hold, and where they stand."""

    article: Article | None = None
    comments: dict[int, tuple[Attack, Comment]] = field(default_factory=dict)
    calm: list[int] = field(default_factory=list)
    root: Comment | None = None
    documents: list[tuple[list[Attack], str, str]] = field(default_factory=list)
    rows: list[tuple[Attack, Any]] = field(default_factory=list)
    imported: bool = False
    member: Any = None
    list: str = ""


@dataclass(frozen=True)
class Surface:
    name: str
    plant: Callable[[Stage, list[Attack]], Planting]
    check: Callable[[Stage, Planting, str], None]
    size: int = PAGE  # texts at once


_count = 0


def posted(article: Any, text: str, name: str, website: str, parent: Comment | None = None) -> Comment:
    global _count
    _count += 1
    return post_comment(
        Draft(
            article.pk,
            text,
            Commenter(name, f"a{_count}@example.org", website),
            parent=str(parent.pk) if parent else "",
            visit=Visit(address="192.0.2.1", user_agent=text[:200]),
        )
    )


def approve(article: Article) -> None:
    article.comments.update(status=STATUS.APPROVED)
    counting.recount([article.pk])


def signed_in(user: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


class Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[tuple[str, list[str]]] = []
        self.text = ""
        self.scripts: list[tuple[str, str]] = []  # kind and content
        self.cards: dict[str, str] = {}  # properties of `meta`

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        self.found += [value or "" for name, value in attrs if name == "href"]
        values = {name: value or "" for name, value in attrs}
        if tag == "script":
            self.scripts.append((values.get("type", ""), ""))
        if tag == "meta" and "property" in values:
            self.cards[values["property"]] = values.get("content", "")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.scripts and self.cdata_elem == "script":
            kind, content = self.scripts.pop()
            self.scripts.append((kind, content + data))


def read_html(html: str) -> Html:
    reader = Html()
    reader.feed(html)
    reader.close()
    return reader


def links_of(html: str) -> list[str]:
    return read_html(html).found


def first_difference(one: str, other: str) -> str:
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(0, at - 40) : at + 60]} ≠ {other[max(0, at - 40) : at + 60]}"


def packs(attacks: list[Attack], most: int = 6, length: int = 3_000) -> list[list[Attack]]:
    """Put some texts together that one page shall show; one that is long stands alone."""
    found: list[list[Attack]] = [[]]
    for attack in attacks:
        if len(found[-1]) == most or sum(len(each.text) for each in found[-1]) + len(attack.text) > length:
            found.append([])
        found[-1].append(attack)
    return [pack for pack in found if pack]
