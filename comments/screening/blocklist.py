"""Adding, changing, switching and deleting filter entries: everything is validated, and goes into the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comments.audit import audit_log
from comments.models import FilterEntry
from comments.screening import compiled_entries, patterns
from comments.screening.compiled_entries import clean_domain, network_in
from comments.screening.normalise import plain
from comments.screening.words import missed
from newsreader.accounts.models import User
from newsreader.kit.errors import Conflict, FieldError, Invalid

Match = FilterEntry.Match
MOST = 5_000  # entries at once
EXAMPLES = 50  # lines of examples, and as many of counterexamples
EXAMPLES_LENGTH = 65_000  # characters of all these lines
NAMED = 10  # of these lines in one sentence
_PATTERN_FAULTS = {
    "pattern_invalid": gettext_lazy("This is not a valid regular expression: %(entry)s (%(said)s)"),
    "pattern_too_large": gettext_lazy("This regular expression is too large. Use fewer repetitions: %(entry)s"),
    "pattern_finds_nothing": gettext_lazy("This regular expression also matches empty text: %(entry)s"),
    "pattern_finds_everything": gettext_lazy("This regular expression matches every text: %(entry)s"),
}

# What the audit log keeps for good, and what can be erased from it: a pattern may be somebody's address or name.
FACTS = ("match", "action", "is_active", "only_counts", "section_id", "article_id", "ends_at")
PERSONAL = ("pattern", "note", "examples", "counterexamples")


@transaction.atomic
def add(wanted: Sequence[str], like: FilterEntry, *, by: User) -> tuple[list[FilterEntry], int]:
    """Add entries with these patterns, and all other values of `like`; skip those that exist for the same scope.

    Returns the new rows, and how many existed. Seven queries, however many there are, and two more for regular
    expressions. Raises Invalid, and TooManyPatterns if there is no room for more regular expressions.
    """
    if errors := [*_wrong_values(like), *problems(wanted, like)]:
        raise Invalid(errors)
    listed = FilterEntry.objects.filter(match=like.match, section=like.section_id, article=like.article_id)
    known = set(listed.filter(pattern__in=wanted).values_list("pattern", flat=True))
    fresh = [pattern for pattern in dict.fromkeys(wanted) if pattern not in known]
    check_room(fresh, like)
    values = {name: getattr(like, name) for name in (*FACTS, *PERSONAL) if name != "pattern"}
    # Somebody may add the same at this moment: then theirs is kept.
    FilterEntry.objects.bulk_create(
        [FilterEntry(pattern=pattern, **values) for pattern in fresh], ignore_conflicts=True
    )
    added = list(listed.filter(pattern__in=fresh))
    audit_log.note_many("rule_added", _events(added, by))
    return added, len(known)


@transaction.atomic
def change(entry: FilterEntry, *, by: User) -> None:
    """Store the changes to an entry. Only changed values are written, so that hits counted meanwhile are kept.

    Raises Conflict if somebody else has deleted it or added the same entry meanwhile, Invalid, and TooManyPatterns if
    there is no room for another regular expression.
    """
    stored = FilterEntry.objects.select_for_update().filter(pk=entry.pk).first()
    if stored is None:
        raise Conflict()
    was = {name: getattr(stored, name) for name in (*FACTS, *PERSONAL) if getattr(stored, name) != getattr(entry, name)}
    if not was:
        return
    if errors := [*_wrong_values(entry), *problems([entry.pattern], entry, before=stored)]:
        raise Invalid(errors)
    check_room([entry.pattern], entry)
    try:
        with transaction.atomic():
            entry.save(update_fields=list(was))
            entry.changed_at = _note_change([entry.pk])
    except IntegrityError:
        raise Conflict() from None
    audit_log.note(
        "rule_changed",
        _subject(entry),
        by=by,
        facts={**_values(entry, FACTS), "was": {name: _plain(was[name]) for name in FACTS if name in was}},
        personal={**_values(entry, PERSONAL), "was": {name: was[name] for name in PERSONAL if name in was}},
    )


@transaction.atomic
def switch(rows: QuerySet[FilterEntry], *, on: bool, by: User) -> int:
    """Put entries in force or out of force. Returns how many changed.

    Raises TooManyPatterns if there is no room for the regular expressions among them.
    """
    changed = _locked(rows.exclude(is_active=on))
    for entry in changed:
        entry.is_active = on
    if wanted := [entry.pattern for entry in changed if is_looked_for(entry)]:
        compiled_entries.check_room(wanted)
    FilterEntry.objects.filter(pk__in=[entry.pk for entry in changed]).update(is_active=on)
    _note_change([entry.pk for entry in changed])
    audit_log.note_many("rule_switched", _events(changed, by))
    return len(changed)


def _note_change(ids: list[int]) -> dt.datetime:
    """Have every process read the entries again: it does when the latest of these times changes.

    So that time only ever grows, also after the clock was set back.
    """
    latest = FilterEntry.objects.aggregate(at=Max("changed_at"))["at"]
    now = max(timezone.now(), latest + dt.timedelta(microseconds=1)) if latest else timezone.now()
    FilterEntry.objects.filter(pk__in=ids).update(changed_at=now)
    return now


@transaction.atomic
def delete(rows: QuerySet[FilterEntry], *, by: User) -> int:
    """Delete entries. Returns how many."""
    gone = _locked(rows)
    audit_log.note_many("rule_deleted", _events(gone, by))
    FilterEntry.objects.filter(pk__in=[entry.pk for entry in gone]).delete()
    return len(gone)


# --- What is wrong ------------------------------------------------------------------------------------------------


def lines(text: str) -> list[str]:
    """Return the lines of a text without repetitions: entries, or examples."""
    return [line for line in dict.fromkeys(line.strip() for line in text.splitlines()) if line]


def problems(wanted: Sequence[str], like: FilterEntry, *, before: FilterEntry | None = None) -> list[FieldError]:
    """Return what is wrong with entries of these patterns and the values of `like`; `before`: the entry to change.

    Refuses what could never match, what would match everything, and what fails its own examples. Asks no query.
    """
    most = patterns.MOST if like.match == Match.REGEX else MOST
    if len(wanted) > most:
        return [FieldError("pattern", "too_many", _("At most %(most)d entries at once.") % {"most": most})]
    found = [wrong for pattern in wanted if (wrong := _problem(pattern, like.match))]
    if like.ends_at and like.ends_at <= timezone.now() and not (before and _is_same(before.ends_at, like.ends_at)):
        found.append(FieldError("ends_at", "ended", _("This time has already passed.")))
    if like.section_id and like.article_id:
        found.append(FieldError("article", "one_scope", _said_of("rule_has_one_scope")))
    if like.action == FilterEntry.Action.BAN and like.match != Match.NETWORK:
        found.append(FieldError("action", "only_networks", _said_of("rule_only_networks_are_banned")))
    if wanted and not found:
        found += _problems_of_examples(wanted, like)
    return found


def _wrong_values(entry: FilterEntry) -> list[FieldError]:
    """Return the values that no column accepts. The admin's forms check the same."""
    try:
        entry.clean_fields(exclude=["pattern", "section", "article"])
    except ValidationError as wrong:
        return [FieldError(name, "invalid", said[0]) for name, said in wrong.message_dict.items()]
    return []


