"""What people of the newsroom and readers do most, each by keyboard alone: nothing is out of reach, nobody loses their place.

The same deeds as in `test_staff_deeds` and `test_readers_deeds`. The queue of thirty is emptied by keys in `test_moderation`.
"""

# ruff: noqa: F811  Fixtures of other modules are named as they are asked for.
from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from PIL import Image
from playwright.sync_api import Page, expect

from articles import publishing
from articles.models.article import Article, Correction
from articles.models.site import MenuItem, Site
from comments.models import Ban, Comment
from comments.moderation.decisions import decide
from newsreader.accounts.models import Invitation
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_moderator,
    make_section,
    make_tag,
    make_user,
)
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_editing import page_of_text
from tests.journeys.test_readers_deeds import article as discussion  # noqa: F401
from tests.journeys.test_readers_deeds import open_as  # noqa: F401
from tests.journeys.test_staff_deeds import button, link, open_desk

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.ci_sqlite]


@pytest.fixture
def keyboard(page: Page, live_server: Any, settings: Any, tmp_path: Any) -> Keyboard:
    settings.MEDIA_ROOT = tmp_path
    open_desk(page, live_server.url)
    return Keyboard(page)


def done(hands: Keyboard, said: str) -> None:
    expect(hands.page.locator(".messagelist")).to_contain_text(said)


def begin(hands: Keyboard, headline: str, add: str = "New article") -> None:
    hands.open(link(hands, "Articles"))
    hands.open(link(hands, add))
    page_of_text(hands.page).wait_for()
    expect(hands.page.get_by_label("Headline:")).to_be_focused()
    hands.page.keyboard.type(headline)
    hands.write(hands.page.get_by_label("Standfirst:"), "After nine weeks.")
    hands.write(page_of_text(hands.page), "The boat left at six.")


def open_article(hands: Keyboard, article: Article) -> None:
    hands.open(link(hands, "Articles"))
    hands.open(link(hands, article.headline))
    page_of_text(hands.page).wait_for()


def open_tools(hands: Keyboard, comment: Comment) -> None:
    hands.page.reload()
    hands.open(hands.page.locator(f'[data-comment="{comment.pk}"]').get_by_role("link", name="Reply, edit, ban"))
    expect(hands.page.locator("#tools")).to_be_visible()


