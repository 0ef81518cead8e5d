"""Saying who one is, in the box under an article, in a real browser: with script, without, in a window, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from articles.models.article import Article
from comments.models import Comment, KeptDraft
from newsreader.accounts.models import CommenterIdentity, User
from tests.factories import make_article, make_comment, make_user, set_rules
from tests.standin import Case

pytestmark = pytest.mark.usefixtures("transactional_db")
LABELS = {
    "wordpress": "WordPress.com", "facebook": "Facebook", "google": "Google", "apple": "Apple", "x": "X",
    "github": "GitHub", "microsoft": "Microsoft", "oidc": "Harbour ID",
}  # fmt: skip
TEXT = "The ferry was late again.\n\nWho pays for that?"


@pytest.fixture
def article() -> Article:
    return make_article()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which no error and no breach of the policy goes unseen."""
    page, wrong = context.new_page(), []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            wrong.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    assert wrong == []


@pytest.fixture
def bare(browser: Browser, live_server: Any, settings: Any) -> Iterator[Page]:
    """A page in a browser without script."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.set_default_timeout(30_000)  # milliseconds
    yield context.new_page()
    context.close()


def text_of(page: Page) -> Any:
    return page.get_by_label("Comment", exact=True)


def way(page: Page, name: str) -> Any:
    return page.locator(f'#commentform button[data-provider="{name}"]')


def line(page: Page) -> Any:
    return page.locator(".commenting-as")


def using(provider: str) -> re.Pattern[str]:
    return re.compile(rf"You are commenting using your {re.escape(LABELS[provider])} account\.")


# One of each kind: most are like Facebook, Apple posts its answer, X gives no address, one speaks OpenID Connect.
@pytest.mark.parametrize(
    "provider", ["facebook", "apple", *(pytest.param(name, marks=pytest.mark.long) for name in ("x", "oidc"))]
)
def test_a_window_signs_in_and_the_article_stays_where_it_is(page, standin, article, provider):
    standin.case = Case(consent=True, via_second=True)
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    page.evaluate("window.here = 'still'")

    with page.expect_popup() as opened:
        way(page, provider).click()
    expect(page.locator(".connecting")).to_contain_text(f"Connecting to {LABELS[provider]}…")
    expect(way(page, provider)).to_be_hidden()
    opened.value.get_by_role("button", name="Allow").click()

    expect(line(page)).to_contain_text(using(provider))
    expect(page.locator(".connecting")).to_have_count(0)
    assert opened.value.is_closed() or opened.value.wait_for_event("close") is not None
    assert page.evaluate("window.here") == "still"
    assert text_of(page).input_value() == TEXT

    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".comment-status")).to_be_visible()
    comment = Comment.objects.get()
    assert comment.identity.provider == provider
    assert (comment.name, comment.body) == ("Grace Hopper", TEXT)
    assert KeptDraft.objects.count() == 0


def test_cancel_brings_the_guest_back_and_a_late_answer_signs_nobody_in(page, standin, article):
    standin.case = Case(consent=True)
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    with page.expect_popup() as opened:
        way(page, "facebook").click()
    opened.value.get_by_role("button", name="Allow").wait_for()

    expect(page.locator(".connecting [data-action=cancel]")).to_be_focused()
    with page.expect_request("**/reply/with/cancel/"):
        page.keyboard.press("Enter")
    expect(page.locator(".connecting")).to_have_count(0)
    expect(page.get_by_label("Name")).to_be_visible()
    expect(way(page, "facebook")).to_be_focused()
    page.wait_for_load_state("networkidle")
    if not opened.value.is_closed():
        opened.value.get_by_role("button", name="Allow").click()
        opened.value.wait_for_load_state()

    expect(page.get_by_label("Name")).to_be_visible()
    assert text_of(page).input_value() == TEXT
    page.reload()
    expect(line(page)).to_have_count(0)
    assert CommenterIdentity.objects.count() == 0


def test_what_a_window_says_after_cancel_is_heard_by_nobody(page, standin, article):
    standin.case = Case(consent=True)
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    starts = page.context.expect_event("request", lambda request: request.url.endswith("/reply/with/google/"))
    with starts as sent, page.expect_popup():  # It is the window's request, not this page's.
        way(page, "google").click()
    channel = re.search(r"channel=([\w-]+)", sent.value.post_data)[1]
    page.locator(".connecting [data-action=cancel]").click()
    expect(page.locator(".connecting")).to_have_count(0)
    asked = []
    page.on("request", lambda request: request.redirected_from or asked.append(request.url))

    page.evaluate(
        """name => new Promise((heard) => {
            const listener = new BroadcastChannel(name), sender = new BroadcastChannel(name);
            listener.onmessage = ({data}) => { if (data.outcome === "") setTimeout(heard); };
            sender.postMessage({outcome: "sign_in_denied", sentence: "Late."});
            sender.postMessage({outcome: ""});
        })""",
        f"sign-in:{channel}",
    )
    with page.expect_response("**/robots.txt"):  # Whatever the page asked for because of them, it asked before.
        page.evaluate("() => fetch('/robots.txt')")

    expect(page.locator("#reply-status")).to_be_empty()
    expect(line(page)).to_have_count(0)
    assert not [address for address in asked if "/reply/" in address and "cancel" not in address]


@pytest.mark.long
def test_after_ten_minutes_without_an_answer_the_box_says_so_and_offers_all_ways_again(page, standin, article):
    standin.case = Case(consent=True)
    page.clock.install()
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    with page.expect_popup() as opened:
        way(page, "facebook").click()
    expect(page.locator(".connecting")).to_be_visible()
    page.clock.run_for(599_000)  # milliseconds
    expect(page.locator(".connecting")).to_be_visible()

    with page.expect_request("**/reply/with/cancel/"):
        page.clock.run_for(2_000)

    expect(page.locator(".connecting")).to_have_count(0)
    expect(page.locator("#reply-status")).to_contain_text("There was no response.")
    expect(way(page, "facebook")).to_be_focused()
    page.wait_for_load_state("networkidle")
    if not opened.value.is_closed():  # Once it is at the provider's, it is no longer ours to close.
        opened.value.get_by_role("button", name="Allow").click()
        opened.value.wait_for_load_state()
    expect(line(page)).to_have_count(0)
    assert User.objects.count() == 0
    assert text_of(page).input_value() == TEXT


def test_on_a_phone_the_trip_takes_the_page_along_and_brings_the_draft_back(browser, live_server, settings, standin):
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    parent = make_comment()
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en"
    )
    context.set_default_timeout(30_000)  # milliseconds
    page = context.new_page()
    page.goto(parent.article.get_absolute_url())
    page.locator(f"#comment-{parent.pk} .reply-link").tap()
    text_of(page).fill(TEXT)

    way(page, "apple").tap()

    page.wait_for_url(re.compile(re.escape(parent.article.get_absolute_url()) + "#respond$"))
    expect(line(page)).to_contain_text(using("apple"))
    assert len(context.pages) == 1
    assert page.locator(f"#comment-{parent.pk} + #respond").count() == 1
    assert text_of(page).input_value() == TEXT
    context.close()


def test_who_says_no_at_the_provider_is_told_so_and_nothing_has_changed(page, standin, article):
    standin.case = Case(consent=True)
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    with page.expect_popup() as opened:
        way(page, "google").click()
    opened.value.get_by_role("button", name="Deny").click()

    expect(page.locator("#reply-status")).to_have_text("You did not sign in with Google. Nothing has changed.")
    expect(page.get_by_label("Name")).to_be_visible()
    assert text_of(page).input_value() == TEXT
    assert User.objects.count() == 0


def test_a_blocked_window_becomes_a_trip_that_ends_under_the_same_comment(page, standin, article):
    first, other = make_comment(article), make_comment(article)
    page.add_init_script("window.open = () => null")
    page.goto(article.get_absolute_url())
    page.locator(f"#comment-{first.pk} .reply-link").click()
    text_of(page).fill(TEXT)

    way(page, "github").click()

    page.wait_for_url(re.compile(re.escape(article.get_absolute_url()) + "#respond$"))
    expect(line(page)).to_contain_text(using("github"))
    expect(page.locator("#reply-title")).to_have_text("Leave a Reply to Ada")
    assert page.locator(f"#comment-{first.pk} + #respond").count() == 1
    assert text_of(page).input_value() == TEXT
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".comment-status")).to_be_visible()
    assert Comment.objects.latest("pk").parent == first
    assert other.replies.count() == 0


def test_where_the_browser_stores_nothing_the_server_brings_the_draft_back(page, standin, article):
    first = make_comment(article)
    page.add_init_script(
        "window.open = () => null; Object.defineProperty(window, 'localStorage', {get() { throw new Error() }})"
    )
    page.goto(article.get_absolute_url())
    page.locator(f"#comment-{first.pk} .reply-link").click()
    text_of(page).fill(TEXT)

    way(page, "apple").click()

    expect(line(page)).to_contain_text(using("apple"))
    assert page.locator(f"#comment-{first.pk} + #respond").count() == 1
    assert text_of(page).input_value() == TEXT


def test_without_script_the_trip_returns_to_the_form_with_the_draft(bare, standin, article):
    first = make_comment(article)
    bare.goto(article.get_absolute_url())
    bare.locator(f"#comment-{first.pk} .reply-link").click()
    text_of(bare).fill(TEXT)
    bare.get_by_label("Website").fill("ada.example")

    way(bare, "facebook").click()

    assert f"/articles/{article.pk}/reply/" in bare.url
    expect(line(bare)).to_contain_text(using("facebook"))
    expect(bare.locator("#reply-title")).to_have_text("Leave a Reply to Ada")
    assert text_of(bare).input_value() == TEXT
    bare.get_by_role("button", name="Log Out").click()
    expect(line(bare)).to_have_count(0)
    assert text_of(bare).input_value() == TEXT
    assert bare.get_by_label("Website").input_value() == "ada.example"
    way(bare, "x").click()
    expect(line(bare)).to_contain_text(using("x"))
    bare.get_by_role("button", name="Post Comment").click()
    expect(bare.locator(".comment-status")).to_be_visible()
    comment = Comment.objects.latest("pk")
    assert (comment.identity.provider, comment.parent, comment.body) == ("x", first, TEXT)


@pytest.mark.long
def test_without_script_a_failing_provider_leaves_the_draft_and_another_way(bare, standin, article):
    standin.case = Case(token_status=500)
    bare.goto(article.get_absolute_url())
    text_of(bare).fill(TEXT)

    way(bare, "wordpress").click()

    expect(bare.locator("[data-code=sign_in_failed]")).to_contain_text("Signing in with WordPress.com did not work.")
    assert text_of(bare).input_value() == TEXT
    standin.case = Case()
    way(bare, "wordpress").click()
    expect(line(bare)).to_contain_text(using("wordpress"))
    assert text_of(bare).input_value() == TEXT


@pytest.mark.long
def test_without_script_who_says_no_is_told_so_and_may_go_on(bare, standin, article):
    standin.case = Case(deny=True)
    bare.goto(article.get_absolute_url())
    text_of(bare).fill(TEXT)

    way(bare, "google").click()

    expect(bare.locator("[data-code=sign_in_denied]")).to_have_text(
        "You did not sign in with Google. Nothing has changed."
    )
    assert text_of(bare).input_value() == TEXT
    bare.get_by_label("Name").fill("Ada")
    bare.get_by_label("Email").fill("ada@example.org")
    bare.get_by_role("button", name="Post Comment").click()
    expect(bare.locator(".comment-status")).to_be_visible()
    assert Comment.objects.get().identity is None


def test_without_script_members_alone_write_where_the_rules_say_so(bare, standin, article):
    set_rules(registration_required=True)
    bare.goto(article.get_absolute_url())
    expect(text_of(bare)).to_have_count(0)

    way(bare, "microsoft").click()

    expect(line(bare)).to_contain_text(using("microsoft"))
    bare.get_by_role("button", name="Change").click()
    expect(way(bare, "guest")).to_have_count(0)
    bare.get_by_role("button", name="Keep this account").click()
    text_of(bare).fill(TEXT)
    bare.get_by_role("button", name="Post Comment").click()
    expect(bare.locator(".comment-status")).to_be_visible()
    assert Comment.objects.get().identity.provider == "microsoft"


@pytest.mark.parametrize("script", [True, False])
def test_an_emailed_code_is_typed_where_the_reader_is(page, bare, article, script):
    reader = page if script else bare
    reader.goto(article.get_absolute_url())
    text_of(reader).fill(TEXT)
    reader.get_by_label("Email").fill("Grace@Example.org")
    reader.get_by_label("Name").fill("Grace")
    way(reader, "email").click()
    expect(reader.locator(".code-entry")).to_contain_text("We’ve emailed a code to grace@example.org.")
    assert text_of(reader).input_value() == TEXT
    if script:
        expect(reader.get_by_label("Code", exact=True)).to_be_focused()
        assert reader.url.endswith(article.get_absolute_url())

    entry = reader.get_by_label("Code", exact=True)
    entry.fill("wrong")
    entry.press("Enter")  # Its own: the browser takes focus away where the page's end arrives with a fragment to show.
    expect(reader.locator("#error-code")).to_have_attribute("data-code", "code_wrong")
    assert text_of(reader).input_value() == TEXT
    code = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)[0]
    entry.fill(code.lower().replace("-", " "))
    entry.press("Enter")

    expect(line(reader)).to_contain_text("Grace")
    assert text_of(reader).input_value() == TEXT
    reader.get_by_role("button", name="Post Comment").click()
    expect(reader.locator(".comment-status")).to_be_visible()
    comment = Comment.objects.get()
    assert (comment.identity.provider, comment.identity.email_verified) == ("email", True)
    assert comment.connection_data.email == "grace@example.org"


def test_log_out_and_change_leave_text_and_place(page, standin, article):
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    with page.expect_popup():
        way(page, "google").click()
    expect(line(page)).to_contain_text(using("google"))

    page.get_by_role("button", name="Change").click()
    expect(way(page, "x")).to_be_visible()
    expect(line(page)).to_contain_text(using("google"))
    page.get_by_role("button", name="Keep this account").click()
    expect(way(page, "x")).to_be_hidden()
    page.get_by_role("button", name="Change").click()
    with page.expect_popup():
        way(page, "x").click()
    expect(line(page)).to_contain_text(using("x"))
    page.get_by_role("button", name="Change").click()
    way(page, "guest").click()
    expect(page.get_by_label("Name")).to_be_visible()
    expect(line(page)).to_have_count(0)
    with page.expect_popup():
        way(page, "oidc").click()
    expect(line(page)).to_contain_text(using("oidc"))
    page.get_by_role("button", name="Log Out").click()
    expect(page.get_by_label("Name")).to_be_visible()

    assert text_of(page).input_value() == TEXT
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".comment-status")).to_be_visible()
    assert Comment.objects.get().identity is None


def test_with_registration_required_only_members_get_a_place_to_write(page, standin, article):
    set_rules(registration_required=True)
    page.goto(article.get_absolute_url())
    expect(page.get_by_text("Log in to leave a reply:")).to_be_visible()
    expect(text_of(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Post Comment")).to_have_count(0)

    with page.expect_popup():
        way(page, "google").click()

    expect(line(page)).to_contain_text(using("google"))
    text_of(page).fill(TEXT)
    page.reload()
    expect(line(page)).to_contain_text(using("google"))
    assert text_of(page).input_value() == TEXT
    page.get_by_role("button", name="Change").click()
    expect(way(page, "guest")).to_have_count(0)
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".comment-status")).to_be_visible()


def test_a_password_is_typed_on_a_page_of_its_own_and_leads_back(page, article):
    make_user("grace", name="Grace")
    page.goto(article.get_absolute_url())
    text_of(page).fill(TEXT)
    page.get_by_role("button", name="Use a password").click()
    page.get_by_label("Username or email").fill("grace")
    page.get_by_label("Password", exact=False).first.fill("secret")
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.wait_for_url(re.compile(re.escape(article.get_absolute_url())))
    expect(line(page)).to_contain_text("Grace")
    assert text_of(page).input_value() == TEXT


def test_a_passkey_signs_in_without_leaving(context, standin, article, live_server, settings):
    """With Chromium's own virtual authenticator, at localhost: an IP address is no name for a passkey."""
    home = live_server.url.replace("127.0.0.1", "localhost")
    settings.SITE_URL, settings.CSRF_TRUSTED_ORIGINS = home, [home]
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }},
    )  # fmt: skip
    page.goto(f"{home}{article.get_absolute_url()}")
    text_of(page).fill(TEXT)
    way(page, "passkey").click()
    expect(page.locator("#reply-status")).to_contain_text("No passkey was used.")

    make_user("grace", name="Grace")
    page.goto(f"{home}/accounts/login/")
    page.get_by_label("Username or email").fill("grace")
    page.get_by_label("Password", exact=False).first.fill("secret")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{home}/accounts/2fa/webauthn/add/")
    page.locator("input[type=password]").fill("secret")
    page.locator("main button[type=submit]").first.click()
    page.locator("input[name=passwordless]").check()
    page.locator("main").get_by_role("button").first.click()
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    context.clear_cookies()

    page.goto(f"{home}{article.get_absolute_url()}")
    way(page, "passkey").click()
    expect(line(page)).to_contain_text("Grace")
    assert text_of(page).input_value() == TEXT
