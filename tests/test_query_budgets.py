"""How many questions each public page and each list over REST asks the database: a fixed number, whatever it shows.

Every address that readers and programs reach is in BUDGETS or in APART; to add a page, add it there. A page that asks
for each row of a list asks more in the larger newsroom, and zeal (see `tests/settings.py`) names the line.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, resolve

from articles.public import page_frames, teasers
from comments.models import Comment
from comments.moderation.batches import decide_batch
from comments.moderation.decisions import decide
from comments.notifications.subscriptions import Reader, Wish, subscribe
from comments.posting import guest_fragment, thread_page
from comments.posting.submission import post_comment
from newsreader import article_page, views
from newsreader.kit import http_cache
from newsreader.mailing.tokens import token_for
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_moderator,
    make_section,
    make_tag,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db

READER = "reader@example.org"
# At most so many, on either database. An address without a copy of the page, and without anything in the caches.
BUDGETS = {
    "/{date}/{slug}/": 13,
    "/{date}/{slug}/feed/": 3,
    "/": 9,
    "/sections/{section}/": 8,
    "/tags/{tag}/": 8,
    "/authors/{author}/": 8,
    "/search/?q=ferry": 10,
    "/search/opensearch.xml": 1,
    "/oembed/?url=http://testserver/{date}/{slug}/": 6,
    "/sitemap.xml": 2,
    "/news-sitemap.xml": 2,
    "/sitemaps/lists.xml": 5,
    "/sitemaps/{month}.xml": 2,
    "/feed/": 4,
    "/sections/{section}/feed/": 5,
    "/tags/{tag}/feed/": 5,
    "/authors/{author}/feed/": 5,
    "/comments/feed/": 2,
    "/feed/atom/": 4,
    "/sections/{section}/feed/atom/": 5,
    "/tags/{tag}/feed/atom/": 5,
    "/authors/{author}/feed/json/": 5,
    "/comments/feed/json/": 2,
    "/articles/{article}/reply/": 6,
    "/articles/{article}/you/": 3,
    "/comments/{comment}/": 3,
    "/comments/{reply}/": 4,
    "/comments/{comment}/thread/": 7,
    "/comments/{reply}/thread/": 9,
    "/comments/{comment}/flag/": 5,
    "/comments/{held}/status/{token}/": 9,
    "/mail/{mail}/": 7,
    "/follow/section/{section_id}/": 5,
    "/transparency/": 5,
    "/pages/{page}/": 13,
    "/robots.txt": 1,
    "/no/such/page/": 5,
    "/comments/999999999/": 6,
    "/articles/999999999/you/": 6,
    "/api/v1/articles/": 3,
    "/api/v1/articles/?section={section}&tag={tag}": 3,
    "/api/v1/articles/{article}/": 4,
    "/api/v1/articles/{article}/comments/": 1,
    "/api/v1/comments/{comment}/": 1,
    "/api/v1/comments/{comment}/replies/": 2,
    "/api/v1/sections/": 1,
    "/api/v1/sections/{section}/": 1,
    "/api/v1/tags/": 1,
    "/api/v1/tags/{tag}/": 1,
    "/api/v1/authors/": 1,
    "/api/v1/authors/{author}/": 1,
}
OF_MODERATORS = {
    "/accounts/comments/": 10,
    "/accounts/mail/": 7,
    "/api/v1/me/": 4,
    "/api/v1/subscriptions/": 5,
    "/api/v1/subscriptions/preferences/": 5,
    "/admin/moderation/": 33,
    "/api/v1/moderation/queue/": 4,
    "/api/v1/comments/{held}/decisions/": 4,
}
# What shows no list, or is one person's: each of these asks for one row by its key or its secret.
APART = {
    "admin/first-steps/",
    "admin/import/",
    "admin/import/<str:slug>/",
    "admin/sign-in-providers/",
    "accounts/comments/claim/",
    "accounts/comments/seen/",
    "accounts/erase/",
    "accounts/erase/cancel/",
    "accounts/masthead/",
    "accounts/my-data/",
    "my-data/",
    "my-data/<str:token>/",
    "api/v1/articles/<int:pk>/corrections/",
    "api/v1/articles/<int:pk>/corrections/<int:correction>/",
    "api/v1/comments/<int:pk>/flag/",
    "api/v1/decisions/",
    "api/v1/decisions/batches/<uuid:batch>/",
    "api/v1/decisions/batches/<uuid:batch>/undo/",
    "api/v1/docs/",
    "api/v1/subscriptions/<int:pk>/",
    "api/v1/webhooks/",
    "api/v1/webhooks/<int:pk>/",
    "admin/articles/article/<int:article_id>/preview/",
    "admin/articles/article/preview/",
    "api/v1/schema/",
    "articles/<int:article_id>/preview/",
    "articles/<int:article_id>/reply/back/",
    "articles/<int:article_id>/reply/with/<slug:way>/",
    "bans/<int:ban_id>/<str:token>/",
    "comments/<int:comment_id>/confirm/<str:token>/",
    "erasure/",
    "erasure/<int:request_id>/<str:token>/",
    "erasure/<str:token>/",
    "healthz",
    "mail-events/<slug:provider>/",
    "mail/<str:token>/not-me/",
    "metrics",
    "readyz",
    "moderation/link/<str:token>/",
    "reports/<int:report_id>/<str:token>/",
    r"^media/(?P<path>(?:pictures|avatars)/.+)$",
    r"^transparency/(?P<month>[0-9]{4}-[0-9]{2})\.(?P<form>json|csv)$",
}
# Of libraries, and of the admin, whose lists have tests of their own.
ELSEWHERE = ("accounts/", "_allauth/", "admin/")


class Newsroom:
    """A newsroom that grows; the addresses of its first article stay the same."""

    def __init__(self):
        set_rules(flood_seconds=0)
        self.section, self.tag, self.author = make_section(), make_tag(), make_author()
        self.article = self._article()
        self.page = make_article(kind="page")
        self.comment = make_comment(self.article)
        self.reply = make_comment(parent=self.comment)
        self.held = post_comment(make_draft(self.article))
        self.moderator = make_moderator(username="moderator", is_superuser=True)

    def _article(self):
        article = make_article(section=self.section, authors=[self.author])
        article.tags.add(self.tag)
        for address in (READER, "moderator@example.org"):
            subscribe(Reader(address), Wish("corrections", article_id=article.pk))
        return article

    def grow(self, size: int) -> None:
        for _ in range(size):
            self._article()
            other = make_article(section=make_section(), authors=[make_author()])
            other.tags.add(make_tag())
            reply = make_comment(parent=self.comment)
            subscribe(Reader(READER), Wish("replies", comment_id=reply.pk))
            make_comment(parent=self.reply)
            make_comment(parent=make_comment(self.article))
            make_comment(other)
            post_comment(make_draft(self.article))

    def address(self, pattern: str) -> str:
        self.article.refresh_from_db()
        return pattern.format(
            date=f"{self.article.published_on:%Y/%m/%d}",
            month=f"{self.article.published_on:%Y-%m}",
            slug=self.article.slug,
            page=self.page.slug,
            section=self.section.slug,
            tag=self.tag.slug,
            author=self.author.slug,
            article=self.article.pk,
            comment=self.comment.pk,
            reply=self.reply.pk,
            held=self.held.pk,
            token=self.held.status_token,
            mail=token_for(READER),
            section_id=self.section.pk,
        )


@pytest.fixture
def newsroom():
    return Newsroom()


def questions(client, address: str) -> list[str]:
    """Return what a first reader's request asks."""
    for alias in ("default", "requests"):
        caches[alias].clear()
    http_cache._kept.clear()
    for kept in (
        article_page._frames,
        page_frames._frames,
        thread_page._frames,
        guest_fragment._frames,
        views._refusals,
        teasers._teasers,
    ):
        kept.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    missing = "no/such" in address or "999999999" in address
    assert answer.status_code == (404 if missing else 302 if re.fullmatch(r"/comments/\d+/", address) else 200)
    return [query["sql"] for query in asked.captured_queries]


