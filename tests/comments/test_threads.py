"""Reading order and places in a discussion."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.models import Comment
from comments.paths import LEVELS, SEGMENT, base36, path_of, segment
from comments.threads import arrange

START = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@given(st.integers(0, 36**7 - 1), st.integers(0, 36**7 - 1))
def test_base36_sorts_as_its_numbers_do(one, other):
    assert (base36(one, 7) < base36(other, 7)) == (one < other)


@given(
    st.datetimes(timezones=st.just(dt.UTC)),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.integers(1, 99),
    st.integers(1, 99),
)
def test_siblings_stand_in_order_of_time_then_id(one, other, first, second):
    if one.year > 4000 or other.year > 4000:
        return
    assert (segment(one, first) < segment(other, second)) == ((one, first) < (other, second))


def grow(parents):
    """Comments whose parents are given as indices (None: a root), a second apart."""
    rows = []
    for number, parent in enumerate(parents, start=1):
        above = rows[parent] if parent is not None else None
        comment = Comment(pk=number, parent_id=above.pk if above else None, depth=above.depth + 1 if above else 0)
        comment.path = path_of(above.path if above else "", START + dt.timedelta(seconds=number), number)
        rows.append(comment)
    return rows


forests = st.lists(st.integers(0, 30), min_size=1, max_size=40).map(
    lambda numbers: [None if n == 0 or n > at else n - 1 for at, n in enumerate(numbers)]
)


@given(forests, st.integers(1, 10))
def test_every_comment_is_placed_once_under_what_it_answers(parents, levels):
    rows = grow(parents)
    placed = list(arrange(sorted(rows, key=lambda row: row.path), levels))

    assert sorted(place.comment.pk for place in placed) == [row.pk for row in rows]
    seen = {}
    for place in placed:
        parent = place.comment.parent_id
        assert parent is None or parent in seen
        assert place.level == min(place.comment.depth, levels - 1) or place.comment.depth >= LEVELS - 1
        seen[place.comment.pk] = place


@given(forests, st.integers(1, 10), st.data())
def test_lists_open_and_close_in_balance(parents, levels, data):
    rows = grow(parents)
    kept = [row for row in rows if data.draw(st.booleans())]
    depth = -1
    for place in arrange(sorted(kept, key=lambda row: row.path), levels):
        if depth >= 0:
            depth -= len(place.closes)
        if place.opens:
            depth += 1
        assert depth == place.level
    assert depth >= -1


def test_a_chain_of_any_length_has_a_path_that_fits():
    rows = grow([None, *range(2_000)])

    assert max(len(row.path) for row in rows) == SEGMENT * LEVELS
    assert len({row.path for row in rows}) == len(rows)
    assert [place.comment.pk for place in arrange(sorted(rows, key=lambda row: row.path), 5)] == list(range(1, 2_002))


@pytest.mark.django_db
def test_paths_sort_the_same_in_the_database():
    from tests.factories import make_article, make_comment

    article = make_article()
    root = make_comment(article)
    second = make_comment(article)
    reply = make_comment(parent=root)
    late = make_comment(parent=reply)

    assert list(article.comments.in_order()) == [root, reply, late, second]
