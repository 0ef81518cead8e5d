"""A discussion that gets out of hand slows down by itself and relaxes by itself."""

from __future__ import annotations

import datetime as dt
from itertools import count, pairwise

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles.models.article import Article
from comments.errors import SlowMode
from comments.models import ArticleSettings, AuditEntry, Comment, Decision
from comments.posting.submission import post_comment
from comments.screening import surge
from comments.screening.surge import WINDOW, UsualRange, WindowCounts, step, usual_range
from newsreader.operations.schedule import JOBS
from tests.factories import make_article, make_comment, make_draft, make_user, set_rules

NONE, SLOW, HELD = ArticleSettings.Surge.NONE, ArticleSettings.Surge.SLOW, ArticleSettings.Surge.HELD
START = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
# Nothing here is slow; a machine that does much else may be.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


# --- The rule -----------------------------------------------------------------------------------------------------

BAND = UsualRange(20, 20)


@pytest.mark.parametrize(
    ("before", "age", "tally", "after"),
    [
        (NONE, None, WindowCounts(20, 20), NONE),
        (NONE, None, WindowCounts(21, 0), SLOW),
        (NONE, 0, WindowCounts(21, 0), SLOW),
        (SLOW, 9, WindowCounts(21, 0), SLOW),
        (SLOW, 10, WindowCounts(21, 0), HELD),
        (SLOW, 1, WindowCounts(30, 16), HELD),
        (SLOW, 1, WindowCounts(30, 15), SLOW),
        (SLOW, 9, WindowCounts(3, 3), SLOW),
        (SLOW, 10, WindowCounts(3, 3), NONE),
        (HELD, 9, WindowCounts(), HELD),
        (HELD, 10, WindowCounts(), SLOW),
        (HELD, 600, WindowCounts(21, 21), HELD),
    ],
)
def test_one_step_at_a_time(before, age, tally, after):
    since = None if age is None else START - age * MINUTE

    assert step(before, since, tally, BAND, START) == after


@patient
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),  # comments in the window
            st.integers(0, 60),  # of these refused, at most
            st.integers(10, 1200),  # seconds until the next look
        ),
        max_size=60,
    )
)
def test_no_sequence_of_windows_makes_it_swing_and_quiet_always_ends_it(looks):
    now, state, since = START, NONE, None
    changes = []
    for comments, refusals, seconds in looks:
        tally = WindowCounts(comments, min(refusals, comments))
        after = step(state, since, tally, BAND, now)
        assert abs(after - state) <= 1
        if after < state:
            assert BAND.holds(tally)
            assert now - since >= WINDOW
        if after > state:
            assert not BAND.holds(tally)
            assert state == NONE or tally.mostly_refused or now - since >= WINDOW
        if after != state:
            changes.append((now, after - state))
            state, since = after, now
        now += dt.timedelta(seconds=seconds)
    # Between two relaxations, and between a step up and the one back, ten minutes pass.
    for (earlier, _up), (later, direction) in pairwise(changes):
        assert direction > 0 or later - earlier >= WINDOW
    # Quiet, it is over after twice ten minutes.
    for _ in range(2):
        now += WINDOW
        after = step(state, since, WindowCounts(), BAND, now)
        state, since = after, now if after != state else since
    assert state == NONE


@patient
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=144), st.integers(1, 100))
def test_what_is_usual_is_never_a_surge(windows, floor):
    tallies = [WindowCounts(comments, min(refusals, comments)) for comments, refusals in windows]

    band = usual_range(tallies, floor)

    assert band.holds(WindowCounts(floor - 1, floor - 1))
    if len(set(tallies)) == 1:
        assert band.holds(tallies[0])


def test_a_busy_discussion_has_a_wide_band_and_a_dead_one_the_least():
    assert usual_range([], 20) == UsualRange(19, 19)
    assert usual_range([WindowCounts(40, 2)] * 144, 20) == UsualRange(40 + 3 * 40**0.5, 19)


