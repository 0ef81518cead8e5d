"""Adding, changing, switching and deleting entries of the editors' lists: each of it is checked, and on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
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
EXAMPLES = 50  # lines, and as many that must not be found
EXAMPLES_LENGTH = 65_000  # characters of all these lines
NAMED = 10  # of them in one sentence
_PATTERN_FAULTS = {
    "pattern_invalid": gettext_lazy("This is no regular expression that can be looked for: %(entry)s (%(said)s)"),
    "pattern_too_large": gettext_lazy("This regular expression becomes too large; use fewer repetitions: %(entry)s"),
    "pattern_finds_nothing": gettext_lazy("This regular expression is also found where nothing stands: %(entry)s"),
    "pattern_finds_everything": gettext_lazy("This regular expression is found in every text: %(entry)s"),
}

# What the log tells for good, and what it tells until it is erased: a pattern may be somebody's address or name.
FACTS = ("match", "action", "is_active", "only_counts", "section_id", "article_id", "ends_at")
PERSONAL = ("pattern", "note", "examples", "counterexamples")


@transaction.atomic
def add(wanted: Sequence[str], like: FilterEntry, *, by: User) -> tuple[list[FilterEntry], int]:
    """Put these on the lists, each with what `like` says besides, but those that stand there for the same scope.

    Returns the new rows and how many were there already. Seven queries, however many there are, and two more for
    regular expressions. Raises Invalid, and TooManyPatterns where regular expressions find no room.
    """
    if errors := [*_wrong_values(like), *problems(wanted, like)]:
        raise Invalid(errors)
    listed = FilterEntry.objects.filter(match=like.match, section=like.section_id, article=like.article_id)
    known = set(listed.filter(pattern__in=wanted).values_list("pattern", flat=True))
    fresh = [pattern for pattern in dict.fromkeys(wanted) if pattern not in known]
    check_room(fresh, like)
    values = {name: getattr(like, name) for name in (*FACTS, *PERSONAL) if name != "pattern"}
    # Somebody may add the same in this instant: then theirs stands.
    FilterEntry.objects.bulk_create(
        [FilterEntry(pattern=pattern, **values) for pattern in fresh], ignore_conflicts=True
    )
    added = list(listed.filter(pattern__in=fresh))
    audit_log.note_many("rule_added", _told(added, by))
    return added, len(known)


@transaction.atomic
def change(rule: FilterEntry, *, by: User) -> None:
    """Store an entry as it was changed; what is the same is not written, so that hits counted meanwhile stay.

    Raises Conflict where it is gone, or stands on the list a second time, by what somebody else did meanwhile, Invalid,
    and TooManyPatterns where a regular expression finds no room.
    """
    stored = FilterEntry.objects.select_for_update().filter(pk=rule.pk).first()
    if stored is None:
        raise Conflict()
    was = {name: getattr(stored, name) for name in (*FACTS, *PERSONAL) if getattr(stored, name) != getattr(rule, name)}
    if not was:
        return
    if errors := [*_wrong_values(rule), *problems([rule.pattern], rule, before=stored)]:
        raise Invalid(errors)
    check_room([rule.pattern], rule)
    try:
        with transaction.atomic():
            rule.save(update_fields=[*was, "changed_at"])
    except IntegrityError:
        raise Conflict() from None
    audit_log.note(
        "rule_changed",
        _subject(rule),
        by=by,
        facts={**_values(rule, FACTS), "was": {name: _plain(was[name]) for name in FACTS if name in was}},
        personal={**_values(rule, PERSONAL), "was": {name: was[name] for name in PERSONAL if name in was}},
    )


@transaction.atomic
def switch(rows: QuerySet[FilterEntry], *, on: bool, by: User) -> int:
    """Put entries in force or out of it. Returns how many were not so already.

    Raises TooManyPatterns where the regular expressions among them find no room.
    """
    changed = _locked(rows.exclude(is_active=on))
    for rule in changed:
        rule.is_active = on
    if wanted := [rule.pattern for rule in changed if is_looked_for(rule)]:
        compiled_entries.check_room(wanted)
    # Every process reads its lists anew by this time.
    FilterEntry.objects.filter(pk__in=[rule.pk for rule in changed]).update(is_active=on, changed_at=timezone.now())
    audit_log.note_many("rule_switched", _told(changed, by))
    return len(changed)


@transaction.atomic
def delete(rows: QuerySet[FilterEntry], *, by: User) -> int:
    """Take entries off the lists. Returns how many."""
    gone = _locked(rows)
    audit_log.note_many("rule_deleted", _told(gone, by))
    FilterEntry.objects.filter(pk__in=[rule.pk for rule in gone]).delete()
    return len(gone)


# --- What is wrong ------------------------------------------------------------------------------------------------


def lines(text: str) -> list[str]:
    """Return the entries, or the examples, that are written in a text: one a line, each once."""
    return [line for line in dict.fromkeys(line.strip() for line in text.splitlines()) if line]


def problems(wanted: Sequence[str], like: FilterEntry, *, before: FilterEntry | None = None) -> list[FieldError]:
    """Return what speaks against these patterns with what `like` says besides; `before`: the entry that is changed.

    What could never match, or would match everything, and what its own examples show to be wrong. Asks no query.
    """
    most = patterns.MOST if like.match == Match.REGEX else MOST
    if len(wanted) > most:
        return [FieldError("pattern", "too_many", _("At most %(most)d entries at once.") % {"most": most})]
    found = [wrong for entry in wanted if (wrong := _problem(entry, like.match))]
    if like.ends_at and like.ends_at <= timezone.now() and not (before and _is_same(before.ends_at, like.ends_at)):
        found.append(FieldError("ends_at", "ended", _("This is over already.")))
    if like.section_id and like.article_id:
        found.append(FieldError("article", "one_scope", _said_of("rule_has_one_scope")))
    if like.action == FilterEntry.Action.BAN and like.match != Match.NETWORK:
        found.append(FieldError("action", "only_networks", _said_of("rule_only_networks_are_banned")))
    if wanted and not found:
        found += _problems_of_examples(wanted, like)
    return found


def _wrong_values(rule: FilterEntry) -> list[FieldError]:
    """What no column takes. A form of the admin asks this by itself."""
    try:
        rule.clean_fields(exclude=["pattern", "section", "article"])
    except ValidationError as wrong:
        return [FieldError(name, "invalid", said[0]) for name, said in wrong.message_dict.items()]
    return []


def _problem(entry: str, match: str) -> FieldError | None:
    code, sentence, said = "", "", ""
    if len(entry) > patterns.LONGEST:
        code, sentence, entry = "too_long", _("An entry may have 200 characters: %(entry)s…"), entry[:40]
    elif match == Match.NETWORK and network_in(entry) is None:
        code, sentence = "no_network", _("This is no address or network: %(entry)s")
    elif match == Match.DOMAIN and "." not in clean_domain(entry):
        code, sentence = "no_domain", _("This is no domain: %(entry)s")
    elif not entry.strip() or (match in {Match.WORD, Match.SUBSTRING} and not plain(entry)):
        code, sentence = "nothing_left", _("Nothing is left to look for in this entry: %(entry)s")
    elif match == Match.REGEX:
        code, said = patterns.fault(entry)
        sentence = str(_PATTERN_FAULTS[code]) if code else ""
    return FieldError("pattern", code, sentence % {"entry": entry, "said": said}) if code else None


def _is_same(before: dt.datetime | None, after: dt.datetime) -> bool:
    """Say whether two moments are one to a form, which knows no fractions of a second."""
    return before is not None and before.replace(microsecond=0) == after.replace(microsecond=0)


def _said_of(constraint: str) -> str:
    return str(next(one.violation_error_message for one in FilterEntry._meta.constraints if one.name == constraint))


def _problems_of_examples(wanted: Sequence[str], like: FilterEntry) -> list[FieldError]:
    """Run the examples against the entry, and name those that it treats otherwise than its editor means."""
    found = []
    for name, code, sentence in (
        ("examples", "example_missed", _("The entry is not found in: %(lines)s")),
        ("counterexamples", "counterexample_found", _("The entry is found in: %(lines)s")),
    ):
        text = getattr(like, name)
        if not (given := lines(text)):
            continue
        if len(wanted) > 1:
            wrong = FieldError(name, "one_at_a_time", _("Examples belong to one entry: add it alone."))
        elif len(given) > EXAMPLES:
            wrong = FieldError(name, "too_many", _("At most %(most)d lines.") % {"most": EXAMPLES})
        elif len(text) > EXAMPLES_LENGTH:
            wrong = FieldError(name, "too_long", _("At most %d characters are possible.") % EXAMPLES_LENGTH)
        else:
            not_found = missed(FilterEntry(pattern=wanted[0], match=like.match, action=like.action), given)
            odd = not_found if name == "examples" else [line for line in given if line not in not_found]
            if not odd:
                continue
            wrong = FieldError(name, code, sentence % {"lines": " · ".join(line[:100] for line in odd[:NAMED])})
        found.append(wrong)
    return found


def check_room(wanted: Sequence[str], rule: FilterEntry) -> None:
    """Raise TooManyPatterns for more regular expressions than every comment can be held against.

    Those not in force are held against none, but may be tried all the same.
    """
    if is_looked_for(rule):
        compiled_entries.check_room(wanted, instead_of={rule.pk})
    elif rule.match == Match.REGEX:
        patterns.check_room([patterns.compiled(pattern) for pattern in wanted])


def is_looked_for(rule: FilterEntry) -> bool:
    """Say whether this is a regular expression that is in force: the number of these is bounded."""
    over = rule.ends_at is not None and rule.ends_at <= timezone.now()
    return rule.match == FilterEntry.Match.REGEX and rule.is_active and not over


def _locked(rows: QuerySet[FilterEntry]) -> list[FilterEntry]:
    return list(FilterEntry.objects.filter(pk__in=rows.order_by().values("pk")).select_for_update().order_by("pk"))


def _told(rules: Iterable[FilterEntry], by: User) -> list[audit_log.Event]:
    return [audit_log.Event(_subject(rule), by.pk, _values(rule, FACTS), _values(rule, PERSONAL)) for rule in rules]


def _subject(rule: FilterEntry) -> str:
    return f"rule:{rule.pk}"


def _values(rule: FilterEntry, names: Iterable[str]) -> dict[str, Any]:
    return {name: _plain(getattr(rule, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
