"""What the desk's buttons do. Each action calls the operations that pages, REST and mail links share.

To add an action, write a function that takes an ActionRequest and returns an ActionResult, and add its line to ACTIONS.
Actions touch only comments that the moderator may decide about.
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

from comments.audit.refusal_reasons import offered
from comments.desk import answering, teamwork
from comments.desk.ban_spans import SPANS
from comments.desk.filters import Filter, seen_in
from comments.desk.status_actions import STATUS_ACTIONS, summary
from comments.models import Appeal, Batch, Comment, Label, Report, Revision
from comments.models.permissions import may_ban, may_ban_quietly, moderates_everything
from comments.models.querysets import CommentQuerySet
from comments.moderation import ban_lifting, bans, batches, erasing, moderator_edits, raids, undoing
from comments.objections import appeals, reports
from comments.screening import ban_checks
from newsreader.accounts.models import User
from newsreader.kit.errors import DomainError, Forbidden
from newsreader.kit.numbers import ids_in
from newsreader.kit.versions import version_opened


class NotUnderstood(DomainError):
    code, status = "not_understood", 400
    sentence = gettext_lazy("That request isn’t valid. Nothing was changed.")


class NothingChosen(DomainError):
    code, status, sentence = "nothing_chosen", 400, gettext_lazy("Choose at least one comment.")


@dataclass
class ActionResult:
    """The result of an action: sentences, each with a level of Django's messages, and the form fields that undo it."""

    said: list[tuple[int, str]] = field(default_factory=list)
    undo: dict[str, str] | None = None
    batch: Batch | None = None
    changed: int | None = None  # the comment whose card has changed

    @classmethod
    def done(cls, sentence: str, **values: Any) -> ActionResult:
        return cls([(messages.SUCCESS, sentence)], **values)


@dataclass(frozen=True)
class ActionRequest:
    """A button that a moderator has used: the form's fields, and the filter that the queue was shown with."""

    user: User
    fields: QueryDict
    filter: Filter
    address: str = ""  # the moderator's IP address

    @property
    def comments(self) -> CommentQuerySet:
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

    def one(self) -> Comment:
        """Return the one comment this is about. Raises NothingChosen where the moderator may not decide about it."""
        rows = self.comments.select_related("article", "identity", "connection_data")
        found = rows.filter(pk__in=self.chosen).first()
        if found is None:
            raise NothingChosen()
        return found

    def number(self, name: str) -> int:
        found = ids_in([self.text(name)])
        if not found:
            raise NotUnderstood()
        return found.pop()


@transaction.atomic
def perform(request: ActionRequest) -> ActionResult:
    """Perform the requested action. Raises DomainError, with nothing changed."""
    name = request.text("action")
    if name in STATUS_ACTIONS:
        return _decide(request, name)
    if name not in ACTIONS:
        raise NotUnderstood()
    return ACTIONS[name](request)


# --- Deciding -----------------------------------------------------------------------------------------------------


def _decide(request: ActionRequest, name: str) -> ActionResult:
    reason, said = request.text("reason"), list[tuple[int, str]]()
    if request.text("all"):
        rows = request.filter.rows(request.user)
        if before := _time(request.text("before")):  # Comments that came in after the page was shown are left out.
            rows = rows.filter(created_at__lte=before)
    elif not request.chosen:
        raise NothingChosen()
    else:
        rows = request.comments.filter(pk__in=request.chosen)
        said = list(_not_theirs(len(request.chosen) - rows.count()))
    batch = batches.decide_batch(
        rows, STATUS_ACTIONS[name].status, by=request.user, reason=reason, seen=seen_in(request.fields)
    )
    said += summary(batch)
    return ActionResult(said, undo={"action": "undo", "batch": str(batch.pk)}, batch=batch)


def _not_theirs(number: int) -> Iterator[tuple[int, str]]:
    if number > 0:
        one, many = "%d isn’t there, or isn’t yours to moderate.", "%d aren’t there, or aren’t yours to moderate."
        yield messages.ERROR, ngettext(one, many, number) % number


