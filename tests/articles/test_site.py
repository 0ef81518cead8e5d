"""The menus of the site."""

import datetime as dt
import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.translation import get_language

from articles.models.site import MenuItem, Site
from comments.models import Comment
from tests.factories import make_article, make_comment, make_editor, make_section, make_user

pytestmark = pytest.mark.django_db


def make_item(**values) -> MenuItem:
    return MenuItem.objects.create(site=Site.objects.current(), place="menu", **values)


def test_an_entry_bears_the_name_of_what_it_leads_to_unless_it_has_a_label():
    section, page = make_section("Harbour"), make_article(kind="page", headline="Imprint", slug="imprint")

    items = [
        make_item(section=section),
        make_item(page=page),
        make_item(section=section, label="By the water"),
        make_item(address="https://a.example/", label="Elsewhere"),
    ]

    assert [(item.name, item.get_absolute_url()) for item in items] == [
        ("Harbour", f"/sections/{section.slug}/"),
        ("Imprint", "/pages/imprint/"),
        ("By the water", f"/sections/{section.slug}/"),
        ("Elsewhere", "https://a.example/"),
    ]


def test_readers_see_an_entry_unless_its_page_is_not_published(client):
    make_item(section=make_section("Harbour"))
    make_item(page=make_article(kind="page", headline="Imprint"))
    make_item(page=make_article(kind="page", headline="Not yet ready", state="draft"))

    front = client.get("/").content.decode()

    assert "Harbour" in front
    assert "Imprint" in front
    assert "Not yet ready" not in front


@pytest.mark.parametrize("chosen", ["menu", "foot"])
def test_a_menu_that_was_chosen_before_entries_were_added_stays_as_it_is(chosen):
    MenuItem.objects.create(site=Site.objects.current(), place=chosen, label="Shop", address="/shop/")

    import_module("articles.migrations.0006_chosen_menus_stay").keep(apps, SimpleNamespace(connection=connection))

    site = Site.objects.current()
    assert (site.own_menu_only, site.own_foot_only) == (chosen == "menu", chosen == "foot")


def test_dates_are_written_as_in_the_variant_that_an_editor_chose(client):
    article = make_article(at=dt.datetime(2026, 1, 31, 18, 30, tzinfo=dt.UTC))
    make_comment(article)
    Comment.objects.update(created_at=dt.datetime(2026, 2, 1, 9, 5, tzinfo=dt.UTC))
    client.force_login(make_editor())
    address, form = "/admin/articles/site/1/change/", {"name": "Courier", "articles_per_page": "20", "lead": ""}
    form |= {"menu_items-TOTAL_FORMS": "0", "menu_items-INITIAL_FORMS": "0"}

    american = client.get(article.get_absolute_url()).content.decode()
    assert client.post(address, form | {"locale": "de"}).status_code == 200  # No variant of English.
    assert client.post(address, form | {"locale": "en-gb"}).status_code == 302
    british = client.get(article.get_absolute_url()).content.decode()
    private = client.get("/admin/articles/article/").content.decode()

    assert ("Jan. 31, 2026" in american, "Feb. 1, 2026, 10:05 a.m." in american) == (True, True)
    assert ("31 Jan 2026" in british, "1 Feb 2026, 10:05 a.m." in british) == (True, True)
    assert "Feb. 1" not in british
    assert '<html lang="en-gb"' in british
    assert "31/01/2026" in private


def test_a_page_that_answers_a_form_is_in_the_sites_variant_as_every_other(client):
    """A refused comment, a form without its token, a refused sign-in. Budgets of posts hold that redirects ask no more."""
    article = make_article(comments_close_at=dt.datetime(2126, 4, 3, 12, tzinfo=dt.UTC))
    Site.objects.current()
    Site.objects.update(locale="en-gb")
    reply, strict = f"/articles/{article.pk}/reply/", Client(enforce_csrf_checks=True)

    refused = client.post(reply, {"text": ""})
    answers = {
        "comment": refused,
        "forgery": strict.post("/accounts/login/", {"login": "ada"}),
        "sign-in": client.post("/accounts/login/", {"login": "ada", "password": "wrong"}),
        "reset": client.post("/accounts/password/reset/", {"email": "no address"}),
        "not there": client.post("/nothing/here/"),
    }
    client.force_login(make_editor())
    answers["desk"] = client.post("/admin/articles/section/add/", {"name": ""})

    said = {name: re.search(r'<html lang="([^"]+)"', answer.content.decode())[1] for name, answer in answers.items()}
    assert said == dict.fromkeys(answers, "en-gb")
    assert "3 Apr 2126" in refused.content.decode()
    assert get_language() == settings.LANGUAGE_CODE


def test_a_person_s_own_language_is_that_of_answers_to_their_forms_too(client, settings):
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]  # As if there were a catalogue.
    Site.objects.current()
    Site.objects.update(locale="en-gb")
    client.force_login(make_user("grace", language="ar"))

    refused = client.post("/accounts/", {"display_name": ""}).content.decode()

    assert '<html lang="ar" dir="rtl">' in refused
