"""Pages made before the fork: once for all processes, nothing of them stays open, and nobody sees that they were."""

import pytest
from django.db import OperationalError, connection, connections

from newsreader.front import answers, first_pages
from tests.factories import make_article

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch, settings):
    """Have nothing made yet. Returns the addresses that are asked for, and what was answered."""
    settings.ALLOWED_HOSTS = ["testserver"]
    monkeypatch.setattr(first_pages.Made, "front_page", False)
    # The test's own connection would go, with its rows.
    monkeypatch.setattr(connections, "close_all", lambda: None)
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
    seen, ask = [], answers.ask

    def noted(application, environ):
        seen.append(environ["PATH_INFO"])
        return ask(application, environ)

    monkeypatch.setattr(answers, "ask", noted)
    return seen


def test_one_page_of_each_kind_is_made_once_and_the_reader_gets_what_everybody_gets(asked, client):
    article = make_article()
    address = article.get_absolute_url()
    first_pages.make_before_fork()
    first_pages.make_front_page()

    assert asked == ["/", "/search/", "/feed/", "/accounts/login/", address, f"/api/v1/articles/{article.pk}/comments/"]
    for path in asked:
        answer = client.get(path)
        assert answer.status_code == 200 or path == "/search/"
    assert article.headline in client.get("/").text


@pytest.mark.parametrize("fault", [OperationalError("away"), None])
def test_where_the_database_is_away_the_front_page_is_made_after_the_fork(asked, monkeypatch, fault):
    noted = answers.ask

    def fails(application, environ):
        if fault:
            raise fault
        return noted(lambda environ, start: start("503 Service Unavailable", []) or [b""], environ)

    with monkeypatch.context() as away:
        away.setattr(answers, "ask", fails)
        first_pages.make_before_fork()
    assert not first_pages.Made.front_page
    assert asked in ([], ["/"])  # The others are not waited for.

    first_pages.make_front_page()
    assert first_pages.Made.front_page


def test_with_replicas_nothing_is_made_before_the_fork_since_their_pool_has_threads(asked, settings):
    settings.REPLICAS = ["replica-1"]
    first_pages.make_before_fork()
    assert asked == []
