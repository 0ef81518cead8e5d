"""Adding, changing, switching and deleting entries of the editors' lists: each of it is on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from comments import log
from comments.models import Rule
from comments.spam import rulebook
from newsreader.accounts.models import User
from newsreader.kit.errors import Conflict

# What the log tells for good, and what it tells until it is erased: a pattern may be somebody's address or name.
FACTS = ("match", "action", "is_active", "only_counts", "section_id", "article_id", "ends_at")
PERSONAL = ("pattern", "note", "examples", "counterexamples")


@transaction.atomic
def add(patterns: Sequence[str], like: Rule, *, by: User) -> tuple[list[Rule], int]:
    """Put these on the lists, each with what `like` says besides, but those that stand there for the same scope.

    Returns the new rows and how many were there already. Seven queries, however many there are, and two more for
    regular expressions. Raises TooManyPatterns where these find no room.
    """
    listed = Rule.objects.filter(match=like.match, section=like.section_id, article=like.article_id)
    known = set(listed.filter(pattern__in=patterns).values_list("pattern", flat=True))
    fresh = [pattern for pattern in dict.fromkeys(patterns) if pattern not in known]
    if is_looked_for(like):
        rulebook.check_room(fresh)
    values = {name: getattr(like, name) for name in (*FACTS, *PERSONAL) if name != "pattern"}
    # Somebody may add the same in this instant: then theirs stands.
    Rule.objects.bulk_create([Rule(pattern=pattern, **values) for pattern in fresh], ignore_conflicts=True)
    added = list(listed.filter(pattern__in=fresh))
    log.note_many("rule_added", _told(added, by))
    return added, len(known)


@transaction.atomic
def change(rule: Rule, *, by: User) -> None:
    """Store an entry as it was changed; what is the same is not written, so that hits counted meanwhile stay.

    Raises Conflict where it is gone, or stands on the list a second time, by what somebody else did meanwhile, and
    TooManyPatterns where a regular expression finds no room.
    """
    stored = Rule.objects.select_for_update().filter(pk=rule.pk).first()
    if stored is None:
        raise Conflict()
    was = {name: getattr(stored, name) for name in (*FACTS, *PERSONAL) if getattr(stored, name) != getattr(rule, name)}
    if not was:
        return
    if is_looked_for(rule):
        rulebook.check_room([rule.pattern], instead_of={rule.pk})
    try:
        with transaction.atomic():
            rule.save(update_fields=[*was, "changed_at"])
    except IntegrityError:
        raise Conflict() from None
    log.note(
        "rule_changed",
        _subject(rule),
        by=by,
        facts={**_values(rule, FACTS), "was": {name: _plain(was[name]) for name in FACTS if name in was}},
        personal={**_values(rule, PERSONAL), "was": {name: was[name] for name in PERSONAL if name in was}},
    )


@transaction.atomic
def switch(rows: QuerySet[Rule], *, on: bool, by: User) -> int:
    """Put entries in force or out of it. Returns how many were not so already.

    Raises TooManyPatterns where the regular expressions among them find no room.
    """
    changed = _locked(rows.exclude(is_active=on))
    for rule in changed:
        rule.is_active = on
    if wanted := [rule.pattern for rule in changed if is_looked_for(rule)]:
        rulebook.check_room(wanted)
    # Every process reads its lists anew by this time.
    Rule.objects.filter(pk__in=[rule.pk for rule in changed]).update(is_active=on, changed_at=timezone.now())
    log.note_many("rule_switched", _told(changed, by))
    return len(changed)


@transaction.atomic
def delete(rows: QuerySet[Rule], *, by: User) -> int:
    """Take entries off the lists. Returns how many."""
    gone = _locked(rows)
    log.note_many("rule_deleted", _told(gone, by))
    Rule.objects.filter(pk__in=[rule.pk for rule in gone]).delete()
    return len(gone)


def is_looked_for(rule: Rule) -> bool:
    """Say whether this is a regular expression that is in force: the number of these is bounded."""
    over = rule.ends_at is not None and rule.ends_at <= timezone.now()
    return rule.match == Rule.Match.REGEX and rule.is_active and not over


def _locked(rows: QuerySet[Rule]) -> list[Rule]:
    return list(Rule.objects.filter(pk__in=rows.order_by().values("pk")).select_for_update().order_by("pk"))


def _told(rules: Iterable[Rule], by: User) -> list[log.Event]:
    return [log.Event(_subject(rule), by.pk, _values(rule, FACTS), _values(rule, PERSONAL)) for rule in rules]


def _subject(rule: Rule) -> str:
    return f"rule:{rule.pk}"


def _values(rule: Rule, names: Iterable[str]) -> dict[str, Any]:
    return {name: _plain(getattr(rule, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
