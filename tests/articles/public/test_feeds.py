"""Feeds of articles, read by programs that know feeds."""

import datetime as dt
import html

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from articles import page_versions, publishing, writing
from articles.models.article import Article
from articles.models.pictures import Picture
from tests.factories import make_article, make_author, make_editor, make_section, make_tag
from tests.feeds import FORMS, read

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.mark.parametrize("form", FORMS)
def test_an_article_is_told_in_full_to_whoever_follows_the_site(client, form):
    section, tag, author = make_section("Town & Country"), make_tag("tides"), make_author(name="Åsa <Berg>")
    article = make_article(
        headline="Ferry & boat < tide",
        standfirst="Nine weeks “in dock”.",
        body='<p>See <a href="/pages/about/">us</a> <b>&amp;</b> them, href="/x".</p>',
        section=section,
        authors=[author],
    )
    article.tags.add(tag)

    feed = read(client, f"/feed/{form}")
    (entry,) = feed.entries

    assert (feed.title, feed.link) == ("Newsreader", "http://testserver/")
    assert entry.title == "Ferry & boat < tide"
    assert entry.link == entry.id == f"http://testserver{article.get_absolute_url()}"
    assert entry.summary == "Nine weeks “in dock”."
    assert entry.html.startswith('<p>See <a href="http://testserver/pages/about/"')
    assert 'them, href="/x".' in entry.html
    assert entry.published == article.published_at.replace(microsecond=0)
    assert entry.categories == ["Town & Country", "tides"]
    assert entry.authors == ["Åsa <Berg>"]


@pytest.mark.ci_both
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["section", "tag", "author"])
def test_each_list_has_its_own(client, kind, form):
    subject = {"section": make_section, "tag": make_tag, "author": make_author}[kind]()
    within = make_article(
        **({"section": subject} if kind == "section" else {}), authors=[subject] if kind == "author" else []
    )
    if kind == "tag":
        within.tags.add(subject)
    make_article()

    feed = read(client, f"{subject.get_absolute_url()}feed/{form}")

    assert [entry.title for entry in feed.entries] == [within.headline]
    assert feed.title == f"{subject.name} · Newsreader"
    assert feed.link == f"http://testserver{subject.get_absolute_url()}"


@pytest.mark.parametrize(
    "standfirst", ["Is 1 < 2 & 3 > 2?", "The <b> of “HTML”", "&lt;b&gt;", "<script>alert(1)</script>", ""]
)
def test_a_standfirst_is_the_same_text_in_every_format(client, standfirst):
    make_article(standfirst=standfirst)

    told = {form: read(client, f"/feed/{form}").entries[0].summary for form in FORMS}

    assert told["json/"] == standfirst
    for form in ("", "atom/"):  # There it is HTML, in which nothing is a tag.
        assert html.unescape(told[form]) == standfirst
        assert "<" not in told[form]


def test_what_readers_do_not_see_is_in_no_feed(client):
    shown = make_article()
    for state in ("draft", "scheduled", "withdrawn"):
        make_article(state=state)
    make_article(kind="page", slug="imprint")

    assert [entry.title for entry in read(client, "/feed/").entries] == [shown.headline]


def test_the_newest_come_first_and_no_more_than_twenty(client):
    for hours in range(22):
        make_article(at=timezone.now() - dt.timedelta(hours=hours), headline=f"Hour {hours}")

    titles = [entry.title for entry in read(client, "/feed/").entries]

    assert titles == [f"Hour {hours}" for hours in range(20)]


@pytest.mark.parametrize("address", ["/feed/xml/", "/sections/nothing/feed/", "/tags/nothing/feed/atom/"])
def test_there_is_no_other_feed(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.ci_both
@pytest.mark.parametrize("form", FORMS)
def test_a_reader_that_has_it_is_told_so_until_something_changes(client, form):
    article, editor = make_article(), make_editor()
    first = client.get(f"/feed/{form}")

    by_tag = client.get(f"/feed/{form}", headers={"If-None-Match": first["ETag"]})
    by_time = client.get(f"/feed/{form}", headers={"If-Modified-Since": first["Last-Modified"]})
    writing.write({"headline": "Changed"}, by=editor, article=article)
    Article.objects.filter(pk=article.pk).update(updated_at=timezone.now() + dt.timedelta(seconds=5))
    changed = client.get(
        f"/feed/{form}", headers={"If-None-Match": first["ETag"], "If-Modified-Since": first["Last-Modified"]}
    )
    by_time_alone = client.get(f"/feed/{form}", headers={"If-Modified-Since": first["Last-Modified"]})

    assert (by_tag.status_code, by_time.status_code) == (304, 304)
    assert not by_tag.content
    assert (changed.status_code, by_time_alone.status_code) == (200, 200)
    assert b"Changed" in changed.content


def test_the_form_is_kept_with_the_bytes(client):
    make_article()
    first, again = client.get("/feed/json/"), client.get("/feed/json/")

    assert first.content == again.content
    assert first["Content-Type"] == again["Content-Type"] == "application/feed+json; charset=utf-8"
    assert client.get("/feed/")["Content-Type"] == "application/rss+xml; charset=utf-8"


def test_a_feed_is_public_and_the_same_for_everybody(client):
    make_article()
    editor = make_editor()
    signed_in = Client()
    signed_in.force_login(editor)

    for form in FORMS:
        stranger, reader = client.get(f"/feed/{form}"), signed_in.get(f"/feed/{form}")
        assert stranger.content == reader.content
        assert stranger["Cache-Control"] == "public, max-age=0, s-maxage=1"
        assert not stranger.cookies


@pytest.mark.ci_both
def test_what_xml_cannot_carry_stops_no_feed(client):
    Article.objects.filter(pk=make_article().pk).update(headline="Bell\x07 and \ufffe", body="<p>\x0bx</p>")

    for form in FORMS:
        assert read(client, f"/feed/{form}").entries[0].title.strip() == "Bell and"


def test_withdrawing_takes_an_article_out_of_the_next_answer(client):
    article = make_article()
    before = client.get("/feed/")

    publishing.withdraw(article.pk)

    after = client.get("/feed/", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert article.headline not in after.content.decode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("many", [1, 20])
def test_a_feed_asks_as_much_however_many_it_tells(client, django_assert_num_queries, many, form):
    author, tag = make_author(), make_tag()
    for _ in range(many):
        make_article(authors=[author], section=make_section()).tags.add(tag)
    cache.clear()
    page_versions.bump_site()

    with django_assert_num_queries(4):
        assert len(read(client, f"/feed/{form}").entries) == many


def test_a_picture_comes_along(client):
    picture = Picture.objects.create(file="pictures/2026/11/x.jpg", width=1, height=1)
    make_article(lead_picture=picture)

    for form in FORMS:
        (entry,) = read(client, f"/feed/{form}").entries
        assert entry.picture == "http://testserver/media/pictures/2026/11/x.jpg"
