"""Publishing, scheduling, withdrawing: the only way an article's state changes.

Also counts changes that readers see.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from articles import page_versions, search, submissions
from articles.errors import AddressTaken, NeedsTime, StillPublished, TimePassed, TimeRefused
from articles.models.article import Article, Correction
from newsreader.kit.times import NoTime, planned
from newsreader.kit.versions import refuse_stale

logger = logging.getLogger(__name__)
State = Article.State
WITHDRAWAL = ("withdrawn_reason", "reason_is_public")
PATIENCE = dt.timedelta(minutes=1)  # The worker looks every few seconds; what is still waiting then, is held up.


def _locked(article_id: int) -> Article:
    return Article.objects.select_for_update().get(pk=article_id)


@transaction.atomic
def publish(article_id: int, *, at: dt.datetime | None = None) -> Article:
    """Show an article to readers. Its first publication gives it its permanent address.

    Returns the article as it is now; nothing changes where it is published already. Raises AddressTaken, also where an
    article that is scheduled for this day will need the address.
    """
    article = _locked(article_id)
    if article.state == State.PUBLISHED:
        return article
    _date(article, at)
    refuse_taken_address(article)
    return _show(article)


def _date(article: Article, at: dt.datetime | None) -> None:
    if article.published_at is None:
        article.published_at = at or timezone.now()
        article.published_on = _day_of(article.published_at)


def _show(article: Article) -> Article:
    article.state, article.withdrawn_reason, article.scheduled_for = State.PUBLISHED, "", None
    article.reason_is_public = False
    try:
        with transaction.atomic():
            page_versions.save(article, "state", *WITHDRAWAL, "scheduled_for", "published_at", "published_on")
    except IntegrityError:  # Another article took the address at the same moment.
        raise AddressTaken() from None
    _note_on_every_page(article)
    search.note([article.pk])
    submissions.close(article)
    return article


# --- Addresses ----------------------------------------------------------------------------------------------------


def _day_of(at: dt.datetime) -> dt.date:
    return timezone.localdate(at, timezone.get_default_timezone())


def refuse_taken_address(article: Article) -> None:
    """Raise AddressTaken if another article has this one's address, or will have it once its scheduled time comes."""
    is_page = article.kind == Article.Kind.PAGE
    on = article.published_on or (_day_of(article.scheduled_for) if article.scheduled_for else None)
    _refuse_address_in_use(article, on)
    waiting = _rivals(article).filter(state=State.SCHEDULED, published_on=None)
    if any(is_page or (at and _day_of(at) == on) for at in waiting.values_list("scheduled_for", flat=True)):
        raise AddressTaken()


def _rivals(article: Article) -> QuerySet[Article]:
    return Article.objects.filter(kind=article.kind, slug=article.slug).exclude(pk=article.pk)


def _refuse_address_in_use(article: Article, on: dt.date | None) -> None:
    """Raise AddressTaken if another article has been published under it; a page has the same on every day."""
    is_page = article.kind == Article.Kind.PAGE
    if _rivals(article).filter(**{"published_on__isnull": False} if is_page else {"published_on": on}).exists():
        raise AddressTaken()


# --- Scheduling and withdrawing -----------------------------------------------------------------------------------


@transaction.atomic
def schedule(article_id: int, at: dt.datetime | None, *, now: dt.datetime | None = None) -> Article:
    """Have the worker publish it at this time.

    Raises NeedsTime without a time, TimeRefused for one that cannot be, TimePassed for one in the past, StillPublished
    while readers see it, and AddressTaken where it could not appear.
    """
    at = time_ahead(at, now)
    article = _locked(article_id)
    if article.state == State.PUBLISHED:
        raise StillPublished()
    article.state, article.scheduled_for = State.SCHEDULED, at
    refuse_taken_address(article)
    page_versions.save(article, "state", "scheduled_for")
    return article


def time_ahead(at: dt.datetime | None, now: dt.datetime | None = None) -> dt.datetime:
    """Return a time for which an article can be scheduled, in the site's zone.

    Raises NeedsTime without one, TimeRefused for one that cannot be, and TimePassed for one in the past.
    """
    if at is None:
        raise NeedsTime()
    try:
        at = planned(at)
    except NoTime as none:
        raise TimeRefused(none) from none
    if at < (now or timezone.now()) - PATIENCE:  # The minute in which it is typed is not over yet.
        raise TimePassed()
    return at


