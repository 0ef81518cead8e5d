"""Reading order and places in a discussion."""

import datetime as dt
from functools import wraps

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments.discussion.counting import recount
from comments.discussion.threads import NoSuchPage, address, arrange, descendants, stands, thread
from comments.models import Comment, CommentSettings
from comments.models.paths import LEVELS, SEGMENT, base36, path_of, segment
from comments.moderation.decisions import decide
from tests.factories import make_article, make_comment, set_rules

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
    article = make_article()
    root = make_comment(article)
    second = make_comment(article)
    reply = make_comment(parent=root)
    late = make_comment(parent=reply)

    assert list(article.comments.in_order()) == [root, reply, late, second]


@given(forests, st.integers(1, 10))
def test_all_stand_under_the_top_of_one_tree(parents, levels):
    rows = grow([None, *[0 if parent is None else parent + 1 for parent in parents]])
    # As if the top stood at the ninth level, from where on paths do not hold each other.
    for row in rows:
        row.path = path_of("x" * SEGMENT * LEVELS, row.created_at, row.pk)

    placed = list(arrange(sorted(rows, key=lambda row: row.path), levels, one_tree=True))

    assert [place.comment.pk for place in placed] == [row.pk for row in rows]
    assert placed[0].level == 0
    if levels > 1:
        assert all(place.level > 0 for place in placed[1:])


# --- In the database ----------------------------------------------------------------------------------------------


FIRST = 10_000_000  # Ids far from those that the database gives.


def plant(article, parents, removed=()):
    """Rows of a forest given as indices of parents (None: a root), a second apart; `removed` are in the trash."""
    rows = []
    for number, parent in enumerate(parents):
        above = rows[parent] if parent is not None else None
        at = START + dt.timedelta(seconds=number)
        rows.append(
            Comment(
                pk=FIRST + number,
                article=article,
                parent=above,
                root=(above.root or above) if above else None,
                depth=above.depth + 1 if above else 0,
                path=path_of(above.path if above else "", at, FIRST + number),
                status="trash" if number in removed else "approved",
                name=f"Reader {number}",
                body="A thought.",
                html="<p>A thought.</p>",
                created_at=at,
            )
        )
    by_depth = {}
    for row in rows:
        by_depth.setdefault(row.depth, []).append(row)
    for depth in sorted(by_depth):
        Comment.objects.bulk_create(by_depth[depth])
    recount([article.pk])
    return list(Comment.objects.filter(article=article).order_by("pk"))


def under(parents, top, removed=()):
    """The indices of what is approved under one of a forest, by walking up from each."""
    found = []
    for number in range(len(parents)):
        above = parents[number]
        while above is not None and above != top:
            above = parents[above]
        if above == top and number not in removed:
            found.append(number)
    return found


def indices(comments):
    return [comment.pk - FIRST for comment in comments]


def in_pages(fetch):
    """All the pages that `fetch(number)` gives until NoSuchPage."""
    pages, number = [], 1
    while True:
        try:
            pages.append(fetch(number))
        except NoSuchPage:
            return pages
        number += 1


def undone(example):
    """Undo in the database what one example of many has made there, however it ends."""

    @wraps(example)
    def run(*args, **kwargs):
        with transaction.atomic():
            example(*args, **kwargs)
            transaction.set_rollback(True)

    return run


# Mostly chains, so that many comments stand below the ninth level.
deep_forests = st.lists(st.integers(-2, 8), min_size=1, max_size=40).map(
    lambda steps: [
        None if at == 0 or step == -2 else max(0, at - 1 - max(0, step - 5)) for at, step in enumerate(steps)
    ]
)


