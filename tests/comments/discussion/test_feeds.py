"""Feeds of comments."""

import datetime as dt

import pytest
from django.utils import timezone

from articles import publishing
from comments.moderation.decisions import decide
from newsreader.kit import http_cache
from tests.factories import make_article, make_comment, make_moderator
from tests.feeds import FORMS, read

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def titles(client, address):
    return [(entry.title, entry.link) for entry in read(client, address).entries]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_approved_stands_in_the_sites_and_the_articles_feed_newest_first(client, form):
    article, other = make_article(headline="Ferry"), make_article(headline="Boat")
    first, second = make_comment(article, name="Ada"), make_comment(article, name="Bo")
    elsewhere = make_comment(other, name="Cy")
    for status in ("pending", "spam", "trash"):
        make_comment(article, status=status)

    def told(comment, title):
        return title, f"http://testserver/comments/{comment.pk}/"

    ferry = [told(second, "Bo on “Ferry”"), told(first, "Ada on “Ferry”")]
    assert titles(client, f"/comments/feed/{form}") == [told(elsewhere, "Cy on “Boat”"), *ferry]
    assert titles(client, f"{article.get_absolute_url()}feed/{form}") == ferry


def test_under_what_is_not_published_nothing_is_told(client):
    comment = make_comment()
    publishing.withdraw(comment.article_id)

    assert titles(client, "/comments/feed/") == []
    for form in FORMS:
        assert client.get(f"{comment.article.get_absolute_url()}feed/{form}").status_code == 410


@pytest.mark.parametrize("form", FORMS)
def test_each_entry_has_the_comment_as_a_summary(client, form):
    make_comment(text="Is **1 < 2**?\n\n`<b>` & so on")
    make_comment(text="long " * 200)

    long, short = (entry.summary for entry in read(client, f"/comments/feed/{form}").entries)

    # In RSS and Atom it is HTML, in JSON Feed plain text.
    assert short == ("Is 1 < 2? <b> & so on" if form == "json/" else "Is 1 &lt; 2? &lt;b&gt; &amp; so on")
    assert (len(long), long[-1]) == (300, "…")


def test_no_address_and_no_email_is_told(client):
    article = make_article()
    make_comment(article, email="ada-private@example.org", address="203.0.113.77", name="Ada")

    for form in FORMS:
        told = client.get(f"/comments/feed/{form}").content.decode()
        assert "Ada" in told
        assert "ada-private" not in told
        assert "203.0.113" not in told


def test_a_decision_is_in_the_next_answer(client):
    article = make_article()
    make_comment(article)
    comment = make_comment(article, name="Bo")
    first = client.get("/comments/feed/")

    decide(comment.pk, "spam", by=make_moderator(), reason="spam")
    second = client.get("/comments/feed/", headers={"If-None-Match": first["ETag"]})

    assert second.status_code == 200
    assert "Bo" not in second.content.decode()
    assert client.get("/comments/feed/", headers={"If-None-Match": second["ETag"]}).status_code == 304


@pytest.mark.parametrize("address", ["/2026/02/31/x/feed/", "/2026/01/01/nothing/feed/", "/0000/00/00/x/feed/atom/"])
def test_an_article_that_is_not_there_has_none(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("many", [1, 30])
def test_a_feed_asks_as_much_however_many_it_tells(client, django_assert_num_queries, many):
    article = make_article()
    for _ in range(many):
        make_comment(article)

    with django_assert_num_queries(2):
        titles(client, "/comments/feed/")
    with django_assert_num_queries(3):
        titles(client, f"{article.get_absolute_url()}feed/")


@pytest.mark.parametrize("form", ["", "atom/", "json/"])
def test_a_feed_without_comments_is_the_same_whenever_it_is_asked_for(client, form, time_machine):
    address = f"{make_article().get_absolute_url()}feed/{form}"
    first = client.get(address).content

    http_cache._kept.clear()
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=40))

    assert client.get(address).content == first
