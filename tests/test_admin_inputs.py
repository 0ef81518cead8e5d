"""Keys that no row can have, sent to every form, action and filter of the admin."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.test import Client
from django.urls import reverse

import newsreader.urls  # noqa: F401  It registers what EVERY names.
from articles.models.article import Article
from articles.models.taxonomy import Section
from newsreader.kit.admin_inputs import SoundChoice, SoundChoiceOfMany
from tests.factories import make_article, make_editor, make_section, make_tag

pytestmark = pytest.mark.django_db
NO_KEYS = ["x", "1.5", "1e3", "9" * 30, "-" + "9" * 30, "9" * 5000, "\x00", "' OR 1=1 --"]
EVERY = sorted(admin.site._registry, key=lambda model: model._meta.label)
# Every model meets some of the keys, each another pair, and all of them when there is time.
SOME = [pytest.param(model, NO_KEYS[at % 4 :: 4], id=model._meta.label) for at, model in enumerate(EVERY)]
ALL = [pytest.param(model, NO_KEYS, id=f"{model._meta.label} all", marks=pytest.mark.long) for model in EVERY]


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_editor(is_superuser=True))
    return client


def _at(model: type[models.Model], page: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


@pytest.mark.ci_both
@pytest.mark.parametrize(("model", "keys"), SOME + ALL)
def test_every_form_bears_any_key(desk, model, keys):
    """A library's admin, too; inlines with one row each."""
    names = [field.name for field in model._meta.get_fields() if field.is_relation and not field.auto_created]
    for row in admin.site._registry[model].inlines:
        names += [
            f"{row.model._meta.default_related_name or row.model._meta.model_name}-0-{field.name}"
            for field in row.model._meta.fields
        ]
    names += ["bylines-0-author", "bylines-0-id", "sources-0-id"]
    rows = {
        "bylines-TOTAL_FORMS": "1",
        "bylines-INITIAL_FORMS": "0",
        "sources-TOTAL_FORMS": "1",
        "sources-INITIAL_FORMS": "0",
    }

    for key in keys:
        answer = desk.post(_at(model, "add"), dict.fromkeys(names, key) | rows)
        assert answer.status_code in {200, 403}, key  # 403: nobody adds such a row by hand.


@pytest.mark.ci_both
@pytest.mark.parametrize("model", EVERY, ids=lambda model: model._meta.label)
def test_every_empty_form_bears_whatever_its_address_fills_in(desk, model):
    names = [field.name for field in model._meta.get_fields() if field.concrete]

    for key in ("x", "9" * 30):
        answer = desk.get(_at(model, "add"), dict.fromkeys(names, key))
        assert answer.status_code in {200, 302, 403}, key


def test_an_empty_form_begins_with_what_its_address_says_rightly(desk):
    section, tag = make_section("Coast"), make_tag()
    answer = desk.get(_at(Article, "add"), {"headline": "Ferry", "section": section.pk, "tags": f"{tag.pk}"})

    form = answer.context["adminform"].form
    assert [form[name].value() for name in ("headline", "section", "tags")] == ["Ferry", str(section.pk), [str(tag.pk)]]


@pytest.mark.ci_both
@pytest.mark.parametrize(("model", "keys"), SOME + ALL)
def test_every_list_bears_any_key(desk, model, keys):
    actions = admin.site._registry[model].actions
    names = ["delete_selected", *(name if isinstance(name, str) else name.__name__ for name in actions)]

    for key in keys:
        for name in names:
            answer = desk.post(_at(model, "changelist"), {"action": name, ACTION_CHECKBOX_NAME: key, "index": "0"})
            assert answer.status_code in {200, 302, 403}, (name, key)
        if "\x00" not in key:  # Refused before anybody reads it.
            answer = desk.get(_at(model, "changelist"), {"id__in": key})
            assert answer.status_code in {200, 302, 403}, key


@pytest.mark.ci_both
@pytest.mark.parametrize("model", EVERY, ids=lambda model: model._meta.label)
def test_every_list_bears_a_search_for_many_words(desk, model):
    assert desk.get(_at(model, "changelist"), {"q": "a " * 2_000}).status_code in {200, 302, 403}


def test_a_wrong_key_is_told_beside_its_field_and_the_rest_stays(desk):
    answer = desk.post(_at(Article, "add"), {"headline": "Typed by hand", "section": "x", "lead_picture": "x"})

    errors = answer.context["adminform"].form.errors
    assert {"section", "lead_picture"} <= errors.keys()
    assert "Typed by hand" in answer.text


def test_an_action_works_on_the_keys_that_are_some(desk):
    kept, gone = make_section("Kept"), make_section("Gone")

    desk.post(
        _at(Section, "changelist"),
        {"action": "delete_selected", ACTION_CHECKBOX_NAME: ["x", str(gone.pk)], "post": "yes"},
    )

    assert list(Section.objects.filter(pk__in=[kept.pk, gone.pk])) == [kept]


def test_a_choice_is_drawn_again_with_what_was_chosen():
    section, tag = make_section(), make_tag()

    one, many = SoundChoice(Section.objects), SoundChoiceOfMany(type(tag).objects)

    assert one.bound_data(str(section.pk), None) == str(section.pk)
    assert one.bound_data("x", None) is None
    assert many.bound_data([str(tag.pk), "x"], None) == [str(tag.pk)]
    assert list(many.clean([str(tag.pk)])) == [tag]


@pytest.mark.parametrize("name", ["x" * 300, "漢" * 200, "a/" * 2000 + "b", "x%0A", "..%2F..%2Fsettings.py"])
@pytest.mark.parametrize("folder", ["pictures", "avatars"])
def test_a_picture_with_a_name_that_no_disk_holds_is_not_found(client, folder, name):
    make_article()

    assert client.get(f"/media/{folder}/{name}").status_code == 404
