"""A newsroom's week: what its people do most, each walked once from the desk's first page, with what it asks of their hands.

The queue of thirty is walked where the desk's keys are, in `test_moderation`. `DEEDS=<file>` writes the table.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core import mail
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect

from articles.models.article import Article, Correction
from articles.models.site import MenuItem, Site
from comments.models import Ban, Comment
from newsreader.accounts.models import Invitation
from tests.factories import make_article, make_author, make_comment, make_editor, make_section, set_rules
from tests.journeys.hand import Hand
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_editing import page_of_text, sign_in

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.ci_sqlite]
DESK: ViewportSize = {"width": 1280, "height": 900}


@pytest.fixture
def hand(page: Page, live_server: Any, settings: Any, tmp_path: Any) -> Hand:
    settings.MEDIA_ROOT = tmp_path
    open_desk(page, live_server.url)
    return Hand(page)


def open_desk(page: Page, url: str) -> None:
    """Open the desk's first page as an editor; one section, one author."""
    set_rules(flood_seconds=0, mail_moderators=False)
    make_section("Town")
    editor = make_editor()
    make_author(name="Ada", user=editor)
    sign_in(page, editor, url)
    page.set_viewport_size(DESK)
    page.goto("/admin/")


def link(hand: Hand | Keyboard, name: str) -> Locator:
    return hand.page.get_by_role("link", name=name, exact=True).first


def button(hand: Hand | Keyboard, name: str) -> Locator:
    return hand.page.get_by_role("button", name=name, exact=True)


def write_words(hand: Hand, headline: str, add: str = "New article") -> None:
    """Headline, standfirst and text of a new article, without a click."""
    hand.click(link(hand, "Articles"))
    hand.click(link(hand, add))
    page_of_text(hand.page).wait_for()
    expect(hand.page.get_by_label("Headline:")).to_be_focused()
    hand.page.keyboard.type(headline)
    hand.press("Tab")
    hand.page.keyboard.type("After nine weeks.")
    hand.press("Tab")
    hand.press("Tab")
    expect(page_of_text(hand.page)).to_be_focused()
    hand.page.keyboard.type("The boat left at six.")


def open_article(hand: Hand, article: Article) -> None:
    hand.click(link(hand, "Articles"))
    hand.click(link(hand, article.headline))
    page_of_text(hand.page).wait_for()


def done(hand: Hand, said: str) -> None:
    expect(hand.page.locator(".messagelist")).to_contain_text(said)


