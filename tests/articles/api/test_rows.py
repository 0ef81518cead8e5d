"""Rows written by hand are what the serializers' fields say, in every field."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from articles import publishing
from articles.api import reading
from articles.api.serializers import (
    ArticleSerializer,
    AuthorSerializer,
    DeskArticleSerializer,
    PictureSerializer,
    SectionSerializer,
    TagSerializer,
)
from articles.models import Article, Picture
from articles.models.article import Byline, SourceAttribution
from articles.models.taxonomy import Author, Section, Tag
from comments.models import ArticleSettings, CommentSettings
from newsreader.kit import kept_json
from newsreader.kit.times import over_rest
from tests.factories import make_article, make_author, make_section, make_tag

pytestmark = pytest.mark.django_db


def by_fields(serializer, row) -> bytes:
    return JSONRenderer().render(serializers.Serializer.to_representation(serializer, row))


def by_hand(serializer, row) -> bytes:
    return JSONRenderer().render(serializer.to_representation(row))


@pytest.fixture
def picture() -> Picture:
    return Picture.objects.create(
        file="pictures/2026/01/boat ä.jpg", width=1600, height=900, alternative_text="A boat", widths=[320, 640]
    )


def articles(picture) -> list[Article]:
    section, authors = make_section("Fjord & quay"), [make_author(name="Åse"), make_author(name="Bo")]
    Section.objects.filter(pk=section.pk).update(slug="fjørd", description="All <about> it")
    section.refresh_from_db()
    full = make_article(section=section, authors=authors, lead_picture=picture, headline="“Ünïcode” & <more>")
    Byline.objects.create(article=full, author=authors[0], role="photographer", position=5)
    full.tags.add(make_tag("zebra"), make_tag("ånd"), make_tag("apple"))
    full.sources.create(name="Second", kind="agency", position=2)
    full.sources.create(name="First", url="https://agency.example/?a=1&b=2", position=1)
    full.corrections.create(text="It left at seven & not at <six>.", at=dt.datetime(2026, 7, 2, 3, 4, 5, tzinfo=dt.UTC))
    full.corrections.create(text="Twice.")
    publishing.note_corrections(full)
    full.refresh_from_db()
    closed = make_article(comments_close_at=timezone.now() - dt.timedelta(days=1))
    winter = make_article(at=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
    page = make_article(kind="page", slug="über-uns")
    return [full, closed, winter, page, *(make_article(state=state) for state in ("draft", "scheduled", "withdrawn"))]


@pytest.mark.parametrize("shown", [ArticleSerializer, DeskArticleSerializer])
def test_an_article_is_shown_as_its_fields_say(picture, shown):
    rows = articles(picture)
    context = {"close_comments_after_days": {row.pk: 7 for row in rows}, "lists": reading.lists_of(rows)}

    for row in rows:
        read = Article.objects.get(pk=row.pk)
        assert by_hand(shown(context=context), read) == by_fields(shown(context=context), read)


def fresh(client, path):
    kept_json._rows.clear()
    return client.get(path).content


CHANGES = {
    Article: {"headline": "Other", "body": "<p>Other</p>", "comment_count": 9, "takes_comments": False, "version": 70},
    Section: {"name": "Other", "description": "Other", "slug": "other"},
    Picture: {"caption": "Other", "widths": [320], "alternative_text": "Other", "credit": "Other", "width": 1500},
    Tag: {"name": "other", "slug": "other"},
    Author: {"name": "Other", "slug": "other"},
    Byline: {"role": "editor", "position": 9},
    SourceAttribution: {"name": "Other", "url": "https://other.example/", "kind": "interview", "position": 0},
}


@pytest.mark.parametrize(("model", "name"), [(model, name) for model, names in CHANGES.items() for name in names])
def test_a_list_kept_row_by_row_is_that_of_now_after_every_change(client, picture, model, name):
    articles(picture)
    path = "/api/v1/articles/"
    before = client.get(path).content

    first = model.objects.order_by("pk")[0]
    model.objects.filter(pk=first.pk).update(**{name: CHANGES[model][name]})

    assert client.get(path).content == fresh(client, path) != before


def test_a_list_kept_row_by_row_sees_that_comments_have_closed(client):
    article = make_article(comments_close_at=timezone.now() + dt.timedelta(days=1))
    assert client.get("/api/v1/articles/").json()["results"][0]["comments_open"]

    Article.objects.filter(pk=article.pk).update(comments_close_at=timezone.now() - dt.timedelta(days=1))

    assert not client.get("/api/v1/articles/").json()["results"][0]["comments_open"]


@pytest.mark.ci_both
@pytest.mark.parametrize("more", ["", "?section=news", "?published_after=2020-01-01", "?limit=1&cursor={cursor}"])
def test_a_list_says_what_each_article_does_whatever_it_is_asked_for(
    client, picture, more, django_assert_max_num_queries
):
    full, *_ = articles(picture)
    Section.objects.filter(pk=full.section_id).update(slug="news")
    CommentSettings.objects.update(close_after_days=1)
    ArticleSettings.objects.create(article=full, close_after_days=0)
    old = make_article(section=full.section, at=timezone.now() - dt.timedelta(days=2))
    cursor = re.search("cursor=([^&]+)", client.get("/api/v1/articles/?limit=1").json()["next"])[1]

    with django_assert_max_num_queries(3):  # the articles, what each has several of, corrections
        shown = client.get(f"/api/v1/articles/{more.format(cursor=cursor)}").json()["results"]

    assert shown
    for row in shown:
        assert row == client.get(f"/api/v1/articles/{row['id']}/").json()
    found = {row["id"]: row["comments_open"] for row in client.get("/api/v1/articles/").json()["results"]}
    assert (found[full.pk], found[old.pk]) == (True, False)


def test_what_articles_name_is_shown_as_its_fields_say(picture):
    articles(picture)

    for shown, model in [(SectionSerializer, Section), (TagSerializer, Tag), (AuthorSerializer, Author)]:
        for row in model.objects.all():
            assert by_hand(shown(), row) == by_fields(shown(), row)


@pytest.mark.parametrize("name", ["a.jpg", "b.webp"])
def test_a_picture_is_shown_as_its_fields_say_after_it_has_changed_too(name, settings):
    picture = Picture.objects.create(file=f"pictures/2026/01/{name}", width=10, height=10)
    shown = PictureSerializer()

    assert by_hand(shown, picture) == by_fields(shown, picture)

    picture.widths, picture.caption = [320], "Ready"
    assert by_hand(shown, picture) == by_fields(shown, picture)
    settings.SITE_URL = "https://elsewhere.example"
    assert by_hand(shown, picture) == by_fields(shown, picture)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/St_Johns"])
def test_a_time_is_shown_as_a_field_does(zone, settings):
    settings.TIME_ZONE = zone
    field = serializers.DateTimeField()

    for moment in (
        dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 1, 12, 0, 0, 120, tzinfo=dt.UTC),
        dt.datetime(1901, 1, 1, tzinfo=dt.UTC),
        None,
    ):
        assert over_rest(moment) == field.to_representation(moment)
