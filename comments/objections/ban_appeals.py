"""Somebody who may not post objects to that, once; another moderator than those who banned decides about it.

The refusal of a reply leads to a private page, whose signed address says which ban it is about and who was told of it
(`bans.Told`). Of quiet bans nobody is told, so none has such a page.
"""

from __future__ import annotations

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from comments.audit import audit_log
from comments.drafts import keyed
from comments.errors import AppealedTwice, AppealFlood, AppealOpen, AppealSettled, BanOver
from comments.models import Ban, BanAppeal
from comments.moderation import bans
from comments.objections import common
from comments.screening import ban_checks, rate_limit
from comments.screening.ban_checks import BanNotice
from newsreader.accounts.models import User
from newsreader.kit.errors import Conflict
from newsreader.kit.web import network

BURST, PAUSE = 5, 60  # objections in a row from one network, then one in so many seconds
OPEN = BanAppeal.Outcome.OPEN


def find(ban_id: int, token: str) -> tuple[Ban, BanNotice]:
    """Return the ban of a private page and who was told of it. Raises Ban.DoesNotExist, also for a quiet one."""
    try:
        told = ban_checks.read_notice(token)
    except signing.BadSignature:
        raise Ban.DoesNotExist from None
    if told.ban_id != ban_id:
        raise Ban.DoesNotExist
    return Ban.objects.get(pk=ban_id, quiet=False), told


def appeal_of(told: BanNotice) -> BanAppeal | None:
    """Return what was written on this very page before."""
    return BanAppeal.objects.filter(ban=told.ban_id, appellant=told.who, token=told.token).first()


def why_not(ban: Ban, told: BanNotice) -> Conflict | None:
    """Return what forbids to object, None where nothing does."""
    if not ban.is_in_force:
        return BanOver()
    appeals = list(ban.appeals.filter(appellant=told.who)[:1])
    if appeals and appeals[0].token == told.token:
        return AppealedTwice()
    if appeals:
        return AppealedTwice(_("You have objected already, or somebody in your network has. That is possible once."))
    if ban.appeals.filter(by_owner=told.is_owner, outcome=OPEN).exists():
        return AppealOpen()
    return None


@transaction.atomic
def appeal(ban_id: int, token: str, text: str, *, address: str = "", by: User | None = None) -> BanAppeal:
    """Object to a ban by the address of its private page; `address` is where from, `by` the account that is signed in.

    Raises Ban.DoesNotExist, BanOver, AppealedTwice, AppealOpen where somebody else's is, Invalid and AppealFlood.
    """
    Ban.objects.select_for_update().filter(pk=ban_id).first()
    ban, told = find(ban_id, token)
    if refusal := why_not(ban, told):
        raise refusal
    text = common.words_of(text, "appeal", _("Please say why you should be able to reply."))
    if wait := rate_limit.consume_one(keyed("ban-appeal", network(address)), burst=BURST, seconds=PAUSE):
        raise AppealFlood(wait)
    row = BanAppeal.objects.create(ban=ban, appellant=told.who, by_owner=told.is_owner, token=told.token, text=text)
    facts = {"appeal": row.pk, "by_owner": row.by_owner}
    audit_log.note("ban_appeal", f"ban:{ban.pk}", by=by, facts=facts, personal={"text": text})
    return row


@transaction.atomic
def settle(ban_id: int, *, lift: bool, by: User) -> list[BanAppeal]:
    """Decide about what is open of the appeals against a ban, and return it: lift the ban, or let it stay.

    That `by` may lift bans was checked before. Raises Ban.DoesNotExist, AppealSettled where none is open, BanOver, and
    OwnDecision where `by` is one of those who banned and somebody else could decide.
    """
    ban = Ban.objects.select_for_update().get(pk=ban_id)
    rows = list(ban.appeals.filter(outcome=OPEN).order_by("pk"))
    if not rows:
        raise AppealSettled()
    if not ban.is_in_force:
        raise BanOver()
    if lift:
        bans.lift(ban, by)
    else:
        bans.uphold(ban, by)
    return list(BanAppeal.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
