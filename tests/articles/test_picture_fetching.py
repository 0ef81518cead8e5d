"""Pictures on other sites in a text: fetched in, or shown as a link; never broken."""

import pytest

from articles import pictures
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.picture_addresses import foreign
from articles.picture_fetching import fetch_pictures, missing
from newsreader.kit import safe_http
from tests.articles.test_pictures import a_picture
from tests.factories import make_article, make_editor

THERE = "https://other.example/a.jpg?x=1&amp;y=2"
BODY = f'<p><img src="{THERE}" alt="A &quot;boat&quot;"></p>'
LINK = f'<p><a href="{THERE}" rel="noopener">Picture on other.example: A &quot;boat&quot;</a></p>'


@pytest.fixture
def fetched(monkeypatch):
    """Let every address be a picture; return those that were asked for."""
    asked = []

    def fetch(url, **_limits):
        asked.append(url)
        return safe_http.Fetched(a_picture(400, 300), "image/jpeg", url)

    monkeypatch.setattr(safe_http, "fetch", fetch)
    return asked


@pytest.mark.parametrize(
    ("address", "found"),
    [("/media/a.jpg", False), ("http://testserver/a.jpg", False), ("a.jpg", False), ("//b.example/a.jpg", True), (THERE, True)],
)  # fmt: skip
def test_a_picture_on_another_host_is_foreign(address, found, settings):
    settings.SITE_URL = "http://testserver"

    assert bool(foreign(f'<img src="{address}">')) == found


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["rest", "admin"])
def test_an_editors_picture_is_fetched_once_and_shown_from_here(client, fetched, way):
    client.force_login(make_editor())
    if way == "rest":
        client.post("/api/v1/articles/", {"headline": "A", "html": BODY}, content_type="application/json")
    else:
        inlines = {f"{name}-{count}_FORMS": "0" for name in ("bylines", "sources") for count in ("TOTAL", "INITIAL")}
        typed = {"headline": "A", "kind": "article", "body": BODY, "takes_comments": "on", **inlines}
        answer = client.post("/admin/articles/article/add/", typed, follow=True)
        assert "until then, readers see a link" in answer.text

    article, picture = Article.objects.get(), Picture.objects.get()
    assert fetched == ["https://other.example/a.jpg?x=1&y=2"]
    assert (picture.alternative_text, picture.credit) == ('A "boat"', "other.example")
    assert article.body == BODY  # Nobody's text is changed behind their back.
    assert missing(article.body) == {}
    shown = pictures.in_text(article.body)
    assert picture.file.name.removesuffix(".jpg") in shown
    assert 'alt="A &quot;boat&quot;"' in shown
    assert "other.example" not in shown

    fetch_pictures.call(article.pk)
    assert len(fetched) == 1


@pytest.mark.django_db
def test_a_page_is_new_when_the_picture_is_here_and_when_it_has_its_copies(fetched):
    article = make_article(body=BODY)
    fetch_pictures.call(article.pk)
    version = Article.objects.get().page_version
    pictures.renew_pages([Picture.objects.get().pk])

    assert article.page_version < version < Article.objects.get().page_version


@pytest.mark.django_db
@pytest.mark.parametrize("error", [safe_http.FetchRefused("not_public"), safe_http.FetchFailed("status"), None])
def test_a_picture_that_cannot_be_fetched_stays_a_link(client, monkeypatch, error, django_assert_num_queries):
    def fetch(url, **_limits):
        if error:
            raise error
        return safe_http.Fetched(b"<html>", "image/jpeg", url)

    monkeypatch.setattr(safe_http, "fetch", fetch)
    article = make_article(body=BODY)

    fetch_pictures.call(article.pk)

    assert not Picture.objects.exists()
    assert missing(article.body)
    with django_assert_num_queries(1):
        assert pictures.in_text(article.body) == LINK
    assert LINK in client.get(article.get_absolute_url()).text


@pytest.mark.django_db
def test_in_a_link_such_a_picture_is_words_alone():
    body = f'<a href="/x" rel="noopener"><img src="{THERE}"></a><img src="{THERE}">'

    assert pictures.in_text(body) == (
        '<a href="/x" rel="noopener">Picture on other.example</a>'
        f'<a href="{THERE}" rel="noopener">Picture on other.example</a>'
    )
