"""The menus of the site."""

import datetime as dt
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from articles.models.site import MenuItem, Site
from comments.models import Comment
from tests.factories import make_article, make_comment, make_editor, make_section

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
