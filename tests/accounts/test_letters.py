"""Mails about accounts: the paper's words and name, a letter for each of the library's mails, no host from a request."""

import re
from email.utils import parseaddr
from pathlib import Path

import allauth
import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from lxml import html

from articles.models.site import Site
from newsreader.accounts import letters
from newsreader.accounts.letters import CHANGES, LETTERS, PAGES
from newsreader.mailing import outbox
from newsreader.mailing.letter import written
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_user

pytestmark = pytest.mark.django_db


def test_every_mail_of_the_library_has_a_letter():
    folders = Path(allauth.__file__).parent / "templates"
    names = {path.name.removesuffix("_subject.txt") for path in folders.glob("*/email/*_subject.txt")}

    assert names - {"password_reset_code"} == {*LETTERS, *CHANGES}  # We reset passwords by a link.


@pytest.mark.parametrize("name", sorted({*LETTERS, *CHANGES}))
def test_a_letter_says_who_writes_and_nothing_of_the_library(name):
    Site.objects.current()
    Site.objects.update(name="The Ferry Post")
    context = {
        "code": "ABCD-EFGH",
        "password_reset_url": "http://testserver/x/",
        "activate_url": "http://testserver/y/",
    }

    row = letters.letter(f"account/email/{name}", "ada@example.org", context)
    letter = written(row.name, row.address, letters.contexts([row])[row.pk])

    (page,) = (part.content for part in letter.alternatives)
    assert parseaddr(letter.from_email)[0] == "The Ferry Post"
    assert "The Ferry Post" in html.fromstring(page).text_content()
    assert "Hello from" not in letter.body
    assert letter.subject
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"
    assert letter.extra_headers["Message-ID"].endswith("@testserver>")


@pytest.mark.parametrize(
    "name", ['Ferry "Post", Ltd', "Ferry\r\nBcc: eve@example.org", "‮Ferry", "Zeitung für Köln; heute", "<b>@</b>, x"]
)
def test_no_name_of_a_paper_breaks_the_sender(client, name):
    make_user("ada")
    Site.objects.current()
    Site.objects.update(name=name)

    client.post("/accounts/login/code/", {"email": "ada@example.org"})

    (message,) = mail.outbox
    raw = message.message()
    assert parseaddr(str(raw["From"]))[1] == "newsroom@testserver"
    assert parseaddr(message.from_email)[1] == "newsroom@testserver"
    assert raw["Bcc"] is None
    assert message.recipients() == ["ada@example.org"]


def test_addresses_in_letters_are_those_of_the_pages():
    names = {"sign_in_url": "account_login", "sign_up_url": "account_signup", "sessions_url": "usersessions_list"}

    assert {name: reverse(page) for name, page in names.items()} == PAGES


def test_a_code_is_in_the_subject_and_large_in_the_mail(client):
    make_user("ada")

    client.post("/accounts/login/code/", {"email": "ada@example.org"})

    (message,) = mail.outbox
    code = message.subject.split()[0]
    (page,) = (part.content for part in message.alternatives)
    assert message.subject == f"{code} is your sign-in code"
    assert html.fromstring(page).xpath("//p[contains(@style, 'monospace')]/span/text()") == [code]


def test_the_link_to_a_new_password_is_on_our_host(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    make_user("ada")

    client.post("/accounts/password/reset/", {"email": "ada@example.org"}, headers={"Host": "evil.example"})

    (message,) = mail.outbox
    (page,) = (part.content for part in message.alternatives)
    assert "evil.example" not in message.body + page
    (button,) = html.fromstring(page).xpath("//a[@class='button']")
    assert button.text_content() == "Choose a new password"
    assert client.get(button.get("href"), follow=True).status_code == 200


def test_an_owner_is_told_that_the_password_was_changed(client):
    make_user("ada")
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    typed = {"oldpassword": "secret", "password1": "Oystercatchers", "password2": "Oystercatchers"}
    client.post("/accounts/login/", {"login": "ada", "password": "secret"})

    client.post("/accounts/password/change/", typed, headers={"User-Agent": firefox})

    (message,) = mail.outbox
    assert message.to == ["ada@example.org"]
    assert message.subject == "Your password was changed."
    assert "Firefox on Linux" in message.body


def _code() -> str:
    return re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)[0]


def _in_the_reply_form(browser):
    page = f"/articles/{make_article().pk}/reply/with"
    browser.post(f"{page}/email/", {"text": "Tide.", "email": "ada@example.org"})
    return lambda code: browser.post(f"{page}/code/", {"text": "Tide.", "code": code})


def _on_the_sign_in_page(browser):
    browser.post("/accounts/login/code/", {"email": "ada@example.org"})
    return lambda code: browser.post("/accounts/login/code/confirm/", {"code": code})


def _by_signing_up(browser):
    typed = {"email": "ada@example.org", "username": "ada", "password1": "Oystercatchers"}
    if mail.outbox:
        browser.post("/accounts/login/", {"login": "ada", "password": "Oystercatchers"})
    else:
        browser.post("/accounts/signup/", typed)
    return lambda code: browser.post("/accounts/confirm-email/", {"code": code})


@pytest.mark.parametrize("way", [_in_the_reply_form, _on_the_sign_in_page, _by_signing_up])
def test_the_newest_code_to_an_address_replaces_those_before_in_every_browser(time_machine, way):
    if way is _on_the_sign_in_page:
        make_user("ada")
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    browsers, entered, codes = (Client(), Client()), [], []
    for browser in browsers:
        entered.append(way(browser))
        codes.append(_code())
        time_machine.shift(1)
        cache.clear()

    for enter, code in zip(entered, codes, strict=True):
        enter(code)

    assert ["_auth_user_id" in browser.session for browser in browsers] == [False, True]


def test_a_code_that_waits_to_be_sent_is_dropped_for_a_newer_one(monkeypatch):
    monkeypatch.setattr(type(outbox.send_due), "enqueue", lambda self: None)
    make_user("ada")
    for _ in range(2):
        _on_the_sign_in_page(Client())
        cache.clear()

    assert Letter.objects.count() == 1