def test_a_new_article_that_many_answer_evenly_is_held_up_once_and_not_held():
    first = usual_range([], 20)
    second = usual_range([WindowCounts(30)], 20)
    assert not first.holds(WindowCounts(30))
    assert step(SLOW, START, WindowCounts(33), second, START + WINDOW) == NONE
    swinging = usual_range([WindowCounts(30), WindowCounts(50)] * 72, 20)
    assert swinging.comments == 70


# --- With rows ----------------------------------------------------------------------------------------------------

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def article(time_machine) -> Article:
    """Public for two days."""
    time_machine.move_to(START, tick=False)
    set_rules(surge_from=6, surge_pause=60, flood_seconds=0)
    return make_article(at=START - dt.timedelta(days=2))


_paths = count(1)


def crowd(
    article, number, *, status="approved", ago=dt.timedelta(minutes=1), channel="page", source="posting", reason=""
):
    """So many comments that came in then."""
    rows = Comment.objects.bulk_create(
        Comment(
            article=article,
            status=status,
            body="x",
            created_at=timezone.now() - ago,
            channel=channel,
            path=f"{next(_paths)}",
        )
        for _ in range(number)
    )
    reasons = [{"code": reason, "params": {}}] if reason else []
    Decision.objects.bulk_create(
        Decision(comment=row, number=1, source=source, after=status, reasons=reasons) for row in rows
    )


def state_of(article) -> int:
    return ArticleSettings.objects.filter(pk=article.pk).values_list("surge", flat=True).first() or NONE


def test_too_many_slow_it_down_and_then_everything_waits(article, time_machine, client):
    crowd(article, 6)
    before = client.get(article.get_absolute_url())

    assert surge.watch() == 1

    assert state_of(article) == SLOW
    page = client.get(article.get_absolute_url(), headers={"if-none-match": before["ETag"]})
    assert page.status_code == 200
    assert 'data-note="surge"' in page.text
    assert 'data-note="slow_mode"' in page.text
    entry = AuditEntry.objects.get(kind="surge")
    assert entry.subject == f"discussion:{article.pk}"
    assert entry.facts == {
        "before": 0, "after": 1, "comments": 6, "refusals": 0, "usual_comments": 5, "usual_refusals": 5,
    }  # fmt: skip
    assert surge.watch() == 0
    time_machine.shift(WINDOW)
    crowd(article, 9)
    assert surge.watch() == 1
    assert state_of(article) == HELD
    assert "every comment waits for an editor" in client.get(article.get_absolute_url()).text


@pytest.mark.ci_both
def test_where_most_is_refused_everything_waits_at_the_next_look(article, time_machine):
    crowd(article, 4, status="spam")
    crowd(article, 3)

    surge.watch()
    assert state_of(article) == SLOW
    time_machine.shift(dt.timedelta(seconds=30))
    surge.watch()

    assert state_of(article) == HELD


def test_few_are_no_surge_and_neither_is_what_is_usual_there(article):
    busy = make_article(at=START - dt.timedelta(days=2))
    crowd(article, 5)
    for window in range(144):
        crowd(busy, 8, ago=WINDOW * (window + 1) + dt.timedelta(minutes=1 + window % 7))
    crowd(busy, 8)

    assert surge.watch() == 0

    crowd(busy, 9, reason="more")
    assert surge.watch() == 1
    assert state_of(busy) == SLOW
    assert AuditEntry.objects.get(kind="surge").facts["usual_comments"] == 16.5


