"""A discussion as it is read: in pages and by permanent addresses, at any size, any depth and in either order.

Scenarios F of the material (threads, paging, permalinks), as far as they are about reading.
"""

import datetime as dt
import re
from unittest import mock

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles import page_versions
from articles.models.article import Article
from articles.records import Origin
from comments.discussion import positions
from comments.discussion.threads import address
from comments.models import Comment, CommentSettings
from comments.moderation.decisions import decide
from comments.posting.importing import CommentRecord, admit
from comments.posting.submission import post_comment
from comments.text.formatting import RELATION
from newsreader.kit import http_cache
from tests.comments.discussion.test_threads import deep_forests, plant, undone
from tests.factories import make_article, make_comment, make_draft, make_moderator, set_rules

pytestmark = pytest.mark.django_db


def shown(answer):
    """The ids of the comments on a page, in order."""
    assert answer.status_code == 200
    return [int(pk) for pk in re.findall(r'<article id="comment-(\d+)"', answer.content.decode())]


def arrange(**values):
    """Set rules as an editor does: every page is new then."""
    set_rules(**values)
    page_versions.bump_site()


@pytest.fixture
def article():
    set_rules(flood_seconds=0)
    return make_article()


# --- F: threads, paging, permalinks -------------------------------------------------------------------------------


def test_links_to_websites_say_the_same_of_themselves_as_links_in_comments(article, client):
    comment = make_comment(article, website="https://ada.example/", status="approved")
    client.force_login(make_moderator())

    for page in (article.get_absolute_url(), f"/comments/{comment.pk}/thread/", f"/admin/moderation/{comment.pk}/"):
        link = re.search(r'<a href="https://ada.example/" rel="([^"]*)"', client.get(page).content.decode())
        assert link
        assert link[1].startswith(f"{RELATION} ")


def test_eight_levels_show_as_five_and_each_can_be_answered(article, client):
    set_rules(replies_shown=10)
    chain = [make_comment(article)]
    for _ in range(7):
        chain.append(make_comment(parent=chain[-1]))

    text = client.get(article.get_absolute_url()).content.decode()

    depths, depth = [], 0
    for tag in re.findall(
        r'<ol class="(?:thread|replies)">|</ol>|<article id="comment-\d+"', text[text.index('"thread"') - 12 :]
    ):
        depth += tag.startswith("<ol") - tag.startswith("</ol")
        if tag.startswith("<article"):
            depths.append(depth)
    assert depths == [1, 2, 3, 4, 5, 5, 5, 5]
    assert text.count('data-action="reply"') == 8
    assert text.count("in reply to") == 3
    assert [comment.parent for comment in chain[1:]] == chain[:-1]


def test_with_one_level_all_stand_in_one_list_and_say_whom_they_answer(article, client):
    set_rules(levels_shown=1)
    root = make_comment(article, name="Grace")
    reply = make_comment(parent=root)
    text = client.get(article.get_absolute_url())

    assert shown(text) == [root.pk, reply.pk]
    assert '<ol class="replies">' not in text.content.decode()
    assert "in reply to Grace" in text.content.decode()


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_pages_of_two_roots_never_begin_with_a_leftover(article, client, order):
    arrange(roots_per_page=2, order=order)
    roots = [make_comment(article) for _ in range(5)]
    reply = make_comment(parent=roots[0])
    expected = roots if order == "oldest" else roots[::-1]

    found = [shown(client.get(f"{article.get_absolute_url()}?page={number}")) for number in (1, 2, 3)]

    # Newest first counts from the newest, so the page without a number is full.
    without_reply = [[pk for pk in page if pk != reply.pk] for page in found]
    assert without_reply == [[root.pk for root in expected[at : at + 2]] for at in (0, 2, 4)]
    assert found[0 if order == "oldest" else 2].count(reply.pk) == 1


def test_pages_outside_are_none_and_the_first_has_no_number(article, client):
    arrange(roots_per_page=1, thread_page_size=1)
    first = make_comment(article)
    make_comment(article)
    for _ in range(2):
        make_comment(parent=first)
    url, thread = article.get_absolute_url(), f"/comments/{first.pk}/thread/"

    for path in (url, thread):
        statuses = [client.get(f"{path}?page={page}").status_code for page in ("0", "1", "2", "3", "-1", "x")]
        assert statuses == [404, 200, 200, 404, 404, 404]
    second = client.get(f"{url}?page=2").content.decode()
    assert f'<link rel="canonical" href="http://testserver{url}?page=2">' in second
    assert f'<a rel="prev" href="{url}#comments">' in second
    assert f'<link rel="canonical" href="http://testserver{url}">' in client.get(f"{url}?page=1").content.decode()
    assert f'href="{thread}"' in client.get(f"{thread}?page=2").content.decode()