@pytest.mark.django_db
@given(deep_forests, st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@undone
def test_what_stands_under_a_comment_is_found_at_any_depth(parents, data):
    removed = data.draw(st.sets(st.sampled_from(range(len(parents)))))
    article = make_article()
    rows = plant(article, parents, removed)

    for number, row in enumerate(rows):
        assert indices(descendants(row).order_by("pk")) == under(parents, number, removed)


@pytest.mark.django_db
@given(deep_forests, st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@undone
def test_pages_of_a_thread_show_every_reply_once_and_so_many_of_them(parents, data):
    removed = data.draw(st.sets(st.sampled_from(range(len(parents)))))
    rules = set_rules(flood_seconds=0, thread_page_size=data.draw(st.integers(1, 7)))
    article = make_article()
    rows = plant(article, parents, removed)
    number = data.draw(st.sampled_from(range(len(rows))))
    top = rows[number]

    pages = in_pages(lambda page: thread(top, rules, page))

    shown = []
    for page in pages:
        placed = page.branches[0].placed
        assert placed[0].comment == top
        assert all(place.level > 0 for place in placed[1:])
        living = [place.comment for place in placed[1:] if not place.removed]
        answered = {comment.parent_id for comment in living}
        assert all(place.comment.pk in answered for place in placed[1:] if place.removed)
        assert len(living) <= rules.thread_page_size
        shown += living
    assert shown == list(descendants(top).in_order())
    assert sorted(indices(shown)) == under(parents, number, removed)


@pytest.fixture
def chain(db):
    """Two thousand replies, each to the one before."""
    set_rules(flood_seconds=0)
    return plant(make_article(), [None, *range(2_000)])


def test_a_chain_of_two_thousand_is_read_from_any_depth(client, chain, django_assert_max_num_queries, subtests):
    for depth in (0, 1, 8, 9, 10, 1_999, 2_000):
        with subtests.test(depth=depth):
            is_read_from(depth, client, chain, django_assert_max_num_queries)


def is_read_from(depth, client, chain, django_assert_max_num_queries):
    top, rules = chain[depth], CommentSettings.objects.current()

    with django_assert_max_num_queries(2):
        assert list(descendants(top).in_order()) == chain[depth + 1 :]
    with django_assert_max_num_queries(6 if 0 < depth < LEVELS - 1 else 4):
        first = thread(top, rules)
    assert [place.comment for place in first.branches[0].placed] == chain[depth : depth + 51]
    assert first.pages == max(1, -(-(2_000 - depth) // 50))
    read, link = [], f"/api/v1/comments/{top.pk}/replies/?limit=100"
    while link:
        body = client.get(link).json()
        read += [reply["id"] for reply in body["results"]]
        link = body["next"]
    assert read == [comment.pk for comment in chain[depth + 1 :]]
    assert client.get(f"/comments/{top.pk}/thread/").status_code == 200


def test_the_address_of_a_deep_comment_is_a_page_that_shows_it(client, chain):
    rules = CommentSettings.objects.current()
    for depth in (1, 3, 4, 9, 10, 11, 50, 51, 1_500, 2_000):
        comment = chain[depth]

        where = address(comment, comment.article, rules)

        assert where.endswith(f"#comment-{comment.pk}"), depth
        assert f'<article id="comment-{comment.pk}"' in client.get(where).content.decode(), depth


@pytest.mark.django_db
def test_neighbours_below_the_ninth_level_are_not_each_others_replies():
    # Index 9 stands at the tenth level with 10, 11 under it; 12 answers index 8 and has a reply of its own, 13.
    parents = [None, *range(11), 8, 12]
    rows = plant(make_article(), parents)

    assert indices(descendants(rows[9]).in_order()) == [10, 11]
    assert indices(descendants(rows[12]).in_order()) == [13]
    assert indices(descendants(rows[8]).in_order()) == [9, 10, 11, 12, 13]


@pytest.mark.django_db
def test_the_second_page_repeats_no_approved_parent_but_says_whom_it_answers():
    rules = set_rules(flood_seconds=0, thread_page_size=2)
    rows = plant(make_article(), [None, 0, 1, 1, 1])

    first, second = thread(rows[0], rules, 1), thread(rows[0], rules, 2)

    assert indices(place.comment for place in first.branches[0].placed) == [0, 1, 2]
    placed = second.branches[0].placed
    assert indices(place.comment for place in placed) == [0, 3, 4]
    assert [(place.level, place.answers, place.answers_url) for place in placed[1:]] == [
        (1, rows[1], rows[1].permanent_url)
    ] * 2
    assert all(place.answers is None for place in first.branches[0].placed)


@pytest.mark.django_db
def test_a_removed_parent_stands_as_a_tombstone_on_every_page_that_answers_it():
    rules = set_rules(flood_seconds=0, thread_page_size=2)
    rows = plant(make_article(), [None, 0, 1, 1, 1], removed={1})

    pages = in_pages(lambda number: thread(rows[0], rules, number))

    assert [indices(place.comment for place in page.branches[0].placed) for page in pages] == [[0, 1, 2, 3], [0, 1, 4]]
    assert [place.removed for place in pages[1].branches[0].placed] == [False, True, False]


@pytest.mark.django_db
def test_a_comment_stands_while_it_or_a_reply_to_it_lives():
    set_rules(flood_seconds=0)
    root = make_comment()
    middle = make_comment(parent=root)
    last = make_comment(parent=middle)
    held = make_comment(root.article, status="pending")

    def standing():
        for comment in (root, middle, last, held):
            comment.refresh_from_db()
        return [stands(comment) for comment in (root, middle, last, held)]

    assert standing() == [True, True, True, False]
    decide(root.pk, "trash")
    decide(middle.pk, "spam")
    assert standing() == [True, True, True, False]
    decide(last.pk, "trash")
    assert standing() == [False, False, False, False]


@pytest.mark.django_db
def test_each_page_of_a_thread_tells_how_many_replies_follow():
    rules = set_rules(flood_seconds=0, thread_page_size=2)
    rows = plant(make_article(), [None, *[0] * 5])

    pages = in_pages(lambda number: thread(rows[0], rules, number))

    assert [page.branches[0].more for page in pages] == [3, 1, 0]


def test_a_reply_stands_under_the_nearest_ancestor_that_is_there():
    top, first, _missing, below, second = grow([None, 0, 1, 2, 0])

    placed = list(arrange([top, first, below, second], 10))

    assert [(place.comment.pk, place.level) for place in placed] == [(1, 0), (2, 1), (4, 2), (5, 1)]
