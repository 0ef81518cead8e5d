"""What an entry would have found in the last days: which comments, how far back, and that nothing comes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.utils import timezone

from comments.models import Comment, ConnectionData, Decision, FilterEntry
from comments.moderation.decisions import decide
from comments.posting.submission import post_comment
from comments.screening.backtesting import AT_ONCE, SHOWN, backtest
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_moderator,
    make_rule,
    make_section,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db
ALL = Comment.objects.all


@pytest.fixture(autouse=True)
def _no_limits(db):
    set_rules(hold_first_comment=False, flood_seconds=0)


def entry(pattern: str, match: str = "word", **values) -> FilterEntry:
    return FilterEntry(pattern=pattern, match=match, **values)


def left(days_ago: float, **values) -> Comment:
    comment = make_comment(**values)
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - dt.timedelta(days=days_ago))
    return comment


def ids(result) -> list[int]:
    return [found.comment_id for found in result.newest]


def test_it_tells_which_of_the_last_days_comments_it_would_have_found():
    old, first, second = (left(days, text=f"A casino {days}") for days in (31, 20, 10))
    left(5, text="Nothing of the kind")

    result = backtest([entry("casino", action="spam")], ALL())

    assert (result.total.found, result.looked_at, result.stopped) == (2, 3, "")
    assert ids(result) == [second.pk, first.pk]
    assert backtest([entry("casino")], ALL(), days=40).total.found == 3
    assert old.pk in ids(backtest([entry("casino")], ALL(), days=40))


def test_nothing_is_stored_and_nothing_counted(django_assert_num_queries):
    comment = left(1, text="A casino")
    rule = make_rule("casino", action="refuse")

    with django_assert_num_queries(3):
        backtest([rule], ALL())

    comment.refresh_from_db()
    rule.refresh_from_db()
    assert (comment.status, rule.hits, comment.decisions.count()) == ("approved", 0, 1)


def test_false_alarms_are_what_a_person_approved_and_what_stands():
    moderator = make_moderator()
    by_person, by_rule, taken_back, refused = (left(1, status="pending", text=f"A casino {n}") for n in range(4))
    decide(by_person.pk, "approved", by=moderator)
    decide(by_rule.pk, "approved", source="confirmed")
    decide(taken_back.pk, "approved", by=moderator)
    decide(taken_back.pk, "trash", by=moderator, reason="abuse")
    decide(refused.pk, "spam", by=moderator)

    result = backtest([entry("casino")], ALL())

    assert (result.total.found, result.total.approved) == (4, 1)
    assert {f.comment_id: (f.status, f.approved_by_person) for f in result.newest} == {
        by_person.pk: ("approved", True),
        by_rule.pk: ("approved", False),
        taken_back.pk: ("trash", False),
        refused.pk: ("spam", False),
    }


def test_an_approval_stays_a_persons_when_their_account_is_gone():
    moderator = make_moderator()
    comment = left(1, status="pending", text="A casino")
    decide(comment.pk, "approved", by=moderator)
    Decision.objects.filter(by=moderator).update(by=None)

    assert backtest([entry("casino")], ALL()).total.approved == 1


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("bargain", "word"),
        ("argai", "substring"),
        (r"b[a4]rg\w+", "regex"),
        ("shop.example", "domain"),
        ("casino king", "word"),
        ("ada@example.org", "substring"),
        ("home.example", "domain"),
        ("203.0.113.0/24", "network"),
        ("curl", "agent"),
    ],
)
def test_it_looks_at_all_that_is_kept(pattern, match):
    draft = make_draft(
        text="A b4rgain, bargain: [here](https://shop.example)",
        name="Casino King",
        email="ada@example.org",
        website="https://home.example",
        address="203.0.113.9",
    )
    post_comment(replace(draft, visit=replace(draft.visit, user_agent="curl/8.0")))
    post_comment(make_draft())

    result = backtest([entry(pattern, match)], ALL())

    assert (result.total.found, result.looked_at) == (1, 2)


def test_it_finds_what_would_have_been_found_live():
    user = make_user()
    make_comment(user=user, text="Fine")
    rule = entry(user.email, "substring")  # What a member's account says besides is not judged.

    assert backtest([rule], ALL()).total.found == 0


def test_comments_whose_traces_are_gone_are_looked_at_all_the_same():
    left(1, text="A casino")
    ConnectionData.objects.all().delete()

    assert backtest([entry("casino")], ALL()).total.found == 1
    assert backtest([entry("192.0.0.0/8", "network")], ALL()).total.found == 0


def test_the_newsrooms_own_comments_are_left_out():
    make_comment(user=make_moderator(), text="A casino")

    assert backtest([entry("casino")], ALL()).looked_at == 0


def test_an_entry_with_a_scope_is_run_over_comments_there():
    section = make_section()
    article = make_article(section=section)
    for place in (article, make_article(section=section), make_article()):
        left(1, article=place, text="A casino")

    in_section = backtest([entry("casino", section=section)], ALL())
    under_article = backtest([entry("casino", article=article)], ALL())
    both = backtest([entry("casino", section=section), entry("casino", article=article)], ALL())

    assert (in_section.total.found, in_section.looked_at) == (2, 2)
    assert (under_article.total.found, under_article.looked_at) == (1, 1)
    assert (both.total.found, both.looked_at) == (2, 3)
    assert [tally.found for _, tally in both.each] == [2, 1]


def test_an_entry_out_of_force_or_over_is_tried_like_any_other():
    left(1, text="A casino")
    rule = entry("casino", is_active=False, ends_at=timezone.now() - dt.timedelta(days=1), only_counts=True)

    assert backtest([rule], ALL()).total.found == 1


def test_of_several_entries_each_has_its_own_tally_and_a_comment_counts_once():
    left(1, text="A casino with pills", status="pending")
    left(1, text="A casino", status="pending")

    result = backtest([entry("casino"), entry("pills"), entry("roulette")], ALL())

    assert [(pattern, tally.found) for pattern, tally in result.each] == [("casino", 2), ("pills", 1), ("roulette", 0)]
    assert result.total.found == 2
    assert {found.patterns for found in result.newest} == {("casino",), ("casino", "pills")}


def many(size: int) -> None:
    article = make_article()
    now = timezone.now()
    Comment.objects.bulk_create(
        Comment(article=article, body=f"A casino {n}", status="approved", created_at=now - dt.timedelta(minutes=n))
        for n in range(size)
    )


def test_it_ends_at_a_number_and_says_how_far_it_came():
    many(12)

    result = backtest([entry("casino")], ALL(), most=10)

    assert (result.looked_at, result.total.found, result.stopped) == (10, 10, "number")
    assert result.reached == Comment.objects.order_by("-created_at")[9].created_at
    assert backtest([entry("casino")], ALL(), most=12).stopped == ""


def test_it_ends_in_time_and_says_how_far_it_came(monkeypatch):
    many(10)
    clock = iter(range(1000))
    monkeypatch.setattr("comments.screening.backtesting.time.monotonic", lambda: next(clock))

    result = backtest([entry("casino")], ALL(), seconds=5)

    assert (result.looked_at, result.total.found, result.stopped) == (4, 4, "time")
    assert result.reached == Comment.objects.order_by("-created_at")[3].created_at


def test_it_reads_in_batches_and_shows_the_newest(django_assert_num_queries):
    many(AT_ONCE + 5)

    with django_assert_num_queries(5):
        result = backtest([entry("casino")], ALL())

    assert (result.total.found, len(result.newest)) == (AT_ONCE + 5, SHOWN)
    assert ids(result) == list(Comment.objects.order_by("-created_at").values_list("pk", flat=True)[:SHOWN])


def test_only_comments_that_the_moderator_may_see():
    user = make_user(group="Authors")
    mine, foreign = make_article(authors=[make_author(user=user)]), make_article()
    for article in (mine, foreign):
        left(1, article=article, text="A casino")

    assert backtest([entry("casino")], Comment.objects.moderated_by(user)).looked_at == 1
