"""The demonstration newsroom: everything a newcomer is promised is there."""

import pytest
from django.core.management import CommandError, call_command

from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from comments.audit import audit_log
from comments.discussion.counting import recount
from comments.models import Comment, Delivery, FilterEntry
from newsreader.accounts.models import User
from tests.factories import load_newsroom, make_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def newsroom(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "open-sesame")
    load_newsroom()


def test_it_has_all_that_a_newcomer_is_promised(newsroom, client, subtests, capsys):
    for check in (it_has_articles_sections_authors_and_discussions_in_all_states, all_sign_in, it_comes_once):
        with subtests.test(check.__name__):
            check(client)
    with subtests.test(it_goes_again_and_what_somebody_did_with_it_stays.__name__):
        it_goes_again_and_what_somebody_did_with_it_stays(capsys)


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


def it_goes_again_and_what_somebody_did_with_it_stays(capsys):
    User.objects.filter(username="reader").update(last_login=None)
    capsys.readouterr()
    article = Article.objects.get(slug="stalked-jellyfish-return-to-gull-ness")
    reply = make_comment(article)
    before = Article.objects.count(), Comment.objects.count()

    call_command("unload_demo", dry_run=True)
    dry = capsys.readouterr().out
    assert (Article.objects.count(), Comment.objects.count()) == before

    call_command("unload_demo")
    said = capsys.readouterr().out

    assert said in dry
    assert f"“{article.headline}” {article.get_absolute_url()}: others have commented on it" in said
    assert list(Article.objects.all()) == [article]
    assert reply in article.comments.all()
    assert article.comments.count() > 2
    assert Section.objects.get() == article.section
    assert recount() == 0
    assert audit_log.verify()[1] == []
    assert "account editor: somebody has signed in with it" in said
    assert "  account reader\n" in said

    # Without the reply, nothing is left but the accounts that somebody has used.
    Comment.objects.filter(pk=reply.pk).delete()
    call_command("unload_demo")
    for model in (Article, Comment, Section, Author, Tag, Picture, FilterEntry):
        assert not model._default_manager.exists(), model
    assert Site.objects.get().name == "Newsreader"
    assert set(User.objects.values_list("username", flat=True)) == {"editor", "moderator"}
