"""The pages on the way in and those of one's account, in a browser: well made, kept together, and passkeys that work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from playwright.sync_api import Page, ViewportSize, expect

from newsreader.accounts.adapters import AccountAdapter
from newsreader.accounts.models import User
from tests.accounts.test_my_page import by_code, code, connect, make_bare
from tests.accounts.test_second_factor import confirm, make_passkey, sign_in
from tests.factories import make_article, make_comment, make_editor, make_user
from tests.journeys.axe import wrong

pytestmark = pytest.mark.usefixtures("transactional_db")

SMALLEST: ViewportSize = {"width": 320, "height": 640}
WORD = "Donaudampfschifffahrtsgesellschaft" * 4
WIDTHS = "direction => { document.documentElement.dir = direction; return document.documentElement.scrollWidth }"

LINES = """() => Math.max(0, ...[...document.querySelectorAll("button[data-provider] span")].map(
    (name) => name.offsetHeight / parseFloat(getComputedStyle(name).lineHeight)))"""


@pytest.fixture
def complaints(page: Page, live_server: Any) -> list[str]:
    """What the browser says against our pages: errors, refusals by the policy, and requests that leave the house."""
    found: list[str] = []

    def heard(said: Any) -> None:
        is_file = "/static/" in said.location["url"] or "/media/" in said.location["url"]
        # The browser also reports pages that answer 401 or 422, as they should.
        if said.type == "error" and (is_file or not said.text.startswith("Failed to load resource")):
            found.append(said.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith((live_server.url, "data:")) else found.append(sent.url))
    return found


def look(page: Page) -> None:
    """Look at the open page by day and by night, on a phone and on the smallest, from both sides."""
    where = page.url
    assert not wrong(page)
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(LINES) < 1.5, f"{where}: a provider's name is broken over lines at {width}"
    page.set_viewport_size(SMALLEST)
    for direction in ("rtl", "ltr"):
        assert page.evaluate(WIDTHS, direction) <= SMALLEST["width"], f"{where} scrolls sideways, {direction}"


def reach(page: Page, path: str) -> None:
    page.wait_for_url(lambda url: urlsplit(url).path == path, timeout=30_000)  # milliseconds


def visit(page: Page, *paths: str) -> None:
    for path in paths:
        page.goto(f"/accounts/{path}")
        assert "/".join(page.url.split("/")[3:]) == f"accounts/{path}", f"{path} led to {page.url}"
        look(page)


def enter(page: Page, client: Client) -> None:
    """Go on in the browser as the client."""
    key, here = client.session.session_key or "", page.url.partition("/accounts/")[0]
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": here}])


def start(page: Page, client: Client) -> None:
    page.goto("/accounts/login/code/")
    enter(page, client)


def test_a_page_of_each_kind(page: Page, complaints: list[str]) -> None:
    """A refusal, a person's own page, a list, a choice. The three tests below that are long look at all pages."""
    user = make_user("ada", name=f"Ada {WORD}")
    connect(user, "github", name=WORD)
    page.goto("/accounts/login/")
    page.get_by_label("Username or email").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector("[data-code]")
    expect(page.locator("#refusal")).to_be_focused()
    look(page)
    client = Client()
    sign_in(client, user)
    confirm(client)
    enter(page, client)
    visit(page, "", "sessions/", "2fa/")
    assert page.locator(".menu-account").inner_text() == "My page"
    assert not complaints


@pytest.mark.parametrize("size", [(1280, 400), (600, 400), (390, 844)], ids=str)
def test_a_page_of_an_account_opens_at_its_top_with_its_entry_of_the_menu_in_sight(page: Page, size: Any) -> None:
    client = Client()
    sign_in(client, make_user("ada"))
    start(page, client)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for path in ("", "comments/", "sessions/"):
        page.goto(f"/accounts/{path}")
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert page.evaluate("scrollY") == 0, path
        edges = page.locator(".account-menu [aria-current]").bounding_box()
        assert edges or not path  # On phones, the page of all pages needs no menu.
        assert not edges or (edges["x"] >= 0 and edges["x"] + edges["width"] <= size[0])


@pytest.mark.long
def test_the_ways_in(page: Page, complaints: list[str]) -> None:
    user = make_user("ada")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"

    visit(page, "login/", "signup/", "signup/passkey/", "login/code/", "inactive/", "facebook/login/")
    visit(page, "password/reset/", "password/reset/done/", "password/reset/key/done/", "password/reset/key/1-none/")
    visit(page, "3rdparty/login/cancelled/", "3rdparty/login/error/")
    page.goto(f"/accounts/password/reset/key/{key}/")
    page.wait_for_url("**/*set-password/")
    look(page)
    page.goto("/accounts/login/")
    page.get_by_label("Username or email").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector("[data-code]")
    look(page)
    assert not complaints


