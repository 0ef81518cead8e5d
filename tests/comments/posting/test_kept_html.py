"""Fragments, threads and refusals that are kept in memory read as if they had just been made."""

import re

import pytest
from django.urls import reverse

from articles.models.article import Article
from articles.models.site import MenuItem, Site
from comments.models import ArticleSettings, Comment, CommentSettings
from comments.posting import guest_fragment, thread_page
from newsreader import views
from newsreader.kit import http_cache
from tests.factories import make_article, make_comment, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
FRESH = re.compile(rb'name="(key|began)" value="([^"]+)"')


@pytest.fixture
def article():
    set_rules(flood_seconds=0)
    return make_article()


def forget():
    for kept in (http_cache._kept, guest_fragment._frames, thread_page._frames, views._refusals):
        kept.clear()


def the_same(client, address):
    """Return what is answered, after it was compared with what is made without anything kept."""
    kept = client.get(address).content
    forget()
    assert FRESH.sub(b"", client.get(address).content) == FRESH.sub(b"", kept)
    return kept


def test_each_guest_gets_a_key_and_a_beginning_of_their_own(article, client):
    address = reverse("you", args=[article.pk])

    first, second = (dict(FRESH.findall(client.get(address).content)) for _ in range(2))

    assert first[b"key"] != second[b"key"]
    assert first.keys() == second.keys() == {b"key", b"began"}


def test_what_a_guest_has_typed_is_shown_to_them_alone(article, client):
    address = reverse("you", args=[make_article().pk])
    typed = {"name": "Ada <b>& co", "email": "ada@example.org", "text": "I was there.", "remember": "on"}
    client.post(reverse("reply", args=[article.pk]), typed)

    mine = the_same(client, address)
    assert b'value="Ada &lt;b&gt;&amp; co"' in mine
    assert b" checked" in mine
    client.cookies.clear()
    strangers = the_same(client, address)
    assert b"Ada" not in strangers
    assert b"ada@example.org" not in strangers
    assert b" checked" not in strangers


def test_a_guest_who_has_left_something_here_finds_it(article, client):
    the_same(client, reverse("you", args=[article.pk]))
    client.post(reverse("reply", args=[article.pk]), {"name": "Ada", "email": "a@example.org", "text": "I was there."})

    assert Comment.objects.get().status_url.encode() in the_same(client, reverse("you", args=[article.pk]))


YOU = {
    "members": lambda article: CommentSettings.objects.update(registration_required=True),
    "no name": lambda article: CommentSettings.objects.update(require_name_email=False),
    "one discussion": lambda article: ArticleSettings.objects.create(article=article, members_only=True),
}


@pytest.mark.parametrize("name", YOU)
def test_a_fragment_is_never_out_of_date(name, article, client):
    address = reverse("you", args=[article.pk])
    before = FRESH.sub(b"", client.get(address).content)
    YOU[name](article)

    assert FRESH.sub(b"", the_same(client, address)) != before


THREAD = {
    "reply": lambda top: make_comment(parent=top, text="So was I."),
    "headline": lambda top: Article.objects.update(headline="The ferry sank"),
    "closed": lambda top: Article.objects.update(takes_comments=False),
    "site": lambda top: Site.objects.update(name="The Harbour"),
    "rules": lambda top: CommentSettings.objects.update(text_limit=77),
    "name": lambda top: Comment.objects.filter(pk=top.pk).update(name="Grace"),
    "slow": lambda top: ArticleSettings.objects.create(article=top.article, slow_seconds=60),
}


@pytest.mark.parametrize("name", THREAD)
def test_a_thread_is_never_out_of_date(name, article, client):
    top = make_comment(article)
    make_comment(parent=top)
    address = f"/comments/{top.pk}/thread/"
    before = client.get(address).content
    THREAD[name](top)
    http_cache._kept.clear()

    assert the_same(client, address) != before


def test_a_refusal_shows_the_site_as_it_is(client):
    before = the_same(client, "/no/such/page/")
    assert the_same(client, "/another/") == before
    Site.objects.update(name="The Harbour")

    assert b"The Harbour" in the_same(client, "/no/such/page/")


def test_a_refusal_at_an_address_of_the_menu_is_marked_there(client):
    MenuItem.objects.create(site=Site.objects.current(), label="Soon", address="/soon/")
    forget()

    for _ in range(2):
        assert client.get("/elsewhere/").content.count(b'aria-current="page"') == 0
        assert client.get("/soon/").content.count(b'aria-current="page"') == 1


def test_a_withdrawn_article_and_a_missing_one_are_refused_in_their_own_words(article, client):
    Article.objects.update(state="withdrawn")

    for _ in range(2):
        assert b'data-code="not_found"' in client.get("/no/such/page/").content
        gone = client.get(article.get_absolute_url())
        assert (gone.status_code, b'data-code="article_withdrawn"' in gone.content) == (410, True)