def _time(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _undo(request: ActionRequest) -> ActionResult:
    try:
        number = uuid.UUID(request.text("batch"))
    except ValueError:
        raise NotUnderstood() from None
    try:
        batch, (lifted, again, left) = undoing.undo(number, by=request.user, from_address=request.address)
    except Batch.DoesNotExist:
        raise NotUnderstood() from None
    said = list(summary(batch))
    if lifted:
        said.append((messages.SUCCESS, ngettext("%d ban lifted.", "%d bans lifted.", lifted) % lifted))
    if again:
        said.append((messages.SUCCESS, ngettext("%d ban in force again.", "%d bans in force again.", again) % again))
    if left:
        sentence = ngettext(
            "%d ban of yours stays: it is under appeal, and another moderator decides.",
            "%d bans of yours stay: they are under appeal, and another moderator decides.",
            left,
        )
        said.append((messages.WARNING, sentence % left))
    return ActionResult(said, undo={"action": "undo", "batch": str(batch.pk)}, batch=batch)


def _answer(request: ActionRequest) -> ActionResult:
    comment = request.one()
    batch, _reply = answering.answer(comment.pk, request.text("text"), by=request.user, rows=request.comments)
    return ActionResult.done(
        _("Your reply is published."), undo={"action": "undo", "batch": str(batch.pk)}, batch=batch
    )


def _decide_similar(request: ActionRequest) -> ActionResult:
    """Decide about comments that are like one comment, as they were shown; ban their authors where that was chosen."""
    name, comment = request.text("deed"), request.one()
    if name not in STATUS_ACTIONS:
        raise NotUnderstood()
    rows = request.comments.filter(pk__in=request.chosen | ids_in(request.text("like").split()))
    status, reason = STATUS_ACTIONS[name].status, request.text("reason")
    if not request.text("ban"):
        batch = batches.decide_batch(rows, status, by=request.user, reason=reason)
        said = list(summary(batch))
    else:
        batch, made, skipped = raids.decide_and_ban(
            rows,
            status,
            reason=reason,
            why_banned=request.reason,
            by=request.user,
            networks=request.text("ban") == "networks",
            ends_at=_ends_at(request),
            from_address=request.address,
        )
        said = list(summary(batch))
        said.append((messages.SUCCESS, ngettext("%d ban.", "%d bans.", len(made)) % len(made)))
        if skipped:
            said.append((messages.WARNING, _("%d not banned: they belong to the newsroom.") % skipped))
    return ActionResult(said, undo={"action": "undo", "batch": str(batch.pk)}, batch=batch, changed=comment.pk)


# --- One comment --------------------------------------------------------------------------------------------------


def _edit(request: ActionRequest) -> ActionResult:
    comment = request.one()
    opened = version_opened(request.fields)
    before = moderator_edits.revise(comment.pk, request.text("text"), by=request.user, versions=opened)
    if before is None:
        return ActionResult([(messages.INFO, _("Nothing changed: the text is the same."))], changed=comment.pk)
    undo = {"action": "edit-back", "revision": str(before.pk), "ids": str(comment.pk)}
    return ActionResult.done(_("Text changed. The earlier version is kept."), undo=undo, changed=comment.pk)


def _edit_back(request: ActionRequest) -> ActionResult:
    comment = request.one()
    revision = Revision.objects.filter(pk=request.number("revision"), comment=comment).first()
    if revision is None:
        raise NotUnderstood()
    before = moderator_edits.take_back(revision.pk, by=request.user)
    undo = {"action": "edit-back", "revision": str(before.pk), "ids": str(comment.pk)} if before else None
    return ActionResult.done(_("Text restored."), undo=undo, changed=comment.pk)


def _pick(request: ActionRequest) -> ActionResult:
    comment, on = request.one(), request.text("action") == "pick"
    if on and comment.status != Comment.Status.APPROVED:
        raise NotUnderstood(_("Only published comments can be picked."), code="not_published")
    teamwork.pick(comment.pk, on=on, by=request.user)
    undo = {"action": "unpick" if on else "pick", "ids": str(comment.pk)}
    return ActionResult.done(_("Picked.") if on else _("Not picked any more."), undo=undo, changed=comment.pk)


def _label(request: ActionRequest) -> ActionResult:
    comment, kind, on = request.one(), request.text("kind"), request.text("on") != "0"
    if kind not in Label.Kind.values:
        raise NotUnderstood()
    teamwork.label(comment.pk, kind, on=on, by=request.user)
    undo = {"action": "label", "kind": kind, "on": "0" if on else "1", "ids": str(comment.pk)}
    return ActionResult.done(_("Noted."), undo=undo, changed=comment.pk)


def _note(request: ActionRequest) -> ActionResult:
    comment = request.one()
    teamwork.add_note(comment.pk, request.text("text"), by=request.user)
    return ActionResult.done(_("Noted."), changed=comment.pk)


def _hand_over(request: ActionRequest) -> ActionResult:
    comment, to, before = request.one(), request.text("to"), None
    before = comment.assigned_to_id
    match to:
        case "":
            user = None
        case "me":
            user = request.user
        case "author":
            user = teamwork.author_of(comment)
            if user is None:
                raise NotUnderstood(_("The article’s author has no account here."), code="no_author")
        case _:
            user = User.objects.filter(pk__in=ids_in([to]), is_active=True).first()
            if user is None:
                raise NotUnderstood()
    teamwork.hand_to(comment.pk, user, by=request.user, tell=not request.text("again"))
    undo = {"action": "hand-over", "to": str(before or ""), "again": "1", "ids": str(comment.pk)}
    said = _("Handed to nobody.")
    if user:
        said = _("Handed to you.") if user.pk == request.user.pk else _("Handed to %s.") % user.shown_name
    return ActionResult.done(said, undo=undo, changed=comment.pk)


def _take_review_lock(request: ActionRequest) -> ActionResult:
    comment = request.one()
    lock = teamwork.take_review_lock(comment.pk, by=request.user)
    if lock.by_id == request.user.pk:
        return ActionResult()
    return ActionResult([(messages.INFO, _("%s has this open.") % lock.by.shown_name)])


def _ends_at(request: ActionRequest) -> dt.datetime | None:
    days = request.text("days") or "0"
    if days not in SPANS:
        raise NotUnderstood()
    if days == "0":
        return None
    return timezone.now().replace(second=0, microsecond=0) + dt.timedelta(days=int(days))  # As its form shows it.


def _ban(request: ActionRequest) -> ActionResult:
    """Ban for the whole site. Needs the permission to ban, and another one to ban quietly."""
    comment = request.one()
    terms = _terms(request, comment)
    row = bans.ban(by=request.user, reason=request.reason, **terms)
    undo = {"action": "lift", "ban": str(row.pk), "ids": str(comment.pk)}
    return ActionResult.done(_("Banned."), undo=undo, changed=comment.pk)


def _trash_and_ban(request: ActionRequest) -> ActionResult:
    """Move a comment to the trash and ban who wrote it, for one reason, undone together."""
    comment = request.one()
    terms = _terms(request, comment)
    done = raids.trash_and_ban(
        comment, by=request.user, reason=request.text("reason"), seen=seen_in(request.fields), **terms
    )
    said = [*summary(done.batch), (messages.SUCCESS, _("Banned."))]
    if done.ban.batch_id != done.batch.pk:
        said.append((messages.INFO, _("They were banned already. Undoing this leaves that ban, with its new terms.")))
    return ActionResult(said, undo={"action": "undo", "batch": str(done.batch.pk)}, batch=done.batch)


def _terms(request: ActionRequest, comment: Comment) -> dict[str, Any]:
    """Return whom the form bans, and how. Raises Forbidden where the moderator may not."""
    if not may_ban(request.user) or (request.text("quiet") and not may_ban_quietly(request.user)):
        raise Forbidden()
    connection = getattr(comment, "connection_data", None)
    targets: dict[str, dict[str, Any]] = {
        "account": {"identity": comment.identity},
        "email": {"email": connection.email if connection else ""},
        "network": {"network": connection.shown_address if connection else ""},
    }
    if request.text("target") not in targets:
        raise NotUnderstood()
    return {
        **targets[request.text("target")],
        "note": request.text("note")[:200],
        "ends_at": _ends_at(request),
        "quiet": bool(request.text("quiet")),
        "from_address": request.address,
    }


def _lift(request: ActionRequest) -> ActionResult:
    comment = request.one()
    if not may_ban(request.user):
        raise Forbidden()
    row = next(
        (row for row in ban_checks.on_authors([comment]).get(comment.pk, []) if row.pk == request.number("ban")), None
    )
    if row is None:
        raise NotUnderstood()
    ban_lifting.lift(row, request.user)
    return ActionResult.done(_("Ban lifted."), changed=comment.pk)


def _keep(request: ActionRequest) -> ActionResult:
    """Keep a reported comment, and settle its reports."""
    comment = request.one()
    settled = reports.settle(comment.pk, Report.Outcome.KEPT, by=request.user, reason=request.text("reason"))
    return ActionResult.done(
        ngettext("Kept. %d report closed.", "Kept. %d reports closed.", settled) % settled, changed=comment.pk
    )


def _settle_appeal(request: ActionRequest) -> ActionResult:
    comment = request.one()
    row = Appeal.objects.filter(comment=comment, outcome=Appeal.Outcome.OPEN).first()
    if row is None:
        raise NotUnderstood()
    granted = request.text("action") == "grant"
    appeals.settle_appeal(row.pk, grant=granted, by=request.user)
    return ActionResult.done(_("Appeal granted.") if granted else _("Appeal rejected."), changed=comment.pk)


def _erase(request: ActionRequest) -> ActionResult:
    """Erase a comment for good: only for moderators of all comments, and only when confirmed."""
    comment = request.one()
    if not moderates_everything(request.user):
        raise Forbidden()
    if not request.text("sure"):
        raise NotUnderstood(_("Tick the box to confirm: this cannot be undone."), code="not_confirmed")
    erasing.erase(comment.pk, by=request.user)
    return ActionResult.done(_("Erased for good."), changed=comment.pk)


ACTIONS: dict[str, Callable[[ActionRequest], ActionResult]] = {
    "undo": _undo,
    "answer": _answer,
    "everything-like": _decide_similar,
    "edit": _edit,
    "edit-back": _edit_back,
    "pick": _pick,
    "unpick": _pick,
    "label": _label,
    "note": _note,
    "hand-over": _hand_over,
    "claim": _take_review_lock,
    "ban": _ban,
    "trash-and-ban": _trash_and_ban,
    "lift": _lift,
    "erase": _erase,
    "keep": _keep,
    "grant": _settle_appeal,
    "reject": _settle_appeal,
}
