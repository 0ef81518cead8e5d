"""Readers report a comment: by the page, over REST, and what becomes of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from comments import batches, log, reporting
from comments.errors import AlreadyReported, NoSuchComment, OwnComment, ReportFlood
from comments.models import Comment, Delivery, Report
from comments.moderation import decide, withdraw
from comments.notifications.sending import send_due
from comments.reporting import Reporter, report, settle
from newsreader.kit.errors import Invalid
from tests.factories import make_article, make_comment, make_moderator, make_user, set_rules

pytestmark = pytest.mark.django_db
NOTICE = {
    "reason": "illegal",
    "detail": "It says that I stole the ferry.",
    "law": "§ 186 StGB",
    "good_faith": "on",
    "name": "Grace Hopper",
    "email": "grace@example.org",
}


def guest(number: int = 1) -> Reporter:
    return Reporter(address=f"198.51.100.{number}")


def reported(comment: Comment, times: int = 1, *, first: int = 1, **values) -> list[Report]:
    return [
        report(comment.pk, visitor=guest(number), **{"reason": "abuse", **values})
        for number in range(first, first + times)
    ]


def row(comment: Comment) -> Comment:
    return Comment.objects.get(pk=comment.pk)


def text_of(answer) -> str:
    return answer.content.decode()


# --- The operation ------------------------------------------------------------------------------------------------


def test_a_report_is_kept_counted_and_logged():
    comment = make_comment()

    made = report(comment.pk, reason="abuse", detail="  It calls me\r\nnames. ", visitor=guest())

    assert (made.reason, made.detail, made.outcome, made.account) == ("abuse", "It calls me\nnames.", "", None)
    assert row(comment).flag_count == 1
    entry = log.history(f"comment:{comment.pk}").get(kind="report")
    assert entry.facts == {"report": made.pk, "reason": "abuse"}
    assert "names" not in json.dumps([entry.facts, entry.personal])


def test_what_only_the_law_asks_for_is_dropped_with_any_other_reason():
    made = report(make_comment().pk, visitor=guest(), **(NOTICE | {"reason": "spam", "good_faith": True}))

    assert (made.law, made.name, made.email, made.good_faith) == ("", "", "", False)


def test_a_notice_of_something_illegal_keeps_what_the_law_asks_for():
    made = report(make_comment().pk, visitor=guest(), **(NOTICE | {"good_faith": True}))

    assert (made.law, made.good_faith, made.name, made.email) == (
        "§ 186 StGB", True, "Grace Hopper", "grace@example.org",
    )  # fmt: skip


def test_a_notice_may_be_anonymous():
    made = report(make_comment().pk, visitor=guest(), **(NOTICE | {"good_faith": True, "name": "", "email": ""}))

    assert (made.name, made.email) == ("", "")


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"law": " "}, "law", "require_law"),
        ({"law": "§" * 201}, "law", "report_law_column_length"),
        ({"detail": "\u200b"}, "detail", "require_detail"),
        ({"detail": "x" * 2001}, "detail", "report_detail_column_length"),
        ({"good_faith": False}, "good_faith", "require_good_faith"),
        ({"name": "x" * 246}, "name", "comment_author_column_length"),
        ({"email": "nobody"}, "email", "require_valid_email"),
        ({"email": "x" * 101}, "email", "comment_author_email_column_length"),
        ({"reason": "ugly"}, "reason", "require_reason"),
        ({"reason": ""}, "reason", "require_reason"),
    ],
)
def test_what_is_wrong_is_named(wrong, field, code):
    comment = make_comment()

    with pytest.raises(Invalid) as refused:
        report(comment.pk, visitor=guest(), **(NOTICE | {"good_faith": True} | wrong))

    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    assert row(comment).flag_count == 0


def test_each_network_reports_a_comment_once():
    comment = make_comment()
    reported(comment)

    with pytest.raises(AlreadyReported) as refused:
        reported(comment, reason="spam")

    assert refused.value.url == ""  # The first may be somebody else's in that network.
    assert Report.objects.get(comment=comment).reason == "abuse"
    assert row(comment).flag_count == 1


def test_a_member_reports_once_wherever_they_are_and_is_led_to_their_first_report():
    comment, user = make_comment(), make_user()
    first = report(comment.pk, reason="abuse", visitor=Reporter(user, "198.51.100.1"))

    with pytest.raises(AlreadyReported) as refused:
        report(comment.pk, reason="abuse", visitor=Reporter(user, "198.51.100.2"))

    assert refused.value.url == first.status_url


def test_members_of_one_network_report_each_for_themselves():
    comment = make_comment()
    for user in (make_user(), make_user(), None):
        report(comment.pk, reason="abuse", visitor=Reporter(user, "198.51.100.1"))

    assert row(comment).flag_count == 3
    assert Report.objects.filter(comment=comment).count() == 3


@pytest.mark.parametrize("status", ["pending", "spam", "trash"])
def test_only_what_readers_see_can_be_reported(status):
    comment = make_comment(status=status)

    with pytest.raises(NoSuchComment):
        reported(comment)


def test_nothing_under_a_withdrawn_article_can_be_reported():
    comment = make_comment()
    type(comment.article).objects.filter(pk=comment.article_id).update(state="withdrawn")

    with pytest.raises(NoSuchComment):
        reported(comment)


def test_nobody_reports_their_own():
    user = make_user()
    members, guests = make_comment(user=user), make_comment()

    with pytest.raises(OwnComment):
        report(members.pk, reason="abuse", visitor=Reporter(user))
    with pytest.raises(OwnComment):
        report(guests.pk, reason="abuse", visitor=Reporter(address="198.51.100.1", comments=(guests.pk,)))


def test_a_cookie_does_not_make_a_members_comment_ones_own():
    comment = make_comment(user=make_user())

    assert report(comment.pk, reason="abuse", visitor=Reporter(address="198.51.100.1", comments=(comment.pk,)))


def test_whoever_reports_very_fast_has_to_wait():
    comments = [make_comment() for _ in range(reporting.BURST + 1)]
    for comment in comments[:-1]:
        reported(comment)

    with pytest.raises(ReportFlood) as refused:
        reported(comments[-1])

    assert 0 < refused.value.retry_after <= reporting.PAUSE
    assert row(comments[-1]).flag_count == 0


def test_a_refused_report_is_not_counted():
    comment = make_comment()
    for _ in range(reporting.BURST + 1):
        with pytest.raises(Invalid):
            reported(comment, reason="ugly")

    assert reported(comment)


# --- Holding ------------------------------------------------------------------------------------------------------


def test_enough_reports_by_different_readers_hold_a_comment():
    comment = make_comment()

    reported(comment, 2)
    assert row(comment).status == "approved"
    reported(comment, first=3)

    decision = comment.decisions.last()
    assert (decision.after, decision.rule, decision.by) == ("pending", "reports", None)
    assert decision.reasons == [{"code": "reported", "params": {"count": 3}}]
    assert row(comment).flag_count == 3
    comment.article.refresh_from_db()
    assert comment.article.comment_count == 0


def test_no_number_of_reports_holds_where_the_rules_say_so():
    set_rules(flags_hold=0)
    comment = make_comment()

    reported(comment, 4)

    assert row(comment).status == "approved"


def test_the_newsrooms_own_comments_are_never_held_by_reports():
    comment = make_comment(user=make_moderator())

    reported(comment, 4)

    assert (row(comment).status, row(comment).flag_count) == ("approved", 4)


@pytest.mark.parametrize("dismissed", [True, False], ids=["dismissed", "approved again"])
def test_what_a_moderator_has_kept_is_not_held_again(dismissed):
    comment, moderator = make_comment(), make_moderator()
    if dismissed:
        reported(comment, 2)
        settle(comment.pk, "kept", by=moderator)
    else:
        reported(comment, 3)
        decide(comment.pk, "approved", by=moderator)

    reported(comment, 4, first=10)

    assert (row(comment).status, row(comment).flag_count) == ("approved", 4)


def test_another_text_can_be_held_again():
    comment = make_comment()
    reported(comment, 3)
    decide(comment.pk, "approved", by=make_moderator())
    Comment.objects.filter(pk=comment.pk).update(edited_at=timezone.now())

    reported(comment, 3, first=10)

    assert row(comment).status == "pending"


# --- Settling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "outcome"), [("trash", "removed"), ("spam", "removed"), ("approved", "kept")])
def test_a_persons_decision_settles_what_readers_reported(status, outcome):
    comment, moderator = make_comment(), make_moderator()
    reports = reported(comment, 3)

    decision = decide(comment.pk, status, by=moderator, reason="abuse")

    for made in reports:
        made.refresh_from_db()
        assert (made.outcome, made.decision_reason, made.settled_by) == (outcome, "abuse", moderator)
        assert made.settled_at == decision.created_at
    assert row(comment).flag_count == 0
    told = log.history(f"comment:{comment.pk}").filter(kind="report_settled")
    assert [entry.facts for entry in told] == [
        {"report": made.pk, "outcome": outcome, "reason": "abuse"} for made in reports
    ]
    assert {entry.by_account for entry in told} == {moderator.pk}


@pytest.mark.parametrize("by_rule", [True, False])
def test_neither_a_rule_nor_holding_settles_anything(by_rule):
    comment = make_comment()
    (made,) = reported(comment)

    decide(comment.pk, "trash" if by_rule else "pending", by=None if by_rule else make_moderator(), reason="abuse")

    made.refresh_from_db()
    assert (made.outcome, row(comment).flag_count) == ("", 1)


def test_reports_can_be_dismissed_and_the_comment_left_as_it_is():
    comment, moderator = make_comment(), make_moderator()
    (made,) = reported(comment)
    decisions = comment.decisions.count()

    assert settle(comment.pk, "kept", by=moderator, reason="mistake") == 1

    made.refresh_from_db()
    assert (made.outcome, made.decision_reason, made.settled_by) == ("kept", "mistake", moderator)
    assert (row(comment).status, row(comment).flag_count, comment.decisions.count()) == ("approved", 0, decisions)
    assert settle(comment.pk, "kept", by=moderator) == 0


def test_an_outcome_that_is_none_is_refused():
    comment = make_comment()
    reported(comment)
    for outcome in ("", "burned"):
        with pytest.raises(ValueError, match=r"outcome|Outcome"):
            settle(comment.pk, outcome, by=make_moderator())
    assert row(comment).flag_count == 1


def test_a_comment_that_its_author_withdraws_settles_its_reports():
    comment = make_comment()
    (made,) = reported(comment)

    withdraw(comment.pk, by=None)

    made.refresh_from_db()
    assert (made.outcome, made.decision_reason, made.settled_by) == ("removed", "withdrawn", None)


def test_undoing_a_decision_opens_again_what_it_had_settled_and_undoing_that_settles_it():
    comment, moderator = make_comment(), make_moderator()
    (made,) = reported(comment)
    mine = Comment.objects.moderated_by(moderator)

    batch = batches.decide_batch(mine.filter(pk=comment.pk), "trash", by=moderator, reason="abuse")
    made.refresh_from_db()
    assert made.outcome == "removed"

    undone = batches.undo(batch.pk, by=moderator, rows=mine)
    made.refresh_from_db()
    assert (made.outcome, made.settled_by, made.settled_at) == ("", None, None)
    assert (row(comment).status, row(comment).flag_count) == ("approved", 1)
    assert log.history(f"comment:{comment.pk}").get(kind="reopened").facts == {"report": made.pk}

    batches.undo(undone.pk, by=moderator, rows=mine)
    made.refresh_from_db()
    assert (made.outcome, row(comment).status, row(comment).flag_count) == ("removed", "trash", 0)


def test_many_reported_comments_are_settled_in_as_many_questions_as_few(django_assert_max_num_queries):
    moderator, article = make_moderator(), make_article()
    mine = Comment.objects.moderated_by(moderator)

    def asked(number: int, first: int) -> int:
        made = [make_comment(article) for _ in range(number)]
        for place, comment in enumerate(made):
            reported(comment, first=first + place)
        with django_assert_max_num_queries(200) as asked:
            batches.decide_batch(mine.filter(pk__in=[one.pk for one in made]), "trash", by=moderator, reason="spam")
        assert not Report.objects.filter(comment__in=made, outcome="").exists()
        return len(asked)

    set_rules(flood_seconds=0)
    assert asked(2, 1) == asked(12, 100)


# --- The page -----------------------------------------------------------------------------------------------------


def flag_url(comment: Comment) -> str:
    return f"/comments/{comment.pk}/flag/"


def test_every_comment_under_an_article_can_be_reported_by_a_link(client):
    comment = make_comment()

    page = text_of(client.get(comment.article.get_absolute_url()))

    assert f'data-action="report" rel="nofollow" href="{flag_url(comment)}"' in page


def test_a_guest_reports_without_script_in_one_form(client):
    comment = make_comment()
    form = client.get(flag_url(comment))

    answer = client.post(flag_url(comment), {"reason": "abuse", "detail": "Rude words"})

    assert form.status_code == 200
    assert (form["Cache-Control"], form["X-Robots-Tag"]) == ("private, no-store", "noindex, nofollow")
    assert not form.cookies
    made = Report.objects.get(comment=comment)
    assert (answer.status_code, answer["Location"]) == (303, made.status_url)
    receipt = client.get(made.status_url)
    assert (receipt.status_code, receipt["Referrer-Policy"]) == (200, "no-referrer")
    assert 'data-outcome="open"' in text_of(receipt)
    assert "Rude words" in text_of(receipt)


def test_a_wrong_form_comes_back_with_everything_typed(client):
    comment = make_comment()

    answer = client.post(flag_url(comment), NOTICE | {"good_faith": "", "email": "nobody<x>"})

    page = text_of(answer)
    assert answer.status_code == 422
    for code in ("require_good_faith", "require_valid_email"):
        assert f'data-code="{code}"' in page
    for typed in ("It says that I stole the ferry.", "§ 186 StGB", "Grace Hopper", "nobody&lt;x&gt;"):
        assert typed in page
    assert 'value="illegal" required checked' in page


def test_a_second_report_says_so_kindly(client):
    comment = make_comment()
    client.post(flag_url(comment), {"reason": "abuse"})

    answer = client.post(flag_url(comment), {"reason": "spam", "detail": "once more"})

    assert answer.status_code == 409
    assert 'data-code="report_twice"' in text_of(answer)
    assert "once more" in text_of(answer)


def test_a_fast_reporter_is_told_when_to_come_back(client):
    for _ in range(reporting.BURST):
        client.post(flag_url(make_comment()), {"reason": "abuse"})

    answer = client.post(flag_url(make_comment()), {"reason": "abuse", "detail": "kept"})

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= reporting.PAUSE
    assert 'data-code="report_flood"' in text_of(answer)
    assert "kept" in text_of(answer)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_cannot_report_for_a_guest(client, headers):
    comment = make_comment()

    answer = client.post(flag_url(comment), {"reason": "abuse", "detail": "kept"}, headers=headers)

    assert answer.status_code == 403
    assert 'data-code="forgery_refused"' in text_of(answer)
    assert "kept" in text_of(answer)
    assert not Report.objects.exists()


def test_a_member_needs_the_token_of_the_form():
    client, comment, user = Client(enforce_csrf_checks=True), make_comment(), make_user()
    client.force_login(user)
    page = text_of(client.get(flag_url(comment)))
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    refused = client.post(flag_url(comment), {"reason": "abuse"})
    accepted = client.post(flag_url(comment), {"reason": "abuse", "by_mail": "on", "csrfmiddlewaretoken": token})

    assert (refused.status_code, accepted.status_code) == (403, 303)
    assert Report.objects.get().account == user


@pytest.mark.parametrize("status", ["pending", "spam", "trash"])
def test_the_form_of_what_readers_do_not_see_is_not_there(client, status):
    comment = make_comment(status=status)

    assert client.get(flag_url(comment)).status_code == 404
    assert client.post(flag_url(comment), {"reason": "abuse"}).status_code == 404


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**63, 10**30])
def test_a_number_that_is_no_comment_is_not_found(client, number):
    assert client.get(f"/comments/{number}/flag/").status_code == 404
    assert client.post(f"/api/v1/comments/{number}/flag/", {}, content_type="application/json").status_code == 404
    assert client.get(f"/reports/{number}/x/").status_code == 404


def test_other_methods_are_told_which_there_are(client):
    answer = client.put(flag_url(make_comment()))

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")


def test_ones_own_comment_offers_no_form(client):
    user = make_user()
    client.force_login(user)

    page = text_of(client.get(flag_url(make_comment(user=user))))

    assert "your own" in page
    assert 'id="reportform"' not in page


# --- The receipt --------------------------------------------------------------------------------------------------


def test_the_receipt_is_its_owners_alone(client):
    (made,) = reported(make_comment())

    assert client.get(f"/reports/{made.pk}/{made.token}x/").status_code == 404
    assert client.post(made.status_url).status_code == 405


@pytest.mark.parametrize(
    ("status", "told", "sentence"),
    [("trash", "has removed the comment", "It insults or attacks somebody"), ("approved", "and it stays", "")],
)
def test_the_receipt_tells_the_outcome_its_reason_and_what_to_do_about_it(client, status, told, sentence):
    comment = make_comment()
    (made, *_) = reported(comment, 3)

    decide(comment.pk, status, by=make_moderator(), reason="abuse" if status == "trash" else "")

    page = text_of(client.get(made.status_url))
    assert told in page
    assert sentence in page
    assert 'class="redress"' in page


def test_the_receipt_says_nothing_about_who_decided_or_what_was_removed(client):
    comment = make_comment(text="removedwords")
    (made,) = reported(comment)

    decide(comment.pk, "trash", by=make_moderator(username="moderatorname"), reason="abuse")

    page = text_of(client.get(made.status_url))
    assert "moderatorname" not in page
    assert "removedwords" not in page


# --- Mails --------------------------------------------------------------------------------------------------------


def test_a_member_who_asked_for_it_gets_a_receipt_and_the_outcome():
    comment, user = make_comment(), make_user()
    made = report(comment.pk, reason="abuse", visitor=Reporter(user), by_mail=True)
    send_due.call()
    decide(comment.pk, "trash", by=make_moderator(), reason="abuse")
    send_due.call()

    receipt, outcome = [letter for letter in mail.outbox if letter.to == [user.email]]
    for letter in (receipt, outcome):
        assert made.status_url in letter.body
    assert "insulting or abusive" in receipt.body
    assert "removed" in outcome.body
    assert "It insults or attacks somebody" in outcome.body


@pytest.mark.parametrize("values", [{"by_mail": False}, {"verified": False}])
def test_nobody_else_gets_a_mail(values):
    user = make_user(verified=values.get("verified", True))
    report(
        make_comment().pk,
        visitor=Reporter(user),
        by_mail=values.get("by_mail", True),
        **(NOTICE | {"good_faith": True, "email": "typed@example.org"}),
    )

    assert not Delivery.objects.filter(report__isnull=False).exists()


def test_a_guest_cannot_ask_for_mails():
    (made,) = reported(make_comment(), by_mail=True)

    assert made.account is None


def test_an_outcome_that_is_undone_is_not_mailed():
    comment, moderator = make_comment(), make_moderator()
    report(comment.pk, reason="abuse", visitor=Reporter(make_user()), by_mail=True)
    mine = Comment.objects.moderated_by(moderator)
    batch = batches.decide_batch(mine.filter(pk=comment.pk), "trash", by=moderator, reason="abuse")
    # As if the worker had not come to it yet.
    assert Delivery.objects.filter(event="report_settled").update(sent_at=None, attempts=0) == 1

    batches.undo(batch.pk, by=moderator, rows=mine)

    assert not Delivery.objects.filter(event="report_settled").exists()


# --- REST ---------------------------------------------------------------------------------------------------------


def send(client, comment, body, **headers):
    return client.post(f"/api/v1/comments/{comment.pk}/flag/", body, content_type="application/json", headers=headers)


def test_a_program_reports_and_is_told_where_the_outcome_will_stand(client):
    comment = make_comment()

    answer = send(client, comment, {"reason": "abuse", "detail": "Rude"})

    made = Report.objects.get(comment=comment)
    assert answer.status_code == 201
    assert answer.json() == {"id": made.pk, "status_url": f"http://testserver{made.status_url}"}
    assert (made.reason, made.detail) == ("abuse", "Rude")


def test_a_notice_over_rest():
    comment = make_comment()

    answer = send(Client(), comment, NOTICE | {"good_faith": True})

    assert answer.status_code == 201
    assert Report.objects.get().law == "§ 186 StGB"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "reason", "require_reason"),
        ({"reason": None}, "reason", "require_reason"),
        ({"reason": ["abuse"]}, "reason", "require_reason"),
        ({"reason": "abuse", "detail": "x" * 2001}, "detail", "report_detail_column_length"),
        (NOTICE | {"good_faith": "on"}, "good_faith", "require_good_faith"),
    ],
)
def test_what_is_wrong_is_a_problem_document(client, body, field, code):
    answer = send(client, make_comment(), body)

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_the_other_refusals_over_rest(client):
    comment = make_comment()
    send(client, comment, {"reason": "abuse"})
    twice = send(client, comment, {"reason": "abuse"})
    foreign = send(client, make_comment(), {"reason": "abuse"}, **{"Sec-Fetch-Site": "cross-site"})
    form = client.post(f"/api/v1/comments/{comment.pk}/flag/", {"reason": "abuse"})
    gone = send(client, make_comment(status="pending"), {"reason": "abuse"})
    for _ in range(reporting.BURST):
        fast = send(client, make_comment(), {"reason": "abuse"})

    answers = [(one.status_code, one.json()["code"]) for one in (twice, foreign, gone, fast)]
    assert answers == [(409, "report_twice"), (403, "forgery_refused"), (404, "not_found"), (429, "report_flood")]
    assert int(fast["Retry-After"]) > 0
    assert form.status_code == 415
    assert client.get(f"/api/v1/comments/{comment.pk}/flag/").status_code == 405


def test_a_member_over_rest_needs_the_token(client):
    strict, comment = Client(enforce_csrf_checks=True), make_comment()
    user = make_user()
    strict.force_login(user)

    assert send(strict, comment, {"reason": "abuse"}).json()["code"] == "forgery_refused"
    client.force_login(user)
    assert send(client, make_comment(user=user), {"reason": "abuse"}).json()["code"] == "own_comment"


# --- At once ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_reports_at_once_are_each_counted_and_hold_once():
    set_rules(flags_hold=4)
    comment = make_comment()

    def one(number: int) -> bool:
        try:
            return bool(report(comment.pk, reason="abuse", visitor=guest(1 + number % 6)))
        except (AlreadyReported, NoSuchComment):
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(one, range(24)))

    assert made == Report.objects.count() == row(comment).flag_count == 4
    assert (row(comment).status, comment.decisions.filter(rule="reports").count()) == ("pending", 1)
