"""What is different about one article's discussion: slow mode, members only, everything held, its own closing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models.article import Article
from comments.authors.author_edits import edit_comment
from comments.errors import CommentsClosed, Flood, NotLoggedIn, SlowMode
from comments.models import ArticleSettings, AuditEntry, Comment, CommentSettings
from comments.models.effective_settings import EffectiveSettings
from comments.posting.submission import post_comment
from comments.screening import article_settings
from newsreader.kit.errors import Invalid
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def different(article: Article | None = None, **values) -> Article:
    article = article or make_article()
    article_settings.change(article.pk, by=make_moderator(), **values)
    return article


def version(article: Article) -> int:
    return Article.objects.values_list("page_version", flat=True).get(pk=article.pk)


# --- Changing -----------------------------------------------------------------------------------------------------


def test_a_change_is_stored_recorded_and_shown():
    article, moderator = make_article(), make_moderator()
    before = version(article)

    article_settings.change(article.pk, by=moderator, slow_seconds=60, members_only=True, close_after_days=None)

    row = article_settings.settings_row(article.pk)
    assert (row.slow_seconds, row.members_only, row.hold_everything) == (60, True, False)
    entry = AuditEntry.objects.get(kind="discussion_changed")
    assert (entry.subject, entry.by_account) == (f"discussion:{article.pk}", moderator.pk)
    assert entry.facts == {"changed": {"slow_seconds": [0, 60], "members_only": [False, True]}}
    assert version(article) == before + 1


@pytest.mark.ci_both
def test_the_same_again_changes_nothing():
    article = different(slow_seconds=60)
    before = version(article)

    different(article, slow_seconds=60)

    assert version(article) == before
    assert AuditEntry.objects.filter(kind="discussion_changed").count() == 1


def test_what_is_no_setting_and_what_is_no_value_is_refused():
    article = make_article()

    with pytest.raises(TypeError):
        article_settings.change(article.pk, by=make_moderator(), surge=2)
    with pytest.raises(Invalid) as wrong:
        article_settings.change(article.pk, by=make_moderator(), slow_seconds=3601)
    assert wrong.value.errors[0].field == "slow_seconds"
    with pytest.raises(Article.DoesNotExist):
        article_settings.change(article.pk + 1, by=make_moderator(), slow_seconds=1)
    assert not ArticleSettings.objects.exists()


# --- Posting ------------------------------------------------------------------------------------------------------


def test_in_slow_mode_a_person_replies_once_in_a_while_under_that_article(time_machine):
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)
    article, other, user = different(slow_seconds=120), make_article(), make_user()
    post_comment(make_draft(article, user=user))

    with pytest.raises(SlowMode) as slow:
        post_comment(make_draft(article, user=user))

    assert (slow.value.code, slow.value.status, slow.value.retry_after) == ("comment_flood", 429, 120)
    assert "wait 2 minutes between" in str(slow.value)
    assert post_comment(make_draft(other, user=user)).pk
    assert post_comment(make_draft(article, user=make_user())).pk
    time_machine.shift(dt.timedelta(seconds=119))
    with pytest.raises(SlowMode):
        post_comment(make_draft(article, user=user))
    time_machine.shift(dt.timedelta(seconds=1))
    assert post_comment(make_draft(article, user=user)).pk


def test_slow_mode_holds_where_there_is_no_other_limit_and_refused_posts_are_not_counted(time_machine):
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)
    set_rules(flood_seconds=0)
    article, user = different(slow_seconds=60), make_user()
    draft = make_draft(article, user=user)
    post_comment(draft)
    for _ in range(3):
        with pytest.raises(SlowMode):
            post_comment(make_draft(article, user=user))

    time_machine.shift(dt.timedelta(seconds=60))

    assert post_comment(make_draft(article, user=user)).pk


@pytest.mark.parametrize("second", [{"address": "192.0.2.1"}, {"browser": "abc", "address": "198.51.100.7"}])
def test_a_guest_is_slowed_down_by_browser_and_by_network(second):
    article = different(slow_seconds=60)
    post_comment(make_draft(article, address="192.0.2.1", browser="abc"))

    with pytest.raises(SlowMode):
        post_comment(make_draft(article, **second))
    assert post_comment(make_draft(article, address="198.51.100.8", browser="other")).pk


def test_people_with_accounts_share_a_network():
    article = different(slow_seconds=60)

    for _ in range(3):
        assert post_comment(make_draft(article, address="192.0.2.1", user=make_user())).pk


def test_moderators_are_not_slowed_down():
    article, moderator = different(slow_seconds=600), make_moderator()

    for _ in range(5):
        post_comment(make_draft(article, user=moderator))


def test_slow_mode_says_so_and_keeps_the_text(client):
    article = different(slow_seconds=90)
    typed = {"name": "Ada", "email": "ada@example.org"}
    address = reverse("reply", args=[article.pk])
    client.post(address, typed | {"text": "One"})

    answer = client.post(address, typed | {"text": "Another one"})

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 90
    assert 'data-code="comment_flood"' in answer.text
    assert "wait 90 seconds between" in answer.text
    assert "Another one" in answer.text


def test_members_only_keeps_guests_out_of_that_article(client):
    article = different(members_only=True)

    with pytest.raises(NotLoggedIn):
        post_comment(make_draft(article))
    assert post_comment(make_draft(article, user=make_user())).pk
    assert post_comment(make_draft()).pk
    answer = client.post(
        reverse("reply", args=[article.pk]), {"text": "Hello?", "name": "Ada", "email": "ada@example.org"}
    )
    assert answer.status_code == 403
    assert 'data-code="not_logged_in"' in answer.text
    assert "Hello?" in answer.text


def test_everything_is_held_under_that_article():
    article, user = different(hold_everything=True), make_user()
    make_comment(user=user)

    comment = post_comment(make_draft(article, user=user))

    assert comment.status == "pending"
    assert comment.decisions.get().reason == "hold_everything"
    assert post_comment(make_draft(user=user)).status == "approved"


@pytest.mark.parametrize(("site", "own", "age", "is_open"), [
    (0, 3, 2, True), (0, 3, 4, False), (3, 0, 40, True), (3, 10, 5, True), (3, None, 5, False), (0, None, 400, True),
])  # fmt: skip
def test_a_discussion_closes_by_its_own_age(client, site, own, age, is_open):
    set_rules(close_after_days=site)
    article = different(make_article(at=timezone.now() - dt.timedelta(days=age)), close_after_days=own)

    if is_open:
        assert post_comment(make_draft(article)).pk
    else:
        with pytest.raises(CommentsClosed):
            post_comment(make_draft(article))
    assert ("Comments are closed" in client.get(article.get_absolute_url()).text) is not is_open
    assert client.get(f"/api/v1/articles/{article.pk}/").json()["comments_open"] is is_open
    assert client.get("/api/v1/articles/").json()["results"][0]["comments_open"] is is_open


@pytest.mark.ci_both
def test_nothing_changes_under_a_closed_discussion():
    user = make_user()
    comment = make_comment(make_article(at=timezone.now() - dt.timedelta(days=5)), user=user)
    different(comment.article, close_after_days=3)

    with pytest.raises(CommentsClosed):
        edit_comment(comment.pk, "Changed", by=user)


def test_it_costs_posting_nothing():
    plain, special = make_article(), different(slow_seconds=0, close_after_days=1000)
    post_comment(make_draft(make_article(), user=make_user()))  # The moderators' first mail asks more than the next.
    asked = []
    for article in (plain, special):
        draft = make_draft(article, user=make_user())
        with CaptureQueriesContext(connection) as queries:
            post_comment(draft)
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert not [query for query in queries if 'FROM "comments_articlesettings"' in query["sql"]]


def test_the_strictest_of_both_limits_counts():
    set_rules(flood_burst=1, flood_seconds=600)
    article, user = different(slow_seconds=5), make_user()
    post_comment(make_draft(article, user=user))

    with pytest.raises(Flood) as fast:
        post_comment(make_draft(article, user=user))

    assert fast.value.retry_after >= 5


# --- What readers see ---------------------------------------------------------------------------------------------


def notes(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('data-note="')[1:]]


@pytest.mark.parametrize(
    ("values", "codes", "words"),
    [
        ({"slow_seconds": 60}, ["slow_mode"], "1 minute between your comments"),
        ({"members_only": True}, ["members_only"], "You need to sign in to reply"),
        ({"hold_everything": True}, ["hold_everything"], "waits for an editor"),
        ({"slow_seconds": 45, "members_only": True}, ["slow_mode", "members_only"], "45 seconds"),
        ({}, [], "Leave a Reply"),
    ],
)
def test_the_page_says_what_is_different_to_everybody(client, values, codes, words):
    article = make_article()
    before = client.get(article.get_absolute_url())
    different(article, **values)

    page = client.get(article.get_absolute_url(), headers={"if-none-match": before["ETag"]})

    if values:
        assert page.status_code == 200
        assert notes(page.text) == codes
        assert words in page.text
        client.force_login(make_moderator())
        assert client.get(article.get_absolute_url()).content == page.content
        assert notes(client.get(reverse("reply", args=[article.pk])).text) == codes
    else:
        assert page.status_code == 304
        assert notes(before.text) == []


def test_a_closed_discussion_has_no_notes(client):
    article = different(make_article(takes_comments=False), slow_seconds=60)

    assert notes(client.get(article.get_absolute_url()).text) == []


def test_a_thread_of_its_own_page_says_so_as_well(client):
    comment = make_comment()
    different(comment.article, members_only=True)

    page = client.get(f"/comments/{comment.pk}/thread/").text

    assert notes(page) == ["members_only"]
    assert "Log in to leave a reply" in page


@pytest.mark.ci_both
def test_without_a_row_the_site_s_rules_are_in_force_and_are_not_changed():
    article, rules = make_article(), set_rules(close_after_days=7)

    here = article_settings.settings_under(article, rules)

    assert (here.close_after_days, here.registration_required, here.slow_seconds, here.is_surging) == (
        7,
        False,
        0,
        False,
    )
    assert article_settings.settings_under(different(article, members_only=True), rules).registration_required is False
    fresh = Article.objects.get(pk=article.pk)
    assert article_settings.settings_under(fresh, rules).registration_required is True
    assert rules.registration_required is False


def test_the_settings_in_force_are_nobody_s_to_change():
    here = article_settings.settings_under(make_article(), set_rules())

    with pytest.raises(AttributeError):
        here.hold_everything = True


def test_a_surge_counts_only_while_surges_are_watched():
    held = ArticleSettings(surge=ArticleSettings.Surge.HELD, slow_seconds=5)

    watched = EffectiveSettings.of(set_rules(surge_pause=60), held)
    left_alone = EffectiveSettings.of(set_rules(surge_control=False), held)

    assert (watched.is_surging, watched.holds_for_surge, watched.slow_seconds) == (True, True, 60)
    assert (left_alone.is_surging, left_alone.holds_for_surge, left_alone.slow_seconds) == (False, False, 5)


# --- In the admin -------------------------------------------------------------------------------------------------


def test_moderators_change_it_at_the_article(client):
    article = make_article()
    client.force_login(make_moderator())
    address = reverse("admin:comments_articlesettings_change", args=[article.pk])
    assert address in client.get(reverse("admin:articles_article_change", args=[article.pk])).text
    assert client.get(address).status_code == 200

    answer = client.post(address, {"slow_seconds": "30", "members_only": "on", "close_after_days": ""})

    assert answer.status_code == 302
    row = ArticleSettings.objects.get()
    assert (row.pk, row.slow_seconds, row.members_only, row.close_after_days) == (article.pk, 30, True, None)
    assert AuditEntry.objects.filter(kind="discussion_changed").count() == 1
    client.post(address, {"slow_seconds": "0", "close_after_days": "5"})
    row.refresh_from_db()
    assert (row.slow_seconds, row.members_only, row.close_after_days) == (0, False, 5)
    assert client.get("/admin/comments/articlesettings/").status_code == 200


@pytest.mark.ci_both
def test_a_wrong_value_comes_back(client):
    article = make_article()
    client.force_login(make_editor())
    address = reverse("admin:comments_articlesettings_change", args=[article.pk])

    answer = client.post(address, {"slow_seconds": "9999", "close_after_days": ""})

    assert answer.status_code == 200
    assert "9999" in answer.text
    assert not ArticleSettings.objects.exists()
    for nothing in ("999999", "9" * 30, "x"):
        assert client.get(f"/admin/comments/articlesettings/{nothing}/change/").status_code in {302, 404}


def test_authors_and_readers_change_nothing(client):
    author = make_user(group="Authors")
    article = make_article(authors=[make_author(user=author)])
    address = reverse("admin:comments_articlesettings_change", args=[article.pk])

    client.force_login(author)

    assert client.get(address).status_code == 403
    assert client.post(address, {"slow_seconds": "30"}).status_code == 403
    assert address not in client.get(reverse("admin:articles_article_change", args=[article.pk])).text
    assert not ArticleSettings.objects.exists()


@pytest.mark.ci_both
def test_the_rules_have_their_new_fields_in_the_admin(client):
    client.force_login(make_editor())
    page = client.get(reverse("admin:comments_commentsettings_change", args=[1])).text

    for name in ("premoderated", "trusted_after", "refusals_allowed", "surge_control", "surge_from", "surge_pause"):
        assert f'name="{name}"' in page
    assert CommentSettings.objects.count() == 1
    assert Comment.objects.count() == 0


@pytest.mark.ci_both
def test_when_discussions_close_is_a_column_of_their_articles():
    usual, own, never = make_article(), make_article(), make_article()
    set_rules(close_after_days=14)
    ArticleSettings.objects.create(article=own, close_after_days=3)
    ArticleSettings.objects.create(article=never, close_after_days=0)

    def found():
        return dict(Article.objects.values_list("pk", article_settings.closing_days()))

    assert found() == {usual.pk: 14, own.pk: 3, never.pk: 0}
    CommentSettings.objects.all().delete()
    assert found() == {usual.pk: 0, own.pk: 3, never.pk: 0}


def test_an_article_with_settings_of_its_own_changes_nothing_for_others():
    """Those that have none share what is usual."""
    one, other = make_article(), make_article()
    before = article_settings.settings_under(other, CommentSettings.objects.current())

    article_settings.change(
        one.pk, by=make_editor(), slow_seconds=60, members_only=True, hold_everything=True, close_after_days=1
    )

    assert article_settings.settings_under(other, CommentSettings.objects.current()) == before
    assert article_settings.settings_under(Article.objects.get(pk=one.pk), CommentSettings.objects.current()) != before
