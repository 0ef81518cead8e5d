"""A refused author objects once, and another moderator decides."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.audit import audit_log, standing
from comments.desk.status_actions import summary
from comments.errors import AppealedTwice, AppealSettled, NotRefused, NotYours, OwnDecision
from comments.models import Appeal, Comment
from comments.moderation import batches
from comments.moderation.decisions import decide, withdraw
from comments.moderation.undoing import undo
from comments.objections.appeals import appeal, appeals_waiting, settle_appeal
from comments.objections.objection_text import LENGTH
from newsreader.accounts.models import User
from newsreader.kit.errors import Invalid
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.factories import make_article, make_author, make_comment, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def refused(by: User | None = None, *, status: str = "trash", **values) -> Comment:
    comment = make_comment(status="pending", **values)
    decide(comment.pk, status, by=by or make_moderator(), reason="off_topic")
    comment.refresh_from_db()
    return comment


def objected(comment: Comment, text: str = "It is about the ferry.") -> Appeal:
    return appeal(comment.pk, text, token=comment.status_token)


def row(comment: Comment) -> Comment:
    return Comment.objects.get(pk=comment.pk)


def text_of(answer) -> str:
    return answer.content.decode()


def press(client, comment, text):
    return client.post(comment.status_url, {"action": "appeal", "appeal": text})


# --- Objecting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["trash", "spam"])
def test_an_objection_is_kept_and_logged_without_its_words(status):
    comment = refused(status=status)

    made = objected(comment, "  It is\r\nabout the ferry. ")

    assert (made.text, made.outcome, made.decision) == ("It is\nabout the ferry.", "", comment.decisions.last())
    entry = audit_log.history(f"comment:{comment.pk}").get(kind="appeal")
    assert entry.facts == {"appeal": made.pk, "against": made.decision.number}
    assert entry.personal == {"text": made.text}
    assert "ferry" not in json.dumps(entry.facts)


def test_the_account_of_a_comment_objects_without_its_private_address():
    user = make_user()
    comment = refused(user=user)

    assert appeal(comment.pk, "It is about the ferry.", by=user).comment == comment
    assert audit_log.history(f"comment:{comment.pk}").get(kind="appeal").by_account == user.pk


@pytest.mark.parametrize("token", ["", "wrong"])
def test_nobody_else_objects(token):
    with pytest.raises(NotYours):
        appeal(refused().pk, "Let me.", token=token, by=make_user())


@pytest.mark.ci_both
def test_one_objects_once_whatever_becomes_of_it():
    comment = refused()
    settle_appeal(objected(comment).pk, grant=False, by=make_moderator())

    with pytest.raises(AppealedTwice):
        objected(comment)


def test_what_a_rule_refused_looks_as_though_it_waits_and_cannot_be_objected_to():
    with pytest.raises(NotRefused):
        objected(make_comment(status="trash"))


@pytest.mark.parametrize("status", ["pending", "approved"])
def test_what_is_not_refused_cannot_be_objected_to(status):
    with pytest.raises(NotRefused):
        objected(make_comment(status=status))


def test_what_its_author_withdrew_cannot_be_objected_to():
    comment = make_comment()
    withdraw(comment.pk, by=None)

    with pytest.raises(NotRefused):
        objected(row(comment))


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "require_appeal"), (" \u200b\n", "require_appeal"), ("x" * (LENGTH + 1), "appeal_column_length")],
)
def test_an_objection_has_words_and_not_too_many(text, code):
    with pytest.raises(Invalid) as raised:
        objected(refused(), text)

    assert [(error.field, error.code) for error in raised.value.errors] == [("appeal", code)]


# --- Deciding about it --------------------------------------------------------------------------------------------


def test_granted_the_comment_is_published():
    comment, other = refused(), make_moderator()
    made = settle_appeal(objected(comment).pk, grant=True, by=other)

    decision = comment.decisions.last()
    assert (row(comment).status, decision.by, decision.reason) == ("approved", other, "appeal_granted")
    assert (made.outcome, made.settled_by, made.settled_at) == ("granted", other, decision.created_at)
    told = audit_log.history(f"comment:{comment.pk}").get(kind="appeal_settled")
    assert (told.facts, told.by_account) == ({"appeal": made.pk, "outcome": "granted"}, other.pk)


def test_rejected_the_comment_stays_as_it_is():
    comment, other = refused(), make_moderator()
    decisions = comment.decisions.count()

    made = settle_appeal(objected(comment).pk, grant=False, by=other)

    made.refresh_from_db()
    assert (row(comment).status, comment.decisions.count()) == ("trash", decisions)
    assert (made.outcome, made.settled_by) == ("rejected", other)
    told = audit_log.history(f"comment:{comment.pk}").get(kind="appeal_settled")
    assert (told.facts, told.by_account) == ({"appeal": made.pk, "outcome": "rejected"}, other.pk)


@pytest.mark.parametrize("grant", [True, False])
def test_nobody_decides_about_an_appeal_against_their_own_decision(grant):
    first = make_moderator()
    make_moderator()
    made = objected(refused(first))

    with pytest.raises(OwnDecision):
        settle_appeal(made.pk, grant=grant, by=first)

    made.refresh_from_db()
    assert (made.outcome, row(made.comment).status) == ("", "trash")


@pytest.mark.parametrize("others", [0, 1], ids=["nobody else", "only somebody who has left"])
def test_the_only_moderator_may_and_that_is_on_record(others):
    first = make_moderator()
    for _ in range(others):
        make_moderator(is_active=False)
    made = objected(refused(first))

    settle_appeal(made.pk, grant=True, by=first)

    entry = audit_log.history(f"comment:{made.comment_id}").get(kind="own_appeal_settled")
    assert (entry.by_account, entry.facts) == (first.pk, {"appeal": made.pk})


def approve(comment, by, way: str):
    """Approve a comment otherwise than by deciding about its appeal."""
    rows = Comment.objects.filter(pk=comment.pk)
    if way == "decide":
        return decide(comment.pk, "approved", by=by)
    if way == "hold":
        decide(comment.pk, "pending", by=by, reason="")
        return decide(comment.pk, "approved", by=by)
    if way == "batch":
        return batches.decide_batch(rows, "approved", by=by)
    if way == "restore":
        return batches.decide_batch(rows, batches.RESTORE, by=by)
    return undo(comment.decisions.last().batch_id, by=by)


WAYS = ["decide", "hold", "batch", "restore", "undo"]


def refused_in_a_batch(first):
    comment = make_comment()
    batches.decide_batch(Comment.objects.filter(pk=comment.pk), "trash", by=first, reason="abuse")
    return objected(row(comment))


@pytest.mark.parametrize("way", WAYS)
def test_whoever_refused_grants_it_in_no_other_way(way):
    first = make_moderator()
    made = refused_in_a_batch(first)
    make_moderator()

    with pytest.raises(OwnDecision):
        approve(made.comment, first, way)

    made.refresh_from_db()
    assert (made.outcome, row(made.comment).status) == ("", "pending" if way == "hold" else "trash")
    assert not audit_log.history(f"comment:{made.comment_id}").filter(kind="own_appeal_settled").exists()


@pytest.mark.parametrize("way", WAYS)
def test_the_only_moderator_may_in_every_way_and_that_is_on_record(way):
    first = make_moderator()
    made = refused_in_a_batch(first)

    approve(made.comment, first, way)

    made.refresh_from_db()
    assert (made.outcome, row(made.comment).status) == ("granted", "approved")
    entry = audit_log.history(f"comment:{made.comment_id}").get(kind="own_appeal_settled")
    assert (entry.by_account, entry.facts) == (first.pk, {"appeal": made.pk})


def test_in_a_selection_one_s_own_refusals_are_left_to_others_and_that_is_said():
    first, other = make_moderator(), make_moderator()
    own, foreign, simple = objected(refused(first)), objected(refused(other)), make_comment(status="pending")
    rows = Comment.objects.filter(pk__in=[own.comment_id, foreign.comment_id, simple.pk])

    batch = batches.decide_batch(rows, "approved", by=first)

    statuses = [row(comment).status for comment in (own.comment, foreign.comment, simple)]
    assert statuses == ["trash", "approved", "approved"]
    assert (batch.changed, batch.passed_over, batch.left_to_others) == (2, 1, 1)
    said = [str(sentence) for _, sentence in summary(batch)]
    assert any("its author appeals against your decision" in sentence for sentence in said)
    assert not any("meanwhile" in sentence for sentence in said)


@pytest.mark.parametrize("where", ["one", "undo"])
def test_over_rest_the_refusal_is_the_same(client, where):
    first = make_moderator()
    made = refused_in_a_batch(first)
    make_moderator()
    client.force_login(first)
    batch = made.comment.decisions.last().batch_id
    address = f"comments/{made.comment_id}/decisions/" if where == "one" else f"decisions/batches/{batch}/undo/"
    values = {"status": "approved"} if where == "one" else {}

    answer = client.post(f"/api/v1/{address}", values, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "own_decision")
    assert row(made.comment).status == "trash"


@pytest.mark.ci_both
def test_what_others_decide_asks_no_more_questions_for_appeals_against_them():
    first, other = make_moderator(), make_moderator()

    def asked(size: int) -> int:
        made = [objected(refused(first)) for _ in range(size)]
        rows = Comment.objects.filter(pk__in=[appeal.comment_id for appeal in made])
        with CaptureQueriesContext(connection) as questions:
            batches.decide_batch(rows, "approved", by=other)
        return len(questions)

    assert asked(2) == asked(4)  # Under one article, its count is moved and read in one statement.


def test_a_comment_held_meanwhile_grants_the_appeal_when_it_is_approved():
    comment, other = refused(), make_moderator()
    made = objected(comment)
    decide(comment.pk, "pending", by=other)

    decide(comment.pk, "approved", by=other)

    made.refresh_from_db()
    assert (made.outcome, made.settled_by) == ("granted", other)


def test_after_two_undoings_the_decision_stands_that_was_made_before_both():
    comment, first, other = make_comment(status="pending"), make_moderator(), make_moderator()
    rows = Comment.objects.filter(pk=comment.pk)
    refusal = batches.decide_batch(rows, "trash", by=first, reason="abuse")
    marked = batches.decide_batch(rows, "spam", by=other, reason="spam")
    undo(marked.pk, by=other)
    assert standing.standing_decision(comment).batch == refusal

    undo(refusal.pk, by=other)

    assert row(comment).status == "pending"
    assert standing.standing_decision(comment).number == 1  # The rule's that let it wait.


def test_an_author_of_the_article_is_somebody_else():
    author = make_author(user=make_user(group="Authors"))
    first = make_moderator()
    made = objected(refused(first, article=make_article(authors=[author])))

    with pytest.raises(OwnDecision):
        settle_appeal(made.pk, grant=True, by=first)


def test_an_appeal_is_decided_once():
    made = objected(refused())
    settle_appeal(made.pk, grant=False, by=make_moderator())

    with pytest.raises(AppealSettled):
        settle_appeal(made.pk, grant=True, by=make_moderator())


def test_a_moderator_who_approves_it_in_another_way_has_granted_the_appeal():
    comment, other = refused(), make_moderator()
    made = objected(comment)

    decide(comment.pk, "spam", by=other, reason="spam")
    made.refresh_from_db()
    assert made.outcome == ""
    decide(comment.pk, "approved", by=other)

    made.refresh_from_db()
    assert (made.outcome, made.settled_by) == ("granted", other)


def test_a_rule_grants_nothing():
    comment = refused()
    made = objected(comment)

    decide(comment.pk, "approved", source="some_rule")

    made.refresh_from_db()
    assert made.outcome == ""


@pytest.mark.ci_both
def test_an_appeal_goes_with_a_comment_that_is_withdrawn():
    comment = refused()
    made = objected(comment)

    withdraw(comment.pk, by=None)

    made.refresh_from_db()
    assert (made.outcome, made.settled_by) == ("withdrawn", None)


@pytest.mark.ci_both
def test_undoing_an_approval_opens_the_appeal_again_and_undoing_a_refusal_grants_it():
    comment, first, other = make_comment(status="pending"), make_moderator(), make_moderator()
    mine = Comment.objects.moderated_by(first)
    refusal = batches.decide_batch(mine.filter(pk=comment.pk), "trash", by=first, reason="abuse")
    made = objected(row(comment))
    approval = batches.decide_batch(mine.filter(pk=comment.pk), "approved", by=other)
    made.refresh_from_db()
    assert made.outcome == "granted"

    batches.undo(approval.pk, by=other, rows=mine)
    made.refresh_from_db()
    assert (made.outcome, made.settled_by) == ("", None)
    assert list(appeals_waiting(other)) == [made]

    again = batches.decide_batch(mine.filter(pk=comment.pk), "spam", by=other, reason="spam")
    batches.undo(again.pk, by=other, rows=mine)
    made.refresh_from_db()
    assert (made.outcome, row(comment).status) == ("", "trash")
    assert refusal


@pytest.mark.ci_both
def test_to_undo_the_refusal_is_to_grant_the_appeal():
    comment, first = make_comment(), make_moderator()
    mine = Comment.objects.moderated_by(first)
    refusal = batches.decide_batch(mine.filter(pk=comment.pk), "trash", by=first, reason="abuse")
    made = objected(row(comment))

    batches.undo(refusal.pk, by=first, rows=mine)

    made.refresh_from_db()
    assert (made.outcome, row(comment).status) == ("granted", "approved")


# --- Whose turn it is ---------------------------------------------------------------------------------------------


def test_appeals_wait_for_others_than_whoever_refused():
    first, other = make_moderator(), make_moderator()
    early, late = objected(refused(first)), objected(refused(other))
    settle_appeal(objected(refused(first)).pk, grant=False, by=other)

    assert list(appeals_waiting(other)) == [early]
    assert list(appeals_waiting(first)) == [late]
    assert list(appeals_waiting(make_moderator())) == [early, late]
    assert not appeals_waiting(make_user()).exists()


@pytest.mark.ci_both
def test_an_article_author_sees_appeals_under_their_own_articles_alone():
    user = make_user(group="Authors")
    mine = objected(refused(article=make_article(authors=[make_author(user=user)])))
    objected(refused())

    assert list(appeals_waiting(user)) == [mine]


def test_appeals_are_listed_in_one_question(django_assert_num_queries):
    moderator = make_moderator()
    for _ in range(3):
        objected(refused())
    moderator.has_perm("comments.moderate_any_comment")

    with django_assert_num_queries(1):
        assert len([one.comment.article.headline + str(one.decision.by) for one in appeals_waiting(moderator)]) == 3


# --- The private page ---------------------------------------------------------------------------------------------


def test_the_private_page_tells_the_reason_and_offers_to_object(client):
    comment = refused()

    page = text_of(client.get(comment.status_url))

    assert "It is not about the article." in page
    assert 'data-action="appeal"' in page


@pytest.mark.parametrize(
    "make", [lambda: make_comment(status="trash"), lambda: make_comment(status="pending"), make_comment]
)
def test_it_offers_nothing_where_no_person_refused(client, make):
    page = text_of(client.get(make().status_url))

    assert 'data-action="appeal"' not in page
    assert 'id="appeal"' not in page


def test_a_guest_objects_on_the_private_page_and_reads_the_outcome_there(client):
    comment = refused()

    answer = press(client, comment, "It is about <the> ferry.")

    assert (answer.status_code, answer["Location"]) == (303, f"{comment.status_url}#appeal")
    page = text_of(client.get(comment.status_url))
    assert "It is about &lt;the&gt; ferry." in page
    assert 'data-outcome="open"' in page
    assert 'data-action="appeal"' not in page
    settle_appeal(Appeal.objects.get().pk, grant=False, by=make_moderator())
    assert 'data-outcome="rejected"' in text_of(client.get(comment.status_url))


def test_a_granted_appeal_is_shown_beside_the_published_comment(client):
    comment = refused()
    settle_appeal(objected(comment).pk, grant=True, by=make_moderator())

    page = text_of(client.get(comment.status_url))

    assert 'data-outcome="granted"' in page
    assert "It is published." in page


def test_no_moderator_is_named(client):
    comment = refused(make_moderator(username="firstmoderator"))
    settle_appeal(objected(comment).pk, grant=False, by=make_moderator(username="othermoderator"))

    page = text_of(client.get(comment.status_url))

    assert "firstmoderator" not in page
    assert "othermoderator" not in page


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("text", "status", "code"),
    [("", 422, "require_appeal"), ("words to keep" * 200, 422, "appeal_column_length")],
)
def test_a_wrong_objection_comes_back_with_everything_typed(client, text, status, code):
    comment = refused()

    answer = press(client, comment, text)

    page = text_of(answer)
    assert answer.status_code == status
    assert f'id="error-appeal" data-code="{code}"' in page
    assert text in page
    assert 'data-action="appeal"' in page
    assert 'data-action="edit"' not in page
    assert not Appeal.objects.exists()


@pytest.mark.parametrize("status", ["pending", "approved", "trash"])
def test_an_objection_to_nothing_keeps_the_words(client, status):
    answer = press(client, make_comment(status=status), "words to keep")

    assert answer.status_code == 409
    assert 'data-code="not_refused"' in text_of(answer)
    assert "words to keep" in text_of(answer)


def test_a_second_objection_keeps_the_words(client):
    comment = refused()
    press(client, comment, "the first")

    answer = press(client, comment, "words to keep")

    assert answer.status_code == 409
    assert 'data-code="appeal_twice"' in text_of(answer)
    assert "words to keep" in text_of(answer)
    assert Appeal.objects.get().text == "the first"


# --- Mails --------------------------------------------------------------------------------------------------------


def mails_to(user: User) -> list:
    send_due.call()
    return [letter for letter in mail.outbox if letter.to == [user.email]]


def test_a_rejected_author_hears_of_it_at_a_verified_address():
    user = make_user()
    comment = refused(user=user)
    mails_to(user)
    mail.outbox.clear()

    settle_appeal(objected(comment).pk, grant=False, by=make_moderator(username="othermoderator"))

    (letter,) = mails_to(user)
    assert "Your appeal was turned down" in letter.subject
    assert "It is not about the article." in letter.body
    assert comment.status_url in letter.body
    assert "othermoderator" not in letter.body


def test_a_granted_author_hears_once_that_it_is_published():
    user = make_user()
    comment = refused(user=user)
    mails_to(user)
    mail.outbox.clear()

    settle_appeal(objected(comment).pk, grant=True, by=make_moderator())

    assert ["Your comment is published" in letter.subject for letter in mails_to(user)] == [True]


@pytest.mark.parametrize("values", [{}, {"verified": False}], ids=["guest", "unverified"])
def test_nobody_is_mailed_at_an_address_that_was_not_verified(values):
    comment = refused(**({"user": make_user(**values)} if values else {"email": "bob@example.org"}))

    settle_appeal(objected(comment).pk, grant=False, by=make_moderator())

    assert not Letter.objects.filter(name="comment_appeal_rejected").exists()


@pytest.mark.ci_both
def test_a_mail_about_what_its_author_withdraws_is_not_sent():
    user = make_user()
    comment = refused(user=user)
    settle_appeal(objected(comment).pk, grant=False, by=make_moderator())
    # As if the worker had not come to it yet.
    assert Letter.objects.filter(name="comment_appeal_rejected").update(sent_at=None, attempts=0) == 1

    withdraw(comment.pk, by=user)

    assert not Letter.objects.filter(name="comment_appeal_rejected").exists()


# --- At once ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_moderators_and_an_author_at_once_leave_one_outcome():
    for _ in range(5):
        comment = refused()
        made = objected(comment)
        others = [make_moderator(), make_moderator()]

        def settled(number: int, made=made, others=others) -> bool:
            try:
                return bool(settle_appeal(made.pk, grant=bool(number), by=others[number]))
            except AppealSettled:
                return False
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(settled, range(2)))

        made.refresh_from_db()
        assert done.count(True) == 1
        assert made.outcome == ("granted" if done[1] else "rejected")
        assert row(comment).status == ("approved" if done[1] else "trash")


@pytest.mark.django_db(transaction=True)
def test_one_of_two_objections_at_once_is_kept():
    comment = refused()

    def made(number: int) -> bool:
        try:
            return bool(objected(comment, f"Words {number}"))
        except AppealedTwice:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(made, range(4))).count(True) == 1
    assert Appeal.objects.count() == 1
