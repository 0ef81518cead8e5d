"""A thread that is longer than what an article shows of it: opened in place, and without script on its own page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from articles.models.article import Article
from comments.models import Comment
from comments.moderation.decisions import decide
from tests.factories import make_article, make_comment, set_rules

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    assert wrong == []


@pytest.fixture
def article() -> Article:
    set_rules(flood_seconds=0, thread_page_size=4)
    return make_article()


@pytest.fixture
def thread(article: Article) -> list[Comment]:
    """A root with nine replies: one, three that answer it, and five more."""
    root = make_comment(article, text="What about the ferry?")
    first = make_comment(parent=root)
    inner = [make_comment(parent=first) for _ in range(3)]
    return [root, first, *inner, *[make_comment(parent=root) for _ in range(5)]]


def shown(page: Page) -> list[int]:
    ids = page.locator(".discussion > .thread article").evaluate_all("found => found.map((one) => one.id)")
    return [int(id.removeprefix("comment-")) for id in ids]


def more(page: Page) -> Locator:
    return page.locator(".more a")


def ids(comments: list[Comment]) -> list[int]:
    return [comment.pk for comment in comments]


@pytest.mark.ci_both
def test_more_replies_open_in_place_page_by_page(page: Page, article: Article, thread: list[Comment]):
    other = make_comment(article)
    page.goto(article.get_absolute_url())
    page.evaluate("window.stayed = true")
    assert shown(page) == [*ids(thread[:4]), other.pk]
    expect(more(page)).to_have_text("6 more replies")

    more(page).focus()
    page.keyboard.press("Enter")

    # The fourth answers the first reply and stands beside its fellows, under that.
    fourth = page.locator(f"#comment-{thread[1].pk} ~ .replies #comment-{thread[4].pk}")
    expect(fourth).to_be_focused()
    expect(page.locator("#thread-status")).to_have_text("Replies loaded: 1.")
    expect(more(page)).to_have_text("5 more replies")
    assert shown(page) == [*ids(thread[:5]), other.pk]

    more(page).click()
    expect(page.locator(f"#comment-{thread[5].pk}")).to_be_focused()
    expect(more(page)).to_have_text("1 more reply")
    more(page).click()
    expect(more(page)).to_have_count(0)
    expect(page.locator(f"#comment-{thread[9].pk}")).to_be_focused()
    assert shown(page) == [*ids(thread), other.pk]
    assert page.evaluate("window.stayed")
    assert page.url.endswith(article.get_absolute_url())


@pytest.mark.long
def test_a_removed_comment_that_is_answered_on_two_pages_stands_once(page: Page, article: Article):
    root = make_comment(article)
    middle = make_comment(parent=root)
    replies = [make_comment(parent=middle) for _ in range(6)]
    decide(middle.pk, "trash")
    page.goto(article.get_absolute_url())

    more(page).click()
    expect(more(page)).to_have_text("2 more replies")
    more(page).click()
    expect(more(page)).to_have_count(0)

    assert shown(page) == [root.pk, middle.pk, *ids(replies)]


@pytest.mark.long
def test_an_open_form_and_its_text_stay_where_they_are(page: Page, article: Article, thread: list[Comment]):
    page.goto(article.get_absolute_url())
    page.locator(f"#comment-{thread[2].pk} .reply-link").click()
    page.get_by_label("Comment", exact=True).fill("Half a thought")

    more(page).click()
    expect(more(page)).to_have_text("5 more replies")

    form = page.locator(f"#comment-{thread[2].pk} + #respond textarea")
    expect(form).to_have_value("Half a thought")
    # What has come can be answered as what was here.
    page.locator(f"#comment-{thread[4].pk} .reply-link").click()
    expect(page.locator(f"#comment-{thread[4].pk} + #respond textarea")).to_have_value("Half a thought")


@pytest.mark.long
def test_going_back_leads_to_the_place_one_left_with_its_threads_open(
    page: Page, article: Article, thread: list[Comment]
):
    page.goto(article.get_absolute_url())
    length = page.evaluate("history.length")
    more(page).click()
    expect(more(page)).to_have_text("5 more replies")
    more(page).click()
    expect(more(page)).to_have_text("1 more reply")
    assert page.evaluate("history.length") == length
    page.locator(f"#comment-{thread[8].pk}").scroll_into_view_if_needed()
    top = page.evaluate("scrollY")
    assert top > 0

    page.goto("/")
    page.go_back()

    expect(more(page)).to_have_text("1 more reply")
    assert shown(page) == ids(thread[:9])
    page.wait_for_function(f"Math.abs(scrollY - {top}) < 3")


def test_who_posts_finds_what_was_open_open(page: Page, article: Article, thread: list[Comment]):
    set_rules(hold_first_comment=False, fastest_seconds=0)
    page.goto(article.get_absolute_url())
    more(page).click()
    expect(more(page)).to_have_text("5 more replies")

    page.get_by_label("Comment", exact=True).fill("Below all of it.")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_role("button", name="Post Comment").click()

    expect(page.locator(".comment:focus .comment-text")).to_have_text("Below all of it.")
    expect(page.locator(f"#comment-{thread[4].pk}")).to_be_visible()


def test_where_it_cannot_be_loaded_the_link_leads_to_the_thread(page: Page, article: Article, thread: list[Comment]):
    page.goto(article.get_absolute_url())
    lost = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route("**/thread/", lose_the_first)
    more(page).click()

    page.wait_for_url(f"**/comments/{thread[0].pk}/thread/")
    assert shown(page) == ids(thread[:5])


def test_a_closed_discussion_opens_its_threads_too(page: Page, article: Article, thread: list[Comment]):
    Article.objects.update(takes_comments=False, page_version=99)
    page.goto(article.get_absolute_url())
    more(page).click()

    expect(more(page)).to_have_text("5 more replies")


def test_without_script_the_link_leads_through_the_pages_of_the_thread(
    browser: Any, live_server: Any, article: Article, thread: list[Comment]
):
    context = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=False)
    page = context.new_page()
    page.goto(article.get_absolute_url())

    more(page).click()
    seen = shown_without_script(page)
    while more(page).count():
        more(page).click()
        seen += shown_without_script(page)[1:]  # The root heads every page.

    assert seen == ids(thread)
    assert page.url.endswith(f"/comments/{thread[0].pk}/thread/?page=3")
    context.close()


def shown_without_script(page: Page) -> list[int]:
    return [
        int((one.get_attribute("id") or "").removeprefix("comment-"))
        for one in page.locator(".discussion > .thread article").all()
    ]
