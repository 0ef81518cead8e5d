"""What may stand on the editors' lists is decided by the operations, whoever calls them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from comments.errors import TooManyPatterns
from comments.models import FilterEntry
from comments.screening import blocklist, patterns
from newsreader.kit.errors import Invalid
from tests.factories import make_article, make_editor, make_rule, make_section

pytestmark = pytest.mark.django_db
YESTERDAY = timezone.now() - dt.timedelta(days=1)


def refusal(operation, *args, **values):
    with pytest.raises(Invalid) as refused:
        operation(*args, **values, by=make_editor())
    return {(error.field, error.code) for error in refused.value.errors}


@pytest.mark.parametrize(
    ("pattern", "values", "field", "code"),
    [
        ("x" * 201, {}, "pattern", "too_long"),
        ("", {}, "pattern", "nothing_left"),
        (" ", {"match": "agent"}, "pattern", "nothing_left"),
        ("\u200b", {"match": "substring"}, "pattern", "nothing_left"),
        ("nowhere", {"match": "network"}, "pattern", "no_network"),
        ("casino", {"match": "domain"}, "pattern", "no_domain"),
        ("(", {"match": "regex"}, "pattern", "pattern_invalid"),
        ("x*", {"match": "regex"}, "pattern", "pattern_finds_nothing"),
        (".", {"match": "regex"}, "pattern", "pattern_finds_everything"),
        ("casino", {"action": "ban"}, "action", "only_networks"),
        ("casino", {"action": "fine"}, "action", "invalid"),
        ("casino", {"match": "smell"}, "match", "invalid"),
        ("casino", {"note": "x" * 201}, "note", "invalid"),
        ("casino", {"ends_at": YESTERDAY}, "ends_at", "ended"),
        ("casino", {"examples": "a bingo hall"}, "examples", "example_missed"),
        ("casino", {"counterexamples": "the old casino"}, "counterexamples", "counterexample_found"),
        ("casino", {"examples": "\n".join(f"casino {n}" for n in range(51))}, "examples", "too_many"),
    ],
)
def test_an_entry_that_makes_no_sense_is_neither_added_nor_changed_to(pattern, values, field, code):
    assert (field, code) in refusal(blocklist.add, [pattern], FilterEntry(**values))
    assert not FilterEntry.objects.exists()

    rule = make_rule("bingo")
    for name, value in {"pattern": pattern, **values}.items():
        setattr(rule, name, value)
    assert (field, code) in refusal(blocklist.change, rule)
    assert FilterEntry.objects.get().pattern == "bingo"


def test_an_entry_has_one_scope():
    like = FilterEntry(section=make_section(), article=make_article())

    assert refusal(blocklist.add, ["casino"], like) == {("article", "one_scope")}


def test_of_many_lines_none_comes_in_where_one_is_wrong():
    wanted = blocklist.lines("casino.example\r\n\r\n  bingo.example \ncasino.example\nnonsense\n")
    assert wanted == ["casino.example", "bingo.example", "nonsense"]

    assert refusal(blocklist.add, wanted, FilterEntry(match="domain")) == {("pattern", "no_domain")}
    assert not FilterEntry.objects.exists()
    assert len(blocklist.add(wanted[:2], FilterEntry(match="domain"), by=make_editor())[0]) == 2


def test_there_are_only_so_many_at_once():
    assert refusal(blocklist.add, [f"word{n}" for n in range(blocklist.MOST + 1)], FilterEntry()) == {
        ("pattern", "too_many")
    }


def test_examples_belong_to_one_entry():
    assert refusal(blocklist.add, ["casino", "bingo"], FilterEntry(examples="casino")) == {
        ("examples", "one_at_a_time")
    }


def test_an_entry_whose_time_is_over_may_be_changed_otherwise():
    rule = make_rule("casino", ends_at=YESTERDAY)
    rule.ends_at, rule.note = YESTERDAY.replace(microsecond=0), "As a form sends it, without fractions of a second."

    blocklist.change(rule, by=make_editor())

    assert FilterEntry.objects.get().note


def test_regular_expressions_out_of_force_are_as_many_as_can_be_tried(monkeypatch):
    monkeypatch.setattr(patterns, "MOST_STEPS", 10)

    with pytest.raises(TooManyPatterns):
        blocklist.add(["casino (royal|imperial)"], FilterEntry(match="regex", is_active=False), by=make_editor())
