"""The demonstration newsroom: everything a newcomer is promised is there."""

import pytest
from django.core.management import CommandError, call_command

from articles.models.article import Article
from articles.models.taxonomy import Author, Section
from comments.discussion.counting import recount
from comments.models import Comment, Delivery
from newsreader.accounts.models import User
from tests.factories import load_newsroom

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def newsroom(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "open-sesame")
    load_newsroom()


def test_it_has_all_that_a_newcomer_is_promised(newsroom, client, subtests):
    for check in (it_has_articles_sections_authors_and_discussions_in_all_states, all_sign_in, it_comes_once):
        with subtests.test(check.__name__):
            check(client)


def it_has_articles_sections_authors_and_discussions_in_all_states(client):
    assert Article.objects.published().articles().count() >= 12
    assert Section.objects.count() >= 4
    assert Author.objects.count() >= 3
    assert set(Article.objects.values_list("state", flat=True)) >= {"draft", "scheduled", "published"}
    assert set(Comment.objects.values_list("status", flat=True)) == set(Comment.Status.values)
    assert recount() == 0
    assert not Delivery.objects.exists()
    for article in Article.objects.published():
        assert client.get(article.get_absolute_url()).status_code == 200
    call_command("check", "--database", "default")


def all_sign_in(client):
    for name in ("editor", "moderator", "reader"):
        answer = client.post("/accounts/login/", {"login": f"{name}@example.org", "password": "open-sesame"})
        assert answer.status_code == 302
        assert (client.get("/admin/").status_code == 200) is (name != "reader")
        client.post("/accounts/logout/")
    assert User.objects.count() == 3


def it_comes_once(client):
    with pytest.raises(CommandError):
        call_command("load_demo")
