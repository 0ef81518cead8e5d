"""Comments as structured data for search engines. Source: https://schema.org/Comment"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe

from articles.public.structured_data import Facts, as_script
from comments.discussion.threads import Page
from comments.models import Comment
from newsreader.kit.kept import Kept
from newsreader.kit.web import absolute


class Shown(NamedTuple):
    """All that is said of a comment."""

    url: str
    parent: str  # its address; empty: none
    words: str
    name: str
    at: dt.datetime

    @classmethod
    def of(cls, comment: Comment) -> Shown:
        parent = absolute(f"/comments/{comment.parent_id}/") if comment.parent_id else ""
        return cls(absolute(comment.permanent_url), parent, comment.words, comment.shown_name, comment.created_at)


_facts: Kept[str] = Kept(most=4 * 1024 * 1024)  # bytes


def comments_of(page: Page) -> SafeString:
    """Return the comments that a page shows, as JSON for a script element; replies name their parent. No query."""
    shown = (placed for branch in page.branches for placed in branch.placed if not placed.removed)
    return mark_safe(f"[{', '.join(_fact(Shown.of(placed.comment)) for placed in shown)}]")


def _fact(shown: Shown) -> str:
    """Return what is said of a comment. A new one leaves the others as they are, so each is kept under all of it."""
    text = _facts.get(shown)
    if text is None:
        text = as_script(_said(shown))
        _facts.put(shown, text, len(text) + len(shown.words))
    return text


def _said(shown: Shown) -> Facts:
    return {
        "@type": "Comment",
        "@id": shown.url,
        "url": shown.url,
        "text": shown.words,
        "author": {"@type": "Person", "name": shown.name},
        "dateCreated": shown.at.isoformat(timespec="seconds"),
        "parentItem": {"@type": "Comment", "@id": shown.parent} if shown.parent else None,
    }
