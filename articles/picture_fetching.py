"""Pictures on other sites in an article's text are fetched in by the worker. The text keeps their addresses.

Until the copy is here, and where there will be none, a page shows a link (`articles.pictures.in_text`), and a publish
check says so.
"""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from articles import page_versions, pictures
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.picture_addresses import TYPE, foreign, host_of, origin_of
from newsreader.kit import safe_http
from newsreader.kit.images import NotAPicture
from newsreader.kit.tasks import task

logger = logging.getLogger(__name__)
MOST = 50  # pictures of one text
PATIENCE = 30.0  # seconds for a picture


def missing(html: str) -> dict[str, str]:
    """Return the pictures on other sites in this text of which no copy is here. One query if there are any."""
    found = foreign(html)
    ids = {origin_of(address).id: address for address in found}
    if ids:
        here = Picture.objects.filter(origin_site="", origin_type=TYPE, origin_id__in=ids)
        for id in here.values_list("origin_id", flat=True):
            found.pop(ids[id], None)
    return found


def fetch_later(article: Article) -> bool:
    """Have the worker fetch what this text lacks. Returns whether it lacks anything."""
    lacks = bool(missing(article.body))
    if lacks:
        fetch_pictures.enqueue(article.pk)
    return lacks


@task()
def fetch_pictures(article_id: int) -> None:
    """Fetch the pictures that an article's text lacks. One that cannot be fetched stays a link."""
    body = Article.objects.filter(pk=article_id).values_list("body", flat=True).first() or ""
    fetched = [_fetch(address, alternative) for address, alternative in list(missing(body).items())[:MOST]]
    if any(fetched):
        page_versions.bump([article_id])


def _fetch(address: str, alternative: str) -> bool:
    full, origin = f"https:{address}" if address.startswith("//") else address, origin_of(address)
    described = {"origin_type": origin.type, "origin_id": origin.id, "credit": host_of(full)[:300]}
    try:
        data = safe_http.fetch(full, most=pictures.MOST_BYTES, seconds=PATIENCE).body
        with transaction.atomic():
            pictures.add(data, PurePosixPath(urlsplit(full).path).name, alternative_text=alternative, **described)
    except (safe_http.FetchRefused, safe_http.FetchFailed) as error:
        logger.info("A picture of a text is not fetched: %s", error.code)
        return False
    except (NotAPicture, IntegrityError):  # Or somebody has fetched it at the same moment.
        return False
    return True
