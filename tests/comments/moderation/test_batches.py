"""Many decisions in one go: one number, one summary, and an undo that gives each comment back what it had."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from articles.models.article import Article
from comments.authors.author_edits import withdraw_comment
from comments.desk.status_actions import summary
from comments.discussion.counting import recount
from comments.errors import DecidedMeanwhile
from comments.models import Batch, BatchItem, Comment, Decision
from comments.moderation import batches
from comments.moderation.decisions import decide
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_comment, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def mia():
    return make_moderator(name="Mia")


@pytest.fixture
def large(monkeypatch):
    """From two comments on a batch is large, and done two at a time."""
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    monkeypatch.setattr(batches, "TOGETHER", 2)


def rows(*comments):
    return Comment.objects.filter(pk__in=[comment.pk for comment in comments])


def statuses(*comments):
    found = dict(Comment.objects.values_list("pk", "status"))
    return [found[comment.pk] for comment in comments]


def several(statuses=("pending", "approved", "spam", "trash")):
    article = make_article()
    return [make_comment(article, status=status) for status in statuses]


@pytest.mark.ci_both
def test_a_batch_is_one_number_and_one_summary(mia):
    comments = several()

    batch = batches.decide_batch(rows(*comments), "spam", by=mia, reason="spam")

    assert statuses(*comments) == ["spam"] * 4
    assert (batch.total, batch.changed, batch.withdrawn, batch.passed_over) == (4, 3, 0, 0)
    assert batch.state == Batch.State.DONE
    made = Decision.objects.filter(batch=batch.pk)
    assert {(row.by, row.reason, row.after) for row in made} == {(mia, "spam", "spam")}


def test_undo_gives_each_back_what_it_had_and_undo_of_the_undo_does_it_again(mia):
    comments = several()
    batch = batches.decide_batch(rows(*comments), "trash", by=mia, reason="abuse")

    undone = batches.undo(batch.pk, by=mia, rows=Comment.objects.all())

    assert statuses(*comments) == ["pending", "approved", "spam", "trash"]
    assert (undone.undoes, undone.changed) == (batch, 3)
    again = batches.undo(undone.pk, by=mia, rows=Comment.objects.all())
    assert statuses(*comments) == ["trash"] * 4
    assert again.changed == 3
    assert batches.recent(mia) == [again, undone, batch]


def test_restoring_gives_each_its_last_status_that_was_no_removal(mia):
    first, second = several(("approved", "pending"))
    for comment in (first, second):
        decide(comment.pk, "trash")
        decide(comment.pk, "spam")

    batches.decide_batch(rows(first, second), batches.RESTORE, by=mia)

    assert statuses(first, second) == ["approved", "pending"]


def test_undo_leaves_alone_what_somebody_has_decided_since(mia):
    first, second = several(("pending", "pending"))
    batch = batches.decide_batch(rows(first, second), "approved", by=mia)
    decide(first.pk, "trash", by=make_moderator(), reason="abuse")

    undone = batches.undo(batch.pk, by=mia, rows=Comment.objects.all())

    assert statuses(first, second) == ["trash", "pending"]
    assert (undone.changed, undone.passed_over) == (1, 1)


def test_what_its_author_withdrew_stays_and_is_counted(mia):
    user = make_user()
    comment, other = make_comment(user=user), make_comment(status="pending")
    batch = batches.decide_batch(rows(comment, other), "spam", by=mia)
    withdraw_comment(comment.pk, by=user)

    undone = batches.undo(batch.pk, by=mia, rows=Comment.objects.all())
    restored = batches.decide_batch(rows(comment), "approved", by=mia)

    assert statuses(comment, other) == ["trash", "pending"]
    assert (undone.changed, undone.passed_over) == (1, 1)
    assert restored.withdrawn == 1


@pytest.mark.ci_both
def test_undo_reaches_only_what_one_may_decide_about(mia):
    mine, foreign = make_comment(status="pending"), make_comment(status="pending")
    batch = batches.decide_batch(rows(mine, foreign), "approved", by=mia)

    batches.undo(batch.pk, by=mia, rows=rows(mine))

    assert statuses(mine, foreign) == ["pending", "approved"]


@pytest.mark.ci_both
def test_a_large_batch_is_done_by_the_worker_in_steps(mia, large):
    comments = several(("pending",) * 5)

    batch = batches.decide_batch(rows(*comments), "approved", by=mia)
    batch.refresh_from_db()

    assert statuses(*comments) == ["approved"] * 5
    assert (batch.total, batch.changed, batch.done, batch.state) == (5, 5, 5, "done")
    assert not BatchItem.objects.exists()
    batches.carry_out.call(str(batch.pk))  # Once more, as after a death: nothing is left to do.
    assert Decision.objects.filter(batch=batch.pk).count() == 5


def test_a_batch_that_died_in_the_middle_goes_on_where_it_stopped(mia, large, monkeypatch):
    comments = several(("pending",) * 5)
    steps = iter([batches._next_step, None])

    def dies(batch_id):
        step = next(steps)
        if step is None:
            raise RuntimeError("killed")
        return step(batch_id)

    with monkeypatch.context() as patched:
        patched.setattr(batches, "_next_step", dies)
        batch = batches.decide_batch(rows(*comments), "spam", by=mia)
    batch.refresh_from_db()
    assert (batch.changed, batch.done, batch.state) == (2, 2, "running")

    batches.carry_out.call(str(batch.pk))

    assert statuses(*comments) == ["spam"] * 5
    assert Decision.objects.filter(batch=batch.pk).count() == 5


def test_the_second_of_two_moderators_is_told_what_the_first_did(mia):
    comment = make_comment(status="pending")
    seen = {comment.pk: comment.decisions.count()}
    first = make_moderator(name="Noor")
    batches.decide_batch(rows(comment), "approved", by=first, seen=seen)

    with pytest.raises(DecidedMeanwhile) as refused:
        batches.decide_batch(rows(comment), "spam", by=mia, seen=seen)

    assert "Noor" in str(refused.value)
    assert "Approved" in str(refused.value)
    assert statuses(comment) == ["approved"]
    assert Batch.objects.count() == 1


def test_the_same_decision_twice_is_no_quarrel_and_one_s_own_is_none_either(mia):
    comment = make_comment(status="pending")
    seen = {comment.pk: comment.decisions.count()}
    batches.decide_batch(rows(comment), "approved", by=make_moderator(), seen=seen)

    assert batches.decide_batch(rows(comment), "approved", by=mia, seen=seen).changed == 0
    seen = {comment.pk: comment.decisions.count()}
    batches.decide_batch(rows(comment), "spam", by=mia, seen=seen)
    assert batches.decide_batch(rows(comment), "trash", by=mia, reason="abuse", seen=seen).changed == 1


def test_in_a_selection_what_is_decided_meanwhile_is_passed_over(mia):
    first, second = several(("pending", "pending"))
    seen = {comment.pk: comment.decisions.count() for comment in (first, second)}
    decide(first.pk, "trash", by=make_moderator(), reason="abuse")

    batch = batches.decide_batch(rows(first, second), "approved", by=mia, seen=seen)

    assert statuses(first, second) == ["trash", "approved"]
    assert (batch.changed, batch.passed_over) == (1, 1)
    assert [str(sentence) for _level, sentence in summary(batch)] == [
        "1 approved.", "1 left as it is: a colleague has decided meanwhile."
    ]  # fmt: skip


@pytest.mark.parametrize(("seconds", "listed"), [(-1, True), (0, False)])
def test_a_batch_is_recent_for_an_hour(mia, time_machine, seconds, listed):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    batch = batches.decide_batch(rows(make_comment()), "spam", by=mia)

    time_machine.shift(dt.timedelta(hours=1, seconds=seconds))

    assert (batch in batches.recent(mia)) == listed


@pytest.mark.ci_both
def test_a_mail_about_what_is_undone_does_not_go_out(mia):
    comment = make_comment(status="pending", user=make_user())
    Letter.objects.all().delete()
    batch = batches.decide_batch(rows(comment), "trash", by=mia, reason="abuse")
    Letter.objects.filter(about="decision").update(sent_at=None, attempts=0)
    assert Letter.objects.filter(name="comment_refused").count() == 1

    batches.undo(batch.pk, by=mia, rows=Comment.objects.all())

    assert not Letter.objects.filter(name="comment_refused").exists()


def test_a_batch_costs_the_same_whatever_its_size(mia, django_assert_max_num_queries):
    comments = several(("pending",) * 20)
    with django_assert_max_num_queries(23):
        batches.decide_batch(rows(*comments), "approved", by=mia)


@settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sets(st.integers(0, 7), min_size=1), st.sampled_from(["approved", "pending", "spam", "trash", ""])
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_is_done_is_undone_to_the_last_and_the_counts_stay_true(steps):
    article = make_article()
    mia = make_moderator()
    comments = [make_comment(article) for _ in range(2)]
    for at in (0, 0, 1, 2, 3, 5):
        comments.append(make_comment(parent=comments[at]))
    done = []
    states = [statuses(*comments)]
    for chosen, status in steps:
        batch = batches.decide_batch(rows(*(comments[at] for at in chosen)), status, by=mia, reason="abuse")
        done.append(batch)
        states.append(statuses(*comments))
        assert recount([article.pk]) == 0
    for batch, before in zip(reversed(done), reversed(states[:-1]), strict=True):
        batches.undo(batch.pk, by=mia, rows=Comment.objects.all())
        assert statuses(*comments) == before
        assert recount([article.pk]) == 0
    assert Article.objects.get(pk=article.pk).comment_count == 8
