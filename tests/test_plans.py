"""How PostgreSQL finds the rows of each page and each job where there are many: by indexes, and no more than are shown."""

from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import F
from django_tasks_db.models import DBTaskResult

from articles.models.article import Article, Byline
from articles.public import page_frames, teasers
from comments.authors.claiming import claimable
from comments.desk.filters import Filter
from comments.models import Comment, CommentSettings
from newsreader import article_page
from newsreader.accounts.identities import own_identity
from newsreader.kit import http_cache
from newsreader.mailing import outbox
from tests.factories import make_moderator, make_user, set_rules
from tests.large import UNDER_ONE, large_database
from tests.plans import asked, plans

pytestmark = [
    pytest.mark.ci_postgresql,
    pytest.mark.database,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has tests of its plans beside each page"),
]


@pytest.fixture(scope="module")
def large(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), large_database():
        yield


@pytest.fixture(autouse=True)
def undone(large):
    """Whatever a test changes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def look(statements, *, read, dropped=0, sort=0):
    """Hold each statement to so many rows that it may read, drop and sort."""
    assert statements
    for plan in plans(statements):
        says = f"{plan.sql}\n{plan.text}"
        assert not plan.whole, says
        assert plan.read <= read, f"reads {plan.read}: {says}"
        assert plan.dropped <= dropped, f"drops {plan.dropped}: {says}"
        assert plan.sorted <= sort, f"sorts {plan.sorted}: {says}"


def ask(client, path, status=200):
    for alias in ("default", "requests"):
        caches[alias].clear()
    for kept in (http_cache._kept, article_page._frames, page_frames._frames, teasers._teasers):
        kept.clear()
    with asked() as statements:
        answer = client.get(path)
    assert answer.status_code == status
    return statements


def first():
    return Article.objects.earliest("pk")


@pytest.mark.parametrize("order", CommentSettings.Order.values)
@pytest.mark.parametrize("more", ["", "?page=2", "?page=900"])
def test_article_pages(order, more, client):
    set_rules(order=order)

    look(ask(client, first().get_absolute_url() + more), read=1_500, dropped=100, sort=100)


def test_rest_pages_of_comments(client):
    for sort in ("oldest", "newest"):
        path = f"/api/v1/articles/{first().pk}/comments/?sort={sort}"
        look(ask(client, path), read=500, sort=100)
        for _ in range(2):
            path = client.get(path).json()["next"]
            look(ask(client, path), read=500, sort=100)


def test_rest_pages_of_comments_where_most_threads_are_long(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE comments_comment ALTER root_id SET (n_distinct = 5)")
        cursor.execute("ANALYZE comments_comment (root_id)")

    look(ask(client, f"/api/v1/articles/{first().pk}/comments/"), read=500, sort=100)


def test_threads_and_permanent_addresses(client):
    top = Comment.objects.filter(article=first()).earliest("pk")
    last = Comment.objects.filter(root=top).latest("path")
    for path, status in (
        (f"/comments/{top.pk}/thread/", 200),
        (f"/comments/{top.pk}/thread/?page=20", 200),
        (f"/api/v1/comments/{top.pk}/replies/", 200),
        (f"/api/v1/comments/{last.pk}/", 200),
        (f"/comments/{last.pk}/", 302),
        (f"/comments/{top.pk + UNDER_ONE - 5}/", 302),
    ):
        # PostgreSQL reads and sorts a thread of 3,000 rather than taking them in the order of an index.
        look(ask(client, path, status), read=3_100, dropped=600, sort=600)


def test_lists_of_articles(client):
    byline = Byline.objects.select_related("author").earliest("pk")
    section, tag = first().section, first().tags.get()
    for path in (
        "/",
        "/?page=3",
        section.get_absolute_url(),
        tag.get_absolute_url(),
        byline.author.get_absolute_url(),
        "/feed/",
        f"{section.get_absolute_url()}feed/",
        "/comments/feed/",
        f"{first().get_absolute_url()}feed/",
        "/news-sitemap.xml",
        "/api/v1/articles/",
        f"/api/v1/articles/?section={section.slug}",
    ):
        look(ask(client, path), read=2_000, sort=200)  # All rows that have a tag have the same one here.


def test_searches_of_articles(client):
    for words in ("harbour", "ferry", "ferry harbour"):
        look(ask(client, f"/search/?q={words}"), read=2_000, sort=700)


@pytest.mark.parametrize(
    "asks",
    ["", "?q=harbour", "?q=reader7@example.net", "?status=reported", "?status=unanswered", "?status=all"],
)
def test_the_queue(asks, client):
    client.force_login(make_moderator(is_superuser=True))

    statements = ask(client, f"/admin/moderation/{asks}")

    look(statements, read=5_100, dropped=2_500, sort=1_100)


def test_what_one_account_has_left():
    identity = own_identity(make_user())
    Comment.objects.annotate(turn=F("pk") % 50).filter(turn=0).update(identity=identity)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE comments_comment")
    wanted, moderator = Filter(author=f"account:{identity.pk}", status="all"), make_moderator(is_superuser=True)

    with asked() as statements:
        assert len(wanted.rows(moderator).order_by(*wanted.order)[:50]) == 50

    look(statements, read=50)


def test_what_an_account_may_claim():
    user = make_user()
    EmailAddress.objects.create(user=user, email="Reader7@Example.net", verified=True)
    with asked() as statements:
        assert claimable(user).count() == 20

    look(statements, read=200, dropped=20)


def test_posting(client):
    article = first()
    with asked() as statements, mock.patch.object(outbox, "_send", return_value=True):
        answer = client.post(
            f"/articles/{article.pk}/reply/", {"text": "The ferry is late.", "name": "Ada", "email": "ada@example.org"}
        )
    assert answer.status_code == 303

    look(statements, read=1_100, dropped=100, sort=20)


def test_the_next_mails_and_the_next_task():
    with asked() as statements, mock.patch.object(outbox, "_send", return_value=True) as send:
        assert DBTaskResult.objects.ready().get_locked()
        assert outbox.send_due.func()

    assert send.called
    look(
        statements, read=300, dropped=1, sort=20
    )  # The comments of twenty mails, and the one that has to be confirmed.
