"""A moderator with the keyboard, in a real browser: deciding, undoing, every tool, and what happens when it fails."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from comments.models import Ban, Comment, Label, Note, Revision
from comments.moderation.decisions import decide
from tests.factories import make_article, make_comment, make_moderator, set_rules
from tests.journeys.hand import Hand

pytestmark = pytest.mark.usefixtures("transactional_db")
QUEUE = "/admin/moderation/"


@pytest.fixture
def mia(page: Page, live_server: Any) -> Any:
    set_rules(flood_seconds=0, mail_moderators=False)
    mia = make_moderator(name="Mia")
    client = Client()
    client.force_login(mia)
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
    return mia


def waiting(number: int) -> list[Comment]:
    article = make_article()
    return [make_comment(article, status="pending", name=f"Reader {n}") for n in range(number)]


def status(comment: Comment) -> str:
    return Comment.objects.values_list("status", flat=True).get(pk=comment.pk)


def eventually(page: Page, comment: Comment, expected: str) -> None:
    """Wait for the row: answers to keys pressed at once come in any order."""
    for _ in range(100):
        if status(comment) == expected:
            return
        page.wait_for_timeout(50)
    assert status(comment) == expected


def card(page: Page, comment: Comment) -> Any:
    return page.locator(f'[data-comment="{comment.pk}"]')


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


@pytest.mark.ci_both
def test_letters_decide_the_next_is_there_at_once_and_z_takes_it_all_back(page: Page, mia):
    first, second, third, fourth = waiting(4)
    page.goto(QUEUE)

    keys(page, "j", "a", "s", "d", "1")  # The trash asks why; the first of the reasons is the likeliest.

    expect(card(page, fourth)).to_be_focused()
    expect(page.locator("[data-comment]")).to_have_count(1)
    expect(page.locator("#told")).to_contain_text("1 moved to the trash.")
    for comment, after in ((first, "approved"), (second, "spam"), (third, "trash"), (fourth, "pending")):
        eventually(page, comment, after)
    assert [comment.decisions.last().reason for comment in (second, third)] == ["spam", "off_topic"]
    keys(page, "z")
    expect(card(page, third)).to_be_focused()
    keys(page, "z", "z")
    expect(page.locator("[data-comment]")).to_have_count(4)
    expect(page.locator("#told")).to_contain_text("Undone: 1 comment")
    page.wait_for_function("document.querySelectorAll('[data-comment]').length === 4")
    for comment in (first, second, third, fourth):
        eventually(page, comment, "pending")
    keys(page, "a")  # What was taken back can be decided about anew.
    expect(page.locator("#told")).to_contain_text("1 approved.")


LATE = """const quick = window.fetch; window.fetch = async (address, asked) => {
    const answer = await quick(address, asked);
    if (String(asked?.body).includes("action=approve")) {
        await new Promise(wake => { window.letGo = wake; });
        setTimeout(() => { window.allHeard = true; }, 200);
    }
    return answer;
};"""


@pytest.mark.long
def test_a_late_answer_is_not_said_after_what_a_later_key_did(page: Page, mia):
    waiting(3)
    page.add_init_script(LATE)
    page.goto(QUEUE)

    keys(page, "j", "a", "d", "d")
    expect(page.locator("#told")).to_contain_text("1 moved to the trash.")
    page.wait_for_function("() => Boolean(window.letGo)")
    page.evaluate("() => window.letGo()")
    page.wait_for_function("() => window.allHeard")

    expect(page.locator("#told")).to_contain_text("1 moved to the trash.")
    expect(page.locator("#told")).not_to_contain_text("approved")


def test_letters_typed_into_a_field_decide_nothing_and_can_be_turned_off(page: Page, mia):
    (comment,) = waiting(1)
    page.goto(QUEUE)
    keys(page, "/")
    expect(page.locator("#search input[name=q]")).to_be_focused()
    page.keyboard.type("asd")
    assert page.locator("#search input[name=q]").input_value() == "asd"
    expect(card(page, comment)).to_be_visible()

    card(page, comment).focus()
    keys(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    keys(page, "a")  # The list of keys is open: nothing is decided under it.
    page.uncheck("#keys-on")
    page.click("#keys button")
    card(page, comment).focus()
    keys(page, "a", "s", "d")
    page.reload()

    expect(card(page, comment)).to_be_visible()
    assert status(comment) == "pending"


def test_a_selection_is_decided_about_with_its_reason_and_taken_back(page: Page, mia):
    comments = waiting(3)
    page.goto(QUEUE)

    keys(page, "j", "x", "j", "x")
    expect(page.locator("#bulk .chosen")).to_have_text("2 chosen")
    page.get_by_role("button", name="Trash 2").click()
    page.get_by_role("button", name="Not about the article").click()

    expect(page.locator("#told")).to_contain_text("2 moved to the trash.")
    expect(page.locator("[data-comment]")).to_have_count(1)
    assert [status(comment) for comment in comments] == ["trash", "trash", "pending"]
    assert comments[0].decisions.last().reason == "off_topic"
    page.click("#told button")
    expect(page.locator("[data-comment]")).to_have_count(3)
    expect(page.locator("#told")).to_contain_text("Undone: 2 comments")
    assert [status(comment) for comment in comments] == ["pending"] * 3


def test_the_bar_comes_with_the_first_chosen_card_and_moves_none(page: Page, mia):
    comments = waiting(12)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(QUEUE)
    bar, box = page.locator("#bulk"), card(page, comments[2]).locator("header input")
    expect(bar).to_be_hidden()
    before = box.bounding_box()

    box.click()
    expect(bar).to_be_visible()
    assert before
    after = box.bounding_box()
    assert after
    assert abs(after["y"] - before["y"]) < 1
    page.get_by_role("button", name="Choose all").click()
    expect(bar.locator(".chosen")).to_have_text("12 chosen")
    page.get_by_role("button", name="Choose none").click()
    expect(bar).to_be_hidden()


def test_r_approves_and_replies_and_what_was_typed_stays_where_it_is_refused(page: Page, mia):
    first, second = waiting(2)
    page.goto(QUEUE)
    keys(page, "j", "r")
    page.fill("#tool-reply textarea", "   ")
    page.click('#tool-reply button[value="answer"]')
    expect(page.locator("#tools .errornote")).to_contain_text("write something")
    page.fill("#tool-reply textarea", "We look into it.")
    page.click('#tool-reply button[value="answer"]')

    expect(card(page, second)).to_be_focused()
    reply = Comment.objects.get(parent=first)
    assert (status(first), reply.status, reply.by_staff) == ("approved", "approved", True)
    keys(page, "z")
    expect(card(page, first)).to_be_focused()
    expect(page.locator("#told")).to_contain_text("Undone: 2 comments")
    assert (status(first), status(reply)) == ("pending", "trash")


def test_e_edits_b_bans_and_both_are_taken_back(page: Page, mia):
    (comment,) = waiting(1)
    page.goto(QUEUE)

    keys(page, "j", "e")
    page.fill("#tool-edit textarea", "Mended words.")
    page.click('#tool-edit button[value="edit"]')
    expect(card(page, comment)).to_contain_text("Mended words.")
    keys(page, "b")
    page.click('#tool-ban button[value="ban"]')
    expect(card(page, comment)).to_contain_text("banned until")

    keys(page, "z")
    expect(card(page, comment)).not_to_contain_text("banned until")
    keys(page, "z")
    expect(card(page, comment).locator(".comment-text").first).not_to_contain_text("Mended words.")
    assert not Ban.objects.in_force().exists()
    assert Revision.objects.count() == 2


def test_what_cannot_be_sent_is_put_back_and_said(page: Page, mia):
    first, second = waiting(2)
    page.goto(QUEUE)
    page.route(
        "**/admin/moderation/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )

    keys(page, "j", "a")

    expect(page.locator("#told .say-error")).to_contain_text("can’t be reached")
    expect(card(page, first)).to_be_focused()
    assert status(first) == "pending"
    assert status(second) == "pending"


@pytest.mark.ci_both
def test_who_comes_second_sees_what_the_first_did(page: Page, mia):
    first, _second = waiting(2)
    page.goto(QUEUE)
    decide(first.pk, "approved", by=make_moderator(name="Noor"))

    keys(page, "j", "s")

    expect(page.locator("#told .say-error")).to_contain_text("Noor decided meanwhile: Approved")
    expect(card(page, first)).to_be_visible()
    assert status(first) == "approved"


def test_the_next_cards_come_by_themselves(page: Page, mia):
    comments = waiting(60)
    page.goto(QUEUE)
    expect(page.locator("[data-comment]")).to_have_count(50)

    keys(page, *(["j"] + ["a"] * 30))

    expect(page.locator("[data-comment]")).to_have_count(30)
    expect(card(page, comments[30])).to_be_focused()
    expect(page.locator('[data-size="pending"]')).to_have_text("30")
    for comment in comments[:30]:
        eventually(page, comment, "approved")


LONG = "The ferry left at six, and nobody had been told. " * 30
SHOWN = "text => [text.clientHeight < text.scrollHeight, text.textContent.trim().length]"


def test_a_long_text_is_whole_on_request_and_where_one_decides(browser, live_server, mia, page: Page):
    """Four cards fit on a laptop however much is written on them; nothing is decided about unread by keyboard."""
    article = make_article()
    rows = [make_comment(article, status="pending", text=f"{LONG} {number}") for number in range(5)]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(QUEUE)
    box = card(page, rows[3]).bounding_box()
    assert box
    assert box["y"] + box["height"] <= 900
    keys(page, "j", "j")
    texts = page.locator("[data-comment] .comment-text")
    assert [texts.nth(at).evaluate(SHOWN)[0] for at in range(3)] == [True, False, True]

    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 1280, "height": 900}
    )
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(QUEUE)
    text = card(plain, rows[0]).locator(".comment-text")
    assert text.evaluate(SHOWN) == [True, len(f"{LONG} 0")]
    card(plain, rows[0]).locator(".whole summary").press("Enter")
    assert text.evaluate(SHOWN) == [False, len(f"{LONG} 0")]
    context.close()


def test_four_cards_that_tell_all_they_can_are_whole_on_a_laptop_s_screen(page: Page, mia):
    """Each is long, answers another, has stood elsewhere, and has a note and a label."""
    article = make_article()
    asked = make_comment(article, name="Asker", text="Who knew of it?")
    make_comment(make_article(), status="spam", text=LONG, name="Reader 0")
    rows = [
        make_comment(article, status="pending", text=LONG, parent=asked, name=f"Reader {number}", address="192.0.2.7")
        for number in range(5)
    ]
    for row in rows:
        Note.objects.create(comment=row, by=mia, text="He has written to us about this before, under another name.")
        Label.objects.create(comment=row, kind=Label.Kind.values[0], by=mia)
    page.set_viewport_size({"width": 1280, "height": 900})

    page.goto(QUEUE)

    for row in rows[:4]:
        shown = card(page, row)
        for told in (
            "same text 5 times elsewhere", "He has written to us about this before, under another name.", "Mia:",
            "tip", "In reply to Asker", "192.0.2.7", "Held:", article.headline,
        ):  # fmt: skip
            box = shown.get_by_text(told, exact=False).first.bounding_box()
            assert box
            assert box["y"] + box["height"] <= 900
    box = card(page, rows[3]).bounding_box()
    assert box
    assert box["y"] + box["height"] <= 900
    note = card(page, rows[0]).locator(".note")
    assert note.evaluate(SHOWN)[0] is False  # All of it is seen.


def test_all_of_it_works_without_script(browser, live_server, mia, page: Page):
    first, second = waiting(2)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(QUEUE)

    card(plain, first).locator('button[value="approve"]').click()
    expect(plain.locator(".messagelist")).to_contain_text("1 approved.")
    card(plain, second).get_by_role("link", name="Reply, edit").click()
    plain.fill("#tool-reply textarea", "Thank you.")
    plain.click('button[value="answer"]')
    eventually(plain, second, "approved")
    assert status(first) == "approved"
    plain.goto(QUEUE)
    plain.locator(".recent summary").click()
    plain.locator('.recent button[value="undo"]').first.click()

    eventually(plain, second, "pending")
    context.close()


def test_a_queue_of_thirty_is_emptied_by_keyboard_and_says_so(page: Page, mia):
    comments = waiting(30)
    page.goto(QUEUE)
    expect(page.locator(".greeting")).to_contain_text("30 waiting")
    expect(page.locator(".choose-all")).to_be_visible()

    hand = Hand(page)
    hand.press("j")
    for number in range(30):
        for key in ["d", "Enter"] if number % 10 == 9 else "s" if number % 3 == 2 else "a":
            hand.press(key)

    ending = page.locator(".nothing")
    expect(ending).to_be_focused()
    expect(ending).to_contain_text("All done. Nothing is waiting.")
    expect(ending).to_contain_text("Decided in this sitting: 30.")
    assert not hand.over("empty a queue of thirty, by keyboard", clicks=0, keys=34, screens=0)
    expect(page.locator(".choose-all")).to_be_hidden()
    expect(page.locator('[data-size="pending"]')).to_have_text("0")
    for comment, after in zip(comments[7:10], ("approved", "spam", "trash"), strict=True):
        eventually(page, comment, after)
    keys(page, "z")
    expect(card(page, comments[29])).to_be_focused()
    expect(ending).to_be_hidden()
    expect(page.locator(".choose-all")).to_be_visible()


def swipe(page: Page, across: int, down: int = 0) -> None:
    """Draw a finger over the first card, in steps."""
    box = page.locator("[data-comment] .comment-text").first.bounding_box()
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + 12
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 9):
        at = {"x": x + across * step / 8, "y": y + down * step / 8}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_on_a_phone_a_card_is_swiped_away_and_brought_back(browser, live_server, mia, page: Page):
    first, second, third = waiting(3)
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.add_cookies(page.context.cookies())
    phone = context.new_page()
    phone.goto(QUEUE)
    tall = card(phone, first).bounding_box()["height"]
    assert 844 * 0.8 < tall <= 844  # One card a screen.

    swipe(phone, 60)  # Too short, and then mostly downwards: neither decides.
    swipe(phone, 100, down=-160)
    expect(phone.locator("[data-comment]")).to_have_count(3)
    card(phone, first).locator(".comment-text").scroll_into_view_if_needed()
    swipe(phone, 170)
    expect(phone.locator("#told")).to_contain_text("1 approved.")
    card(phone, second).locator(".comment-text").scroll_into_view_if_needed()
    swipe(phone, -170)
    expect(phone.locator("#told")).to_contain_text("1 sent to spam.")
    expect(phone.locator("[data-comment]")).to_have_count(1)
    eventually(phone, first, "approved")
    eventually(phone, second, "spam")

    phone.get_by_role("button", name="Undo").click()
    expect(card(phone, second)).to_be_focused()
    eventually(phone, second, "pending")
    assert status(third) == "pending"
    context.close()
