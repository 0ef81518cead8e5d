"""Moderation in figures: counted by the worker, shown to everybody, and nobody's data in it."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.utils import timezone

from comments.models import Ban, Comment, Decision, MonthlyStats, RefusalReason, Report
from comments.moderation.decisions import decide, withdraw
from comments.objections import transparency
from comments.objections.appeals import appeal, settle_appeal
from comments.objections.reports import Reporter, object_to, report, settle
from comments.objections.transparency import bring_up_to_date, monthly_stats
from comments.objections.transparency_views import flat
from newsreader.operations.schedule import JOBS
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, post_comment, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
MARCH = dt.date(2026, 3, 1)
HOUR = dt.timedelta(hours=1)


def at(day: int, hour: int = 12, month: int = 3) -> dt.datetime:
    return timezone.make_aware(dt.datetime(2026, month, day, hour))


def waiting(day: int, hour: int = 12, **values) -> Comment:
    """A comment that came in then, and waits."""
    comment = post_comment(make_draft(**values))
    Comment.objects.filter(pk=comment.pk).update(created_at=at(day, hour))
    Decision.objects.filter(comment=comment).update(created_at=at(day, hour))
    comment.refresh_from_db()
    assert comment.status == "pending"
    return comment


def decided(comment: Comment, status: str, day: int, hour: int = 12, **values) -> None:
    decision = decide(comment.pk, status, **values)
    assert decision
    Decision.objects.filter(pk=decision.pk).update(created_at=at(day, hour))


def text_of(answer) -> str:
    return answer.content.decode()


# --- Counting -----------------------------------------------------------------------------------------------------


def test_an_empty_month_is_all_noughts():
    numbers = monthly_stats(MARCH)

    assert {value for _, value in flat(numbers)} == {0, ""}
    assert numbers["decisions"]["automatic_percent"] is None
    assert numbers["waiting"] == {"count": 0, "median_seconds": None}


@pytest.mark.ci_both
def test_decisions_are_counted_by_who_made_them_what_and_why():
    moderator = make_moderator()
    for day, (status, reason) in enumerate(
        [("approved", ""), ("trash", "abuse"), ("trash", "abuse"), ("spam", "spam"), ("trash", "abuse")], start=1
    ):
        decided(waiting(day), status, day, by=moderator, reason=reason)
    Decision.objects.filter(created_at=at(5), after="trash").update(reasons=[])  # Old ones may be without.
    decided(waiting(6), "spam", 6, source="akismet", reason="spam_words")
    decided(waiting(7), "approved", 7, source="proving", reason="address_confirmed")

    decisions = monthly_stats(MARCH)["decisions"]

    assert decisions["people"] == {
        "by_status": {"pending": 0, "approved": 1, "spam": 1, "trash": 3},
        "refused_by_reason": {"abuse": 2, "none": 1, "spam": 1},
        "held_by_reason": {},
    }
    assert decisions["automatic"] == {
        "by_status": {"pending": 7, "approved": 1, "spam": 1, "trash": 0},
        "refused_by_reason": {"spam_words": 1},
        "held_by_reason": {"first_comment": 7},
    }
    assert decisions["automatic_percent"] == 28.6  # 2 of 7
    assert monthly_stats(MARCH)["comments"]["received"] == 7


@pytest.mark.ci_both
def test_only_reasons_on_the_list_are_named():
    row = RefusalReason.objects.create(code="john.smith", label="John Smith")
    decided(waiting(1), "trash", 1, by=make_moderator(), reason="john.smith")
    row.delete()

    assert monthly_stats(MARCH)["decisions"]["people"]["refused_by_reason"] == {"other": 1}


def test_a_month_is_the_sites_and_other_months_are_not_in_it():
    edges = [dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 31, 23, 59, 59)]
    outside = [dt.datetime(2026, 2, 28, 23, 59, 59), dt.datetime(2026, 4, 1)]
    for moment in edges + outside:
        comment = make_comment(status="pending")
        Comment.objects.filter(pk=comment.pk).update(created_at=timezone.make_aware(moment))

    assert (
        monthly_stats(MARCH)["comments"]["received"] == monthly_stats(dt.date(2026, 3, 17))["comments"]["received"] == 2
    )


@pytest.mark.ci_both
def test_imports_withdrawals_and_reasons_given_anew_are_no_decisions():
    comment = waiting(1)
    withdraw(comment.pk, by=None)
    Decision.objects.filter(comment=comment).update(created_at=at(1))
    imported = waiting(2)
    Comment.objects.filter(pk=imported.pk).update(channel="import")
    Decision.objects.filter(comment=imported).update(source="import")
    Decision.objects.create(
        comment=comment, number=9, before="trash", after="trash", source="editing", created_at=at(3)
    )

    numbers = monthly_stats(MARCH)

    assert numbers["comments"]["received"] == 1
    assert numbers["decisions"]["withdrawn_by_authors"] == 1
    assert sum(numbers["decisions"]["people"]["by_status"].values()) == 0
    assert numbers["decisions"]["automatic"]["by_status"]["pending"] == 1
    assert numbers["waiting"]["count"] == 0


@pytest.mark.parametrize(("hours", "median"), [([1], 1), ([1, 3], 2), ([9, 1, 2], 2), ([1, 2, 4, 20], 3)])
def test_half_of_what_waited_took_no_longer_than_the_median(hours, median):
    moderator = make_moderator()
    for day, wait in enumerate(hours, start=1):
        decided(waiting(day, 1), "approved", day, 1 + wait, by=moderator)

    assert monthly_stats(MARCH)["waiting"] == {"count": len(hours), "median_seconds": median * 3600}


@pytest.mark.ci_both
def test_of_very_many_a_sample_is_measured_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(transparency, "SAMPLE", 2)
    moderator = make_moderator()
    for day in range(1, 7):
        decided(waiting(day, 1), "approved", day, 4, by=moderator)

    assert monthly_stats(MARCH)["waiting"] == {"count": 6, "median_seconds": 3 * 3600}


def test_only_the_first_decision_of_a_person_ends_the_waiting():
    moderator, comment = make_moderator(), waiting(1, 1)
    decided(comment, "approved", 1, 3, by=moderator)
    decided(comment, "pending", 2, 1, by=moderator)
    decided(comment, "trash", 20, 1, by=moderator, reason="abuse")
    decided(waiting(5, 1), "spam", 5, 5, source="words")

    assert monthly_stats(MARCH)["waiting"] == {"count": 1, "median_seconds": 2 * 3600}


@pytest.mark.ci_both
def test_reports_and_notices_are_counted_apart_with_their_outcomes():
    moderator, first, second = make_moderator(), make_comment(), make_comment()
    notice = {"detail": "It is.", "law": "A law", "good_faith": True}
    for number, reason in enumerate(["abuse", "spam", "illegal"]):
        report(first.pk, reason=reason, visitor=Reporter(address=f"198.51.100.{number}"), **notice)
    report(second.pk, reason="abuse", visitor=Reporter(address="198.51.100.9"))
    Report.objects.update(created_at=at(1))
    settle(second.pk, "kept", by=moderator)
    decide(first.pk, "trash", by=moderator, reason="abuse")
    Report.objects.filter(comment=first).update(settled_at=at(1) + 2 * HOUR)
    Report.objects.filter(comment=second).update(settled_at=at(1) + 4 * HOUR)

    numbers = monthly_stats(MARCH)

    assert numbers["reports"] == {
        "received": 3,
        "received_by_reason": {"abuse": 2, "spam": 1},
        "removed": 2,
        "removed_by_reason": {"abuse": 1, "spam": 1},
        "kept": 1,
        "kept_by_reason": {"abuse": 1},
        "median_seconds": 2 * 3600,
    }
    assert numbers["notices"] == {
        "received": 1,
        "received_by_reason": {"illegal": 1},
        "removed": 1,
        "removed_by_reason": {"illegal": 1},
        "kept": 0,
        "kept_by_reason": {},
        "median_seconds": 2 * 3600,
    }


@pytest.mark.ci_both
def test_objections_of_those_who_reported_are_counted_with_what_became_of_them(client):
    first, other = make_moderator(), make_moderator()
    for number, outcome in enumerate(["removed", "kept", "withdrawn", ""]):
        comment, reader = make_comment(), Reporter(address=f"198.51.100.{number}")
        made = report(comment.pk, reason="abuse", visitor=reader)
        settle(comment.pk, "kept", by=first)
        object_to(made.pk, made.token, "Look again.", visitor=reader)
        if outcome == "removed":
            decide(comment.pk, "trash", by=other, reason="abuse")
        elif outcome == "kept":
            settle(comment.pk, "kept", by=other)
        elif outcome == "withdrawn":
            withdraw(comment.pk, by=None)

    assert monthly_stats(timezone.localdate())["objections"] == {"received": 4, "granted": 1, "rejected": 1}
    bring_up_to_date()
    assert "Readers’ appeals against keeping a comment" in text_of(client.get("/transparency/"))


@pytest.mark.ci_both
def test_appeals_and_bans_are_counted():
    first, other = make_moderator(), make_moderator()
    for grant in (True, False, False, None):
        comment = make_comment(status="pending")
        decide(comment.pk, "trash", by=first, reason="abuse")
        made = appeal(comment.pk, "Why?", token=comment.status_token)
        if grant is None:
            withdraw(comment.pk, by=None)
        else:
            settle_appeal(made.pk, grant=grant, by=other)
    Ban.objects.create(email="rude@example.org", ends_at=timezone.now() + HOUR)
    Ban.objects.create(network="192.0.2.0/24", lifted_at=timezone.now())
    Ban.objects.create(network="198.51.100.0/24", created_at=at(1))

    numbers = monthly_stats(timezone.localdate())

    appeals = numbers["appeals"]
    assert (appeals["received"], appeals["granted"], appeals["rejected"]) == (4, 1, 2)
    assert appeals["median_seconds"] is not None
    assert numbers["bans"] == {"accounts": 0, "emails": 1, "networks": 1, "with_end": 1, "lifted": 1}


@pytest.mark.parametrize("size", [1, 6])
def test_counting_asks_as_many_questions_however_much_there_was(size, django_assert_num_queries):
    moderator = make_moderator()
    for number in range(size):
        decided(waiting(number + 1), "approved" if number % 2 else "trash", 20, by=moderator, reason="abuse")

    with django_assert_num_queries(18):
        monthly_stats(MARCH)


# --- Keeping ------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_every_month_since_the_first_decision_is_counted_once_it_is_over():
    decided(waiting(1), "approved", 2, by=make_moderator())

    assert bring_up_to_date(at(15, month=6)) == 4
    assert list(MonthlyStats.objects.order_by("month").values_list("month__month", flat=True)) == [3, 4, 5, 6]
    MonthlyStats.objects.update(made_at=at(15, month=6))
    assert bring_up_to_date(at(15, month=6)) == 0
    assert MonthlyStats.objects.get(month=MARCH).numbers["comments"]["received"] == 1


@pytest.mark.ci_both
def test_the_current_month_is_counted_again_every_hour_and_once_more_when_it_is_over():
    waiting(1)
    bring_up_to_date(at(10))
    made = MonthlyStats.objects.filter(month=MARCH)

    made.update(made_at=at(10))
    assert bring_up_to_date(at(10) + HOUR / 2) == 0
    assert bring_up_to_date(at(10) + HOUR) == 1
    made.update(made_at=at(31, 23))
    assert bring_up_to_date(at(1, 0, month=4)) == 2  # March for the last time, and April.
    made.update(made_at=at(1, 0, month=4))
    MonthlyStats.objects.exclude(month=MARCH).update(made_at=at(1, 0, month=4))
    assert bring_up_to_date(at(1, 0, month=4)) == 0


def test_a_paper_without_a_decision_has_nothing_to_count():
    assert bring_up_to_date() == 0


@pytest.mark.ci_both
def test_a_paper_that_is_old_counts_its_last_three_years():
    comment = waiting(1)
    Decision.objects.filter(comment=comment).update(created_at=at(1) - dt.timedelta(days=3650))

    assert bring_up_to_date(at(15)) == transparency.MONTHS
    assert MonthlyStats.objects.order_by("month").first().month == dt.date(2023, 4, 1)


def test_the_worker_counts():
    assert (3600, bring_up_to_date) in JOBS


# --- Showing ------------------------------------------------------------------------------------------------------


def counted() -> None:
    """March, in which something of each kind has happened, by people whose names and addresses must not be told."""
    set_rules(flood_seconds=0)
    moderator = make_moderator(username="moderatorname")
    user = make_user("membername")
    article = make_article()
    comments = [
        waiting(1, article=article, name="guestname", email="guestmail@example.org", address="203.0.113.77"),
        waiting(2, article=article, user=user),
    ]
    decided(comments[0], "approved", 3, by=moderator)
    decided(comments[1], "trash", 3, by=moderator, reason="abuse")
    report(
        comments[0].pk, reason="illegal", detail="secretwords", law="secretlaw", good_faith=True, name="reportername",
        email="reporter@example.org", visitor=Reporter(address="203.0.113.78"),
    )  # fmt: skip
    appeal(comments[1].pk, "appealwords", by=user)
    Ban.objects.create(email="banned@example.org", network="", note="notewords")
    Report.objects.update(created_at=at(4))
    Ban.objects.update(created_at=at(4))
    bring_up_to_date(at(15))
    MonthlyStats.objects.update(made_at=at(15))


ADDRESSES = ["/transparency/", "/transparency/2026-03.json", "/transparency/2026-03.csv"]
SECRETS = [
    "moderatorname", "membername", "guestname", "guestmail", "203.0.113", "secretwords", "secretlaw", "reportername",
    "reporter@", "appealwords", "banned@", "notewords", "@example",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobodys_data_is_in_what_is_told(client, address):
    counted()

    page = text_of(client.get(address))

    assert [secret for secret in SECRETS if secret in page] == []
    assert "2026-03" in page


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_the_same_for_everybody_and_can_be_kept(client, address):
    counted()
    stranger = client.get(address)
    client.force_login(make_moderator())
    member = client.get(address)
    again = client.get(address, headers={"If-None-Match": stranger["ETag"]})

    assert stranger.content == member.content
    assert stranger["Cache-Control"] == "public, max-age=0, s-maxage=1"
    assert not stranger.cookies
    assert again.status_code == 304


def test_the_page_shows_the_months_and_where_their_figures_are(client):
    counted()

    page = text_of(client.get("/transparency/"))

    assert "March 2026" in page
    assert "Insulting or abusive" in page
    assert 'href="/transparency/2026-03.json"' in page
    assert 'href="/transparency/2026-03.csv"' in page
    assert "Up to" in page  # It is not over.


def test_the_page_reads_what_was_counted_and_counts_nothing(client, django_assert_max_num_queries):
    counted()
    client.get("/healthz")

    with django_assert_max_num_queries(6):
        client.get("/transparency/")


@pytest.mark.ci_both
def test_a_page_follows_what_is_counted_anew(client):
    counted()
    before = client.get("/transparency/")
    row = MonthlyStats.objects.get()
    row.numbers["comments"]["received"] = 4711
    row.save()

    after = client.get("/transparency/", headers={"If-None-Match": before["ETag"]})

    assert after.status_code == 200
    assert "4711" in text_of(after)


def test_a_paper_that_has_counted_nothing_says_so(client):
    page = client.get("/transparency/")

    assert page.status_code == 200
    assert "There are no figures yet." in text_of(page)


def test_json_and_csv_tell_the_same(client):
    counted()

    told = client.get("/transparency/2026-03.json").json()
    answer = client.get("/transparency/2026-03.csv")
    lines = list(csv.reader(io.StringIO(text_of(answer))))

    assert (told["month"], told["complete"]) == ("2026-03", False)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert lines[0] == ["month", "figure", "value"]
    figures_of = {name: value for _, name, value in lines[1:]}
    assert figures_of["comments.received"] == str(told["numbers"]["comments"]["received"]) == "2"
    assert figures_of["decisions.people.refused_by_reason.abuse"] == "1"
    assert figures_of["appeals.median_seconds"] == ""
    assert figures_of["notices.received"] == "1"


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "end", ["2026-02.json", "2026-13.json", "2026-00.csv", "0000-01.json", "2026-3.json", "2026-03.xml", "2026-03"]
)
def test_a_month_that_was_not_counted_is_not_there(client, end):
    counted()

    assert client.get(f"/transparency/{end}").status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
def test_there_is_nothing_to_send(client, address):
    assert client.post(address).status_code == 405


def test_the_foot_of_the_paper_leads_there(client):
    assert 'href="/transparency/"' in text_of(client.get("/"))


def test_a_reason_of_an_editor_has_its_label(client):
    RefusalReason.objects.create(code="shouting", label="far too loud")
    decided(waiting(1), "trash", 1, by=make_moderator(), reason="shouting")
    bring_up_to_date(at(15))

    assert "Far too loud" in text_of(client.get("/transparency/"))


def test_many_months_are_shown_and_more_named(client):
    numbers = monthly_stats(MARCH)
    for year in (2024, 2025, 2026):
        for month in range(1, 13):
            MonthlyStats.objects.create(month=dt.date(year, month, 1), numbers=numbers)

    page = text_of(client.get("/transparency/"))

    assert 'id="m2026-01"' in page
    assert 'id="m2025-12"' not in page
    assert "/transparency/2024-01.csv" in page
