"""From the mail of an invitation to the desk, with a passkey that a device keeps, and without any script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from playwright.sync_api import Browser, Page

from newsreader.accounts.models import User
from tests.accounts.test_invitations import ADD, PASSWORD, path_of
from tests.factories import make_editor
from tests.journeys.test_account_pages import complaints, device, look, reach

__all__ = ["complaints", "device"]
pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def invited() -> str:
    """The path in the mail to somebody whom an editor invites as an author."""
    client = Client()
    client.force_login(make_editor(name="Ingrid Hallam"))
    client.post(ADD, {"email": "nina@example.org", "role": "Authors"})
    return path_of(mail.outbox[-1])


@pytest.mark.ci_both
def test_who_is_invited_makes_a_passkey_and_writes_at_the_desk(
    page: Page, invited: str, device: Callable[[], int], complaints: list[str], settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    page.goto(invited)
    reach(page, "/accounts/invitation/")
    look(page)
    page.get_by_label("Name").fill("Nina Sand")
    page.get_by_role("button", name="Use a passkey").click()
    reach(page, "/accounts/2fa/webauthn/add/")
    page.get_by_role("button", name="Add passkey").click()
    reach(page, "/accounts/2fa/recovery-codes/")
    assert device() == 1
    page.get_by_role("link", name="To the newsroom").click()

    reach(page, "/admin/")
    page.goto("/admin/articles/article/add/")
    page.get_by_label("Headline").fill("The harbour freezes")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/change/**")
    assert not User.objects.get(name="Nina Sand").has_usable_password()
    assert not complaints


def test_without_script_a_password_is_chosen(browser: Browser, live_server: Any, invited: str) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(invited)
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    page.get_by_label("Name").fill("Nina Sand")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    reach(page, "/admin/")
    context.close()
    assert User.objects.get(name="Nina Sand").check_password(PASSWORD)
