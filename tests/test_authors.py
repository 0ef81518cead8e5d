"""Authors see and decide under what bears their name, and nowhere else: on the desk, in mails, over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from articles.models.article import Article
from articles.models.pictures import Picture
from comments.models import Comment
from newsreader.mailing.outbox import send_due
from tests.articles.newsroom.test_article_admin import form, page_of
from tests.factories import make_article, make_author, make_comment, make_draft, make_user, post_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
SECRET, OWN = "Nobody knows yet", "My own story"
MINE, THEIRS = "Words under mine.", "Words under theirs."


@pytest.fixture
def author(client: Any) -> Any:
    author = make_author(user=make_user(group="Authors"))
    client.force_login(author.user)
    return author


@pytest.fixture
def mine(author: Any) -> Article:
    article = make_article(headline=OWN, authors=[author])
    make_comment(article, text=MINE, status="pending")
    return article


@pytest.fixture
def theirs() -> Article:
    """A draft of somebody else that was once published, so that it has comments."""
    article = make_article(headline=SECRET, authors=[make_author()], state="withdrawn")
    Article.objects.filter(pk=article.pk).update(state="published")
    make_comment(article, text=THEIRS, status="pending")
    Article.objects.filter(pk=article.pk).update(state="draft")
    return Article.objects.get(pk=article.pk)


def text(response: Any) -> str:
    return "" if response.status_code == 302 else response.content.decode()


# --- The desk -----------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "address",
    [
        "/admin/articles/article/",
        "/admin/articles/article/?q=story",
        "/admin/articles/article/?state__exact=published",
        "/admin/articles/article/?_popup=1",
        "/admin/articles/article/?_facets=True",
        "/admin/autocomplete/?app_label=articles&model_name=redirect&field_name=article&term=",
    ],
)
def test_lists_and_choices_hold_their_own_articles(client, author, mine, theirs, address):
    shown = text(client.get(address))

    assert OWN in shown or "autocomplete" in address
    assert SECRET not in shown


NOT_THEIRS = [
    "/admin/articles/article/?q=Nobody",
    "/admin/articles/article/?authors__id__exact={author}",
    "/admin/articles/article/{article}/change/",
    "/admin/articles/article/{article}/history/",
    "/admin/articles/article/{article}/delete/",
    "/admin/articles/article/?pk__in={article}",
    "/admin/moderation/?article={article}",
    "/admin/moderation/?q=Nobody",
    "/admin/comments/comment/?article__id__exact={article}",
    "/admin/comments/comment/?q=Nobody",
    "/admin/comments/comment/{comment}/change/",
    "/admin/comments/comment/{comment}/history/",
    "/admin/articles/picture/{picture}/change/",
    "/admin/articles/author/{author}/change/",
    "/admin/",
    "/articles/{article}/preview/",
    "/api/v1/articles/{article}/",
    "/api/v1/articles/?q=Nobody",
    "/api/v1/articles/{article}/comments/",
    "/api/v1/moderation/queue/",
    "/api/v1/moderation/queue/?article={article}",
    "/api/v1/comments/{comment}/",
    "/api/v1/comments/{comment}/decisions/",
    "/comments/{comment}/",
    "/comments/{comment}/thread/",
    "/articles/{article}/reply/",
]


@pytest.mark.ci_both
def test_no_page_and_no_search_tells_of_what_is_not_theirs(client, author, mine, theirs, subtests):
    picture = Picture.objects.create(file="pictures/a.jpg", width=4, height=3)
    Article.objects.update(lead_picture=picture)
    their_author, comment = theirs.authors.get(), theirs.comments.get()
    named = {"article": theirs.pk, "comment": comment.pk, "picture": picture.pk, "author": their_author.pk}

    for address in NOT_THEIRS:
        with subtests.test(address):
            response = client.get(address.format(**named))

            assert response.status_code < 500
            assert SECRET not in text(response)
            assert THEIRS not in text(response)


@pytest.mark.ci_both
def test_no_form_and_no_action_changes_what_is_not_theirs(client, author, mine, theirs):
    before = Article.objects.values().get(pk=theirs.pk)

    client.post(page_of(theirs), {"headline": "Stolen"})
    for action in ("close_comments", "open_comments", "publish_selected", "withdraw_selected"):
        client.post("/admin/articles/article/", {"action": action, "_selected_action": theirs.pk})

    assert Article.objects.values().get(pk=theirs.pk) == before


@pytest.mark.ci_both
def test_they_close_the_comments_under_their_own(client, author, mine):
    client.post("/admin/articles/article/", {"action": "close_comments", "_selected_action": mine.pk})

    assert not Article.objects.get(pk=mine.pk).takes_comments


def test_no_inline_of_their_form_moves_a_row_of_another_article(client, author, mine, theirs):
    byline = theirs.bylines.get()
    stolen = {"bylines-TOTAL_FORMS": 1, "bylines-INITIAL_FORMS": 1, "bylines-0-id": byline.pk}
    stolen |= {"bylines-0-article": mine.pk, "bylines-0-author": author.pk, "bylines-0-position": 0}

    client.post(page_of(mine), form(client, page_of(mine), **stolen))

    byline.refresh_from_db()
    assert (byline.article_id, byline.author_id) == (theirs.pk, theirs.authors.get().pk)


# --- Comments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/admin/moderation/", "/admin/comments/comment/", "/api/v1/moderation/queue/"])
def test_the_queue_holds_what_waits_under_their_own(client, author, mine, theirs, address):
    shown = text(client.get(address))

    assert MINE in shown
    assert THEIRS not in shown


@pytest.mark.ci_both
@pytest.mark.parametrize("owned", [True, False])
def test_they_decide_under_their_own_alone(client, author, mine, theirs, owned):
    comment = (mine if owned else theirs).comments.get()
    after = "approved" if owned else "pending"

    client.post("/admin/moderation/", {"action": "approve", "ids": comment.pk})
    assert Comment.objects.get(pk=comment.pk).status == after

    Comment.objects.filter(pk=comment.pk).update(status="pending")
    client.post("/admin/comments/comment/", {"action": "approve", "_selected_action": comment.pk})
    assert Comment.objects.get(pk=comment.pk).status == after

    Comment.objects.filter(pk=comment.pk).update(status="pending")
    decided = client.post(
        f"/api/v1/comments/{comment.pk}/decisions/", {"status": "approved"}, content_type="application/json"
    )
    assert decided.status_code == (201 if owned else 404)
    assert Comment.objects.get(pk=comment.pk).status == after


def test_the_list_counts_what_waits_under_their_own(client, author, mine, theirs):
    assert text(client.get("/admin/articles/article/")).count("/admin/moderation/?article=") == 1


def test_mails_go_to_the_authors_of_the_article_alone(author, mine):
    other = make_author(user=make_user(group="Authors"))
    make_article(authors=[other])
    mail.outbox.clear()

    post_comment(make_draft(mine, text="Who mended it?"))
    send_due.call()

    told = [message.to[0] for message in mail.outbox]
    assert author.user.email in told
    assert other.user.email not in told


# --- REST ---------------------------------------------------------------------------------------------------------


def test_the_list_of_articles_over_rest_holds_their_drafts_and_no_others(client, author, mine, theirs):
    make_article(headline="My draft", authors=[author], state="draft")

    names = [row["headline"] for row in client.get("/api/v1/articles/").json()["results"]]

    assert SECRET not in names
    assert OWN in names


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_nothing_of_others_is_written_over_rest(client, author, theirs, method):
    published = make_article()

    for article, status in ((theirs, 404), (published, 403)):
        before = Article.objects.values().get(pk=article.pk)
        sent = getattr(client, method)(
            f"/api/v1/articles/{article.pk}/", {"headline": "Stolen"}, content_type="application/json"
        )
        assert sent.status_code in {status, 403}
        assert Article.objects.values().get(pk=article.pk) == before
