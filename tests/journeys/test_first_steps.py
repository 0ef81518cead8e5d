"""The first minutes of an editor on an empty site, in a browser: the card, and a site brought along from WordPress."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from articles.models.article import Article
from tests.factories import make_editor
from tests.journeys.axe import wrong

pytestmark = pytest.mark.usefixtures("transactional_db")
HARBOUR = Path(__file__).parent.parent / "samples" / "wordpress" / "harbour.xml"


@pytest.fixture
def context(context: BrowserContext, live_server, settings, tmp_path) -> BrowserContext:
    settings.UPLOAD_FOLDER, settings.CHOSEN = tmp_path / "imports", set()
    client = Client()
    client.force_login(make_editor())
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return context


def test_an_editor_sets_an_empty_site_up_and_brings_wordpress_along(page: Page):
    page.goto("/admin/")
    card = page.get_by_role("region", name="Set up your newspaper")
    expect(card.get_by_role("listitem")).to_have_count(7)
    assert not wrong(page, within=".first-steps-card")

    card.get_by_role("button", name="Not now: Make sections").click()
    expect(card.get_by_text("Not now", exact=True).first).to_be_visible()
    card.get_by_role("link", name="What is set now").click()
    expect(page.get_by_text("LANGUAGE_CODE", exact=True)).to_be_visible()
    assert not wrong(page)
    page.goto("/admin/sign-in-providers/")
    assert not wrong(page)

    page.goto("/admin/")
    card.get_by_role("link", name="Import from WordPress").click()
    assert not wrong(page)
    page.get_by_label("Export of WordPress").set_input_files(HARBOUR)
    page.get_by_role("button", name="Upload and try").click()
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    expect(page.get_by_role("row", name="articles 7")).to_contain_text("2 published")
    assert not wrong(page)
    assert not Article.objects.exists()
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("Imported. The file is deleted.")).to_be_visible()

    page.goto("/admin/")
    done = card.get_by_role("listitem").filter(has_text="Bring your WordPress site along")
    expect(done).to_contain_text("Done")
    expect(done.get_by_role("link")).to_have_count(0)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