def _problem(pattern: str, match: str) -> FieldError | None:
    code, sentence, said = "", "", ""
    if len(pattern) > patterns.LONGEST:
        code, sentence, pattern = "too_long", _("An entry can be up to 200 characters long: %(entry)s…"), pattern[:40]
    elif match == Match.NETWORK and network_in(pattern) is None:
        code, sentence = "no_network", _("This is not an IP address or network: %(entry)s")
    elif match == Match.DOMAIN and "." not in clean_domain(pattern):
        code, sentence = "no_domain", _("This is not a domain: %(entry)s")
    elif not pattern.strip() or (match in {Match.WORD, Match.SUBSTRING} and not plain(pattern)):
        code, sentence = "nothing_left", _("This entry contains nothing to look for: %(entry)s")
    elif match == Match.REGEX:
        code, said = patterns.fault(pattern)
        sentence = str(_PATTERN_FAULTS[code]) if code else ""
    return FieldError("pattern", code, sentence % {"entry": pattern, "said": said}) if code else None


def _is_same(before: dt.datetime | None, after: dt.datetime) -> bool:
    """Say whether two times are equal in a form, which has no fractions of a second."""
    return before is not None and before.replace(microsecond=0) == after.replace(microsecond=0)


def _said_of(constraint: str) -> str:
    return str(next(one.violation_error_message for one in FilterEntry._meta.constraints if one.name == constraint))


def _problems_of_examples(wanted: Sequence[str], like: FilterEntry) -> list[FieldError]:
    """Try the entry on its examples, and name those that it does not treat as its editor expects."""
    found = []
    for name, code, sentence in (
        ("examples", "example_missed", _("The entry does not match: %(lines)s")),
        ("counterexamples", "counterexample_found", _("The entry matches: %(lines)s")),
    ):
        text = getattr(like, name)
        if not (given := lines(text)):
            continue
        if len(wanted) > 1:
            wrong = FieldError(name, "one_at_a_time", _("To use examples, add one entry at a time."))
        elif len(given) > EXAMPLES:
            wrong = FieldError(name, "too_many", _("At most %(most)d lines.") % {"most": EXAMPLES})
        elif len(text) > EXAMPLES_LENGTH:
            wrong = FieldError(name, "too_long", _("At most %d characters in all.") % EXAMPLES_LENGTH)
        else:
            not_found = missed(FilterEntry(pattern=wanted[0], match=like.match, action=like.action), given)
            failed = not_found if name == "examples" else [line for line in given if line not in not_found]
            if not failed:
                continue
            wrong = FieldError(name, code, sentence % {"lines": " · ".join(line[:100] for line in failed[:NAMED])})
        found.append(wrong)
    return found


def check_room(wanted: Sequence[str], entry: FilterEntry) -> None:
    """Raise TooManyPatterns if, with these, there are more regular expressions than can be checked for every comment.

    Those not in force must at least be few enough to be tried out.
    """
    if is_looked_for(entry):
        compiled_entries.check_room(wanted, instead_of={entry.pk})
    elif entry.match == Match.REGEX:
        patterns.check_room([patterns.compiled(pattern) for pattern in wanted])


def is_looked_for(entry: FilterEntry) -> bool:
    """Say whether this is a regular expression in force; their number is limited."""
    over = entry.ends_at is not None and entry.ends_at <= timezone.now()
    return entry.match == FilterEntry.Match.REGEX and entry.is_active and not over


def _locked(rows: QuerySet[FilterEntry]) -> list[FilterEntry]:
    return list(FilterEntry.objects.filter(pk__in=rows.order_by().values("pk")).select_for_update().order_by("pk"))


def _events(entries: Iterable[FilterEntry], by: User) -> list[audit_log.Event]:
    return [audit_log.Event(_subject(row), by.pk, _values(row, FACTS), _values(row, PERSONAL)) for row in entries]


def _subject(entry: FilterEntry) -> str:
    return f"rule:{entry.pk}"


def _values(entry: FilterEntry, names: Iterable[str]) -> dict[str, Any]:
    return {name: _plain(getattr(entry, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
