"""How far somebody is trusted: earned by comments that were approved, lost by refusals, computed from the decisions.

Nothing is stored, so that an undone decision counts for nothing. An account is trusted, or a guest by what this
browser's signed cookie says and by a confirmed address: never by what is typed.
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

RECENT = dt.timedelta(days=30)  # for so long a refusal is held against somebody
_STANDING = [Comment.Status.APPROVED, Comment.Status.PENDING]
_NO_REFUSAL = [WITHDRAWN, UNDONE]  # by its author; and what was so before


class Level(models.IntegerChoices):
    """The higher, the more somebody is trusted."""

    LOST = 0, _("trust lost")
    NEW = 1, _("new")
    KNOWN = 2, _("known")
    TRUSTED = 3, _("trusted")


def level(draft: Draft, rules: EffectiveSettings) -> Level:
    """Return how far whoever sends this is trusted. One query, none for a guest whom no cookie knows."""
    if identity := draft.author.identity:
        mine = Q(identity__user=identity.user_id) if identity.user_id else Q(identity=identity.pk)
        row = CommenterIdentity.objects.filter(pk=identity.pk).annotate(**_facts(mine, rules)).values(*_FACTS).first()
        return _level_of(row) if row else Level.NEW
    if not draft.visit.comments or not draft.author.email:
        return Level.NEW
    return _level_of_guest(draft, rules)


def levels_of(comments: Collection[Comment], rules: EffectiveSettings) -> dict[int, Level]:
    """Return how far the author of each comment is trusted, by comment. Three queries however many.

    A guest is as far known as the desk can tell: by an address that was confirmed for this very comment. What their
    browser's cookie says is known only while they post.
    """
    identities = {comment.identity_id for comment in comments if comment.identity_id}
    guests = [comment.pk for comment in comments if not comment.identity_id]
    rows = CommenterIdentity.objects.filter(pk__in=identities)
    found: dict[int, Level] = {}
    for mine, those in (
        (Q(identity__user=OuterRef("user")), rows.filter(user__isnull=False)),
        (Q(identity=OuterRef("pk")), rows.filter(user=None)),
    ):
        for row in those.annotate(**_facts(mine, rules)).values("pk", *_FACTS):
            found[row["pk"]] = _level_of(row)
    proofs = EmailConfirmation.objects.filter(comment__in=guests, confirmed_at__isnull=False)
    known = set(proofs.filter(comment__status__in=_STANDING).values_list("comment", flat=True))
    one_is_enough = rules.premoderated <= 1
    return {
        comment.pk: found.get(comment.identity_id, Level.NEW)
        if comment.identity_id
        else (Level.KNOWN if comment.pk in known and one_is_enough else Level.NEW)
        for comment in comments
    }


# --- People with an account ---------------------------------------------------------------------------------------

_FACTS = ("known", "trusted", "refused", "lost")


def _facts(mine: Q, rules: EffectiveSettings) -> dict[str, Any]:
    """What the levels depend on, as subqueries. Each stops at the number that matters, however much somebody wrote."""
    approved = Comment.objects.approved().filter(mine).order_by()
    refusals = _refusals(mine)
    return {
        "known": _at_least(rules.premoderated, approved),
        "trusted": _at_least(max(rules.trusted_after, rules.premoderated), approved) if rules.trusted_after else _no(),
        "refused": _at_least(1, refusals),
        "lost": _at_least(rules.refusals_allowed, refusals) if rules.refusals_allowed else _no(),
    }


def _refusals(mine: Q) -> models.QuerySet[Comment]:
    """Comments that a person has refused of late, and nobody has let through again since."""
    return Comment.objects.filter(mine, Exists(_refusing()), status__in=REMOVED).order_by()


def _refusing() -> models.QuerySet[Decision]:
    put_right = Decision.objects.filter(comment=OuterRef("comment"), number__gt=OuterRef("number"), after__in=_STANDING)
    by_people = Decision.objects.filter(comment=OuterRef("pk"), source="", after__in=REMOVED)
    recent = by_people.filter(created_at__gt=timezone.now() - RECENT)
    return recent.exclude(reasons__0__code__in=_NO_REFUSAL).filter(~Exists(put_right))


def _at_least(number: int, rows: models.QuerySet) -> Exists:
    """Whether there are so many: whether one stands behind the last but that."""
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


def _level_of_guest(draft: Draft, rules: EffectiveSettings) -> Level:
    """By the comments in this browser's signed cookie that are under the same email.

    What is approved counts under the same name, or where the address was confirmed; what still waits where it was
    confirmed.
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
    known = earned >= rules.premoderated
    return _level_of(
        {
            "known": known,
            "trusted": known and 0 < rules.trusted_after <= earned,
            "refused": refused > 0,
            "lost": 0 < rules.refusals_allowed <= refused,
        }
    )


def _left_here(ids: Iterable[int]) -> Iterable[dict[str, Any]]:
    proved = EmailConfirmation.objects.filter(comment=OuterRef("pk"), confirmed_at__isnull=False)
    mine: CommentQuerySet = Comment.objects.filter(pk__in=ids, identity=None)
    annotated: Any = mine.annotate(confirmed=Exists(proved), refused=Exists(_refusing()))
    rows: Iterable[dict[str, Any]] = annotated.values(
        "status", "name", "connection_data__email", "confirmed", "refused"
    )
    return rows
