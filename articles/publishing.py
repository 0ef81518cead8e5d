"""Publishing, scheduling, withdrawing: the only way an article's state changes.

Also counts changes that readers see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from articles import page_versions, search
from articles.errors import AddressTaken, NeedsTime, StillPublished, TimeRefused
from articles.models.article import Article
from newsreader.kit.times import NoTime, planned
from newsreader.kit.versions import refuse_stale

State = Article.State


def _locked(article_id: int) -> Article:
    return Article.objects.select_for_update().get(pk=article_id)


@transaction.atomic
def publish(article_id: int, *, at: dt.datetime | None = None) -> Article:
    """Show an article to readers. Its first publication gives it its permanent address.

    Returns the article as it is now; nothing changes where it is published already. Raises AddressTaken.
    """
    article = _locked(article_id)
    if article.state == State.PUBLISHED:
        return article
    if article.published_at is None:
        article.published_at = at or timezone.now()
        article.published_on = timezone.localdate(article.published_at, timezone.get_default_timezone())
    _refuse_taken_address(article)
    article.state, article.withdrawn_reason, article.scheduled_for = State.PUBLISHED, "", None
    try:
        with transaction.atomic():
            page_versions.save(article, "state", "withdrawn_reason", "scheduled_for", "published_at", "published_on")
    except IntegrityError:  # Another article took the address at the same moment.
        raise AddressTaken() from None
    _note_on_every_page(article)
    search.note([article.pk])
    return article


def _refuse_taken_address(article: Article) -> None:
    others = Article.objects.filter(kind=article.kind, slug=article.slug).exclude(pk=article.pk)
    day = (
        {"published_on": article.published_on}
        if article.kind == Article.Kind.ARTICLE
        else {"published_on__isnull": False}
    )
    if others.filter(**day).exists():
        raise AddressTaken()


@transaction.atomic
def schedule(article_id: int, at: dt.datetime | None) -> Article:
    """Have the worker publish it at this time.

    Raises NeedsTime without a time, TimeRefused for one that cannot be, StillPublished while readers see it.
    """
    if at is None:
        raise NeedsTime()
    try:
        at = planned(at)
    except NoTime as none:
        raise TimeRefused(none) from none
    article = _locked(article_id)
    if article.state == State.PUBLISHED:
        raise StillPublished()
    article.state, article.scheduled_for = State.SCHEDULED, at
    page_versions.save(article, "state", "scheduled_for")
    return article


@transaction.atomic
def withdraw(article_id: int, reason: str = "", *, versions: Collection[int] | None = None) -> Article:
    """Hide an article from readers. Its comments are hidden with it, and come back with it.

    `versions`: those for which it is meant; None: any. Raises VersionConflict.
    """
    article = _locked(article_id)
    refuse_stale(article.version, versions)
    if article.state == State.WITHDRAWN:
        return article
    article.state, article.withdrawn_reason, article.scheduled_for = State.WITHDRAWN, reason, None
    page_versions.save(article, "state", "withdrawn_reason", "scheduled_for")
    _note_on_every_page(article)
    return article


@transaction.atomic
def back_to_draft(article_id: int) -> Article:
    """Unschedule an article, or turn a withdrawn one into a draft. Raises StillPublished while readers see it."""
    article = _locked(article_id)
    if article.state == State.PUBLISHED:
        raise StillPublished()
    article.state, article.scheduled_for = State.DRAFT, None
    page_versions.save(article, "state", "scheduled_for")
    return article


@transaction.atomic
def take_comments(article_id: int, takes: bool) -> None:
    """Open or close the discussion under an article."""
    article = _locked(article_id)
    article.takes_comments = takes
    article.save(update_fields=["takes_comments"])
    note_change(article, text=False)


def publish_due(now: dt.datetime | None = None) -> int:
    """Publish every scheduled article whose time has come, dated with that time. Returns how many.

    An article whose address is taken stays scheduled and is tried again: an editor has to change its slug.
    """
    now = now or timezone.now()
    due = Article.objects.filter(state=State.SCHEDULED, scheduled_for__lte=now).order_by("scheduled_for", "pk")
    published = 0
    for pk, at in due.values_list("pk", "scheduled_for"):
        try:
            publish(pk, at=at)
            published += 1
        except AddressTaken:
            continue
    return published


def note_change(article: Article, *, text: bool) -> None:
    """Count a change that readers see; with `text`, a change of the text. Inside the transaction that makes it."""
    changes: dict[str, Any] = {"version": F("version") + 1}
    if text:
        changes |= {"revision": F("revision") + 1, "updated_at": timezone.now()}
    page_versions.bump([article.pk], **changes)
    _note_on_every_page(article)
    search.note([article.pk])


def _note_on_every_page(article: Article) -> None:
    """Count a change of all pages where a page such as the imprint changes: every foot links to it."""
    if article.kind == Article.Kind.PAGE:
        page_versions.bump_site()