def test_the_steps_of_signing_in(page: Page, complaints: list[str], monkeypatch: Any) -> None:
    user = make_user("grace")
    make_passkey(user)

    page.goto("/accounts/login/code/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_role("button", name="Send the code").click()
    reach(page, "/accounts/login/code/confirm/")
    look(page)
    page.get_by_role("button", name="Cancel").click()

    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill("new@example.org")
    page.get_by_label("Username").fill("new")
    page.get_by_role("button", name="Create account").click()
    reach(page, "/accounts/confirm-email/")
    look(page)
    page.get_by_role("button", name="Cancel").click()

    page.goto("/accounts/login/")
    page.get_by_label("Username or email").fill("grace")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in", exact=True).click()
    reach(page, "/accounts/2fa/authenticate/")
    look(page)
    page.get_by_role("button", name="Cancel").click()

    monkeypatch.setattr(AccountAdapter, "is_open_for_signup", lambda *_: False)
    visit(page, "signup/")
    assert not complaints


@pytest.mark.long
def test_the_pages_of_an_account(page: Page, complaints: list[str]) -> None:
    user = make_user("ada", name=f"Ada {WORD}")
    EmailAddress.objects.create(user=user, email=f"{'long' * 14}@example.org")
    connect(user, "twitter_oauth2", name=WORD)
    connect(user, "github")
    for agent in ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "curl/8.5"):
        sign_in(Client(headers={"user-agent": agent}), user)
    client = Client()
    sign_in(client, user)
    start(page, client)

    visit(page, "reauthenticate/")
    assert page.locator(".menu-account").inner_text() == "My page"
    confirm(client)
    EmailAddress.objects.filter(user=user, verified=False).update(verified=True)
    visit(page, "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/")
    EmailAddress.objects.filter(email__startswith="long").update(verified=False)
    passkey = make_passkey(user, name=WORD)
    make_passkey(user, name="Key", alone=False)
    RecoveryCodes.activate(user)
    make_comment(email=user.email, text=WORD)  # As a guest; offered to be taken over.
    make_comment(user=user, status="pending")
    visit(page, "", "comments/", "email/", "password/change/", "3rdparty/", "sessions/", "logout/")
    visit(page, "google/login/?process=connect")
    visit(page, "2fa/", "2fa/webauthn/", "2fa/recovery-codes/", "2fa/recovery-codes/generate/")
    visit(page, f"2fa/webauthn/keys/{passkey.pk}/edit/", f"2fa/webauthn/keys/{passkey.pk}/remove/")
    visit(page, "2fa/reauthenticate/", "2fa/webauthn/reauthenticate/")

    page.goto("/accounts/")
    page.get_by_label("Name", exact=True).fill(" ")
    page.get_by_label("Username").fill("editor")
    page.locator("form.mine").evaluate("form => { form.noValidate = true; form.submit() }")
    page.wait_for_selector("[data-code=username_reserved]")
    look(page)
    assert not complaints


@pytest.mark.long
def test_the_pages_of_who_has_no_password_and_of_who_has_an_app(page: Page, complaints: list[str]) -> None:
    client, bare = Client(), make_bare()
    connect(bare)
    by_code(client, bare)
    start(page, client)
    visit(page, "", "password/set/")
    records = client.session
    records["account_authentication_methods"] = []
    records.save()
    visit(page, "confirm/?next=/accounts/email/")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").fill("wrong")
    look(page)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_selector("[data-code=code_wrong]")
    look(page)
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Confirm").click()
    reach(page, "/accounts/email/")

    user = make_user()
    visitor = Client()
    sign_in(visitor, user)
    confirm(visitor)
    TOTP.activate(user, generate_totp_secret())
    enter(page, visitor)
    visit(page, "2fa/", "2fa/totp/deactivate/")
    assert not complaints


# --- Passkeys -----------------------------------------------------------------------------------------------------


