"""Tags by their names: two names are two tags, and who sends back the names they read loses none."""

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles.errors import NotATag
from articles.models.taxonomy import Tag
from articles.tagging import tag_name, tags_named
from newsreader.demo import loader
from newsreader.demo.timeline import Timeline
from tests.factories import make_article, make_editor, make_tag

ALIKE = ["C++", "C#", "C", "c", "🔥", "❄️", "Ferry", "ferry", "A/B", "A B", "+++", "Bücher", "日本", "नमस्ते"]


class TagsByName(TestCase):
    @settings(max_examples=25)
    @given(st.lists(st.text(st.sampled_from("Cc+#-_ .&éß🔥日\u200b\u0301"), max_size=5), max_size=6))
    def test_each_name_is_a_tag_of_its_own_and_names_lead_back_to_the_same_tags(self, typed):
        names = set()
        for name in typed:
            try:
                names.add(tag_name(name))
            except NotATag:
                continue

        made = tags_named(sorted(names))

        assert {tag.name for tag in made} == names
        assert len({tag.slug for tag in made}) == len(names)
        assert all(tag.slug for tag in made)
        assert {tag.pk for tag in tags_named([tag.name for tag in made])} == {tag.pk for tag in made}


@pytest.fixture
def article(client, db):
    client.force_login(make_editor())
    return make_article()


def patch(client, article, tags):
    return client.patch(f"/api/v1/articles/{article.pk}/", {"tags": tags}, content_type="application/json")


def test_names_sent_back_over_rest_are_the_same_tags(client, article):
    first = patch(client, article, ALIKE).json()["tags"]
    again = patch(client, article, [tag["name"] for tag in first]).json()["tags"]

    assert sorted(tag["name"] for tag in first) == sorted(ALIKE)
    assert len({tag["slug"] for tag in first}) == len(ALIKE)
    assert again == first
    assert {tag["name"]: tag["slug"] for tag in first}["🔥"] == "fire"


def test_names_that_only_an_import_could_bring_are_kept_too(client, article):
    twins = [make_tag("Rust"), make_tag("Rust")]
    article.tags.add(*twins, make_tag("\u200bOld"), make_tag(""))
    names = [tag["name"] for tag in client.get(f"/api/v1/articles/{article.pk}/").json()["tags"]]

    assert patch(client, article, names).status_code == 200
    assert article.tags.count() == 4


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\u200d\u200d", "\u0301", "x" * 201], ids=ascii)
def test_what_cannot_be_a_tag_is_refused_with_its_place_and_nothing_is_written(client, article, name):
    answer = patch(client, article, ["sound", name])

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_tag")
    assert answer.json()["errors"][0]["field"] == "tags.1"
    assert not Tag.objects.exists()


def test_the_admin_takes_the_same_names_and_refuses_the_same(client, article):
    def add(name):
        return client.post("/admin/articles/tag/add/", {"name": name, "slug": ""})

    assert [add(name).status_code for name in ("C", "C++", "🔥")] == [302] * 3
    assert set(Tag.objects.values_list("name", "slug")) == {("C", "c"), ("C++", "c-2"), ("🔥", "fire")}
    assert "There is a tag with this name already." in add("C").content.decode()
    assert "This field is required." in add("\u200b").content.decode()
    for kind in ("section", "author"):
        client.post(f"/admin/articles/{kind}/add/", {"name": "\u200b", "slug": "unseen", "position": 0})
        answer = client.get(f"/admin/articles/{kind}/")
        assert "unseen" not in answer.content.decode()


def test_the_demonstration_gives_tags_in_the_same_way(db):
    entry = {"kind": "article", "headline": "x", "slug": "x", "body": "", "tags": ["C", "C++"], "state": "draft"}
    loader._article(entry, Timeline({}, [], "", timezone.now()))
    assert set(Tag.objects.values_list("name", flat=True)) == {"C", "C++"}
