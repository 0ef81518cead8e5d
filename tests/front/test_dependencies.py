"""What public pages say that they depend on: whatever gives one another ETag, or takes it away, ends that."""

from __future__ import annotations

import datetime as dt
import select
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from articles.models.article import Article
from articles.models.taxonomy import Author, Section, Tag
from comments.authors import author_edits
from comments.models import Comment, MonthlyStats
from comments.moderation.decisions import decide
from comments.objections.transparency import bring_up_to_date
from newsreader.front import lane
from newsreader.front.versions_now import Line
from newsreader.kit.depends import COMMENTS
from newsreader.kit.http_cache import depends_of
from tests.factories import make_article, make_author, make_comment, make_section, make_tag, set_rules
from tests.test_page_versions import OPERATIONS

pytestmark = pytest.mark.django_db

STANDING = ["/", "/feed/", "/sitemap.xml", "/sitemaps/lists.xml", "/news-sitemap.xml", "/search/?q=ferry"]
STANDING += ["/search/opensearch.xml", "/robots.txt", "/comments/feed/", "/comments/feed/json/", "/transparency/"]
STANDING += ["/api/v1/docs/"]


class Seen(NamedTuple):
    status: int
    etag: str
    depends: Any


def addresses() -> list[str]:
    found = list(STANDING)
    for article in Article.objects.exclude(published_on=None):
        page = article.get_absolute_url()
        found += [page, f"/oembed/?url=http://localhost:8000{page}"]
        if article.kind == "article":
            found += [f"{page}feed/", f"/sitemaps/{article.published_on:%Y-%m}.xml"]
    for kind in (Section, Tag, Author):
        for row in kind.objects.all():
            found += [row.get_absolute_url(), f"{row.get_absolute_url()}feed/"]
    roots = Comment.objects.filter(parent=None).values_list("pk", flat=True)
    return list(dict.fromkeys([*found, *(f"/comments/{pk}/thread/" for pk in roots)]))


def look(paths: list[str]) -> dict[str, Seen]:
    seen = {}
    for path in paths:
        response = Client().get(path)
        seen[path] = Seen(response.status_code, response.get("ETag", ""), depends_of(response))
    return seen


def hold(seen: Seen) -> bool:
    """Say whether the fast lane would still answer with this page."""
    return lane.holds(seen.depends, Line(connection).read(seen.depends.asked))


