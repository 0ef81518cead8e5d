"""What a table of faults calls a failure; the faults themselves are played by `make faults`."""

from collections import Counter
from dataclasses import replace

from tests.faults.__main__ import Run, chosen, parsed
from tests.faults.faults import FAULTS
from tests.faults.ledger import Ledger
from tests.faults.limits import LOST, Limits
from tests.faults.play import findings_of
from tests.faults.table import Outcome

CLEAN = Ledger(lost=0, doubled=0, tasks=0, mails=0)
WELL = Outcome(
    readers=Counter({200: 9}),
    programs=Counter({200: 3}),
    reader_wait=0.2,
    posts=Counter({303: 4}),
    post_wait=0.4,
    ledger=CLEAN,
    well=1.0,
    worked_off=1.0,
)


def test_what_must_not_come_of_a_fault_is_named():
    limits = Limits(reader_wait=1, well=15)

    def found(**values):
        return findings_of(replace(WELL, **values), limits, slack=2)

    assert found() == []
    assert found(reader_wait=1.9, well=29.0) == []
    assert found(readers=Counter({200: 9, 500: 1})) == ["readers were answered 500"]
    assert found(posts=Counter({303: 9, LOST: 1})) == ["posts were answered lost"]
    assert found(reader_wait=2.1) == ["a reader waited 2.1 s, at most 1 s are allowed"]
    assert found(well=None) == ["not all was well within 15 s"]
    for name in vars(CLEAN):
        assert len(found(ledger=replace(CLEAN, **{name: 1}))) == 1


def test_names_are_told_apart_and_the_short_form_has_the_most_telling():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len(chosen(parsed(["--short"]))) == 6
    assert [fault.name for fault in chosen(parsed(["--only", "redis"]))] == ["redis killed", "redis hung"]


def test_what_cannot_be_played_is_said_and_fails_in_ci(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tests.faults.__main__.find_postgresql", lambda: None)
    run = Run(tmp_path, parsed([]))

    run.play(FAULTS[0])

    assert "skipped: PostgreSQL" in capsys.readouterr().out
    assert run.skipped == [FAULTS[0].name]
    monkeypatch.delenv("CI", raising=False)
    assert run.exit_code == 0
    monkeypatch.setenv("CI", "true")
    assert run.exit_code == 1