def test_a_permanent_address_finds_its_comment_after_every_change(article, client):
    roots = [make_comment(article) for _ in range(5)]
    reply = make_comment(parent=roots[2])

    def found():
        where = client.get(reply.permanent_url)["Location"]
        assert reply.pk in shown(client.get(where))
        return where.removeprefix(article.get_absolute_url())

    fragment = f"#comment-{reply.pk}"
    assert found() == fragment
    arrange(roots_per_page=2)
    assert found() == f"?page=2{fragment}"
    decide(roots[0].pk, "trash")
    assert found() == fragment
    arrange(order="newest", roots_per_page=1)
    assert found() == f"?page=3{fragment}"
    arrange(replies_shown=0)
    assert found() == f"/comments/{roots[2].pk}/thread/?page=1{fragment}"


def test_a_removed_root_is_a_tombstone_while_a_reply_lives_and_counts_for_paging(article, client):
    arrange(roots_per_page=1)
    root = make_comment(article, text="Regrettable")
    reply = make_comment(parent=make_comment(parent=root))
    decide(root.pk, "spam")
    decide(reply.parent_id, "trash")
    other = make_comment(article)
    url = article.get_absolute_url()

    first = client.get(url)
    assert shown(first) == [root.pk, reply.parent_id, reply.pk]
    assert "egrettable" not in first.content.decode()
    assert '<h2 id="comments-title">2 comments</h2>' in first.content.decode()
    assert shown(client.get(f"{url}?page=2")) == [other.pk]
    assert client.get(f"/api/v1/articles/{article.pk}/").json()["comment_count"] == 2

    decide(reply.pk, "trash")
    assert shown(client.get(url)) == [other.pk]
    assert client.get(f"{url}?page=2").status_code == 404


def test_nothing_takes_a_comment_from_between_others(article):
    root = make_comment(article)
    middle = make_comment(parent=root)
    last = make_comment(parent=middle)

    with pytest.raises(ProtectedError):
        middle.delete()

    last.refresh_from_db()
    assert last.parent_id == middle.pk


def test_the_order_is_the_editors_on_the_page_and_the_readers_over_rest(article, client):
    roots = [make_comment(article).pk for _ in range(3)]
    answered = make_comment(parent=Comment.objects.get(pk=roots[1]))

    def listed(sort):
        return [
            row["id"] for row in client.get(f"/api/v1/articles/{article.pk}/comments/?sort={sort}").json()["results"]
        ]

    assert [listed("oldest"), listed("newest")] == [roots, roots[::-1]]
    arrange(order="newest")
    # Replies stay in the order of the talk.
    later = make_comment(parent=answered)
    assert shown(client.get(article.get_absolute_url())) == [roots[2], roots[1], answered.pk, later.pk, roots[0]]


# --- Any size -----------------------------------------------------------------------------------------------------


def ask(client, path):
    """Ask for a page that nobody has kept. Returns the answer and what it asked about comments and their places."""
    http_cache._kept.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    assert answer.status_code in {200, 302}
    tables = ('FROM "comments_comment"', 'FROM "comments_pathbucket"')
    return answer, [query["sql"] for query in asked if any(table in query["sql"] for table in tables)]


def test_ten_thousand_comments_ask_as_little_as_fifty_and_nothing_counts_them(client):
    set_rules(flood_seconds=0)
    for size, first in ((50, 10_000_000), (10_000, 20_000_000)):
        article = make_article()
        with mock.patch("tests.comments.discussion.test_threads.FIRST", first):
            plant(article, [None if number % 5 in (0, 2) else number - 1 for number in range(size)])
        page, thread = article.get_absolute_url(), f"/comments/{first}/thread/"
        api = f"/api/v1/articles/{article.pk}/comments/?sort="
        for order, paths in (("oldest", (page, thread, f"{api}oldest", f"{api}newest")), ("newest", (page, thread))):
            set_rules(order=order)
            for path in paths:
                _, asked = ask(client, path)
                # The roots with what they need, and their first replies; or the top, and what is under it. REST asks for
                # roots and replies at once.
                assert len(asked) == (1 if path.startswith(api) else 2)
                assert not any("COUNT(" in query for query in asked)