@pytest.mark.parametrize("change", OPERATIONS, ids=lambda function: function.__name__)
def test_whatever_changes_a_page_ends_what_it_depends_on(change, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    steps = change()
    next(steps)
    neighbour = make_article(section=Section.objects.first(), authors=[make_author()])
    neighbour.tags.add(make_tag())
    before = look(addresses())
    kept = {path: seen for path, seen in before.items() if seen.depends}
    assert all(hold(seen) for seen in kept.values())

    next(steps, None)

    after = look(list(before))
    stale = [path for path, seen in kept.items() if after[path][:2] != seen[:2] and hold(seen)]
    assert stale == []
    assert any(not hold(seen) for seen in kept.values())


def test_every_page_says_what_it_depends_on():
    article = make_article(section=make_section(), authors=[make_author()])
    article.tags.add(make_tag())
    make_comment(article)

    seen = {path: seen for path, seen in look(addresses()).items() if seen.status == 200}

    assert [path for path in seen if path in STANDING] == STANDING
    assert [path for path, one in seen.items() if one.depends is None] == []


def test_what_is_appended_to_follow_readers_changes_no_page():
    article = make_article(section=make_section(), authors=[make_author()])
    article.tags.add(make_tag())
    make_comment(article)
    paths = addresses()

    def answers(junk: str) -> list[Any]:
        found = []
        for path in paths:
            response = Client().get(f"{path}{'&' if '?' in path else '?'}{junk}" if junk else path)
            if response.status_code == 200:
                found.append((path, response["ETag"], response.content))
        return found

    plain = answers("")
    assert len(plain) > 15
    assert answers("utm_source=mail&fbclid=IwAR0&gclid=x&new=12") == plain


def test_a_comment_changes_the_etag_of_what_shows_it_or_its_number_alone():
    set_rules(hold_first_comment=False)
    section = make_section()
    article, neighbour = make_article(section=section), make_article(section=section)
    make_comment(article)
    before = look(addresses())

    make_comment(article)

    after = look(list(before))
    changed = {path for path, seen in before.items() if after[path].etag != seen.etag}
    page = article.get_absolute_url()
    thread = f"/comments/{Comment.objects.earliest('pk').pk}/thread/"
    numbers = {"/", section.get_absolute_url()}  # Lists show how many there are.
    assert changed == {page, f"{page}feed/", "/comments/feed/", "/comments/feed/json/", thread, *numbers}
    assert hold(before[neighbour.get_absolute_url()])
    assert hold(before["/feed/"])


def test_the_months_in_figures_hold_until_the_worker_has_counted():
    comment = make_comment()
    decide(comment.pk, "trash")
    bring_up_to_date()
    month = f"{MonthlyStats.objects.get().month:%Y-%m}"
    paths = ["/transparency/", f"/transparency/{month}.json", f"/transparency/{month}.csv"]
    before = look(paths)
    assert all(hold(seen) for seen in before.values())

    assert bring_up_to_date(timezone.now() + dt.timedelta(hours=2)) > 0

    assert not any(hold(seen) for seen in before.values())
    assert all(seen.etag != before[path].etag for path, seen in look(paths).items())


def test_an_edited_comment_changes_no_list():
    set_rules(hold_first_comment=False)
    comment = make_comment()
    before = look(["/", "/feed/"])

    author_edits.edit_comment(comment.pk, "Another thought of mine.", token=comment.status_token)

    assert [seen.etag for seen in look(["/", "/feed/"]).values()] == [seen.etag for seen in before.values()]


def test_a_page_with_a_form_holds_until_its_comments_close(monkeypatch):
    article = make_article()
    set_rules(close_after_days=14)
    (seen,) = look([article.get_absolute_url()]).values()
    closing = article.published_at.timestamp() + 14 * 24 * 60 * 60
    assert seen.depends.until == closing

    monkeypatch.setattr(lane.time, "time", lambda: closing)
    assert not hold(seen)


def test_the_map_of_news_holds_until_its_oldest_is_two_days_old():
    article = make_article()

    (seen,) = look(["/news-sitemap.xml"]).values()

    assert seen.depends.until == article.published_at.timestamp() + 2 * 24 * 60 * 60


def test_a_refusal_a_redirect_and_a_private_page_depend_on_nothing_that_is_said():
    article = make_article(state="withdrawn")
    comment = make_comment()
    paths = [article.get_absolute_url(), "/nothing/", f"/comments/{comment.pk}/", "/accounts/login/", "/?page=99"]
    paths += ["/api/v1/articles/", "/api/v1/sections/", f"/api/v1/articles/{comment.article_id}/comments/"]
    paths += [f"/articles/{comment.article_id}/you/", "/search/?q=x&since=never", "/?p=7"]

    assert {path: seen.depends for path, seen in look(paths).items()} == dict.fromkeys(paths)


def test_with_debug_no_page_says_anything(settings):
    settings.DEBUG = True
    make_article()

    assert {seen.depends for seen in look(["/", "/robots.txt"]).values()} == {None}


@pytest.mark.skipif(settings.SQLITE, reason="a file has no server that could be heard")
@pytest.mark.parametrize("pooled", [False, True])
def test_a_server_that_is_heard_says_what_one_says_that_is_waited_for(pooled, settings):
    settings.POOLED = pooled
    article = make_article()
    line = Line(connection)
    for _ in range(2):
        assert line.send((article.pk, 999_999))
        found = None
        while found is None:
            assert select.select([line.socket], [], [], 10)[0]
            found = line.receive()
        assert found == line.read((article.pk, 999_999))
        assert found[article.pk] == article.page_version
    assert not line.send((COMMENTS,))
    assert COMMENTS in line.read((COMMENTS,))