@pytest.fixture
def device(page: Page, settings: Any) -> Callable[[], int]:
    """A device that keeps passkeys and knows its owner; answers how many it keeps."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    wires = page.context.new_cdp_session(page)
    wires.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = wires.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    kept = {"authenticatorId": made["authenticatorId"]}
    return lambda: len(wires.send("WebAuthn.getCredentials", kept)["credentials"])


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


def sign_in_by_passkey(page: Page) -> None:
    page.goto("/accounts/login/?next=/accounts/")
    page.get_by_role("button", name="Use a passkey").click()


@pytest.mark.ci_both
def test_a_reader_adds_a_passkey_and_signs_in_with_it_alone(
    page: Page, device: Callable[[], int], complaints: list[str]
) -> None:
    user = make_user("ada", name="Ada")
    client = Client()
    sign_in(client, user)
    confirm(client)
    start(page, client)

    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Name of the passkey").fill("Laptop")
    page.get_by_role("button", name="Add passkey").click()
    reach(page, "/accounts/2fa/recovery-codes/")

    assert device() == 1
    assert Authenticator.objects.get(type="webauthn").wrap().is_passwordless
    sign_out(page)
    sign_in_by_passkey(page)
    reach(page, "/accounts/")
    assert page.get_by_role("heading", name="Ada").is_visible()
    assert UserSession.objects.filter(user=user).exists()
    told = [message.subject for message in mail.outbox]
    assert "A passkey was added to your account." in told
    assert "Somebody signed in to your account with a passkey, for the first time." in told
    assert not complaints


def test_a_reader_signs_up_with_a_passkey(page: Page, device: Callable[[], int], complaints: list[str]) -> None:
    page.goto("/accounts/signup/")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Username").fill("grace")
    page.get_by_role("button", name="Continue").click()
    reach(page, "/accounts/confirm-email/")
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Continue").click()
    reach(page, "/accounts/2fa/webauthn/signup/")
    look(page)
    page.get_by_role("button", name="Create the passkey").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)

    assert device() == 1
    user = User.objects.get(username="grace")
    assert not user.has_usable_password()
    sign_out(page)
    sign_in_by_passkey(page)
    reach(page, "/accounts/")
    assert not complaints


def test_an_editor_with_a_passkey_alone_reaches_the_editors_site(
    page: Page, device: Callable[[], int], settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    editor = make_user("ed", group="Editors")
    client = Client()
    sign_in(client, editor)
    start(page, client)

    page.goto("/admin/")
    reach(page, "/accounts/2fa/")
    assert page.get_by_text("asks for a second factor").is_visible()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Confirm").click()
    reach(page, "/accounts/2fa/webauthn/add/")
    page.get_by_role("button", name="Add passkey").click()
    reach(page, "/accounts/2fa/recovery-codes/")
    sign_out(page)
    page.goto("/accounts/login/?next=/admin/")
    page.get_by_role("button", name="Use a passkey").click()

    reach(page, "/admin/")
    assert page.get_by_text("Newsroom").first.is_visible()


def test_a_passkeys_button_is_there_only_when_a_click_does_something(page: Page) -> None:
    held: list[Any] = []
    page.route("**/account/js/onload*.js", lambda route: held.append(route))
    page.goto("/accounts/login/", wait_until="commit")
    page.wait_for_function("() => Boolean(window.allauth?.webauthn)")  # So every script before the held one has run.
    button = page.get_by_role("button", name="Use a passkey")
    expect(button).to_be_hidden()

    held[0].continue_()

    expect(button).to_be_visible()


def test_a_passkey_that_is_refused_says_so(page: Page, complaints: list[str]) -> None:
    page.goto("/accounts/login/")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new DOMException('no')) }")
    page.get_by_role("button", name="Use a passkey").click()

    page.get_by_text("The passkey was not used.").wait_for()
    assert not complaints


def test_where_passkeys_cannot_work_none_is_offered(page: Page, live_server: Any) -> None:
    page.goto(live_server.url.replace("localhost", "127.0.0.1") + "/accounts/login/")

    page.wait_for_load_state()
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    assert page.get_by_role("link", name="Send me a code by email").is_visible()


def test_public_pages_say_who_is_there_and_let_the_newsroom_edit(page: Page, live_server: Any, complaints: list[str]):
    article, client = make_article(), Client()
    client.force_login(make_editor())
    page.goto(article.get_absolute_url())
    links = page.locator(".menu-account a")
    expect(links).to_have_text(["Sign in"])
    known = {"sessionid": client.cookies["sessionid"].value, "known": "1"}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in known.items()])

    page.goto("/")
    expect(links).to_have_text(["My page"])
    page.goto(article.get_absolute_url())
    expect(links).to_have_text(["Edit", "My page"])
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDTHS, "ltr") <= width
    assert not wrong(page)
    links.first.click()

    expect(page).to_have_url(f"{live_server.url}/admin/articles/article/{article.pk}/change/")
    assert complaints == []
