"""The log: what is told, that nobody changes it unseen, and that what is erased is gone while it still holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments.audit import audit_log
from comments.authors.author_edits import withdraw_comment
from comments.desk import answering
from comments.models import AuditEntry, Comment, Decision
from comments.moderation.decisions import decide
from tests.append_only import DecisionEdited
from tests.factories import make_batch, make_comment, make_moderator, make_user

pytestmark = pytest.mark.django_db


def codes(known=None):
    return [fault.code for fault in audit_log.verify(known)[1]]


def test_every_decision_is_told_also_the_one_at_posting_and_its_author_s():
    user, mia = make_user(), make_moderator()
    comment = make_comment(status="pending", user=user)
    decide(comment.pk, "spam", by=mia, reason="spam")
    withdraw_comment(comment.pk, by=user)

    told = list(audit_log.history(f"comment:{comment.pk}"))

    assert [entry.facts["after"] for entry in told] == ["pending", "spam", "trash"]
    assert [entry.by_account for entry in told][-2:] == [mia.pk, user.pk]
    assert told[1].facts["codes"] == ["spam"]
    assert codes() == []


def test_sealing_numbers_and_chains_what_was_written_and_nothing_twice():
    for name in "abc":
        audit_log.note("rule_added", f"rule:{name}")

    assert audit_log.seal() == 3
    assert audit_log.seal() == 0
    assert list(AuditEntry.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    assert len(set(AuditEntry.objects.values_list("hash", flat=True))) == 3


def written():
    make_comment()
    audit_log.note("ban", "ban:1", by=make_moderator(), facts={"kind": "email"}, personal={"email": "x@example.org"})
    audit_log.note("rule_added", "rule:1", facts={"action": "hold"})
    head, faults = audit_log.verify()
    assert not faults
    return head


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "ban_lifted"}, "changed"),
        ({"facts": {"kind": "network"}}, "changed"),
        ({"by_account": None}, "changed"),
        ({"subject": "ban:2"}, "changed"),
        ({"digest": "0" * 64}, "changed"),
        ({"personal": {"email": "y@example.org"}}, "personal_data_changed"),
        ({"hash": "0" * 64}, "changed"),
    ],
)
def test_whatever_is_changed_is_found(change, code):
    written()
    AuditEntry.objects.filter(kind="ban").update(**change)

    assert code in codes()


def test_what_is_taken_out_is_found_and_what_is_cut_off_by_whoever_noted_the_end():
    head = written()
    AuditEntry.objects.filter(kind="ban").delete()
    assert "missing" in codes()

    AuditEntry.objects.filter(number__gte=1).delete()
    assert "cut_off" in codes(head)


def test_a_chain_written_anew_is_found_by_whoever_noted_the_end():
    head = written()
    AuditEntry.objects.filter(kind="ban").update(facts={"kind": "network"})
    AuditEntry.objects.update(number=None, hash="")
    audit_log.seal()

    assert codes() == []
    assert codes(head) == ["other_chain"]


@pytest.mark.parametrize(
    "change",
    [
        {"after": "trash"},
        {"source": "words"},
        {"before": "spam"},
        {"reasons": [{"code": "abuse", "params": {}}]},
        {"batch": make_batch},
    ],
)
def test_a_decision_changed_behind_the_log_is_found(change):
    comment = make_comment(status="spam")
    values = {name: value() if callable(value) else value for name, value in change.items()}
    Decision.objects.filter(comment=comment, number=2).update(**values)

    assert codes() == ["decision_differs"]


def test_an_answer_is_posted_with_its_batch_and_nothing_is_edited_afterwards():
    mia, comment = make_moderator(), make_comment(status="pending")

    batch, reply = answering.answer(comment.pk, "We look into it.", by=mia, rows=Comment.objects.all())

    assert reply.decisions.get().batch == batch
    assert audit_log.history(f"comment:{reply.pk}").get().facts["batch"] == str(batch.pk)
    assert codes() == []


@pytest.mark.parametrize("edit", ["rows.update(source='x')", "row = rows[0]; row.source = 'x'; row.save()"])
def test_every_test_fails_in_which_the_house_edits_a_decision(edit):
    make_comment()
    house = compile(edit, str(Path(audit_log.__file__).with_name("anything.py")), "exec")

    with pytest.raises(DecisionEdited):
        exec(house, {"rows": Decision.objects.all()})


def test_a_decision_that_nobody_told_is_found_and_one_from_before_the_log_is_not():
    comment = make_comment()
    Decision.objects.create(comment=comment, number=9, before="approved", after="trash")
    assert codes() == ["decision_differs"]

    audit_log.note("log_opened", facts={"last_decision": Decision.objects.latest("pk").pk})
    assert codes() == []


def test_verifying_stops_after_ten_faults():
    for number in range(12):
        audit_log.note("rule_added", f"rule:{number}")
    audit_log.seal()
    AuditEntry.objects.exclude(number__lte=3).update(kind="rule_changed")
    assert codes() == ["changed"] * 9

    AuditEntry.objects.filter(number__lte=3).update(kind="rule_changed")
    head, faults = audit_log.verify()

    assert [fault.number for fault in faults] == list(range(1, 11))
    assert head.number == 10


def test_verifying_tells_of_ten_decisions_and_of_no_more():
    comment = make_comment()
    for number in range(8, 20):
        Decision.objects.create(comment=comment, number=number, before="approved", after="trash")

    faults = audit_log.verify()[1]

    assert [fault.detail for fault in faults] == [f"comment:{comment.pk}/{number}" for number in range(8, 18)]
    # Together with those of the chain they are ten as well.
    AuditEntry.objects.update(kind="nothing")
    assert len(audit_log.verify()[1]) == 10


def test_an_account_that_is_deleted_breaks_nothing():
    mia = make_moderator()
    decide(make_comment(status="pending").pk, "approved", by=mia)
    mia.delete()

    assert codes() == []


def test_what_is_erased_is_gone_and_the_chain_holds():
    head = written()

    assert audit_log.forget("ban:1") == 1

    assert "x@example.org" not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get(kind="erasure").facts == {"entries": 1}
    assert codes(head) == []


def test_the_command_prints_the_end_and_fails_with_what_does_not_hold(capsys):
    written()
    call_command("verify_log")
    end = capsys.readouterr().out.rsplit(" ", 1)[1].strip()
    call_command("verify_log", head=audit_log.Head(int(end.split(":")[0]), end.split(":")[1]))
    AuditEntry.objects.filter(kind="ban").update(subject="ban:7")

    with pytest.raises(CommandError):
        call_command("verify_log")
    assert "changed since it was written" in capsys.readouterr().err


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
            st.one_of(st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.decimals(0, 99, places=2).map(float),
                      st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_whatever_facts_a_database_keeps_it_gives_back_as_they_were_chained(many):
    for facts in many:
        audit_log.note("rule_changed", "rule:1", facts=facts, personal=facts)

    assert codes() == []
