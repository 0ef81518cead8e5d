"""Readers report a comment: by the page, over REST, and what becomes of it."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comments.audit import audit_log, refusal_reasons
from comments.authors.author_edits import edit_comment
from comments.errors import (
    AlreadyReported,
    NoSuchComment,
    NotKept,
    ObjectedTwice,
    OwnComment,
    OwnDecision,
    ReportFlood,
)
from comments.models import AuditEntry, Comment, Report
from comments.moderation import batches, erasing
from comments.moderation.decisions import decide, withdraw
from comments.moderation.moderator_edits import revise
from comments.moderation.undoing import undo
from comments.objections import reports
from comments.objections.objection_text import LENGTH
from comments.objections.reports import Reporter, object_to, report, settle
from newsreader.accounts.identities import own_identity
from newsreader.kit.errors import Invalid
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.factories import make_article, make_ban, make_comment, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
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


def any_reports_count() -> None:
    """Let any three reports hold a comment, for tests of what comes after."""
    set_rules(flags_networks=0, flags_accounts=0)


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
    entry = audit_log.history(f"comment:{comment.pk}").get(kind="report")
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


@pytest.mark.ci_both
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


@pytest.mark.ci_both
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
    comments = [make_comment() for _ in range(reports.BURST + 1)]
    for comment in comments[:-1]:
        reported(comment)

    with pytest.raises(ReportFlood) as refused:
        reported(comments[-1])

    assert 0 < refused.value.retry_after <= reports.PAUSE
    assert row(comments[-1]).flag_count == 0


def test_a_refused_report_is_not_counted():
    comment = make_comment()
    for _ in range(reports.BURST + 1):
        with pytest.raises(Invalid):
            reported(comment, reason="ugly")

    assert reported(comment)


# --- Holding ------------------------------------------------------------------------------------------------------


OLD, NEW = dt.timedelta(days=7), dt.timedelta(days=6, hours=23)


def member(age: dt.timedelta, address: str, *, commented: bool = False, banned: bool = False) -> Reporter:
    user = make_user(date_joined=timezone.now() - age)
    if commented:
        make_comment(user=user)
    if banned:
        make_ban(identity=own_identity(user))
    return Reporter(user, address)


def test_reports_by_readers_who_are_known_and_far_apart_hold_a_comment():
    comment = make_comment()

    for visitor in (
        member(OLD, "198.51.100.1"),
        member(NEW, "2001:db8:1:2::1", commented=True),
        Reporter(address="203.0.113.1"),
    ):
        assert row(comment).status == "approved"
        report(comment.pk, reason="abuse", visitor=visitor)

    decision = comment.decisions.last()
    assert (decision.after, decision.source, decision.by) == ("pending", "reports", None)
    assert decision.reasons == [{"code": "reported", "params": {"count": 3}}]
    assert row(comment).flag_count == 3
    comment.article.refresh_from_db()
    assert comment.article.comment_count == 0


@pytest.mark.parametrize(
    "second",
    [
        {"address": "2001:db8:1:2::1", "age": NEW},  # nobody yet
        {"address": "2001:db8:1:2::1", "age": OLD, "banned": True},
        {"address": "198.51.100.254", "age": OLD},  # next door, or the same person
        {"address": "2001:db8:9:9:ffff::1", "age": OLD},
        {"address": "", "age": OLD},
    ],
)
def test_what_may_be_one_person_s_reports_hold_nothing(second):
    comment = make_comment()
    for visitor in (
        member(OLD, "198.51.100.1"),
        member(**second),
        Reporter(address="2001:db8:9:9::1"),
        Reporter(address="198.51.100.7"),
    ):
        report(comment.pk, reason="abuse", visitor=visitor)

    assert (row(comment).status, row(comment).flag_count) == ("approved", 4)


def test_how_many_networks_and_accounts_it_takes_is_for_editors_to_say():
    comment, other = make_comment(), make_comment()

    set_rules(flags_networks=1, flags_accounts=0)
    reported(comment, 3)
    set_rules(flags_accounts=1, flags_account_days=0)
    reported(other, 2)
    report(other.pk, reason="abuse", visitor=member(dt.timedelta(), "198.51.100.9"))

    assert row(comment).status == row(other).status == "pending"


def test_no_number_of_reports_holds_where_the_rules_say_so():
    any_reports_count()
    set_rules(flags_hold=0)
    comment = make_comment()

    reported(comment, 4)

    assert row(comment).status == "approved"


def test_the_newsrooms_own_comments_are_never_held_by_reports():
    any_reports_count()
    comment = make_comment(user=make_moderator())

    reported(comment, 4)

    assert (row(comment).status, row(comment).flag_count) == ("approved", 4)


@pytest.mark.ci_both
@pytest.mark.parametrize("way", ["dismissed", "approved again", "approved as it is", "one's own objection"])
def test_what_a_moderator_has_kept_is_not_held_again(way):
    any_reports_count()
    comment, moderator = make_comment(), make_moderator()
    match way:
        case "dismissed":
            reported(comment, 2)
            settle(comment.pk, "kept", by=moderator)
        case "approved again":
            reported(comment, 3)
            decide(comment.pk, "approved", by=moderator)
        case "approved as it is":
            reported(comment, 2)
            assert decide(comment.pk, "approved", by=moderator) is None
            assert {made.outcome for made in comment.reports.all()} == {"kept"}
        case _:
            made = objected(kept(moderator))
            comment = made.comment
            reported(comment, 1, first=9)
            decide(comment.pk, "approved", by=moderator)
            assert {made.outcome for made in comment.reports.all()} == {"kept", ""}
    before = row(comment).flag_count

    reported(comment, 4, first=20)

    assert (row(comment).status, row(comment).flag_count) == ("approved", before + 4)


@pytest.mark.ci_both
def test_what_a_moderator_has_kept_and_mended_is_not_held_again():
    any_reports_count()
    comment, moderator = make_comment(), make_moderator()
    reported(comment, 3)
    decide(comment.pk, "approved", by=moderator)
    revise(comment.pk, "A kinder word.", by=moderator)

    reported(comment, 3, first=10)

    assert row(comment).status == "approved"


def test_a_text_that_its_author_changed_since_can_be_held_again():
    any_reports_count()
    comment = make_comment()
    reported(comment, 3)
    decide(comment.pk, "approved", by=make_moderator())
    set_rules(hold_first_comment=False)
    edit_comment(comment.pk, "Another thought altogether.", token=comment.status_token)

    reported(comment, 3, first=10)

    assert row(comment).status == "pending"


# --- Settling -----------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
@pytest.mark.parametrize(("status", "outcome"), [("trash", "removed"), ("spam", "removed"), ("approved", "kept")])
def test_a_persons_decision_settles_what_readers_reported(status, outcome):
    any_reports_count()
    comment, moderator = make_comment(), make_moderator()
    reports = reported(comment, 3)

    decision = decide(comment.pk, status, by=moderator, reason="abuse")

    for made in reports:
        made.refresh_from_db()
        assert (made.outcome, made.decision_reason, made.settled_by) == (outcome, "abuse", moderator)
        assert (made.settled_at, made.settled_with) == (decision.created_at, decision)
    assert row(comment).flag_count == 0
    told = audit_log.history(f"comment:{comment.pk}").filter(kind="report_settled")
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


@pytest.mark.ci_both
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
    assert audit_log.history(f"comment:{comment.pk}").get(kind="reopened").facts == {"report": made.pk}

    batches.undo(undone.pk, by=moderator, rows=mine)
    made.refresh_from_db()
    assert (made.outcome, row(comment).status, row(comment).flag_count) == ("removed", "trash", 0)


def test_undoing_a_decision_opens_nothing_that_was_settled_by_itself_in_the_same_instant(time_machine):
    comment, moderator = make_comment(status="pending"), make_moderator()
    time_machine.move_to(timezone.now(), tick=False)
    batch = batches.decide_batch(Comment.objects.filter(pk=comment.pk), "approved", by=moderator)
    (made,) = reported(comment)
    settle(comment.pk, "kept", by=moderator)

    undo(batch.pk, by=moderator)

    made.refresh_from_db()
    assert (made.outcome, row(comment).status) == ("kept", "pending")
    assert not audit_log.history(f"comment:{comment.pk}").filter(kind="reopened").exists()


@pytest.mark.ci_both
def test_undoing_what_was_decided_before_an_undone_decision_opens_what_it_had_settled():
    comment, moderator = make_comment(), make_moderator()
    (made,) = reported(comment)
    rows = Comment.objects.filter(pk=comment.pk)
    removed = batches.decide_batch(rows, "trash", by=moderator, reason="abuse")
    marked = batches.decide_batch(rows, "spam", by=moderator, reason="spam")
    undo(marked.pk, by=moderator)
    made.refresh_from_db()
    assert (made.outcome, made.settled_with) == ("removed", comment.decisions.get(batch=removed))

    undo(removed.pk, by=moderator)

    made.refresh_from_db()
    assert (made.outcome, made.settled_with, row(comment).flag_count) == ("", None, 1)


@pytest.mark.ci_both
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
    refusal_reasons.offered()  # Read once in a process, so not a question of either.
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
    assert set(form.cookies) == {"csrftoken"}
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
    for _ in range(reports.BURST):
        client.post(flag_url(make_comment()), {"reason": "abuse"})

    answer = client.post(flag_url(make_comment()), {"reason": "abuse", "detail": "kept"})

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= reports.PAUSE
    assert 'data-code="report_flood"' in text_of(answer)
    assert "kept" in text_of(answer)


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
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


@pytest.mark.ci_both
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
    assert client.post(f"/reports/{made.pk}/{made.token}x/", {"objection": "x"}).status_code == 404
    assert client.put(made.status_url).status_code == 405


@pytest.mark.ci_both
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


# --- Objecting to its staying -------------------------------------------------------------------------------------


def kept(by=None, **values) -> Report:
    """A report of a comment that a moderator then kept."""
    (made,) = reported(make_comment(), **values)
    settle(made.comment_id, "kept", by=by or make_moderator())
    made.refresh_from_db()
    return made


def objected(made: Report, text: str = "Look again.", visitor: Reporter | None = None) -> Report:
    return object_to(made.pk, made.token, text, visitor=visitor or guest())


def test_an_objection_opens_the_report_again_and_is_logged_with_its_words_apart():
    moderator = make_moderator()
    first = kept(moderator)

    made = objected(first, "  It still\r\ncalls me names. ")

    made.refresh_from_db()
    assert (made.objection, made.outcome, made.settled_at, made.settled_by) == (
        "It still\ncalls me names.",
        "",
        None,
        None,
    )
    assert (made.kept_at, made.kept_by) == (first.settled_at, moderator)
    assert row(made.comment).flag_count == 1
    entry = audit_log.history(f"comment:{made.comment_id}").get(kind="report_objection")
    assert (entry.facts, entry.personal) == ({"report": made.pk}, {"text": made.objection})
    assert "names" not in json.dumps(entry.facts)
    assert audit_log.verify()[1] == []


def test_whose_account_objects_is_on_record_where_it_is_that_of_the_report():
    user, comment = make_user(), make_comment()
    made = report(comment.pk, reason="abuse", visitor=Reporter(user))
    settle(comment.pk, "kept", by=make_moderator())

    objected(made, visitor=Reporter(user))

    assert audit_log.history(f"comment:{comment.pk}").get(kind="report_objection").by_account == user.pk
    other = kept()
    objected(other, visitor=Reporter(user))
    assert audit_log.history(f"comment:{other.comment_id}").get(kind="report_objection").by_account is None


def test_one_objects_once():
    made = objected(kept())
    with pytest.raises(ObjectedTwice):
        objected(made)
    settle(made.comment_id, "kept", by=make_moderator())

    with pytest.raises(ObjectedTwice) as refused:
        objected(made)
    assert refused.value.code == "objection_twice"


@pytest.mark.parametrize("status", [None, "trash", "pending"])
def test_only_to_what_was_kept_and_stays_can_be_objected(status):
    (made,) = reported(make_comment())
    if status:
        settle(made.comment_id, "kept", by=make_moderator())
        decide(made.comment_id, status, by=make_moderator(), reason="abuse")

    with pytest.raises(NotKept):
        objected(made)


@pytest.mark.parametrize(
    ("text", "code"),
    [(" \u200b", "require_objection"), ("x" * (LENGTH + 1), "objection_column_length")],
)
def test_an_objection_has_words_and_not_too_many(text, code):
    with pytest.raises(Invalid) as raised:
        objected(kept(), text)

    assert [(error.field, error.code) for error in raised.value.errors] == [("objection", code)]


def test_nobody_else_objects():
    made = kept()

    with pytest.raises(Report.DoesNotExist):
        object_to(made.pk, "wrong", "Look again.", visitor=guest())


def test_another_moderator_decides_about_it():
    first, other = make_moderator(), make_moderator()
    made = objected(kept(first))

    with pytest.raises(OwnDecision):
        settle(made.comment_id, "kept", by=first)
    assert row(made.comment).flag_count == 1
    settle(made.comment_id, "kept", by=other)

    made.refresh_from_db()
    assert (made.outcome, made.settled_by, row(made.comment).flag_count) == ("kept", other, 0)
    assert audit_log.verify()[1] == []


def test_the_only_moderator_may_and_that_is_on_record():
    first = make_moderator()
    made = objected(kept(first))
    make_moderator(is_active=False)

    settle(made.comment_id, "kept", by=first)

    entry = audit_log.history(f"comment:{made.comment_id}").get(kind="own_appeal_settled")
    assert (entry.by_account, entry.facts) == (first.pk, {"reports": [made.pk]})


@pytest.mark.ci_both
def test_who_kept_it_may_still_remove_it():
    first = make_moderator()
    made = objected(kept(first))
    make_moderator()

    decide(made.comment_id, "trash", by=first, reason="abuse")

    made.refresh_from_db()
    assert (made.outcome, row(made.comment).flag_count) == ("removed", 0)


def test_holding_and_approving_it_is_no_way_round_for_who_kept_it():
    first, other = make_moderator(), make_moderator()
    made = objected(kept(first))
    (fresh,) = reported(made.comment, first=7)
    decide(made.comment_id, "pending", by=first)

    decide(made.comment_id, "approved", by=first)
    made.refresh_from_db()
    fresh.refresh_from_db()
    assert (made.outcome, fresh.outcome, row(made.comment).flag_count) == ("", "kept", 1)

    decide(made.comment_id, "pending", by=other)
    decide(made.comment_id, "approved", by=other)
    made.refresh_from_db()
    assert (made.outcome, row(made.comment).flag_count) == ("kept", 0)


def test_an_objection_does_not_help_to_hold_what_was_kept():
    any_reports_count()
    made = objected(kept())

    reported(made.comment, 4, first=10)

    assert row(made.comment).status == "approved"


@pytest.mark.ci_both
def test_an_objection_needs_an_outcome_before_it():
    (made,) = reported(make_comment())

    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=made.pk).update(objection="words")
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=made.pk).update(objected_at=timezone.now())


def test_one_objects_without_script_on_the_receipt_and_reads_the_outcome_there(client):
    made = kept()
    before = AuditEntry.objects.count()
    page = text_of(client.get(made.status_url))
    assert 'data-action="object"' in page
    assert AuditEntry.objects.count() == before  # Opening it changes nothing.

    answer = client.post(made.status_url, {"objection": "It <b>is</b> about me."})

    assert (answer.status_code, answer["Location"]) == (303, f"{made.status_url}#objection")
    page = text_of(client.get(made.status_url))
    assert "It &lt;b&gt;is&lt;/b&gt; about me." in page
    assert "We have your appeal." in page
    assert 'data-action="object"' not in page
    settle(made.comment_id, "kept", by=make_moderator(username="othermoderator"))
    page = text_of(client.get(made.status_url))
    assert "looked at the comment again, and it stays" in page
    assert "othermoderator" not in page


def test_a_removed_or_open_one_offers_no_form(client):
    (made,) = reported(make_comment())
    assert 'data-action="object"' not in text_of(client.get(made.status_url))

    decide(made.comment_id, "trash", by=make_moderator(), reason="abuse")

    assert 'data-action="object"' not in text_of(client.get(made.status_url))


@pytest.mark.parametrize(("text", "code"), [("", "require_objection"), ("keep <it>" * 300, "objection_column_length")])
def test_a_wrong_objection_comes_back_with_everything_typed(client, text, code):
    made = kept()

    answer = client.post(made.status_url, {"objection": text})

    assert answer.status_code == 422
    assert f'id="error-objection" data-code="{code}"' in text_of(answer)
    assert text.replace("<", "&lt;").replace(">", "&gt;") in text_of(answer)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "no-referrer")


def test_a_second_objection_keeps_the_words(client):
    made = kept()
    client.post(made.status_url, {"objection": "the first"})

    answer = client.post(made.status_url, {"objection": "words to keep"})

    assert answer.status_code == 409
    assert 'data-code="objection_twice"' in text_of(answer)
    assert "words to keep" in text_of(answer)
    assert Report.objects.get().objection == "the first"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_another_site_cannot_object_for_a_guest(client, headers):
    made = kept()

    answer = client.post(made.status_url, {"objection": "words to keep"}, headers=headers)

    assert (answer.status_code, 'data-code="forgery_refused"' in text_of(answer)) == (403, True)
    assert "words to keep" in text_of(answer)
    assert Report.objects.get().objected_at is None


@pytest.mark.ci_both
def test_the_desk_shows_the_words_and_refuses_who_kept_it(client):
    first = make_moderator()
    made = objected(kept(first), "It <b>is</b> about me.")
    make_moderator()
    client.force_login(first)
    desk = reverse("admin:moderation")

    page = text_of(client.get(desk, {"status": "reported"}))
    answer = client.post(desk, {"action": "keep", "ids": made.comment_id}, headers={"Accept": "application/json"})

    assert "The reader who reported it disagrees with keeping it:" in page
    assert "It &lt;b&gt;is&lt;/b&gt; about me." in page
    assert (answer.status_code, answer.json()["code"]) == (403, "own_decision")


@pytest.mark.ci_both
def test_the_words_go_when_the_comment_is_erased():
    made = objected(kept(), "Bo Tremblay said that.")

    erasing.erase(made.comment_id, by=make_moderator())

    made.refresh_from_db()
    assert made.objection == ""
    assert "Tremblay" not in str(list(AuditEntry.objects.values()))
    assert audit_log.verify()[1] == []


def test_a_member_hears_of_the_second_outcome_too():
    comment, user = make_comment(), make_user()
    made = report(comment.pk, reason="abuse", visitor=Reporter(user), by_mail=True)
    settle(comment.pk, "kept", by=make_moderator())
    send_due.call()
    objected(made, visitor=Reporter(user))
    mail.outbox.clear()

    settle(comment.pk, "kept", by=make_moderator())
    send_due.call()

    (letter,) = [letter for letter in mail.outbox if letter.to == [user.email]]
    assert "looked again" in letter.body
    assert made.status_url in letter.body


@pytest.mark.ci_both
def test_after_an_objection_nobody_is_mailed_the_outcome_before_it():
    comment, user = make_comment(), make_user()
    made = report(comment.pk, reason="abuse", visitor=Reporter(user), by_mail=True)
    settle(comment.pk, "kept", by=make_moderator())
    # As if the worker had not come to it yet.
    assert Letter.objects.filter(name="comment_report_settled").update(sent_at=None, attempts=0) == 1

    objected(made, visitor=Reporter(user))

    assert not Letter.objects.filter(name="comment_report_settled").exists()


@pytest.mark.django_db(transaction=True)
def test_one_of_two_objections_at_once_is_kept():
    made = kept()

    def works(number: int) -> bool:
        try:
            return bool(objected(made, f"Words {number}"))
        except ObjectedTwice:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(works, range(4))).count(True) == 1
    assert row(made.comment).flag_count == 1


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


@pytest.mark.ci_both
@pytest.mark.parametrize("values", [{"by_mail": False}, {"verified": False}])
def test_nobody_else_gets_a_mail(values):
    user = make_user(verified=values.get("verified", True))
    report(
        make_comment().pk,
        visitor=Reporter(user),
        by_mail=values.get("by_mail", True),
        **(NOTICE | {"good_faith": True, "email": "typed@example.org"}),
    )

    assert not Letter.objects.filter(about="report").exists()


def test_a_guest_cannot_ask_for_mails():
    (made,) = reported(make_comment(), by_mail=True)

    assert made.account is None


def test_an_outcome_that_is_undone_is_not_mailed():
    comment, moderator = make_comment(), make_moderator()
    report(comment.pk, reason="abuse", visitor=Reporter(make_user()), by_mail=True)
    mine = Comment.objects.moderated_by(moderator)
    batch = batches.decide_batch(mine.filter(pk=comment.pk), "trash", by=moderator, reason="abuse")
    # As if the worker had not come to it yet.
    assert Letter.objects.filter(name="comment_report_settled").update(sent_at=None, attempts=0) == 1

    batches.undo(batch.pk, by=moderator, rows=mine)

    assert not Letter.objects.filter(name="comment_report_settled").exists()


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


@pytest.mark.ci_both
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
    for _ in range(reports.BURST):
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
    set_rules(flags_hold=4, flags_networks=1, flags_accounts=0)
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
    assert (row(comment).status, comment.decisions.filter(source="reports").count()) == ("pending", 1)


@pytest.mark.parametrize("verified", [True, False])
def test_only_who_has_an_address_is_offered_the_outcome_by_mail(client, verified):
    client.force_login(make_user(verified=verified))
    comment = make_comment()

    assert ("Email me the outcome" in client.get(f"/comments/{comment.pk}/flag/").content.decode()) is verified
