"""What an article lacks, and how the desk says so before readers see it."""

from __future__ import annotations

import pytest

from articles.models.article import Article
from articles.models.pictures import Picture
from articles.newsroom.publish_checks import remarks
from tests.articles.newsroom.test_article_admin import ADD, LIST, form, page_of, row, said
from tests.factories import make_article, make_author, make_editor, make_section, make_user

pytestmark = pytest.mark.django_db
IMAGE = '<figure><img src="/media/a.jpg" alt="A"><figcaption>Here <small>Ada</small></figcaption></figure>'


def make_whole(**values):
    """An article that lacks nothing."""
    authors = values.pop("authors", [make_author()])
    return make_article(authors=authors, **{"section": make_section(), "state": "draft"} | values)


def codes(article):
    return [remark.code for remark in remarks(Article.objects.get(pk=article.pk))]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"standfirst": " "}, ["no_standfirst"]),
        ({"section": None}, ["no_section"]),
        ({"body": ""}, ["no_text"]),
        ({"body": " \n"}, ["no_text"]),
        ({"authors": []}, ["no_origin"]),
        ({"kind": "page", "standfirst": "", "authors": [], "section": None}, []),
        ({"body": IMAGE}, []),
        ({"body": IMAGE.replace('alt="A"', 'alt=""')}, ["no_alternative_in_text"]),
        ({"body": IMAGE.replace(' alt="A"', "")}, ["no_alternative_in_text"]),
        ({"body": IMAGE.replace("<small>Ada</small>", "")}, ["no_credit_in_text"]),
        ({"body": '<p><img src="/media/a.jpg" alt="A"></p>'}, ["no_credit_in_text"]),
        ({"body": IMAGE.replace("/media", "https://a.example/media")}, ["foreign_picture"]),
        ({"body": IMAGE.replace("/media", "//a.example/media")}, ["foreign_picture"]),
        ({"body": IMAGE.replace("/media", "http://testserver/media")}, []),
    ],
)
def test_what_is_missing_is_found(values, found):
    assert codes(make_whole(**values)) == found


def test_a_source_is_as_good_as_an_author():
    article = make_whole(authors=[])
    article.sources.create(name="North Coast News", kind="agency")

    assert codes(article) == []


def test_a_lead_picture_needs_words():
    picture = Picture.objects.create(file="pictures/a.jpg", width=10, height=10)
    article = make_whole(lead_picture=picture)
    assert codes(article) == ["no_alternative", "no_credit"]

    Picture.objects.update(alternative_text="A mole", credit="Ada")
    assert codes(article) == []


# --- On the desk --------------------------------------------------------------------------------------------------


@pytest.fixture
def editor(client):
    editor = make_editor()
    client.force_login(editor)
    return editor


def test_the_form_says_what_is_missing_and_leads_there(client, editor):
    picture = Picture.objects.create(file="pictures/a.jpg", width=10, height=10, credit="Ada")
    article = make_article(standfirst="", lead_picture=picture, state="draft")

    page = client.get(page_of(article)).content.decode()

    assert 'data-code="no_standfirst"><a href="#id_standfirst">' in page
    assert 'href="#bylines-group"' in page
    assert f'href="/admin/articles/picture/{picture.pk}/change/#id_alternative_text"' in page
    assert "anyway" not in page


@pytest.mark.parametrize(("button", "state"), [("publish", "published"), ("schedule", "scheduled")])
def test_the_button_saves_and_asks_once(client, editor, button, state):
    article = make_whole(standfirst="")
    time = {"scheduled_for_0": "2031-07-01", "scheduled_for_1": "06:00:00"}

    asked = client.post(page_of(article), form(client, page_of(article), headline="New", **{f"_{button}": "1"}, **time))

    assert asked.headers["Location"] == f"{page_of(article)}?lacking={button}"
    assert (row(article).headline, row(article).state) == ("New", "draft")
    page = client.get(asked.headers["Location"]).content.decode()
    assert "Draft saved." in page
    assert f'name="_{button}" value="anyway"' in page
    client.post(page_of(article), form(client, page_of(article), **{f"_{button}": "anyway"}))
    assert row(article).state == state


def test_what_is_published_may_still_be_added_to(client, editor):
    article = make_whole(standfirst="", state="published")

    page = client.get(page_of(article)).content.decode()

    assert "Published. You may still want to add:" in page
    assert "No standfirst yet." in page


def test_the_button_asks_nothing_where_nothing_is_missing(client, editor):
    article = make_whole()

    client.post(page_of(article), form(client, page_of(article), _publish="1"))

    assert row(article).state == "published"


def test_what_is_mended_with_the_same_press_is_not_missed(client, editor):
    article, author = make_whole(standfirst="", authors=[]), make_author()
    typed = {"standfirst": "After nine weeks.", "bylines-TOTAL_FORMS": 1, "bylines-0-author": author.pk}
    typed |= {"bylines-0-role": "writer", "bylines-0-position": 0}

    client.post(page_of(article), form(client, page_of(article), _publish="1", **typed))

    assert row(article).state == "published"


def test_the_list_publishes_and_says_what_lacks_something(client, editor):
    whole, lacking = make_whole(), make_whole(standfirst="", headline="Without a standfirst")
    chosen = {"action": "publish_selected", "_selected_action": [whole.pk, lacking.pk]}

    response = client.post(LIST, chosen)

    assert (row(whole).state, row(lacking).state) == ("published", "published")
    assert "Something is missing" in said(response)
    assert "Without a standfirst" in said(response)
    assert whole.headline not in said(response)


@pytest.mark.parametrize("pressed", ["publish", "nothing", ""])
def test_who_may_not_publish_is_not_asked(client, pressed):
    author = make_author(user=make_user(group="Authors"))
    client.force_login(author.user)
    article = make_whole(authors=[author], standfirst="")

    page = client.get(f"{page_of(article)}?lacking={pressed}").content.decode()

    assert 'data-code="no_standfirst"' in page
    assert 'value="anyway"' not in page


def test_a_new_article_is_told_nothing_yet(client, editor):
    assert "data-code" not in client.get(ADD).content.decode()
