"""A reply without leaving the page: what the small script adds, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Route, expect

from articles.models.article import Article
from comments.models import Comment
from newsreader.accounts.models import User
from tests.factories import make_article, make_comment, make_user, set_rules

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def page(context: BrowserContext, live_server: Any) -> Iterator[Page]:
    """A page on which nothing may go wrong unseen: no error, no breach of the policy, no other host."""
    page, wrong = context.new_page(), []

    def hear(message: ConsoleMessage) -> None:
        # Chromium reports every refusal and every lost connection so; tests provoke both.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            wrong.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith(live_server.url) else wrong.append(sent.url))
    yield page
    assert wrong == []


@pytest.fixture
def article() -> Article:
    return make_article()


def text_of(page: Page) -> Locator:
    return page.get_by_label("Comment", exact=True)


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Post Comment")


def status(page: Page) -> Locator:
    return page.locator("#reply-status")


def fill_in(page: Page, text: str, *, email: str = "ada@example.org") -> None:
    text_of(page).fill(text)
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Email").fill(email)


def reply_to(page: Page, comment: Comment) -> None:
    page.locator(f"#comment-{comment.pk} .reply-link").click()


def sign_in(context: BrowserContext, live_server: Any, user: User, *, known: bool = True) -> None:
    client = Client()
    client.force_login(user)
    cookies = {"sessionid": client.cookies["sessionid"].value} | ({"known": "1"} if known else {})
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])


def drafts(page: Page) -> list[str]:
    return page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('reply-draft:')).sort()")


def lose_the_answer(route: Route) -> None:
    route.fetch()
    route.abort()


# --- Sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_a_guest_replies_and_sees_it_waiting_without_leaving_the_page(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    page.evaluate("window.stayed = true")
    fill_in(page, "The sea was calm.")
    button(page).click()

    expect(page.locator("#yours .comment-status")).to_contain_text("waiting for an editor")
    expect(page.locator("#yours .comment-status")).to_be_focused()
    expect(page.locator("#yours .comment-waiting .comment-text")).to_have_text("The sea was calm.")
    expect(page.locator("#yours .comment-status a")).to_have_attribute("href", Comment.objects.get().status_url)
    expect(text_of(page)).to_have_value("")
    assert page.evaluate("window.stayed")
    assert page.url.endswith(article.get_absolute_url())


@pytest.mark.long
def test_two_replies_wait_side_by_side_and_are_there_again_after_a_reload(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    waiting = page.locator("#yours .comment-waiting")
    for number, text in enumerate(["One of two.", "Two of two."], 1):
        fill_in(page, text)
        button(page).click()
        expect(waiting).to_have_count(number)

    expect(page.locator("#yours .comment-status")).to_have_count(1)
    assert len(set(Comment.objects.values_list("idempotency_key", flat=True))) == 2

    page.reload()
    expect(waiting.locator(".comment-text")).to_have_text(["One of two.", "Two of two."])

    page.context.clear_cookies(name="known")  # As it is once they cannot be changed any more.
    page.reload()
    expect(page.locator("#yours")).to_be_empty()
    text_of(page).focus()
    expect(waiting).to_have_count(2)


def test_errors_stand_in_place_with_focus_and_everything_typed(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Kept, *as typed*.", email="ada@nowhere")
    page.get_by_label("Keep my details in this browser").check()
    button(page).click()

    expect(page.get_by_label("Email")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_attribute("aria-describedby", re.compile("error-email"))
    expect(page.locator("#error-email")).to_have_attribute("data-code", "require_valid_email")
    expect(page.locator("#refusal")).to_be_visible()
    expect(text_of(page)).to_have_value("Kept, *as typed*.")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    expect(page.get_by_label("Email")).to_have_value("ada@nowhere")
    expect(page.get_by_label("Keep my details in this browser")).to_be_checked()
    assert page.url.endswith(article.get_absolute_url())

    page.get_by_label("Email").fill("ada@example.org")
    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    expect(page.locator("#respond .error, #refusal, #respond [aria-invalid]")).to_have_count(0)


def test_a_reply_that_is_refused_stays_under_its_comment(page: Page, article: Article):
    parent = make_comment(article, name="Grace")
    page.goto(article.get_absolute_url())
    reply_to(page, parent)
    button(page).click()

    expect(text_of(page)).to_be_focused()
    expect(page.locator("#error-text")).to_have_attribute("data-code", "require_valid_comment")
    expect(page.locator(f"#comment-{parent.pk} + #respond")).to_be_visible()
    expect(page.locator("#reply-title")).to_have_text("Leave a Reply to Grace")

    fill_in(page, "It will, at ten.")
    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    assert Comment.objects.get(status="pending").parent == parent
    expect(page.locator("#reply-title")).to_have_text("Leave a Reply")


@pytest.mark.long
def test_a_refusal_without_a_field_takes_the_focus(page: Page, article: Article):
    set_rules(flood_burst=1, flood_seconds=600)
    page.goto(article.get_absolute_url())
    fill_in(page, "The first.")
    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    text_of(page).fill("Much too soon.")
    button(page).click()

    expect(page.locator("#refusal")).to_have_attribute("data-code", "comment_flood")
    expect(page.locator("#refusal")).to_be_focused()
    expect(text_of(page)).to_have_value("Much too soon.")
    expect(button(page)).to_be_enabled()


def test_a_discussion_that_has_closed_leaves_the_text_to_be_copied(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Too late, as it turns out.")
    Article.objects.filter(pk=article.pk).update(takes_comments=False)
    button(page).click()

    expect(page.locator("#refusal")).to_have_attribute("data-code", "comment_closed")
    expect(text_of(page)).to_have_value("Too late, as it turns out.")
    expect(button(page)).to_have_count(0)
    text_of(page).press("Control+Enter")
    expect(status(page)).to_be_empty()


@pytest.mark.ci_both
def test_a_published_reply_appears_in_place_and_one_to_it_under_it(page: Page, article: Article):
    set_rules(hold_first_comment=False, fastest_seconds=0)
    page.goto(f"{article.get_absolute_url()}?from=letter")
    page.evaluate("window.stayed = true")
    fill_in(page, "Shown at once.")
    button(page).click()

    comment = page.locator(".discussion > .thread .comment")
    expect(comment.locator(".comment-text")).to_have_text("Shown at once.")
    expect(comment).to_be_focused()
    expect(comment).to_be_in_viewport()
    expect(page.locator("#comments-title")).to_have_text("1 comment")
    first = Comment.objects.get()
    assert page.url.endswith(f"{article.get_absolute_url()}?from=letter#comment-{first.pk}")

    reply_to(page, first)
    text_of(page).fill("Under the first.")
    button(page).click()
    expect(page.locator(".replies .comment:focus .comment-text")).to_have_text("Under the first.")
    expect(page.locator("#comments-title")).to_have_text("2 comments")
    expect(page.locator(".discussion > #respond #reply-title")).to_have_text("Leave a Reply")
    second = Comment.objects.get(parent=first)
    assert page.url.endswith(f"{article.get_absolute_url()}?from=letter#comment-{second.pk}")
    assert page.evaluate("window.stayed")


@pytest.mark.long
def test_a_reply_shown_on_another_page_leads_there(page: Page, article: Article):
    set_rules(hold_first_comment=False, fastest_seconds=0, roots_per_page=1)
    make_comment(article)
    page.goto(article.get_absolute_url())
    fill_in(page, "On the second page.")
    button(page).click()

    page.wait_for_url(re.compile(r"\?page=2#comment-\d+$"))
    comment = Comment.objects.get(body="On the second page.")
    expect(page.locator(":target")).to_have_id(f"comment-{comment.pk}")
    expect(page.locator(":target")).to_be_in_viewport()


def test_a_reply_too_deep_for_the_article_leads_to_its_thread_and_works_there(page: Page, article: Article):
    set_rules(hold_first_comment=False, fastest_seconds=0, replies_shown=1)
    parent = make_comment(article)
    make_comment(parent=parent)
    page.goto(article.get_absolute_url())
    reply_to(page, parent)
    fill_in(page, "On the page of the thread.")
    button(page).click()
    page.wait_for_url(f"**/comments/{parent.pk}/thread/?page=1#comment-*")

    text_of(page).fill("A thought about the whole.")
    reply_to(page, parent)
    fill_in(page, "And another in place.")
    button(page).click()
    expect(page.locator(".comment:focus .comment-text")).to_have_text("And another in place.")


def test_new_is_taken_from_the_address_of_who_comes_without_the_script(page: Page, article: Article):
    comment = make_comment(article)
    page.goto(f"{article.get_absolute_url()}?q=1&new={comment.pk}#comment-{comment.pk}")

    page.wait_for_url(f"**{article.get_absolute_url()}?q=1#comment-{comment.pk}")
    expect(page.locator(":target")).to_have_id(f"comment-{comment.pk}")


def test_control_and_enter_posts_exactly_once(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Sent from the keyboard.")
    text_of(page).press("Control+Enter")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    assert Comment.objects.count() == 1


@pytest.mark.ci_both
def test_a_double_click_posts_one_row(page: Page, article: Article):
    posts: list[str] = []
    page.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    page.goto(article.get_absolute_url())
    fill_in(page, "Clicked twice.")
    button(page).dblclick()

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    expect(page.locator("#refusal")).to_have_count(0)
    assert len(posts) == 1
    assert Comment.objects.count() == 1


@pytest.mark.long
def test_while_it_is_being_sent_the_page_says_so(page: Page, article: Article):
    seen: list[str] = []

    def look(route: Route) -> None:
        expect(status(page)).to_have_text("Sending…")
        expect(button(page)).to_be_disabled()
        text_of(page).press("Control+Enter")
        seen.append(route.request.url)
        route.continue_()

    page.route("**/reply/", look)
    page.goto(article.get_absolute_url())
    fill_in(page, "On its way.")
    button(page).click()

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    expect(status(page)).to_be_empty()
    expect(button(page)).to_be_enabled()
    assert len(seen) == 1


def test_a_lost_connection_and_a_broken_server_lose_nothing_and_the_next_try_makes_one_row(
    page: Page, article: Article
):
    page.goto(article.get_absolute_url())
    fill_in(page, "Lost at sea.")
    page.route("**/reply/", lambda route: route.abort(), times=1)
    button(page).click()
    expect(status(page)).to_contain_text("could not be sent")
    expect(text_of(page)).to_have_value("Lost at sea.")

    page.route("**/reply/", lambda route: route.fulfill(status=502, body="Bad gateway"), times=1)
    with page.expect_response("**/reply/"):
        button(page).click()
    expect(status(page)).to_contain_text("could not be sent")
    expect(text_of(page)).to_have_value("Lost at sea.")

    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    assert Comment.objects.count() == 1


def test_an_answer_that_is_lost_makes_no_second_row_and_its_key_is_for_nothing_else(page: Page, article: Article):
    waiting = page.locator("#yours .comment-waiting")
    page.goto(article.get_absolute_url())
    fill_in(page, "It did arrive.")
    page.route("**/reply/", lose_the_answer, times=1)
    button(page).click()
    expect(status(page)).to_contain_text("could not be sent")
    assert Comment.objects.count() == 1
    button(page).click()
    expect(waiting).to_have_count(1)
    assert Comment.objects.count() == 1

    text_of(page).fill("As it was at first.")
    page.route("**/reply/", lose_the_answer, times=1)
    button(page).click()
    expect(status(page)).to_contain_text("could not be sent")
    text_of(page).fill("As it is now.")
    button(page).click()
    expect(page.locator("#refusal")).to_have_attribute("data-code", "idempotency_key_reused")
    expect(page.locator("#refusal")).to_be_focused()
    button(page).click()
    # The one whose answer was lost is listed too, as soon as the box has asked who is there.
    expect(waiting.filter(has_text="As it is now.")).to_have_count(1)
    assert Comment.objects.count() == 3


# --- Moving -----------------------------------------------------------------------------------------------------------


def test_reply_moves_the_form_and_cancel_or_escape_brings_it_back(page: Page, article: Article):
    parent = make_comment(article, name="Grace $& Co")
    page.goto(article.get_absolute_url())
    reply_to(page, parent)
    under = page.locator(f"#comment-{parent.pk} + #respond")
    expect(under).to_be_visible()
    expect(page.locator("#reply-title")).to_have_text("Leave a Reply to Grace $& Co")
    expect(page.locator("#commentform [name=parent]")).to_have_value(str(parent.pk))
    expect(text_of(page)).to_be_focused()

    page.get_by_role("link", name="Cancel reply").click()
    expect(page.locator(".discussion > #respond")).to_be_visible()
    expect(page.locator("#reply-title")).to_have_text("Leave a Reply")
    expect(page.locator("#commentform [name=parent]")).to_have_value("")
    expect(page.locator(f"#comment-{parent.pk} .reply-link")).to_be_focused()
    expect(page.get_by_role("link", name="Cancel reply")).to_be_hidden()

    page.keyboard.press("Enter")
    text_of(page).fill("Half a")
    text_of(page).press("Escape")
    expect(under).to_be_visible()
    text_of(page).fill("")
    text_of(page).press("Escape")
    expect(page.locator(".discussion > #respond")).to_be_visible()


@pytest.mark.long
def test_a_reply_link_opens_in_another_tab_as_any_link(page: Page, context: BrowserContext, article: Article):
    parent = make_comment(article)
    page.goto(article.get_absolute_url())
    with context.expect_page() as opened:
        page.locator(f"#comment-{parent.pk} .reply-link").click(modifiers=["Control"])

    expect(opened.value.locator("blockquote.answered")).to_be_visible()
    expect(page.locator(".discussion > #respond")).to_be_visible()


# --- Drafts -----------------------------------------------------------------------------------------------------------


def test_drafts_survive_a_reload_each_at_its_target_and_go_with_posting(page: Page, article: Article):
    parent = make_comment(article)
    page.goto(article.get_absolute_url())
    fill_in(page, "About the article.")
    reply_to(page, parent)
    text_of(page).fill("About the comment.")

    page.reload()
    expect(text_of(page)).to_have_value("About the article.")
    expect(status(page)).to_have_text("Your unsent text is back.")
    expect(page.locator("#commentform [name=parent]")).to_have_value("")
    reply_to(page, parent)
    expect(text_of(page)).to_have_value("About the comment.")
    assert "ada" not in page.evaluate("JSON.stringify(localStorage)").lower()

    fill_in(page, "About the comment, and more.")
    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    assert drafts(page) == [f"reply-draft:{article.pk}:"]
    page.reload()
    expect(text_of(page)).to_have_value("About the article.")
    reply_to(page, parent)
    fill_in(page, "Again about the article.")
    page.get_by_role("link", name="Cancel reply").click()
    expect(text_of(page)).to_have_value("About the article.")


def test_a_text_follows_the_form_and_leaves_no_copy_behind(page: Page, article: Article):
    parent = make_comment(article)
    page.goto(article.get_absolute_url())
    fill_in(page, "Meant for you.")
    reply_to(page, parent)
    expect(text_of(page)).to_have_value("Meant for you.")
    button(page).click()

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    assert Comment.objects.get(status="pending").parent == parent
    assert drafts(page) == []
    page.reload()
    expect(text_of(page)).to_have_value("")


def test_a_draft_that_is_a_month_old_is_dropped(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    old = "({text: 'Old news.', at: Date.now() - 31 * 24 * 3600 * 1000})"
    page.evaluate(f"localStorage['reply-draft:{article.pk}:'] = JSON.stringify({old})")
    page.evaluate("localStorage['reply-draft:99:5'] = 'not even JSON'")

    page.reload()
    expect(text_of(page)).to_have_value("")
    assert drafts(page) == []


def test_a_browser_that_stores_nothing_can_still_reply(page: Page, article: Article):
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    parent = make_comment(article)
    page.goto(article.get_absolute_url())
    reply_to(page, parent)
    fill_in(page, "Without a trace.")
    button(page).click()

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)


def test_the_private_page_keeps_drafts_shows_errors_and_leads_to_the_outcome(page: Page, article: Article):
    parent = make_comment(article, name="Grace")
    page.goto(f"/articles/{article.pk}/reply/?parent={parent.pk}")
    text_of(page).fill("From a page of my own.")
    page.reload()
    expect(text_of(page)).to_have_value("From a page of my own.")
    button(page).click()
    expect(page.get_by_label("Email")).to_be_focused()
    expect(page.locator("#reply-title")).to_have_text("Leave a Reply to Grace")

    fill_in(page, "From a page of my own.")
    button(page).click()
    page.wait_for_url("**/status/*/")
    expect(page.locator(".comment-status")).to_contain_text("waiting for an editor")
    assert drafts(page) == []


# --- Who is replying --------------------------------------------------------------------------------------------------


def test_nobody_asks_who_a_reader_is_before_the_form_is_touched(page: Page, article: Article):
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if sent.url.endswith("/you/") else None)
    page.goto(article.get_absolute_url(), wait_until="networkidle")
    assert asked == []
    expect(page.locator("#commentform [name=key]")).to_have_value("")

    with page.expect_response("**/you/"):
        page.get_by_label("Name").click()
    page.keyboard.type("Ada")
    expect(page.locator("#commentform [name=key]")).not_to_have_value("")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    expect(page.get_by_label("Name")).to_be_focused()
    text_of(page).focus()
    assert len(asked) == 1


@pytest.mark.long
def test_details_that_were_kept_come_back_but_not_over_what_is_typed(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Remember me.")
    page.get_by_label("Keep my details in this browser").check()
    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)

    def type_meanwhile(route: Route) -> None:
        page.get_by_label("Name").fill("Augusta")
        route.continue_()

    page.route("**/you/", type_meanwhile)
    page.reload()
    expect(page.get_by_label("Email")).to_have_value("ada@example.org")
    expect(page.get_by_label("Name")).to_have_value("Augusta")
    expect(page.get_by_label("Name")).to_be_focused()


def test_a_signed_in_reader_is_greeted_and_posts(
    page: Page, context: BrowserContext, live_server: Any, article: Article
):
    user = make_user("grace")
    sign_in(context, live_server, user)
    page.goto(article.get_absolute_url())
    expect(page.locator(".commenting-as")).to_contain_text("You are commenting using your Newsreader account.")
    text_of(page).fill("Under my own name.")
    button(page).click()

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    assert Comment.objects.get().identity.user == user


def test_a_signed_in_reader_who_is_faster_than_the_network_waits_for_the_token(
    page: Page, context: BrowserContext, live_server: Any, article: Article
):
    def take_long(route: Route) -> None:
        expect(status(page)).to_have_text("Sending…")
        assert Comment.objects.count() == 0
        route.continue_()

    sign_in(context, live_server, make_user("grace"), known=False)
    page.route("**/you/", take_long, times=1)  # What is one's own is asked for again afterwards.
    page.goto(article.get_absolute_url())
    text_of(page).fill("Quick as a flash.")
    text_of(page).press("Control+Enter")

    expect(page.locator("#yours .comment-waiting")).to_have_count(1)
    expect(page.locator(".commenting-as")).to_contain_text("grace")


def test_who_signs_in_elsewhere_meanwhile_confirms_in_place(
    page: Page, context: BrowserContext, live_server: Any, article: Article
):
    page.goto(article.get_absolute_url())
    with page.expect_response("**/you/"):
        text_of(page).focus()
    sign_in(context, live_server, make_user("grace"))
    fill_in(page, "Begun as a guest.")
    button(page).click()

    expect(page.locator("#refusal")).to_have_attribute("data-code", "forgery_refused")
    expect(page.locator("#refusal")).to_be_focused()
    expect(page.locator(".commenting-as")).to_contain_text("grace")
    expect(text_of(page)).to_have_value("Begun as a guest.")
    button(page).click()
    expect(page.locator("#yours .comment-waiting")).to_have_count(1)


# --- Without a mouse ------------------------------------------------------------------------------------------------


def test_an_article_is_read_and_answered_by_keyboard_alone(page: Page, live_server: Any, article: Article) -> None:
    """Every stop is seen, none is a trap, the order is that of the page, and the reply is sent with the keyboard."""
    make_comment(article, status="approved")
    page.goto(live_server.url + article.get_absolute_url())
    typed = {"Comment": "By keyboard alone.", "Name": "Ada", "Email": "ada@example.org"}
    stops: list[str] = []

    for _ in range(80):
        page.keyboard.press("Tab")
        label, ring = page.evaluate("""() => {
            const at = document.activeElement, style = getComputedStyle(at);
            const label = at.labels?.[0]?.textContent ?? at.getAttribute("aria-label") ?? at.textContent;
            return [label.trim(),
                style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none"];
        }""")
        assert ring, f"{label!r} does not show that it has the focus"
        stops.append(label)
        name = next((name for name in typed if label.startswith(name)), "")
        if name and label != "Comments":
            page.keyboard.type(typed.pop(name, ""))
        if label == "Post Comment":
            break

    assert stops[0] == "Skip to the content"
    assert stops[-1] == "Post Comment", stops
    assert typed == {}, stops
    page.keyboard.press("Enter")
    expect(page.locator(".comment-text", has_text="By keyboard alone.")).to_be_visible()