def routes(patterns, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        elif not route.startswith(ELSEWHERE):
            yield from routes(pattern.url_patterns, route)


def test_every_address_has_a_budget_or_is_known_to_need_none(newsroom):
    known = {
        resolve(newsroom.address(pattern).split("?")[0]).route
        for pattern in (BUDGETS | OF_MODERATORS).keys() - {"/no/such/page/"}
    }

    assert set(routes(get_resolver().url_patterns)) - known == APART


def test_every_page_and_list_asks_as_much_however_much_it_shows(client, newsroom, subtests):
    budgets = BUDGETS | OF_MODERATORS
    client.get("/")  # What is read once in a process.

    def ask() -> dict[str, list[str]]:
        client.logout()
        found = {pattern: questions(client, newsroom.address(pattern)) for pattern in BUDGETS}
        client.force_login(newsroom.moderator)
        return found | {pattern: questions(client, newsroom.address(pattern)) for pattern in OF_MODERATORS}

    newsroom.grow(2)
    few = ask()
    newsroom.grow(6)
    many = ask()

    for pattern, budget in budgets.items():
        with subtests.test(pattern):
            assert len(many[pattern]) == len(few[pattern]), "\n".join(many[pattern])
            assert len(many[pattern]) <= budget, "\n".join(many[pattern])


# What a reader's post, a moderator's decision and an author's change ask and write, at most, on SQLite and on PostgreSQL,
# where rows that go in together, and a token of the rate limit, are one statement. Without the statements that begin and
# end the transaction. A task for the mails is one of them.
WRITES = {
    "a guest's comment that is held": (16, 12),  # with what may be mailed to the address that was typed
    "a guest's comment, and replies by mail": (21, 18),  # which asks the address first
    "a member's comment, and replies by mail": (18, 14),
    "a guest's comment that appears": (9, 5),
    "a guest's reply that appears": (15, 12),
    "a member's comment that appears": (14, 10),
    "a decision": (8, 6),
    "fifty decisions": (10, 10),
    "an author's change": (9, 7),
    "an author's second change": (9, 7),
    "an author's change that has to wait": (13, 10),
}
# What is known before anything is locked, so that others who post do not wait for it.
AHEAD = re.compile(r'FROM "(comments_ban|comments_filterentry|comments_commentsettings|articles_author)"')


BESIDE = re.compile("SAVEPOINT|RELEASE|PRAGMA|SET ")  # of the transaction, and of how long it may wait


@contextmanager
def asked():
    """Collect the statements meanwhile, and where in them the transaction begins."""
    with CaptureQueriesContext(connection) as captured:
        found: list[str] = []
        yield found
    found += [query["sql"] for query in captured.captured_queries]


def test_a_post_and_a_decision_ask_a_fixed_number_whatever_is_there(client, newsroom, settings, subtests):
    settings.TASKS = {"default": {"BACKEND": "newsreader.kit.task_queue.Queue", "QUEUES": ["default", "long"]}}
    number = count(1)

    def post(browser=client, **more):
        with asked() as found:
            form = {"text": f"Number {next(number)}", "name": "Ada", "email": f"a{next(number)}@example.org"} | more
            answer = browser.post(
                f"/articles/{newsroom.article.pk}/reply/", form, REMOTE_ADDR=f"192.0.2.{next(number)}"
            )
        assert answer.status_code == 303, answer.text
        return found

    def edit(browser, comment):
        with asked() as found:
            text = {"text": f"Number {next(number)}"}
            answer = browser.patch(f"/api/v1/comments/{comment.pk}/", text, content_type="application/json")
        assert answer.status_code == 200, answer.text
        return found

    def decided(comments, status):
        with asked() as found:
            decide_batch(Comment.objects.filter(pk__in=comments), status, by=newsroom.moderator, reason="off_topic")
        return found

    def one():
        pk = post_comment(make_draft(newsroom.article)).pk
        with asked() as found:
            decide(pk, "approved", by=newsroom.moderator)
        return found

    def ask() -> dict[str, list[str]]:
        set_rules(flood_seconds=20, hold_first_comment=True)
        found = {"a guest's comment that is held": post(Client()), "a decision": one()}
        fifty = [post_comment(make_draft(newsroom.article)).pk for _ in range(50)]
        found["fifty decisions"] = decided(fifty, "approved")
        set_rules(hold_first_comment=False)
        found["a guest's comment that appears"] = post(Client())
        found["a guest's comment, and replies by mail"] = post(Client(), notify="replies")
        found["a guest's reply that appears"] = post(Client(), parent=str(make_comment(newsroom.article).pk))
        member = Client()
        member.force_login(make_user())
        post(member)  # Makes the identity.
        found["a member's comment that appears"] = post(member)
        follower = Client()
        follower.force_login(make_user())
        post(follower, notify="replies")  # Makes the row of the address, too.
        found["a member's comment, and replies by mail"] = post(follower, notify="replies")
        mine = Comment.objects.order_by("pk").last()
        found["an author's change"], found["an author's second change"] = (edit(follower, mine) for _ in range(2))
        set_rules(hold_everything=True)
        found["an author's change that has to wait"] = edit(follower, mine)
        set_rules(hold_everything=False)
        return found

    ask()
    few = ask()
    newsroom.grow(6)
    many = ask()

    for what, budgets in WRITES.items():
        with subtests.test(what):
            budget = budgets[connection.vendor == "postgresql"]
            within = [sql for sql in many[what] if not BESIDE.match(sql)]
            assert len(many[what]) == len(few[what]), "\n".join(many[what])
            assert len(within) <= budget, f"{len(within)}\n" + "\n".join(sql[:200] for sql in within)
        if "decision" not in what:
            begins = next(at for at, sql in enumerate(many[what]) if sql.startswith("SAVEPOINT"))
            assert not [sql for sql in many[what][begins:] if AHEAD.search(sql)]
