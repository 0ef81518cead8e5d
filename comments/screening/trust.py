"""How far somebody is trusted: earned by approved comments, lost by refusals, computed from the decisions.

Nothing is stored, so an undone decision does not count. Trust belongs to an account or, for a guest, to the comments in
this browser's signed cookie and to a confirmed email address; never to what somebody types.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import UNDONE, WITHDRAWN
from comments.drafts import Draft
from comments.models import REMOVED, Comment, Decision, EmailConfirmation
from comments.models.effective_settings import EffectiveSettings
from comments.models.querysets import CommentQuerySet
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.text import fold

RECENT = dt.timedelta(days=30)  # how long a refusal counts
_STANDING = [Comment.Status.APPROVED, Comment.Status.PENDING]
_NO_REFUSAL = [WITHDRAWN, UNDONE]  # withdrawn by its author; restored by undoing


class Level(models.IntegerChoices):
    """Levels of trust, in ascending order."""

    LOST = 0, _("trust lost")
    NEW = 1, _("new")
    KNOWN = 2, _("known")
    TRUSTED = 3, _("trusted")


def level(draft: Draft, settings: EffectiveSettings) -> Level:
    """Return how far the author of a draft is trusted. One query; none for a guest without a cookie."""
    if identity := draft.author.identity:
        row = _facts_of.first(
            identity.pk,
            identity.user_id or identity.pk,
            timezone.now() - RECENT,
            account=bool(identity.user_id),
            premoderated=settings.premoderated,
            trusted_after=settings.trusted_after,
            refusals_allowed=settings.refusals_allowed,
        )
        return _level_of(dict(zip(_FACTS, row, strict=True))) if row else Level.NEW
    if not draft.visit.comments or not draft.author.email:
        return Level.NEW
    return _level_of_guest(draft, settings)


def levels_of(comments: Collection[Comment], settings: EffectiveSettings) -> dict[int, Level]:
    """Return how far each comment's author is trusted, by comment id. Three queries however many.

    For guests, only an address that was confirmed with this very comment counts here: their browser's cookie is known
    only while they post.
    """
    identities = {comment.identity_id for comment in comments if comment.identity_id}
    guests = [comment.pk for comment in comments if not comment.identity_id]
    rows = CommenterIdentity.objects.filter(pk__in=identities)
    numbers = {name: getattr(settings, name) for name in ("premoderated", "trusted_after", "refusals_allowed")}
    found: dict[int, Level] = {}
    for mine, those in (
        (Q(identity__user=OuterRef("user")), rows.filter(user__isnull=False)),
        (Q(identity=OuterRef("pk")), rows.filter(user=None)),
    ):
        for row in those.annotate(**_facts(mine, timezone.now() - RECENT, **numbers)).values("pk", *_FACTS):
            found[row["pk"]] = _level_of(row)
    confirmations = EmailConfirmation.objects.filter(comment__in=guests, confirmed_at__isnull=False)
    known = set(confirmations.filter(comment__status__in=_STANDING).values_list("comment", flat=True))
    one_is_enough = settings.premoderated <= 1
    return {
        comment.pk: found.get(comment.identity_id, Level.NEW)
        if comment.identity_id
        else (Level.KNOWN if comment.pk in known and one_is_enough else Level.NEW)
        for comment in comments
    }


# --- People with an account ---------------------------------------------------------------------------------------

_FACTS = ("known", "trusted", "refused", "lost")


@Compiled
def _facts_of(pk: int, whose: int, since: dt.datetime, *, account: bool, **numbers: int) -> models.QuerySet[Any, Any]:
    mine = Q(identity__user=whose) if account else Q(identity=whose)
    rows = CommenterIdentity.objects.filter(pk=pk).annotate(**_facts(mine, since, **numbers))
    return rows.values_list(*_FACTS)


def _facts(
    mine: Q, since: dt.datetime, *, premoderated: int, trusted_after: int, refusals_allowed: int
) -> dict[str, Any]:
    """What the levels depend on, as subqueries. Each stops at the number that matters, however many there are."""
    approved = Comment.objects.approved().filter(mine).order_by()
    refusals = _refusals(mine, since)
    return {
        "known": _at_least(premoderated, approved),
        "trusted": _at_least(max(trusted_after, premoderated), approved) if trusted_after else _no(),
        "refused": _at_least(1, refusals),
        "lost": _at_least(refusals_allowed, refusals) if refusals_allowed else _no(),
    }


def _refusals(mine: Q, since: dt.datetime) -> models.QuerySet[Comment]:
    """Comments that a moderator has recently refused, and nobody has restored since."""
    return Comment.objects.filter(mine, Exists(_refusing(since)), status__in=REMOVED).order_by()


def _refusing(since: dt.datetime) -> models.QuerySet[Decision]:
    restored = Decision.objects.filter(comment=OuterRef("comment"), number__gt=OuterRef("number"), after__in=_STANDING)
    by_people = Decision.objects.filter(comment=OuterRef("pk"), source="", after__in=REMOVED)
    recent = by_people.filter(created_at__gt=since)
    return recent.exclude(reasons__0__code__in=_NO_REFUSAL).filter(~Exists(restored))


def _at_least(number: int, rows: models.QuerySet) -> Exists:
    """Whether there are at least `number` rows: whether the row at that place exists."""
    return Exists(rows[number - 1 : number])


def _no() -> Exists:
    return Exists(Comment.objects.none())


def _level_of(facts: dict[str, Any]) -> Level:
    if facts["lost"]:
        return Level.LOST
    if facts["trusted"] and not facts["refused"]:
        return Level.TRUSTED
    return Level.KNOWN if facts["known"] else Level.NEW


# --- Guests -------------------------------------------------------------------------------------------------------


def _level_of_guest(draft: Draft, settings: EffectiveSettings) -> Level:
    """Return a guest's level, from the comments in this browser's signed cookie that have the same email.

    An approved comment counts if it has the same name or its address was confirmed; a waiting one only if confirmed.
    """
    earned, refused = 0, 0
    name, email = fold(draft.author.name), fold(draft.author.email)
    for status, name_there, email_there, confirmed, is_refused in _left_here(
        timezone.now() - RECENT, *draft.visit.comments
    ):
        if fold(email_there or "") != email:
            continue
        earned += status == Comment.Status.APPROVED and (confirmed or fold(name_there) == name)
        earned += status == Comment.Status.PENDING and confirmed
        refused += is_refused
    known = earned >= settings.premoderated
    return _level_of(
        {
            "known": known,
            "trusted": known and 0 < settings.trusted_after <= earned,
            "refused": refused > 0,
            "lost": 0 < settings.refusals_allowed <= refused,
        }
    )


@Compiled
def _left_here(since: dt.datetime, *ids: int) -> models.QuerySet[Any, Any]:
    confirmations = EmailConfirmation.objects.filter(comment=OuterRef("pk"), confirmed_at__isnull=False)
    mine: CommentQuerySet = Comment.objects.filter(pk__in=ids, identity=None)
    annotated: Any = mine.annotate(confirmed=Exists(confirmations), refused=Exists(_refusing(since)))
    return annotated.values_list("status", "name", "connection_data__email", "confirmed", "refused")
