"""The demonstration newsroom: everything a newcomer is promised is there."""

import datetime as dt
import re

import pytest
from django.contrib import admin
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from articles.models.article import Article
from articles.models.editorial import EditorialNote
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from comments.audit import audit_log
from comments.discussion.counting import recount
from comments.models import (
    AuditEntry,
    Ban,
    ChatHook,
    Comment,
    CommentSettings,
    ConnectionData,
    Decision,
    FilterEntry,
    ReplyTemplate,
)
from comments.notifications import alarm
from comments.screening import surge
from newsreader.accounts.models import Invitation, Retention, User
from newsreader.kit.client_address import subnet
from newsreader.mailing.models import Letter
from tests.factories import load_newsroom, make_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def newsroom(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "open-sesame")
    load_newsroom()


def test_it_has_all_that_a_newcomer_is_promised(newsroom, client, subtests, capsys):
    for check in (
        it_has_articles_sections_authors_and_discussions_in_all_states,
        its_readers_and_moderators_have_some_days_behind_them,
        its_paper_is_british_and_calls_no_drawing_a_photograph,
        all_sign_in,
        an_author_has_sent_an_article_and_reads_the_answer,
        no_tab_and_no_list_of_the_newsroom_is_empty,
        it_comes_once,
    ):
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
    assert alarm.oldest_by_article(timezone.now(), CommentSettings.objects.current().alarm_hours)
    assert alarm.sound_alarm() == 0
    assert not Letter.objects.exists()
    for article in Article.objects.published():
        assert client.get(article.get_absolute_url()).status_code == 200
    call_command("check", "--database", "default")


def its_readers_and_moderators_have_some_days_behind_them(client):
    guests = ConnectionData.objects.filter(comment__identity=None).values_list("email", "address")
    assert len(set(guests)) == len(dict(guests)) == len({address for _, address in guests})
    assert len({subnet(address) for _, address in guests}) > 50

    by_people = Decision.objects.exclude(by=None)
    assert len(set(by_people.values_list("by", flat=True))) == 3
    times = sorted(by_people.values_list("created_at", flat=True))
    assert times[-1] - times[0] > dt.timedelta(days=2)
    assert len({time.replace(minute=0, second=0, microsecond=0) for time in times}) > 10
    assert not Decision.objects.filter(created_at__lt=F("comment__created_at")).exists()
    assert not Decision.objects.filter(created_at__gt=timezone.now()).exists()
    logged = AuditEntry.objects.filter(kind="decision").values_list("subject", "facts__number", "created_at")
    decided = Decision.objects.values_list("comment", "number", "created_at")
    assert set(logged) == {(f"comment:{pk}", number, at) for pk, number, at in decided}
    # A reply comes after what it answers was published.
    for reply in Comment.objects.exclude(parent=None).select_related("parent"):
        assert reply.parent.decisions.filter(after="approved", created_at__lt=reply.created_at).exists(), reply

    [busy] = surge.surging()
    assert busy.article.slug == "rovers-coldwater-fog"
    assert Comment.objects.exclude(picked_at=None).count() >= 3


def its_paper_is_british_and_calls_no_drawing_a_photograph(client):
    drawn = Article.objects.filter(lead_picture__credit__startswith="Illustration")
    assert drawn.exists()
    assert not drawn.filter(bylines__role="photographer").exists()
    article = Article.objects.get(slug="council-votes-to-rebuild-north-mole")
    page = client.get(article.get_absolute_url()).content.decode()
    assert timezone.localtime(article.published_at).strftime("%-d %b %Y") in page
    [quoted] = re.findall(r'<blockquote class="pull-quote">\s*<p>(.+?)</p>', page)
    assert page.count(quoted) == 2  # It repeats what the article says.


def no_tab_and_no_list_of_the_newsroom_is_empty(client):
    for name in ("moderator", "editor"):
        client.force_login(User.objects.get(username=name))
        tabs = client.get("/admin/moderation/").context["tabs"]
        assert [view for view, _, counted in tabs if counted == "0"] == []
        assert len(tabs) >= 8
    ours = [model for model in admin.site._registry if model._meta.app_label in {"articles", "comments", "accounts"}]
    # Nobody was mailed, no chat room listens, and nothing is kept longer or shorter than usual.
    lists = [model for model in ours if model not in {ChatHook, Invitation, Retention}]
    assert [model for model in lists if not model._default_manager.exists()] == []


def all_sign_in(client):
    for name in ("editor", "moderator", "author", "reader"):
        answer = client.post("/accounts/login/", {"login": f"{name}@example.org", "password": "open-sesame"})
        assert answer.status_code == 302
        assert (client.get("/admin/").status_code == 200) is (name != "reader")
        client.post("/accounts/logout/")
    assert User.objects.count() == 5


def an_author_has_sent_an_article_and_reads_the_answer(client):
    article = Article.objects.get(slug="market-traders-dearer-pitches")
    page = f"/admin/articles/article/{article.pk}/change/"
    client.force_login(User.objects.get(username="author"))
    assert {"Owen Tredwell"} <= {byline.author.name for byline in article.bylines.all()}
    shown = client.get(page)
    assert "the cheese stays" in shown.content.decode()
    assert shown.context["has_change_permission"]
    assert client.get("/admin/articles/article/").context["cl"].result_count == 4
    client.force_login(User.objects.get(username="editor"))
    waiting = client.get("/admin/articles/article/?waiting=yes").context["cl"].result_list
    assert [row.pk for row in waiting] == [article.pk]
    assert not mail.outbox
    client.logout()


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
    for model in (Article, Comment, Section, Author, Tag, Picture, FilterEntry, Ban, ReplyTemplate):
        assert not model._default_manager.exists(), model
    assert Site.objects.get().name == "Newsreader"
    assert set(User.objects.values_list("username", flat=True)) == {"editor", "moderator", "author"}  # They signed in.
    assert not EditorialNote.objects.exists()
