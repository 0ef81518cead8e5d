"""Who may not post: accounts, addresses, networks; for good or until a day, openly or quietly. All of it on record.

The editors' list of networks (`spam.rulebook`, entries that refuse openly) stands beside this and is asked apart.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from comments.audit import audit_log
from comments.drafts import is_email
from comments.errors import OwnDecision
from comments.models import AuditEntry, Ban, BanAppeal, Batch, Comment
from comments.models.permissions import may_lift_bans, may_moderate, moderators_of
from comments.models.querysets import BanQuerySet
from comments.moderation import own_decisions
from comments.screening.ban_checks import WIDEST
from comments.screening.compiled_entries import Network, lies_in, network_in
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.text import fold

MAY_BAN = "comments.add_ban"
OPEN = BanAppeal.Outcome.OPEN
Target = tuple[int | None, str, str]  # an identity's id, an address, a network: one of them


@transaction.atomic
def ban(
    *,
    identity: CommenterIdentity | None = None,
    email: str = "",
    network: str = "",
    by: User,
    reason: str = "",
    note: str = "",
    ends_at: dt.datetime | None = None,
    quiet: bool = False,
    from_address: str = "",
) -> Ban:
    """Keep an account, an address or a network (one of them) from posting, and record who did.

    One is in force for each: a second changes its terms. `reason` is a code, `from_address` where the one who bans is
    now. Raises Invalid, naming the field, for a target that is none, too wide or the newsroom's own, and for an end
    that is past.
    """
    target = check(identity, email, network, by, from_address, ends_at)
    now = timezone.now()
    terms = {"reason": reason, "note": note, "ends_at": ends_at, "quiet": quiet, "by": by}
    rows = Ban.objects.filter(lifted_at=None, **target)
    rows.filter(ends_at__lte=now).update(lifted_at=F("ends_at"))
    row, is_new = rows.select_for_update().get_or_create(
        **target, lifted_at=None, defaults={**terms, "created_at": now}
    )
    if not is_new:
        for name, value in terms.items():
            setattr(row, name, value)
        row.save(update_fields=list(terms))
    _note("ban", row, by, {"reason": reason, "quiet": quiet, "changed": not is_new}, note)
    return row


def check(
    identity: CommenterIdentity | None,
    email: str,
    network: str,
    by: User,
    from_address: str = "",
    ends_at: dt.datetime | None = None,
) -> dict[str, Any]:
    """Return who would be banned, as it is stored. Raises Invalid, naming the field, where that cannot be."""
    target = _target(identity, email, network)
    _spare(target, by, from_address)
    if ends_at and ends_at <= timezone.now():
        raise _wrong("ends_at", "ban_is_over", _("This is in the past."))
    return target


def _target(identity: CommenterIdentity | None, email: str, network: str) -> dict[str, Any]:
    """The address folded, the network in its shortest form."""
    if sum(map(bool, (identity, email.strip(), network.strip()))) != 1:
        sentence = _("A ban names an account, an address or a network: one of them.")
        raise _wrong("identity", "ban_of_one_kind", sentence)
    if email and not is_email(email.strip()):
        raise _wrong("email", "require_valid_email", _("An email address looks like name@example.org."))
    return {
        "identity": identity,
        "email": fold(email),
        "network": str(_network(network)) if network.strip() else "",
    }


def _network(text: str) -> Network:
    """Read an address or a network. An IPv6 address stands for its /64, as its owner has all of that."""
    found = network_in(text)
    if found is None:
        raise _wrong("network", "ban_network_invalid", _("This is no address or network: %s") % text.strip()[:50])
    if isinstance(found, ipaddress.IPv6Network):
        if found.prefixlen >= 96 and (mapped := found.network_address.ipv4_mapped):
            found = ipaddress.ip_network(f"{mapped}/{found.prefixlen - 96}")
        elif found.prefixlen == 128:
            found = found.supernet(new_prefix=64)
    if found.prefixlen < WIDEST[found.version]:
        sentence = _("This network is too wide: it would shut out very many. At most /%d.") % WIDEST[found.version]
        raise _wrong("network", "ban_network_too_wide", sentence)
    return found


def _spare(target: dict[str, Any], by: User, from_address: str) -> None:
    """Raise Invalid where this would keep out the newsroom, or whoever bans."""
    identity = target["identity"]
    user = identity.user if identity else None
    if user and user.pk == by.pk:
        raise _wrong("identity", "ban_of_oneself", _("This is your own account."))
    if user and (user.is_staff or may_moderate(user)):
        raise _wrong("identity", "ban_of_newsroom", _("This account belongs to the newsroom."))
    if target["network"] and lies_in(from_address, ipaddress.ip_network(target["network"])):
        raise _wrong("network", "ban_of_oneself", _("You are in this network yourself."))


def _wrong(field: str, code: str, sentence: str) -> Invalid:
    return Invalid([FieldError(field, code, sentence)])


def _lasts(ends_at: dt.datetime | None) -> dt.datetime:
    return ends_at or dt.datetime.max.replace(tzinfo=dt.UTC)


def _note(kind: str, row: Ban, by: User | None, facts: dict[str, Any], note: str = "") -> None:
    audit_log.note_many(kind, [_told(row, by, facts, note)])


def _told(row: Ban, by: User | None, facts: dict[str, Any], note: str = "") -> audit_log.Event:
    facts = {"kind": row.kind, "ends_at": row.ends_at.isoformat() if row.ends_at else None} | facts
    if row.batch_id:
        facts["batch"] = str(row.batch_id)
    who = {"identity": row.identity_id, "email": row.email, "network": row.network, "note": note}
    personal = {name: value for name, value in who.items() if value}
    return audit_log.Event(f"ban:{row.pk}", by.pk if by else None, facts, personal)


@transaction.atomic
def lift(ban: Ban, by: User) -> Ban | None:
    """Let somebody post again, and record who did; None where it is lifted already, or over.

    That grants what is open of the appeals against it. Raises OwnDecision where there are any, `by` is one of those who
    banned, and somebody else could decide.
    """
    row = Ban.objects.select_for_update().in_force().filter(pk=ban.pk).first()
    if row is None:
        return None
    if _lift([row], by):
        raise OwnDecision()
    return row


def uphold(ban: Ban, by: User) -> None:
    """Reject the open appeals against a locked ban, and record who did. Raises OwnDecision as `lift` does."""
    appeals = _open_appeals([ban])
    own = _own_appeals([ban], appeals, by)
    if own.left:
        raise OwnDecision()
    _close(appeals, BanAppeal.Outcome.UPHELD, own, by)


def _lift(rows: Iterable[Ban], by: User, *, undoing: Batch | None = None) -> list[Ban]:
    """Lift locked bans and grant the appeals against them, but for those that somebody else has to decide about.

    Returns these, which stay in force. A fixed number of queries, but for appeals against bans by `by` themselves.
    """
    rows = list(rows)
    appeals = _open_appeals(rows)
    own = _own_appeals(rows, appeals, by)
    lifted, now = [row for row in rows if row not in own.left], timezone.now()
    for row in lifted:
        row.lifted_at, row.lifted_with = now, undoing
    Ban.objects.filter(pk__in=[row.pk for row in lifted]).update(lifted_at=now, lifted_with=undoing)
    audit_log.note_many("ban_lifted", [_told(row, by, {"reason": row.reason, "quiet": row.quiet}) for row in lifted])
    _close([appeal for appeal in appeals if appeal.ban not in own.left], BanAppeal.Outcome.LIFTED, own, by)
    return own.left


# --- Appeals against them -----------------------------------------------------------------------------------------


class OwnBans(NamedTuple):
    """Bans by whoever decides now that somebody objects to: those left to others, and those nobody else could lift."""

    left: list[Ban]
    allowed: list[Ban]


def _open_appeals(rows: Iterable[Ban]) -> list[BanAppeal]:
    return list(BanAppeal.objects.filter(ban__in=rows, outcome=OPEN).order_by("pk").select_related("ban"))


def _own_appeals(rows: Iterable[Ban], appeals: Iterable[BanAppeal], by: User) -> OwnBans:
    """Return those of locked bans to which somebody objects and which `by` made, or whose terms they have changed."""
    found, appealed = OwnBans([], []), {appeal.ban_id for appeal in appeals}
    contested = [row for row in rows if row.pk in appealed]
    banned_by = _banned_by(contested)
    for row in contested:
        try:
            own = own_decisions.is_own(by, banned_by[row.pk], may_lift_bans())
        except OwnDecision:
            found.left.append(row)
        else:
            found.allowed.extend([row] if own else [])
    return found


def _banned_by(rows: Collection[Ban]) -> dict[int, set[int | None]]:
    """Return for each ban who made it, and who has changed its terms since. One query, none for none."""
    found: dict[int, set[int | None]] = defaultdict(set)
    if not rows:
        return found
    subjects = {f"ban:{row.pk}": row for row in rows}
    entries = AuditEntry.objects.filter(kind="ban", subject__in=subjects).values_list("subject", "by_account")
    for subject, account in entries:
        found[subjects[subject].pk].add(account)
    for row in rows:
        found[row.pk].add(row.by_id)
    return found


def _close(appeals: Collection[BanAppeal], outcome: str, own: OwnBans, by: User) -> None:
    """Settle open appeals against locked bans; record who did, and where that was about their own ban."""
    if not appeals:
        return
    now = timezone.now()
    for row in appeals:
        row.outcome, row.settled_by, row.settled_at = outcome, by, now
    BanAppeal.objects.bulk_update(appeals, ["outcome", "settled_by", "settled_at"])
    if own.allowed:
        by_ban: dict[int, list[int]] = {ban.pk: [] for ban in own.allowed}
        for row in appeals:
            by_ban.get(row.ban_id, []).append(row.pk)
        events = [audit_log.Event(f"ban:{pk}", by.pk, {"appeals": ids}) for pk, ids in by_ban.items()]
        audit_log.note_many("own_appeal_settled", events)
    told = [audit_log.Event(f"ban:{row.ban_id}", by.pk, {"appeal": row.pk, "outcome": outcome}) for row in appeals]
    audit_log.note_many("ban_appeal_settled", told)


# --- Together with decisions --------------------------------------------------------------------------------------


@transaction.atomic
def ban_authors(
    comments: Iterable[Comment],
    *,
    by: User,
    batch: uuid.UUID,
    networks: bool = False,
    reason: str = "",
    ends_at: dt.datetime | None = None,
    from_address: str = "",
) -> tuple[list[Ban], int]:
    """Ban whoever left these comments: accounts, else addresses; with `networks`, where guests wrote from as well.

    Each once, together with the decisions of a batch; who is banned for as long stays so. A fixed number of queries
    however many: `identity__user` and `connection_data` should be loaded. Returns the bans, and how many were not made
    as they would have kept out the newsroom, or whoever bans.
    """
    targets, spared = _targets(comments, by, networks, from_address)
    now = timezone.now()
    rows = _of(targets).filter(lifted_at=None)
    rows.filter(ends_at__lte=now).update(lifted_at=F("ends_at"))
    known = {_target_of(row): row for row in rows.select_for_update().order_by("pk")}
    terms: dict[str, Any] = {"reason": reason, "ends_at": ends_at, "by": by}
    fresh = [
        Ban(identity_id=identity, email=email, network=network, batch_id=batch, created_at=now, **terms)
        for identity, email, network in targets
        if (identity, email, network) not in known
    ]
    Ban.objects.bulk_create(fresh, ignore_conflicts=True)  # Somebody may have banned one in this instant.
    longer = [row for row in known.values() if _lasts(row.ends_at) < _lasts(ends_at)]
    for row in longer:
        row.reason, row.ends_at, row.by = reason, ends_at, by
    Ban.objects.bulk_update(longer, list(terms))
    made = [*Ban.objects.filter(batch=batch), *longer]
    audit_log.note_many("ban", [_told(row, by, {"reason": reason, "changed": row in longer}) for row in made])
    return made, spared


def _of(targets: Collection[Target]) -> BanQuerySet:
    """Return every ban, in force or past, of one of these."""
    return Ban.objects.filter(
        Q(identity__in=[identity for identity, _email, _network in targets if identity])
        | Q(email__in=[email for _identity, email, _network in targets if email]) & ~Q(email="")
        | Q(network__in=[network for _identity, _email, network in targets if network]) & ~Q(network="")
    )


def _target_of(row: Ban) -> Target:
    return row.identity_id, row.email, row.network


def _targets(comments: Iterable[Comment], by: User, networks: bool, from_address: str) -> tuple[list[Target], int]:
    """Return account, address or network of each author, as they are stored, and how many are spared."""
    newsroom = _newsroom(by)
    found: dict[Target, None] = {}
    spared: set[Target] = set()
    for comment in comments:
        identity, trace = comment.identity, getattr(comment, "connection_data", None)
        if identity:
            account: Target = (identity.pk, "", "")
            spared.add(account) if _is_kept(identity, newsroom) else found.setdefault(account)
        elif trace:
            if is_email(trace.email):
                found.setdefault((None, fold(trace.email), ""))
            if networks and trace.address:
                network = _network(trace.address)
                around: Target = (None, "", str(network))
                spared.add(around) if lies_in(from_address, network) else found.setdefault(around)
    return list(found), len(spared)


def _newsroom(by: User) -> set[int]:
    """Return the accounts that a batch never bans: those who decide about comments, and whoever bans. One query."""
    return set(moderators_of(0).values_list("pk", flat=True)) | {by.pk}


def _is_kept(identity: CommenterIdentity, newsroom: set[int]) -> bool:
    return bool(identity.user and (identity.user.is_staff or identity.user_id in newsroom))


class Undone(NamedTuple):
    """What undoing a batch has done to bans: how many were lifted, are in force again, and are left to others."""

    lifted: int = 0
    again: int = 0
    left: int = 0


@transaction.atomic
def undo_batch(undoing: Batch, *, by: User, from_address: str = "") -> Undone:
    """Undo what a batch did to bans, where `undoing` undoes its decisions: so that undoing an undo bans again.

    Nothing where `by` may not ban. A ban of theirs that somebody objects to stays in force where somebody else could
    decide about that. A fixed number of queries, but for those bans.
    """
    undone = undoing.undoes
    if undone is None or not by.has_perm(MAY_BAN):
        return Undone()
    lifted, left = lift_batch(undone.pk, by, undoing=undoing)
    return Undone(lifted, len(_restore(undone, undoing.pk, by, from_address)), left)


@transaction.atomic
def lift_batch(batch: uuid.UUID, by: User, *, undoing: Batch | None = None) -> tuple[int, int]:
    """Lift every ban that was made with a batch of decisions: what undoing it means.

    They name the batch that undoes it, by which undoing that finds them again. Returns how many were lifted, and how
    many stay in force as somebody objects to them and another than `by` has to decide about that.
    """
    rows = list(Ban.objects.in_force().filter(batch=batch).select_for_update().order_by("pk"))
    left = _lift(rows, by, undoing=undoing)
    return len(rows) - len(left), len(left)


def _restore(undone: Batch, batch: uuid.UUID, by: User, from_address: str) -> list[Ban]:
    """Ban anew, on the same terms and until the same time, whom undoing a batch let post again; return these bans.

    Those whose end is past stay free, those about whom somebody has decided since, and whom a batch spares.
    """
    if undone.undoes_id is None:
        return []
    now, newsroom = timezone.now(), _newsroom(by)
    past = Ban.objects.filter(lifted_with=undone).exclude(ends_at__lte=now)
    wanted = {_target_of(row): row for row in past.select_related("identity__user").order_by("pk")}
    rows = _of(wanted)
    rows.filter(lifted_at=None, ends_at__lte=now).update(lifted_at=F("ends_at"))
    decided = {_target_of(row) for row in rows.filter(Q(lifted_at=None) | Q(created_at__gt=undone.created_at))}
    again = [
        row
        for target, row in wanted.items()
        if target not in decided
        and not (row.identity and _is_kept(row.identity, newsroom))
        and not (row.network and lies_in(from_address, ipaddress.ip_network(row.network)))
    ]
    terms = ("identity_id", "email", "network", "reason", "note", "quiet", "ends_at")
    fresh = [
        Ban(batch_id=batch, by=by, created_at=now, **{name: getattr(row, name) for name in terms}) for row in again
    ]
    Ban.objects.bulk_create(fresh, ignore_conflicts=True)  # Somebody may have banned one in this instant.
    made = list(Ban.objects.filter(batch=batch).order_by("pk"))
    facts = [{"reason": row.reason, "quiet": row.quiet, "changed": False} for row in made]
    audit_log.note_many("ban", [_told(row, by, said, row.note) for row, said in zip(made, facts, strict=True)])
    return made


# --- At posting ---------------------------------------------------------------------------------------------------


# --- On the desk --------------------------------------------------------------------------------------------------
