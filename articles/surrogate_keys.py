"""Surrogate keys: by which of them a CDN finds the pages that a change makes stale."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from django.conf import settings

from articles.models.purges import Purge
from newsreader.kit.cdn import SITE

LISTS = "lists"  # whatever lists articles: a new one may belong there
COMMENTS = "comments"  # feeds of comments
MOST = 200  # articles; a change of more of them is one of the site


def of_articles(ids: Iterable[int]) -> list[str]:
    """Return the keys of pages that show something of these articles."""
    return [f"article-{pk}" for pk in ids]


def note_articles(ids: list[int], *, by_newsroom: bool) -> None:
    """Note in the transaction that pages with these articles are stale. `by_newsroom`: lists of articles too."""
    if len(ids) > MOST:
        note_site()
    elif ids:
        _note([*of_articles(ids), COMMENTS, *([LISTS] if by_newsroom else [])])


def note_site() -> None:
    """Note in the transaction that every page is stale."""
    _note([SITE])


def of_file(name: str) -> str:
    """Return the key of a stored file that may be deleted."""
    return f"file-{PurePosixPath(name).stem[:50]}"


def note_file(name: str) -> None:
    """Note in the transaction that a file is gone."""
    _note([of_file(name)])


def _note(keys: list[str]) -> None:
    if settings.CDN:
        Purge.objects.bulk_create([Purge(key=key) for key in keys])
