"""Pages that are made at the start, so that the first readers do not wait for what is made at first use.

Queries, patterns, translations and modules take 0.2 s of processor time. They are made before web processes are forked
(`preloading`), once for all of them: each has 13 MiB less of its own, and answers 0.1 s after its fork.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import connections

from articles.models.article import Article
from newsreader.front import answers
from newsreader.front.environ import own_host
from newsreader.front.pages import Address
from newsreader.front.renewal import request_of
from newsreader.wsgi import application as django

logger = logging.getLogger(__name__)
# One of each kind: what they have in common is made with the first.
ALWAYS = ("/", "/search/?q=news", "/feed/", "/accounts/login/")


class Made:
    """Whether it is done: a web process takes that over from the one that it was forked from."""

    front_page = False


def make_before_fork() -> None:
    """Make them where nothing is left of it but memory: neither threads nor connections outlive a fork.

    Connections to replicas are of a pool that has threads: such a site makes its front page after the fork.
    """
    if not settings.REPLICAS:
        _make(_addresses)


def make_front_page() -> None:
    """Make the front page unless it was made before the fork: the database may have been away."""
    if not Made.front_page:
        _make(lambda: ["/"])


def _make(addresses: Callable[[], Iterable[str]]) -> None:
    try:
        for address in addresses():
            with answers.ask(django, own_request(address)) as answer:
                if answer.status >= 500:
                    break  # Readers make them. Here each would wait for whatever is away.
                Made.front_page |= address == "/"
    except Exception:  # Of the database, its driver, or whatever else is away.
        logger.exception("The first pages could not be made at the start")
    connections.close_all()  # No thread's: requests have their own.


def _addresses() -> Iterator[str]:
    yield from ALWAYS
    if article := Article.objects.published().order_by("-published_at").first():
        yield article.get_absolute_url()
        yield f"/api/v1/articles/{article.pk}/comments/"


def own_request(address: str) -> dict[str, Any]:
    """Return a request of our own for a path and its query."""
    path, _, query = address.partition("?")
    return request_of(Address(own_host(), settings.SECURE, path, query))
