"""What the desk's buttons do: each an action by its name, over the operations that page, API and mails share.

To add one, write a function that takes an Act and returns what is told, and its line in ACTS. Each touches only
comments that whoever presses may decide about.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from comments.audit.reasons import offered
from comments.desk import answering, teamwork
from comments.desk.filters import Filter, seen_in
from comments.desk.status_actions import STATUS_ACTIONS, summary
from comments.models import Appeal, Batch, Comment, Label, Report, Revision
from comments.models.querysets import CommentQuerySet
from comments.moderation import bans, batches, erasing, moderator_edits, raids, undoing
from comments.moderation.bans import MAY_BAN
from comments.objections import appeals, reports
from comments.screening import ban_checks
from newsreader.accounts.models import User
from newsreader.kit.errors import DomainError, Forbidden
from newsreader.kit.numbers import ids_in

# For how long somebody is kept from posting, in days; 0: for good.
SPANS = {
    "1": gettext_lazy("one day"),
    "7": gettext_lazy("a week"),
    "30": gettext_lazy("30 days"),
    "0": gettext_lazy("for good"),
}


MAY_BAN_QUIETLY = "comments.change_commentsettings"


class NotUnderstood(DomainError):
    code, status = "not_understood", 400
    sentence = gettext_lazy("That was not understood, and nothing was changed.")


class NothingChosen(DomainError):
    code, status, sentence = "nothing_chosen", 400, gettext_lazy("No comment was chosen.")


@dataclass
class ActionResult:
    """What came of an act: sentences with a level of Django's messages; what undoes it, as the fields to send."""

    said: list[tuple[int, str]] = field(default_factory=list)
    undo: dict[str, str] | None = None
    batch: Batch | None = None
    changed: int | None = None  # the comment whose card looks different now

    @classmethod
    def done(cls, sentence: str, **values: Any) -> ActionResult:
        return cls([(messages.SUCCESS, sentence)], **values)