@transaction.atomic
def withdraw(
    article_id: int, reason: str = "", *, is_public: bool = False, versions: Collection[int] | None = None
) -> Article:
    """Hide an article from readers. Its comments are hidden with it, and come back with it.

    `is_public`: readers are told the reason where it was. `versions`: those for which it is meant; None: any.
    Raises VersionConflict.
    """
    article = _locked(article_id)
    refuse_stale(article.version, versions)
    if article.state == State.WITHDRAWN:
        return article
    article.state, article.withdrawn_reason, article.scheduled_for = State.WITHDRAWN, reason, None
    article.reason_is_public = is_public
    page_versions.save(article, "state", *WITHDRAWAL, "scheduled_for")
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


def note_corrections(article: Article) -> None:
    """Count a change of an article's corrections, in the transaction that makes it."""
    newest = Correction.objects.filter(article=article.pk).aggregate(at=Max("at"))["at"]
    page_versions.bump([article.pk], version=F("version") + 1, corrected_at=newest)
    _note_on_every_page(article)


@transaction.atomic
def take_comments(article_id: int, takes: bool) -> None:
    """Open or close the discussion under an article."""
    article = _locked(article_id)
    article.takes_comments = takes
    article.save(update_fields=["takes_comments"])
    note_change(article, text=False)


# --- By the clock -------------------------------------------------------------------------------------------------


def publish_due(now: dt.datetime | None = None) -> int:
    """Publish every scheduled article whose time has come, dated with that time. Returns how many.

    One that cannot appear stays scheduled and is tried again, without stopping the others; `held_up` names it.
    """
    now = now or timezone.now()
    due = Article.objects.filter(state=State.SCHEDULED, scheduled_for__lte=now).order_by("scheduled_for", "pk")
    published = 0
    for pk in due.values_list("pk", flat=True):
        try:
            published += _publish_if_due(pk, now)
        except AddressTaken:
            continue
        except (OperationalError, InterfaceError):  # Not this article's fault: the database is busy or away.
            raise
        except Exception:
            logger.exception("Article %d is due and could not be published", pk)
    return published


@transaction.atomic
def _publish_if_due(article_id: int, now: dt.datetime) -> bool:
    """Publish it unless an editor has just decided otherwise. Of two with one address, the first gets it."""
    article = _locked(article_id)
    if article.state != State.SCHEDULED or article.scheduled_for is None or article.scheduled_for > now:
        return False
    _date(article, article.scheduled_for)
    _refuse_address_in_use(article, article.published_on)
    _show(article)
    return True


class HeldUp(NamedTuple):
    """A scheduled article that cannot appear, or has not; `is_address_taken` says why, else the log does."""

    article: Article
    is_address_taken: bool


def held_up(now: dt.datetime | None = None) -> list[HeldUp]:
    """Return the scheduled articles that will not appear at their time, or should be there already. One query."""
    late = (now or timezone.now()) - PATIENCE
    day = Coalesce("published_on", TruncDate("scheduled_for", tzinfo=timezone.get_default_timezone()))
    rivals = Article.objects.annotate(day=day).filter(kind=OuterRef("kind"), slug=OuterRef("slug"))
    rivals = rivals.filter(Q(kind=Article.Kind.PAGE) | Q(day=OuterRef("day"))).exclude(pk=OuterRef("pk"))
    earlier = Q(scheduled_for__lt=OuterRef("scheduled_for")) | Q(
        scheduled_for=OuterRef("scheduled_for"), pk__lt=OuterRef("pk")
    )
    first = rivals.filter(Q(published_on__isnull=False) | (Q(state=State.SCHEDULED) & earlier))
    rows = Article.objects.filter(state=State.SCHEDULED).annotate(day=day).annotate(taken=Exists(first))
    found = rows.filter(Q(taken=True) | Q(scheduled_for__lte=late)).defer("body").order_by("scheduled_for", "pk")
    return [HeldUp(row, row.taken) for row in found]


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
