"""Start-up checks: each combination that is unwise has its warning and says how to fix it, and no other has one."""

import pytest

from newsreader import checks


def ids(messages):
    assert all(message.hint for message in messages)
    return [message.id.removeprefix("newsreader.") for message in messages]


@pytest.mark.parametrize(
    ("secure", "host", "proxies", "warned"),
    [
        (True, "news.example", 1, []),
        (True, "news.example", 2, []),
        (True, "news.example", 0, ["W003"]),
        (False, "news.example", 1, ["W001"]),
        (False, "news.example", 0, ["W001"]),
        (False, "127.0.0.1", 0, []),
    ],
)
def test_who_encrypts_and_whether_it_is_reckoned_with(settings, secure, host, proxies, warned):
    settings.SECURE, settings.SITE_HOST, settings.TRUSTED_PROXY_COUNT = secure, host, proxies

    assert ids(checks.addresses_fit_together()) == warned


@pytest.mark.parametrize("kind", ["console", "dummy", "filebased", "locmem", "smtp"])
def test_mails_of_a_site_for_everybody_go_to_somebody(settings, kind):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
    settings.SECURE = False
    assert ids(checks.mails_are_sent()) == []

    settings.SECURE = True
    assert ids(checks.mails_are_sent()) == ([] if kind == "smtp" else ["W004"])


@pytest.mark.parametrize(("sqlite", "count", "warned"), [(True, 2, []), (True, 3, ["W005"]), (False, 4, [])])
def test_several_processes_want_a_database_that_several_may_write_to(settings, sqlite, count, warned):
    settings.SQLITE = sqlite

    assert ids(checks.processes_fit(count)) == warned