@dataclass(frozen=True)
class ActionRequest:
    """A button that was pressed: by whom, with which fields, over which filter."""

    user: User
    fields: QueryDict
    filter: Filter
    address: str = ""  # where who presses is now

    @property
    def mine(self) -> CommentQuerySet:
        return Comment.objects.moderated_by(self.user)

    @property
    def chosen(self) -> set[int]:
        return ids_in(self.fields.getlist("ids"))

    def text(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def reason(self) -> str:
        if self.text("reason") not in offered():
            raise NotUnderstood()
        return self.text("reason")

    def reason_for(self, deed: str) -> str:
        """Return the reason that was chosen, or, where none was, the one that the form says it gives for the trash."""
        return self.text("reason") or (self.text("trash_reason") if deed == "trash" else "")

    def one(self) -> Comment:
        """Return the one comment this is about. Raises NothingChosen where it is none of theirs."""
        found = self.mine.select_related("article", "identity", "connection_data").filter(pk__in=self.chosen).first()
        if found is None:
            raise NothingChosen()
        return found

    def number(self, name: str) -> int:
        found = ids_in([self.text(name)])
        if not found:
            raise NotUnderstood()
        return found.pop()


@transaction.atomic
def act(pressed: ActionRequest) -> ActionResult:
    """Do what was pressed. Raises DomainError, having changed nothing, with a code and a sentence."""
    name = pressed.text("action")
    if name in STATUS_ACTIONS:
        return _decide(pressed, name)
    if name not in ACTS:
        raise NotUnderstood()
    return ACTS[name](pressed)


# --- Deciding -----------------------------------------------------------------------------------------------------


def _decide(pressed: ActionRequest, name: str) -> ActionResult:
    reason, said = pressed.reason_for(name), list[tuple[int, str]]()
    if pressed.text("all"):
        rows = pressed.filter.rows(pressed.user)
        if before := _moment(pressed.text("before")):  # What has come in since the page was shown is not meant.
            rows = rows.filter(created_at__lte=before)
    elif not pressed.chosen:
        raise NothingChosen()
    else:
        rows = pressed.mine.filter(pk__in=pressed.chosen)
        said = list(_foreign(len(pressed.chosen) - rows.count()))
    batch = batches.decide_batch(
        rows, STATUS_ACTIONS[name].status, by=pressed.user, reason=reason, seen=seen_in(pressed.fields)
    )
    said += summary(batch)
    return ActionResult(said, undo={"action": "undo", "batch": str(batch.pk)}, batch=batch)


def _foreign(number: int) -> Iterator[tuple[int, str]]:
    if number > 0:
        one, many = "%d is not there, or not yours to decide about.", "%d are not there, or not yours to decide about."
        yield messages.ERROR, ngettext(one, many, number) % number


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _undo(pressed: ActionRequest) -> ActionResult:
    try:
        number = uuid.UUID(pressed.text("batch"))
    except ValueError:
        raise NotUnderstood() from None
    try:
        batch, (lifted, again, left) = undoing.undo(number, by=pressed.user, from_address=pressed.address)
    except Batch.DoesNotExist:
        raise NotUnderstood() from None
    said = list(summary(batch))
    if lifted:
        said.append((messages.SUCCESS, ngettext("%d ban lifted.", "%d bans lifted.", lifted) % lifted))
    if again:
        said.append((messages.SUCCESS, ngettext("%d ban in force again.", "%d bans in force again.", again) % again))
    if left:
        sentence = ngettext(
            "%d ban of yours stays: somebody objects to it, and another moderator decides about that.",
            "%d bans of yours stay: somebody objects to them, and another moderator decides about that.",
            left,
        )
        said.append((messages.WARNING, sentence % left))
    return ActionResult(said, undo={"action": "undo", "batch": str(batch.pk)}, batch=batch)


def _answer(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    batch, _reply = answering.answer(comment.pk, pressed.text("text"), by=pressed.user, rows=pressed.mine)
    return ActionResult.done(
        _("Your reply is published."), undo={"action": "undo", "batch": str(batch.pk)}, batch=batch
    )


def _everything_like(pressed: ActionRequest) -> ActionResult:
    """Decide about everything that is like one comment, as it was shown, and ban who wrote it where that is wanted."""
    name, comment = pressed.text("deed"), pressed.one()
    if name not in STATUS_ACTIONS:
        raise NotUnderstood()
    rows = pressed.mine.filter(pk__in=pressed.chosen | ids_in(pressed.text("like").split()))
    status, reason = STATUS_ACTIONS[name].status, pressed.reason_for(name)
    if not pressed.text("ban"):
        batch = batches.decide_batch(rows, status, by=pressed.user, reason=reason)
        said = list(summary(batch))
    else:
        batch, made, spared = raids.decide_and_ban(
            rows,
            status,
            reason=reason,
            why_banned=pressed.reason,
            by=pressed.user,
            networks=pressed.text("ban") == "networks",
            ends_at=_end(pressed),
            from_address=pressed.address,
        )
        said = list(summary(batch))
        said.append((messages.SUCCESS, ngettext("%d ban.", "%d bans.", len(made)) % len(made)))
        if spared:
            said.append((messages.WARNING, _("%d not banned: that would have kept out the newsroom.") % spared))
    return ActionResult(said, undo={"action": "undo", "batch": str(batch.pk)}, batch=batch, changed=comment.pk)


# --- One comment --------------------------------------------------------------------------------------------------


def _edit(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    before = moderator_edits.revise(comment.pk, pressed.text("text"), by=pressed.user)
    if before is None:
        return ActionResult([(messages.INFO, _("The text is the same."))], changed=comment.pk)
    undo = {"action": "edit-back", "revision": str(before.pk), "ids": str(comment.pk)}
    return ActionResult.done(_("The text is changed; what it said before is kept."), undo=undo, changed=comment.pk)


def _edit_back(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    revision = Revision.objects.filter(pk=pressed.number("revision"), comment=comment).first()
    if revision is None:
        raise NotUnderstood()
    before = moderator_edits.take_back(revision.pk, by=pressed.user)
    undo = {"action": "edit-back", "revision": str(before.pk), "ids": str(comment.pk)} if before else None
    return ActionResult.done(_("The text is as it was before."), undo=undo, changed=comment.pk)


def _pick(pressed: ActionRequest) -> ActionResult:
    comment, on = pressed.one(), pressed.text("action") == "pick"
    if on and comment.status != Comment.Status.APPROVED:
        raise NotUnderstood(_("Only what is published can be picked."), code="not_published")
    teamwork.pick(comment.pk, on=on, by=pressed.user)
    undo = {"action": "unpick" if on else "pick", "ids": str(comment.pk)}
    return ActionResult.done(_("Picked.") if on else _("Not picked any more."), undo=undo, changed=comment.pk)


def _label(pressed: ActionRequest) -> ActionResult:
    comment, kind, on = pressed.one(), pressed.text("kind"), pressed.text("on") != "0"
    if kind not in Label.Kind.values:
        raise NotUnderstood()
    teamwork.label(comment.pk, kind, on=on, by=pressed.user)
    undo = {"action": "label", "kind": kind, "on": "0" if on else "1", "ids": str(comment.pk)}
    return ActionResult.done(_("Noted."), undo=undo, changed=comment.pk)


def _note(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    teamwork.add_note(comment.pk, pressed.text("text"), by=pressed.user)
    return ActionResult.done(_("Noted."), changed=comment.pk)


def _hand_over(pressed: ActionRequest) -> ActionResult:
    comment, to, before = pressed.one(), pressed.text("to"), None
    before = comment.assigned_to_id
    match to:
        case "":
            user = None
        case "me":
            user = pressed.user
        case "author":
            user = teamwork.author_of(comment)
            if user is None:
                raise NotUnderstood(_("Its article has no author with an account."), code="no_author")
        case _:
            user = User.objects.filter(pk__in=ids_in([to]), is_active=True).first()
            if user is None:
                raise NotUnderstood()
    teamwork.hand_to(comment.pk, user, by=pressed.user, tell=not pressed.text("again"))
    undo = {"action": "hand-over", "to": str(before or ""), "again": "1", "ids": str(comment.pk)}
    said = _("Handed to %s.") % user.shown_name if user else _("Handed to nobody.")
    return ActionResult.done(said, undo=undo, changed=comment.pk)


def _claim(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    claim = teamwork.claim(comment.pk, by=pressed.user)
    if claim.by_id == pressed.user.pk:
        return ActionResult()
    return ActionResult([(messages.INFO, _("%s is reading this.") % claim.by.shown_name)])


def _end(pressed: ActionRequest) -> dt.datetime | None:
    days = pressed.text("days") or "0"
    if days not in SPANS:
        raise NotUnderstood()
    return timezone.now() + dt.timedelta(days=int(days)) if days != "0" else None


def _ban(pressed: ActionRequest) -> ActionResult:
    """For the whole site: it takes more than deciding under one's own articles, and without telling them yet more."""
    comment = pressed.one()
    if not pressed.user.has_perm(MAY_BAN) or (pressed.text("quiet") and not pressed.user.has_perm(MAY_BAN_QUIETLY)):
        raise Forbidden()
    trace = getattr(comment, "connection_data", None)
    targets: dict[str, dict[str, Any]] = {
        "account": {"identity": comment.identity},
        "email": {"email": trace.email if trace else ""},
        "network": {"network": str(trace.address or "") if trace else ""},
    }
    if pressed.text("target") not in targets:
        raise NotUnderstood()
    row = bans.ban(
        **targets[pressed.text("target")],
        by=pressed.user,
        reason=pressed.reason,
        note=pressed.text("note")[:200],
        ends_at=_end(pressed),
        quiet=bool(pressed.text("quiet")),
        from_address=pressed.address,
    )
    undo = {"action": "lift", "ban": str(row.pk), "ids": str(comment.pk)}
    return ActionResult.done(_("Banned."), undo=undo, changed=comment.pk)


def _lift(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    if not pressed.user.has_perm(MAY_BAN):
        raise Forbidden()
    row = next(
        (row for row in ban_checks.on_authors([comment]).get(comment.pk, []) if row.pk == pressed.number("ban")), None
    )
    if row is None:
        raise NotUnderstood()
    bans.lift(row, pressed.user)
    return ActionResult.done(_("The ban is lifted."), changed=comment.pk)


def _keep(pressed: ActionRequest) -> ActionResult:
    """Leave a reported comment where it is, and tell who reported it."""
    comment = pressed.one()
    settled = reports.settle(comment.pk, Report.Outcome.KEPT, by=pressed.user, reason=pressed.text("reason"))
    return ActionResult.done(
        ngettext("%d report settled.", "%d reports settled.", settled) % settled, changed=comment.pk
    )


def _settle_appeal(pressed: ActionRequest) -> ActionResult:
    comment = pressed.one()
    row = Appeal.objects.filter(comment=comment, outcome=Appeal.Outcome.OPEN).first()
    if row is None:
        raise NotUnderstood()
    granted = pressed.text("action") == "grant"
    appeals.settle_appeal(row.pk, grant=granted, by=pressed.user)
    return ActionResult.done(
        _("The appeal is granted.") if granted else _("The appeal is rejected."), changed=comment.pk
    )


def _erase(pressed: ActionRequest) -> ActionResult:
    """For good: so it is asked twice, and of those alone who decide about every comment."""
    comment = pressed.one()
    if not pressed.user.has_perm("comments.moderate_any_comment"):
        raise Forbidden()
    if not pressed.text("sure"):
        raise NotUnderstood(_("Please confirm that it cannot be undone."), code="not_confirmed")
    erasing.erase(comment.pk, by=pressed.user)
    return ActionResult.done(_("Erased for good."), changed=comment.pk)


ACTS: dict[str, Callable[[ActionRequest], ActionResult]] = {
    "undo": _undo,
    "answer": _answer,
    "everything-like": _everything_like,
    "edit": _edit,
    "edit-back": _edit_back,
    "pick": _pick,
    "unpick": _pick,
    "label": _label,
    "note": _note,
    "hand-over": _hand_over,
    "claim": _claim,
    "ban": _ban,
    "lift": _lift,
    "erase": _erase,
    "keep": _keep,
    "grant": _settle_appeal,
    "reject": _settle_appeal,
}