def test_it_relaxes_by_itself_one_step_after_ten_quiet_minutes(article, time_machine):
    crowd(article, 9, status="trash")
    surge.watch()
    time_machine.shift(dt.timedelta(seconds=30))
    surge.watch()
    assert state_of(article) == HELD
    seen = []
    for _ in range(60):
        time_machine.shift(dt.timedelta(seconds=30))
        surge.watch()
        seen.append(int(state_of(article)))

    assert seen == [2] * 19 + [1] * 20 + [0] * 21
    assert surge.surging() == []


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"status": "spam"}, True),
        ({"status": "trash"}, True),
        ({"status": "pending", "reason": "held_words"}, True),
        ({"status": "pending", "reason": "first_comment"}, False),
        ({"status": "pending", "reason": "hold_everything"}, False),
        ({"status": "pending", "reason": "surge"}, False),
        ({"status": "approved"}, False),
    ],
)
def test_what_counts_as_refused(article, values, refused):
    crowd(article, 7, **values)

    surge.watch()

    assert ArticleSettings.objects.get().surge_facts["refusals"] == (7 if refused else 0)


def test_imports_and_other_articles_count_for_nothing(article):
    crowd(article, 20, channel="import")
    for _ in range(3):
        crowd(make_article(), 3)

    assert surge.watch() == 0


def test_more_refusals_than_usual_are_a_surge_where_so_many_comments_are_not(article):
    for window in range(144):
        crowd(article, 20, ago=WINDOW * (window + 1) + MINUTE)
    crowd(article, 12)
    assert surge.watch() == 0

    crowd(article, 8, status="spam")
    assert surge.watch() == 1
    assert ArticleSettings.objects.get().surge_facts["refusals"] == 8


def test_a_new_article_is_measured_by_the_time_it_was_public(article):
    fresh = make_article(at=START - dt.timedelta(minutes=45))
    for window in range(3):
        crowd(fresh, 30, ago=WINDOW * (window + 1) + MINUTE)
    crowd(fresh, 30)

    assert surge.watch() == 0


def test_in_a_surge_people_wait_between_comments_and_then_for_an_editor(article, time_machine):
    user = make_user()
    make_comment(user=user)
    crowd(article, 9)
    surge.watch()
    post_comment(make_draft(article, user=user))
    with pytest.raises(SlowMode):
        post_comment(make_draft(article, user=user))
    time_machine.shift(WINDOW)
    crowd(article, 9)
    surge.watch()

    comment = post_comment(make_draft(article, user=user))

    assert comment.status == "pending"
    assert [reason["code"] for reason in comment.decisions.get().reasons] == ["surge"]


def test_switched_off_nothing_surges_any_more(article, client):
    crowd(article, 9)
    surge.watch()
    set_rules(surge_control=False)
    assert post_comment(make_draft(article, address="192.0.2.1")).pk
    assert post_comment(make_draft(article, address="192.0.2.1")).pk  # at once

    assert surge.watch() == 1
    assert state_of(article) == NONE
    assert surge.watch() == 0


@pytest.mark.ci_both
def test_the_desk_sees_what_surges_in_one_question(article, django_assert_num_queries):
    other = make_article(at=START - dt.timedelta(days=2))
    for each in (article, other):
        crowd(each, 9)
    surge.watch()
    ArticleSettings.objects.filter(pk=other.pk).update(surge=HELD)

    with django_assert_num_queries(1):
        found = surge.surging()
        assert [row.article.headline for row in found] == [other.headline, article.headline]
    assert [row.surge for row in found] == [HELD, SLOW]
    assert found[1].since == START
    assert found[1].facts["comments"] == 9


@pytest.mark.parametrize("articles", [1, 6])
def test_a_look_asks_as_much_however_many_discussions_are_busy(article, articles, django_assert_num_queries):
    for _ in range(articles):
        busy = make_article(at=START - 7 * WINDOW)
        for window in range(6):
            crowd(busy, 8, ago=WINDOW * (window + 1) + MINUTE)
        crowd(busy, 7)

    with django_assert_num_queries(5):
        assert surge.watch() == 0


@pytest.mark.ci_both
def test_two_workers_take_a_step_once(article):
    crowd(article, 9)
    surge.watch()
    facts = ArticleSettings.objects.get().surge_facts

    assert surge._move(article.pk, NONE, SLOW, START, facts) is False
    assert AuditEntry.objects.filter(kind="surge").count() == 1


def test_the_worker_looks_twice_a_minute():
    assert (30, surge.watch) in JOBS