@pytest.mark.long
def test_an_article_is_written_and_published_with_a_picture(keyboard: Keyboard) -> None:
    page = keyboard.page
    begin(keyboard, "The ferry runs again")
    picture = io.BytesIO()
    Image.new("RGB", (400, 200), "navy").save(picture, "PNG")
    with page.expect_file_chooser() as asked:
        keyboard.open(button(keyboard, "Upload"))
    asked.value.set_files({"name": "boat.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    dialog = page.get_by_role("dialog", name="New picture")
    expect(dialog.get_by_label("Alternative text")).to_be_focused()
    keyboard.write(dialog.get_by_label("Alternative text"), "A boat")
    keyboard.write(dialog.get_by_label("Credit"), "Ada Harbour")
    keyboard.open(dialog.get_by_role("button", name="Use as lead picture"))
    expect(page.locator("[data-lead-shown] img")).to_be_visible()
    keyboard.choose(page.get_by_label("Section:"), "Town")
    keyboard.open(button(keyboard, "Publish"))

    done(keyboard, "Published.")
    assert Article.objects.get().lead_picture


@pytest.mark.long
def test_an_article_is_scheduled(keyboard: Keyboard) -> None:
    article = make_article(state="draft", authors=[make_author()], section=make_section())
    open_article(keyboard, article)
    keyboard.open(button(keyboard, "Schedule"))
    expect(keyboard.page.get_by_label("Publish at, date")).to_be_focused()
    keyboard.page.keyboard.type("07012031")
    keyboard.write(keyboard.page.get_by_label("Publish at, time"), "0600AM")
    keyboard.open(button(keyboard, "Schedule"))

    done(keyboard, "Scheduled for")
    assert Article.objects.get().state == "scheduled"


@pytest.mark.long
def test_a_published_article_is_corrected(keyboard: Keyboard) -> None:
    article = make_article(authors=[make_author()], section=make_section(), body="<p>The boat left at five.</p>")
    open_article(keyboard, article)
    keyboard.write(page_of_text(keyboard.page), "The boat left at six.", anew=True)
    keyboard.write(keyboard.page.get_by_label("Correction, row 1"), "The boat left at six, not at five.")
    keyboard.open(button(keyboard, "Save changes"))

    done(keyboard, "Saved.")
    assert Correction.objects.get().article == article
    assert Article.objects.get().body == "<p>The boat left at six.</p>"


@pytest.mark.long
def test_comments_are_closed(keyboard: Keyboard) -> None:
    article = make_article(authors=[make_author()], section=make_section())
    open_article(keyboard, article)
    keyboard.tick(keyboard.page.get_by_label("Readers may comment"))
    keyboard.open(button(keyboard, "Save changes"))

    done(keyboard, "Saved.")
    assert not Article.objects.get().takes_comments


def test_a_troll_is_banned(keyboard: Keyboard) -> None:
    comment = make_comment(status="pending", name="Troll")
    open_tools(keyboard, comment)
    keyboard.open(button(keyboard, "Trash and ban"))
    expect(keyboard.page.locator("#tool-ban [name=reason]")).to_be_focused()
    keyboard.choose(keyboard.page.locator("#tool-ban [name=reason]"), "insulting or abusive")
    keyboard.open(button(keyboard, "Trash and ban"))

    expect(keyboard.page.locator("#told")).to_contain_text("Banned.")
    keyboard.keeps_its_place()
    assert Ban.objects.in_force().exists()
    assert Comment.objects.get().status == "trash"


@pytest.mark.long
def test_a_reader_is_answered(keyboard: Keyboard) -> None:
    comment = make_comment(status="pending", name="Ada")
    open_tools(keyboard, comment)
    keyboard.write(keyboard.page.get_by_label("Your reply"), "We look into it.")
    keyboard.open(button(keyboard, "Approve and reply"))

    expect(keyboard.page.locator("#told")).to_be_visible()
    expect(keyboard.page.locator("[data-comment]")).to_have_count(0)
    keyboard.keeps_its_place()
    assert Comment.objects.get(parent=comment).by_staff


@pytest.mark.long
def test_the_menu_gets_an_entry(keyboard: Keyboard) -> None:
    keyboard.open(link(keyboard, "Site"))
    keyboard.write(keyboard.page.locator("#id_menu_items-0-address"), "/search/")
    keyboard.write(keyboard.page.locator("#id_menu_items-0-label"), "Search")
    keyboard.open(button(keyboard, "Save"))

    expect(keyboard.page.locator(".messagelist")).to_be_visible()
    assert MenuItem.objects.get(site=Site.objects.current()).label == "Search"


@pytest.mark.long
def test_a_static_page_is_made(keyboard: Keyboard) -> None:
    begin(keyboard, "Imprint", "New page")
    keyboard.open(button(keyboard, "Publish"))

    done(keyboard, "Published.")
    assert Article.objects.get().kind == "page"


@pytest.mark.long
def test_an_author_is_invited(keyboard: Keyboard) -> None:
    keyboard.open(link(keyboard, "Everything else"))
    keyboard.open(keyboard.page.locator("#rooms tr.model-invitation .addlink"))
    keyboard.write(keyboard.page.get_by_label("Email:"), "nina@example.org")
    author = keyboard.page.get_by_label("author", exact=True)
    keyboard.reach(keyboard.page.locator("input[type=radio]").first)  # A group of them is one stop, and arrows choose.
    for _ in range(5):
        if author.is_checked():
            break
        keyboard.press("ArrowDown")
    expect(author).to_be_checked()
    keyboard.open(button(keyboard, "Send the invitation"))

    expect(keyboard.page.locator(".messagelist")).to_be_visible()
    assert Invitation.objects.get().email == "nina@example.org"
    assert mail.outbox


# --- Readers --------------------------------------------------------------------------------------------------------


def test_a_guest_replies(open_as: Callable[..., Page], discussion: Article) -> None:
    page = open_as()
    page.goto(discussion.get_absolute_url())
    hands = Keyboard(page)
    hands.open(page.locator(".to-reply"))
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Good to have it back.")
    hands.write(page.locator("#reply-email"), "ada@example.org")
    hands.write(page.locator("#reply-name"), "Ada")
    hands.open(button(hands, "Post Comment"))

    expect(page.locator(".comment-text", has_text="Good to have it back.")).to_be_visible()
    hands.keeps_its_place()


@pytest.mark.long
def test_a_reader_signs_in_by_a_code_and_replies(open_as: Callable[..., Page], discussion: Article) -> None:
    user, page = make_user(), open_as()
    page.goto(discussion.get_absolute_url())
    hands = Keyboard(page)
    hands.open(page.locator(".to-reply"))
    page.keyboard.type("Good to have it back.")
    hands.write(page.locator("#reply-email"), user.email)
    hands.open(button(hands, "Email me a code"))
    expect(page.locator("#reply-code")).to_be_focused()
    found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)
    assert found
    page.keyboard.type(found[0])
    hands.press("Enter")
    expect(page.locator(".commenting-as")).to_be_focused()
    hands.reach(page.locator("#reply-text"), back=True)
    hands.open(button(hands, "Post Comment"))

    expect(page.locator(".comment-text", has_text="Good to have it back.")).to_be_visible()
    hands.keeps_its_place()


@pytest.mark.long
def test_a_reader_finds_an_own_comment_and_edits_it(open_as: Callable[..., Page], discussion: Article) -> None:
    user = make_user()
    make_comment(discussion, user=user, text="The frist boat left at six.")
    page = open_as(user)
    page.goto("/")
    hands = Keyboard(page)
    hands.open(link(hands, "My page"))
    hands.open(page.locator("main").get_by_role("link", name="My comments").first)
    hands.open(page.get_by_role("link", name=re.compile("^Status")).first)
    hands.write(page.get_by_label("Edit your comment"), "The first boat left at six.", anew=True)
    hands.open(button(hands, "Save changes"))

    expect(page.locator(".comment-text")).to_have_text("The first boat left at six.")


@pytest.mark.long
def test_an_author_appeals(open_as: Callable[..., Page], discussion: Article) -> None:
    comment = make_comment(discussion, status="pending", name="Ada")
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    page = open_as()
    page.goto(Comment.objects.get(pk=comment.pk).status_url)
    hands = Keyboard(page)
    hands.write(page.get_by_label("Say why it should be published"), "It is about the ferry.")
    hands.open(button(hands, "Send my appeal"))

    expect(page.locator(".appeal-outcome")).to_contain_text("We have your appeal")


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.long)])
def test_from_the_end_of_the_text_the_box_is_ten_stops_away_by_a_link(
    open_as: Callable[..., Page],
    discussion: Article,
    width: int,
) -> None:
    """Past all that may stand between: the author, corrections, sharing, following and topics."""
    author = make_author()
    author.biography = "Writes about the sea."
    author.save()
    discussion.bylines.create(author=author)
    discussion.tags.add(*(make_tag(name) for name in ("ferries", "harbour", "weather")))
    discussion.corrections.create(text="The boat left at six, not at five.")
    publishing.note_corrections(discussion)
    page = open_as(viewport={"width": width, "height": 844})
    page.goto(discussion.get_absolute_url())
    page.locator(".article-text p").last.evaluate("end => { end.tabIndex = -1; end.focus() }")
    hands = Keyboard(page)
    hands.open(page.locator(".to-reply"))

    expect(page.locator("#reply-text")).to_be_focused()
    expect(page.locator("#reply-text")).to_be_in_viewport()
    assert 4 <= hands.stops <= 10
