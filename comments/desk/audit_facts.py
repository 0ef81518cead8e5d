"""What an entry of the audit log holds, in words and values: a line for each fact, instead of the JSON it is stored as.

To name a new fact, add it to NAMES, unless it is a column of what the entry is about (MODELS), which has its name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from comments.audit.reason_texts import kind_of
from comments.models import (
    Appeal,
    ArticleSettings,
    AuditEntry,
    Ban,
    Comment,
    CommentSettings,
    FilterEntry,
    RefusalReason,
    Report,
)
from newsreader.accounts.models import Invitation, Retention, User

NOTHING = "–"
# What an entry is about: the first word of its subject.
SUBJECTS: dict[str, Any] = {
    "account": gettext_lazy("account"),
    "address": gettext_lazy("address"),
    "ban": gettext_lazy("ban"),
    "chat": gettext_lazy("chat webhook"),
    "comment": gettext_lazy("comment"),
    "discussion": gettext_lazy("discussion of the article"),
    "group": gettext_lazy("group"),
    "import": gettext_lazy("import"),
    "invitation": gettext_lazy("invitation"),
    "log": gettext_lazy("audit log"),
    "mail": gettext_lazy("email"),
    "reason": gettext_lazy("reason"),
    "retention": gettext_lazy("how long personal data is kept"),
    "rule": gettext_lazy("block list entry"),
    "rules": gettext_lazy("comment settings"),
    "step": gettext_lazy("first step"),
}
MODELS: dict[str, type[models.Model]] = {
    "account": User,
    "ban": Ban,
    "comment": Comment,
    "discussion": ArticleSettings,
    "invitation": Invitation,
    "reason": RefusalReason,
    "retention": Retention,
    "rule": FilterEntry,
    "rules": CommentSettings,
}
NAMES = {
    "accounts": noop("numbers of the accounts"),
    "after": noop("after"),
    "against": noop("against decision number"),
    "already_here": noop("were here already"),
    "appeal": noop("number of the appeal"),
    "appeals": noop("numbers of the appeals"),
    "articles": noop("articles"),
    "batch": noop("part of the batch"),
    "before": noop("before"),
    "by_owner": noop("by the banned reader"),
    "came_in": noop("came in"),
    "changed": noop("changed"),
    "codes": noop("reasons"),
    "command": noop("by the command"),
    "comments": noop("comments"),
    "dismissed": noop("put off"),
    "email": noop("email address"),
    "entries": noop("entries"),
    "events": noop("told of"),
    "failure": noop("what failed"),
    "group": noop("group"),
    "groups": noop("groups"),
    "identity": noop("number of the commenter"),
    "is_staff": noop("in the newsroom"),
    "is_superuser": noop("runs the site"),
    "is_active": noop("in use"),
    "kind": noop("kind"),
    "mail": noop("email"),
    "note": noop("note"),
    "number": noop("number"),
    "on": noop("set"),
    "outcome": noop("outcome"),
    "permissions": noop("permissions"),
    "reason": noop("reason"),
    "reasons": noop("reasons"),
    "refusals": noop("of them refused"),
    "report": noop("number of the report"),
    "reports": noop("numbers of the reports"),
    "revision": noop("number of the earlier text"),
    "role": noop("role"),
    "section_id": noop("number of the section"),
    "article_id": noop("number of the article"),
    "size": noop("bytes"),
    "source": noop("by the rule"),
    "system_account": noop("by the server’s account"),
    "text": noop("text"),
    "to": noop("to account number"),
    "usual_comments": noop("usual comments, at most"),
    "usual_refusals": noop("usual refusals, at most"),
    "was": noop("before"),
}
WORDS = {"added": noop("added"), "removed": noop("removed")}
# Codes that are stored of choices, by kind of entry and fact; else the column has them.
CHOICES: dict[tuple[str, str], Any] = {
    ("surge", "before"): ArticleSettings.Surge,
    ("surge", "after"): ArticleSettings.Surge,
    ("decision", "before"): Comment.Status,
    ("decision", "after"): Comment.Status,
    ("report", "reason"): Report.Reason,
    ("appeal_settled", "outcome"): Appeal.Outcome,
}


class Fact(NamedTuple):
    """One line: what it is, and its value in words."""

    name: str
    value: str


def about(subject: str) -> str:
    """Return what an entry is about in words: "comment 12". Empty where it is about nothing in particular."""
    kind, _colon, which = subject.partition(":")
    return " ".join(filter(None, [str(SUBJECTS.get(kind, kind)), which]))


def lines(entry: AuditEntry, held: Mapping[str, Any] | None) -> list[Fact]:
    """Return what `held` says, the entry's `facts` or its `personal` data: a line for each."""
    return list(_lines(entry, held or {}))


def _lines(entry: AuditEntry, held: Mapping[str, Any]) -> Iterator[Fact]:
    for name, value in held.items():
        if name in {"changed", "was"} and isinstance(value, dict):  # Of a row: each column with its values.
            said = _("before: %s") if name == "was" else "%s"
            yield from (Fact(_name(entry, each), said % _value(entry, each, what)) for each, what in value.items())
        else:
            yield Fact(_name(entry, name), _value(entry, name, value))


def _column(entry: AuditEntry, name: str) -> Any:
    model = MODELS.get(entry.subject.partition(":")[0])
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None


def _name(entry: AuditEntry, name: str) -> str:
    column = _column(entry, name)
    if name in NAMES and (column is None or entry.kind != "rules_changed"):  # Rules are called as on their own page.
        return capfirst(_(NAMES[name]))
    return capfirst(str(column.verbose_name) if hasattr(column, "verbose_name") else name.replace("_", " "))


def _value(entry: AuditEntry, name: str, value: Any) -> str:
    if isinstance(value, dict):
        return _pairs(entry, name, value)
    if isinstance(value, list):
        if name not in {"codes", "reasons", "events"} and len(value) == 2 and entry.kind == "discussion_changed":
            return _from_to(entry, name, *value)
        return ", ".join(_value(entry, name, each) for each in value) or NOTHING
    if value is None or value == "":
        return NOTHING
    if name == "changed" and isinstance(value, str):
        return _name(entry, value)
    if name in {"codes", "reasons"} or (name == "reason" and (entry.kind, name) not in CHOICES):
        return kind_of(str(value))
    column = _column(entry, name)
    chosen = CHOICES.get((entry.kind, name), ())
    choices = dict(getattr(chosen, "choices", ()) or getattr(column, "flatchoices", ()))
    if not isinstance(value, bool) and value in choices:
        return str(choices[value])
    return _plain(value)


def _pairs(entry: AuditEntry, name: str, value: Mapping[str, Any]) -> str:
    if set(value) == {"from", "to"}:
        return _from_to(entry, name, value["from"], value["to"])
    said = (
        f"{_(WORDS.get(each, each)).replace('_', ' ')}: {_value(entry, name, what)}" for each, what in value.items()
    )
    return "; ".join(said) or NOTHING


def _from_to(entry: AuditEntry, name: str, before: Any, after: Any) -> str:
    return f"{_value(entry, name, before)} → {_value(entry, name, after)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return number_format(value, force_grouping=True)
    at = _moment(value)
    return date_format(at, "DATETIME_FORMAT") if at else str(value)


def _moment(value: Any) -> dt.datetime | None:
    """Return the moment that a text in ISO 8601 with a zone names, in our zone; None of any other text."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        at = parse_datetime(value)
        return localtime(at) if at and is_aware(at) else None
    except (ValueError, OverflowError):  # Readers' words are among what is held: one may be of the year 1 or 9999.
        return None
