"""How far somebody is trusted: earned by approved comments, lost by refusals, computed from the decisions.

Nothing is stored, so an undone decision does not count. Trust belongs to an account or, for a guest, to the comments in
this browser's signed cookie and to a confirmed email address; never to what somebody types.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
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
        mine = Q(identity__user=identity.user_id) if identity.user_id else Q(identity=identity.pk)
        row = (
            CommenterIdentity.objects.filter(pk=identity.pk).annotate(**_facts(mine, settings)).values(*_FACTS).first()
        )
        return _level_of(row) if row else Level.NEW
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
    found: dict[int, Level] = {}
    for mine, those in (
        (Q(identity__user=OuterRef("user")), rows.filter(user__isnull=False)),
        (Q(identity=OuterRef("pk")), rows.filter(user=None)),
    ):
        for row in those.annotate(**_facts(mine, settings)).values("pk", *_FACTS):
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


def _facts(mine: Q, settings: EffectiveSettings) -> dict[str, Any]:
    """What the levels depend on, as subqueries. Each stops at the number that matters, however many there are."""
    approved = Comment.objects.approved().filter(mine).order_by()
    refusals = _refusals(mine)
    return {
        "known": _at_least(settings.premoderated, approved),
        "trusted": _at_least(max(settings.trusted_after, settings.premoderated), approved)
        if settings.trusted_after
        else _no(),
        "refused": _at_least(1, refusals),
        "lost": _at_least(settings.refusals_allowed, refusals) if settings.refusals_allowed else _no(),
    }


def _refusals(mine: Q) -> models.QuerySet[Comment]:
    """Comments that a moderator has recently refused, and nobody has restored since."""
    return Comment.objects.filter(mine, Exists(_refusing()), status__in=REMOVED).order_by()


def _refusing() -> models.QuerySet[Decision]:
    restored = Decision.objects.filter(comment=OuterRef("comment"), number__gt=OuterRef("number"), after__in=_STANDING)
    by_people = Decision.objects.filter(comment=OuterRef("pk"), source="", after__in=REMOVED)
    recent = by_people.filter(created_at__gt=timezone.now() - RECENT)
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
    for row in _left_here(draft.visit.comments):
        if fold(row["connection_data__email"] or "") != email:
            continue
        confirmed, approved = row["confirmed"], row["status"] == Comment.Status.APPROVED
        earned += approved and (confirmed or fold(row["name"]) == name)
        earned += row["status"] == Comment.Status.PENDING and confirmed
        refused += row["refused"]
    known = earned >= settings.premoderated
    return _level_of(
        {
            "known": known,
            "trusted": known and 0 < settings.trusted_after <= earned,
            "refused": refused > 0,
            "lost": 0 < settings.refusals_allowed <= refused,
        }
    )


def _left_here(ids: Iterable[int]) -> Iterable[dict[str, Any]]:
    confirmations = EmailConfirmation.objects.filter(comment=OuterRef("pk"), confirmed_at__isnull=False)
    mine: CommentQuerySet = Comment.objects.filter(pk__in=ids, identity=None)
    annotated: Any = mine.annotate(confirmed=Exists(confirmations), refused=Exists(_refusing()))
    rows: Iterable[dict[str, Any]] = annotated.values(
        "status", "name", "connection_data__email", "confirmed", "refused"
    )
    return rows
