"""Somebody banned appeals, once; another moderator than those who banned decides.

The refusal of a reply links to the ban page. Its signed address says which ban it is about and who was told of it
(`ban_checks.BanNotice`). Nobody is told of a quiet ban, so it has no such page.
"""

from __future__ import annotations

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from comments.audit import audit_log
from comments.drafts import keyed
from comments.errors import AppealedTwice, AppealFlood, AppealOpen, AppealSettled, BanOver
from comments.models import Ban, BanAppeal
from comments.moderation import ban_lifting
from comments.objections import objection_text
from comments.screening import ban_checks, rate_limit
from comments.screening.ban_checks import BanNotice
from newsreader.accounts.models import User
from newsreader.kit.client_address import network
from newsreader.kit.errors import Conflict

BURST, PAUSE = 5, 60  # appeals in a row from one network, then one in so many seconds
OPEN = BanAppeal.Outcome.OPEN


def find(ban_id: int, token: str) -> tuple[Ban, BanNotice]:
    """Return the ban of this page, and who was told of it.

    Raises Ban.DoesNotExist, also for a quiet ban, and for one of an email address unless its owner was told.
    """
    try:
        notice = ban_checks.read_notice(token)
    except signing.BadSignature:
        raise Ban.DoesNotExist from None
    if notice.ban_id != ban_id:
        raise Ban.DoesNotExist
    ban = Ban.objects.get(pk=ban_id, quiet=False)
    if ban.kind == Ban.Kind.EMAIL and not notice.is_owner:
        raise Ban.DoesNotExist
    return ban, notice


def appeal_of(notice: BanNotice) -> BanAppeal | None:
    """Return the appeal that was made on this page before."""
    return BanAppeal.objects.filter(ban=notice.ban_id, appellant=notice.who, token=notice.token).first()


def why_not(ban: Ban, notice: BanNotice) -> Conflict | None:
    """Return what forbids an appeal now, None where nothing does."""
    if not ban.is_in_force:
        return BanOver()
    appeals = list(ban.appeals.filter(appellant=notice.who)[:1])
    if appeals and appeals[0].token == notice.token:
        return AppealedTwice()
    if appeals:
        return AppealedTwice(_("You, or somebody in your network, have already appealed. That is possible once."))
    if ban.appeals.filter(by_owner=notice.is_owner, outcome=OPEN).exists():
        return AppealOpen()
    return None


@transaction.atomic
def appeal(ban_id: int, token: str, text: str, *, address: str = "", by: User | None = None) -> BanAppeal:
    """Appeal against a ban by the token of its page. `address` is the reader's IP address, `by` their account.

    Raises Ban.DoesNotExist; BanOver; AppealedTwice; AppealOpen where somebody else's appeal is open; Invalid;
    AppealFlood.
    """
    Ban.objects.select_for_update().filter(pk=ban_id).first()
    ban, notice = find(ban_id, token)
    if refusal := why_not(ban, notice):
        raise refusal
    text = objection_text.words_of(text, "appeal", _("Please say why you should be able to reply."))
    if wait := rate_limit.consume_one(keyed("ban-appeal", network(address)), burst=BURST, seconds=PAUSE):
        raise AppealFlood(wait)
    row = BanAppeal.objects.create(
        ban=ban, appellant=notice.who, by_owner=notice.is_owner, token=notice.token, text=text
    )
    facts = {"appeal": row.pk, "by_owner": row.by_owner}
    audit_log.note("ban_appeal", f"ban:{ban.pk}", by=by, facts=facts, personal={"text": text})
    return row


@transaction.atomic
def settle(ban_id: int, *, lift: bool, by: User) -> list[BanAppeal]:
    """Decide about the open appeals against a ban, and return them: lift the ban, or let it stay.

    The caller has checked that `by` may lift bans. Raises Ban.DoesNotExist, AppealSettled where none is open, BanOver,
    and OwnDecision where `by` is one of those who banned and somebody else could decide.
    """
    ban = Ban.objects.select_for_update().get(pk=ban_id)
    rows = list(ban.appeals.filter(outcome=OPEN).order_by("pk"))
    if not rows:
        raise AppealSettled()
    if not ban.is_in_force:
        raise BanOver()
    if lift:
        ban_lifting.lift(ban, by)
    else:
        ban_lifting.uphold(ban, by)
    return list(BanAppeal.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