def test_far_pages_and_permanent_addresses_ask_for_stretches_besides(client):
    set_rules(flood_seconds=0)
    article = make_article()
    rows = plant(article, [None] * 1_500 + [0] * 1_500)
    url, thread = article.get_absolute_url(), f"/comments/{rows[0].pk}/thread/"

    # The stretches and the roots, which nobody answered; the top, the stretches and what is under it.
    for path, last, expected in ((f"{url}?page=75", rows[1_499], 2), (f"{thread}?page=30", rows[-1], 3)):
        answer, asked = ask(client, path)
        assert shown(answer)[-1] == last.pk
        assert len(asked) == expected
    # Itself with its root, the stretches, and what stands before it in its own.
    for row in (rows[1_400], rows[2_900]):
        answer, asked = ask(client, row.permanent_url)
        assert len(asked) == 3
        assert row.pk in shown(client.get(answer["Location"]))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads small tables whole, and rightly so")
def test_a_page_reads_indexes_only_even_where_the_statistics_mislead(client):
    """With statistics, SQLite took "no parent" for a few rows, and joined conditions for reason to read everything."""
    set_rules(flood_seconds=0)
    article = make_article()
    rows = plant(article, [None] * 300 + [0] * 300)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        api = f"/api/v1/articles/{article.pk}/comments/?sort="
        for path in (article.get_absolute_url(), rows[9].permanent_url, f"{api}oldest", f"{api}newest"):
            for query in ask(client, path)[1]:
                cursor.execute("EXPLAIN QUERY PLAN " + query.replace("%", "%%"))
                plan = [row[3] for row in cursor.fetchall()]
                assert not [step for step in plan if "SCAN comments" in step or "comment_replies" in step], plan
                assert "LIMIT" not in query or "USE TEMP B-TREE FOR ORDER BY" not in plan[:3] or "UNION" in query


@given(deep_forests, st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@undone
def test_every_permanent_address_leads_to_a_page_that_shows_the_comment(parents, data):
    removed = data.draw(st.sets(st.sampled_from(range(len(parents))), max_size=len(parents) // 2))
    with mock.patch.multiple(positions, SIZE=2, SHORT=4):
        rules = set_rules(
            flood_seconds=0,
            order=data.draw(st.sampled_from(CommentSettings.Order.values)),
            roots_per_page=data.draw(st.integers(1, 4)),
            replies_shown=data.draw(st.integers(0, 4)),
            thread_page_size=data.draw(st.integers(1, 5)),
        )
        article = make_article()
        rows = plant(article, parents, removed)
        article.refresh_from_db()
        client = Client()
        http_cache._kept.clear()
        for row in rows:
            if row.status == "approved":
                assert row.pk in shown(client.get(address(row, article, rules).partition("#")[0]))


# --- Any depth ----------------------------------------------------------------------------------------------------


def test_a_chain_of_two_thousand_comes_in_goes_on_and_is_read(client):
    set_rules(flood_seconds=0)
    article = make_article(origin_site="old.example", origin_type="post", origin_id="1")
    start = dt.datetime(2020, 5, 1, tzinfo=dt.UTC)
    admit(
        CommentRecord(
            origin=Origin("old.example", "comment", str(number)),
            article=Origin("old.example", "post", "1"),
            parent=Origin("old.example", "comment", str(number - 1)) if number else None,
            status="approved",
            body=f"Link {number}.",
            created_at=start + dt.timedelta(minutes=number),
        )
        for number in range(1_990)
    )
    moderator = make_moderator()
    last = article.comments.get(depth=1_989)
    for number in range(1_990, 2_001):
        last = post_comment(make_draft(article, text=f"Link {number}.", parent=str(last.pk), user=moderator))

    assert (last.depth, last.status) == (2_000, "approved")
    root = Comment.objects.get(parent=None)
    article = Article.objects.get(pk=article.pk)
    assert (article.comment_count, article.root_count, root.thread_count, root.reply_count) == (2_001, 1, 2_000, 1)
    read = []
    for number in range(1, 41):
        read += shown(client.get(f"/comments/{root.pk}/thread/?page={number}"))[1:]
    assert read == list(article.comments.exclude(parent=None).order_by("depth").values_list("pk", flat=True))
    where = client.get(last.permanent_url)["Location"]
    assert where == f"/comments/{root.pk}/thread/?page=40#comment-{last.pk}"
    assert f"Link {2_000}." in client.get(where).content.decode()
    decide(last.pk, "trash", by=moderator, reason="off_topic")
    assert client.get(f"/comments/{root.pk}/thread/?page=40").status_code == 200
