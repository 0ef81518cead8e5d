"""What is there for who tries the site out, on one as `make run` starts it: login providers, and mails to read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from newsreader import provider_settings
from newsreader.demo.mails import backend
from tests.databases import TEMPLATE
from tests.faults.ports import free_port
from tests.hosts import BASE_DIR, Host, environment, manage, until
from tests.journeys.axe import wrong

pytestmark = [pytest.mark.slow, pytest.mark.ci_sqlite]
HARBOUR = BASE_DIR / "tests" / "samples" / "wordpress" / "harbour.xml"
ASKED = "client_id=facebook-client&response_type=code"
LABELS = {"wordpress": "WordPress.com", "facebook": "Facebook", "google": "Google", "x": "X"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("tried"), free_port()
    folder.chmod(0o700)
    if connection.vendor == "sqlite":  # Else it migrates, which takes a while.
        shutil.copyfile(TEMPLATE, folder / "site.sqlite3")
        (folder / "site.sqlite3").chmod(0o600)
    env = environment(
        DATABASE_URL=f"sqlite:///{folder}/site.sqlite3",
        STORAGE_URL=f"file://{folder}/media",
        PORT=str(port),
        DEMO_PASSWORD="open-sesame",
        DEMO_PROVIDERS="on-loopback",
        DEMO_MAILS="on-loopback",
        STAFF_SECOND_FACTOR="off",
    )
    host = Host(env, "127.0.0.1", port, folder / "log", "--prepare")
    yield f"http://127.0.0.1:{port}"
    host.stop()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(base_url=site)
    context.set_default_timeout(20_000)  # milliseconds
    yield context.new_page()
    context.close()


def open_article(page: Page) -> None:
    found = page.request.get("/api/v1/articles/?limit=1").json()["results"]
    page.goto(found[0]["url"])


def test_all_four_can_be_tried_one_after_another_and_left_by_cancel(page):
    open_article(page)
    box = page.get_by_label("Comment", exact=True)
    box.fill("Said with every account in turn.")

    for number, (provider, label) in enumerate(LABELS.items()):
        with page.expect_popup() as opened:
            page.locator(f'#commentform button[data-provider="{provider}"]').click()
        window = opened.value
        expect(page.locator(".connecting")).to_contain_text(f"Connecting to {label}…")
        expect(window.get_by_text("Demonstration", exact=True)).to_be_visible()
        expect(window.get_by_role("heading", name=f"Sign in with {label}")).to_be_visible()
        if number == 0:
            assert not wrong(window)
            window.get_by_label("Another name").fill("Wanda Reef")
        else:
            window.get_by_text("Mei Halloran").click()
        window.get_by_role("button", name="Continue").click()

        who = page.locator(".commenting-as")
        expect(who).to_contain_text(re.compile(rf"You are commenting using your {re.escape(label)} account\."))
        expect(who).to_contain_text("Mei Halloran" if number else "Wanda Reef")
        assert box.input_value() == "Said with every account in turn."
        page.get_by_role("button", name="Log Out").click()
        expect(page.get_by_label("Name", exact=True)).to_be_visible()

    with page.expect_popup() as opened:
        page.locator('#commentform button[data-provider="google"]').click()
    opened.value.get_by_role("button", name="Cancel").click()
    expect(page.locator(".connecting")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    assert box.input_value() == "Said with every account in turn."

    they_are_as_strict_as_the_real_ones(page)


def they_are_as_strict_as_the_real_ones(page):
    """With what is not meant for them, too. Asked here, since another test may run in a process with another site."""
    for path, status in (
        ("facebook/v24.0/dialog/oauth?client_id=somebody", 400),
        (f"facebook/v24.0/dialog/oauth?{ASKED}&redirect_uri=https://elsewhere.example/", 400),
        ("facebook/v24.0/me", 401),
        ("facebook/oauth2/token", 404),  # WordPress.com's
        ("github/login/oauth/authorize", 404),  # not played
        ("x/2/oauth2/token", 405),
    ):
        answer = page.request.get(f"/demo/providers/{path}")
        assert (answer.status, "no-store" in answer.headers["cache-control"] or status == 404) == (status, True)
    path = "/demo/providers/facebook/v24.0/dialog/oauth?client_id=facebook-client"
    assert page.request.get(path, headers={"Host": "news.example"}).status in {400, 404}


@pytest.mark.parametrize(
    ("site", "keys", "offered", "played"),
    [
        ("", [], [], []),
        (
            "http://127.0.0.1:8000",
            [],
            ["wordpress", "facebook", "google", "x"],
            ["wordpress", "facebook", "google", "x"],
        ),
        ("http://127.0.0.1:8000", ["X"], ["wordpress", "facebook", "google", "x"], ["wordpress", "facebook", "google"]),
        ("", ["X"], ["x"], []),
    ],
)
def test_who_has_keys_is_not_played(monkeypatch, site, keys, offered, played):
    for known in provider_settings.KNOWN:
        for name in ("CLIENT_ID", "CLIENT_SECRET", "SERVER_URL", *known.details):
            monkeypatch.delenv(f"{known.prefix}_{name}", raising=False)
    for key in keys:
        monkeypatch.setenv(f"{key}_CLIENT_ID", "ours")
        monkeypatch.setenv(f"{key}_CLIENT_SECRET", "kept")

    ways = provider_settings.configured(site)

    assert [way.name for way in ways] == offered
    ids = {way.name: way.settings["APPS"][0]["client_id"] for way in ways}
    assert [name for name in ids if ids[name] != "ours"] == played


NAMES = (
    "from django.conf import settings as s; print(s.DEMONSTRATED, s.DEMO_MAILS, s.DEMO_PORTRAITS); "
    "from django.urls import get_resolver as r; print([each for each in r().url_patterns if '/mails' in str(each.pattern)])"
)


def test_a_site_with_a_name_of_its_own_has_none_of_it():
    env = environment(
        DATABASE_URL="sqlite:///:memory:",
        DEMO_PROVIDERS="on-loopback",
        DEMO_MAILS="on-loopback",
        SITE_URL="https://news.example",
    )
    assert manage(env, "shell", "--no-imports", "-c", NAMES).split("\n")[:2] == ["() False {}", "[]"]


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/?next=/admin/")
    page.get_by_label("Username or email").fill(name)
    page.get_by_label("Password").fill("open-sesame")
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_an_editor_reads_the_mails_that_the_site_would_have_sent(page, browser, site):
    page.goto("/accounts/login/code/")
    page.get_by_label("Email").fill("reader@example.org")
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/accounts/login/code/confirm/**")
    page.context.clear_cookies()

    sign_in(page, "editor@example.org")
    page.get_by_role("link", name="Emails", exact=True).click()
    until(
        lambda: page.reload() and page.get_by_role("cell", name="reader@example.org").count(), "the worker sent no mail"
    )
    assert not wrong(page)
    page.locator("#content table a").first.click()
    expect(page.locator("#content .module")).to_contain_text(re.compile("[A-Z0-9]{4}-[A-Z0-9]{4}"))
    assert not wrong(page)
    page.get_by_role("link", name="As its reader sees it").click()
    assert page.locator("table, h1, p").count()

    other = browser.new_context(base_url=site)
    moderator = other.new_page()
    sign_in(moderator, "moderator@example.org")
    expect(moderator.get_by_role("link", name="Emails", exact=True)).to_have_count(0)
    assert moderator.request.get("/admin/mails/").status == 403
    other.close()


def test_an_export_of_wordpress_is_tried_and_imported_by_the_worker(page, site):
    sign_in(page, "editor@example.org")
    page.get_by_role("link", name="Set up", exact=True).click()
    page.get_by_role("link", name="Import from WordPress").click()
    page.get_by_label("Export of WordPress").set_input_files(HARBOUR)
    page.get_by_role("button", name="Upload and try").click()
    # The page keeps up by itself while the worker reads.
    expect(page.get_by_text("This is what an import would do")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("row", name=re.compile("^comments"))).to_contain_text("3 approved, 1 pending")
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("Imported. The file is deleted.")).to_be_visible(timeout=30_000)
    until(lambda: page.request.get("/api/v1/articles/?q=ferry").json()["results"], "nothing came in")


def test_the_oldest_mails_go(tmp_path, settings, monkeypatch, capsys):
    settings.MAIL_FOLDER = tmp_path / "mails"
    monkeypatch.setattr(backend, "MOST", 3)
    for number in range(5):
        message = EmailMessage(f"Number {number}", "Grüße", None, ["ada@example.org"])
        backend.EmailBackend().send_messages([message])

    kept = [backend.found(key) for key in backend.newest_first(backend.opened())]

    assert [mail["Subject"] for mail in kept] == ["Number 4", "Number 3", "Number 2"]
    assert settings.MAIL_FOLDER.stat().st_mode & 0o077 == 0
    assert "Number 0" in capsys.readouterr().out
    assert backend.found("../../etc/passwd") is None


@pytest.mark.parametrize("name", ["DEMO_PROVIDERS", "DEMO_MAILS"])
def test_a_site_that_strangers_reach_does_not_start_with_them(name):
    env = environment(DATABASE_URL="sqlite:///:memory:", SITE_URL="https://news.example", **{name: "on"})
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert f"{name}: turn it off: " in done.stderr
    assert "https://news.example." in done.stderr