@pytest.mark.long
def test_an_article_is_written_and_published_with_a_picture(hand: Hand) -> None:
    page = hand.page
    write_words(hand, "The ferry runs again")
    picture = io.BytesIO()
    Image.new("RGB", (400, 200), "navy").save(picture, "PNG")
    with page.expect_file_chooser() as asked:
        hand.click(button(hand, "Upload"))
    asked.value.set_files({"name": "boat.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    hand.clicks += 1  # In the system's own dialog.
    dialog = page.get_by_role("dialog", name="New picture")
    expect(dialog.get_by_label("Alternative text")).to_be_focused()
    hand.write(dialog.get_by_label("Alternative text"), "A boat")
    hand.press("Tab")
    hand.press("Tab")
    expect(dialog.get_by_label("Credit")).to_be_focused()
    hand.write(dialog.get_by_label("Credit"), "Ada Harbour")
    hand.click(dialog.get_by_role("button", name="Use as lead picture"))
    expect(page.locator("[data-lead-shown] img")).to_be_visible()
    hand.choose(page.get_by_label("Section:"), "Town")
    hand.click(button(hand, "Publish"))

    done(hand, "Published.")
    assert Article.objects.get().lead_picture
    assert not hand.over("write and publish, with a picture", clicks=8, keys=5, screens=0)


@pytest.mark.long
def test_an_article_is_scheduled(hand: Hand) -> None:
    article = make_article(state="draft", authors=[make_author()], section=make_section())
    open_article(hand, article)
    hand.click(button(hand, "Schedule"))
    expect(hand.page.get_by_label("Publish at, date")).to_be_focused()
    hand.write(hand.page.get_by_label("Publish at, date"), "2031-07-01")
    hand.write(hand.page.get_by_label("Publish at, time"), "06:00")
    hand.click(button(hand, "Schedule"))

    done(hand, "Scheduled for")
    assert not hand.over("schedule", clicks=5, screens=0)


def test_a_published_article_is_corrected(hand: Hand) -> None:
    article = make_article(authors=[make_author()], section=make_section(), body="<p>The boat left at five.</p>")
    open_article(hand, article)
    hand.click(page_of_text(hand.page))
    hand.press("Control+a")
    hand.page.keyboard.type("The boat left at six.")
    hand.write(hand.page.get_by_label("Correction, row 1"), "The boat left at six, not at five.")
    hand.click(button(hand, "Save changes"))

    done(hand, "Saved.")
    assert Correction.objects.get().article == article
    assert Article.objects.get().body == "<p>The boat left at six.</p>"
    assert not hand.over("correct", clicks=5, keys=1, screens=1)


@pytest.mark.long
def test_comments_are_closed(hand: Hand) -> None:
    article = make_article(authors=[make_author()], section=make_section())
    open_article(hand, article)
    hand.click(hand.page.get_by_label("Readers may comment"))
    hand.click(button(hand, "Save changes"))

    done(hand, "Saved.")
    assert not Article.objects.get().takes_comments
    assert not hand.over("close comments", clicks=4, screens=1)


@pytest.mark.long
def test_a_troll_is_banned(hand: Hand) -> None:
    comment = make_comment(status="pending", name="Troll")
    hand.page.reload()
    hand.click(hand.page.locator(f'[data-comment="{comment.pk}"]').get_by_role("link", name="Reply, edit, ban"))
    hand.click(button(hand, "Trash and ban"))
    expect(hand.page.locator("#tool-ban [name=reason]")).to_be_focused()  # The button asks for what it needs.
    hand.choose(hand.page.locator("#tool-ban [name=reason]"), "insulting or abusive")
    hand.click(button(hand, "Trash and ban"))

    expect(hand.page.locator("#told")).to_contain_text("Banned.")
    assert Ban.objects.in_force().exists()
    assert Comment.objects.get().status == "trash"
    assert not hand.over("ban a troll, and trash what they wrote", clicks=5, screens=1)


@pytest.mark.long
def test_a_reader_is_answered(hand: Hand) -> None:
    comment = make_comment(status="pending", name="Ada")
    hand.page.reload()
    hand.click(hand.page.locator(f'[data-comment="{comment.pk}"]').get_by_role("link", name="Reply, edit, ban"))
    hand.write(hand.page.get_by_label("Your reply"), "We look into it.")
    hand.click(button(hand, "Approve and reply"))

    expect(hand.page.locator("#told")).to_be_visible()
    expect(hand.page.locator("[data-comment]")).to_have_count(0)
    assert Comment.objects.get(parent=comment).by_staff
    assert not hand.over("answer a reader", clicks=2, screens=0)


def test_the_menu_gets_an_entry(hand: Hand) -> None:
    hand.click(link(hand, "Site"))
    hand.write(hand.page.locator("#id_menu_items-0-address"), "/search/")
    hand.press("Tab")
    hand.write(hand.page.locator("#id_menu_items-0-label"), "Search")
    hand.click(button(hand, "Save"))

    expect(hand.page.locator(".messagelist")).to_be_visible()
    assert MenuItem.objects.get(site=Site.objects.current()).label == "Search"
    assert not hand.over("change the menu", clicks=3, keys=1, screens=2)


@pytest.mark.long
def test_a_static_page_is_made(hand: Hand) -> None:
    write_words(hand, "Imprint", "New page")
    hand.click(button(hand, "Publish"))

    done(hand, "Published.")
    assert Article.objects.get().kind == "page"
    assert not hand.over("make a static page", clicks=3, keys=3, screens=0)


@pytest.mark.long
def test_an_author_is_invited(hand: Hand) -> None:
    hand.click(link(hand, "Everything else"))
    hand.click(hand.page.locator("#rooms tr.model-invitation .addlink"))
    hand.write(hand.page.get_by_label("Email:"), "nina@example.org")
    hand.click(hand.page.get_by_label("author", exact=True))
    hand.click(button(hand, "Send the invitation"))

    expect(hand.page.locator(".messagelist")).to_be_visible()
    assert Invitation.objects.get().email == "nina@example.org"
    assert mail.outbox
    assert not hand.over("invite an author", clicks=4, screens=0)
