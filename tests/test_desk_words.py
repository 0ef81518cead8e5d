"""What lists, forms and pages of the desk are called, where Django or a table has another word for it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from comments.models import Ban
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_author, make_ban, make_comment, make_editor, make_moderator

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Any:
    boss = make_editor(is_superuser=True)
    client.force_login(boss)
    return boss


def test_people_are_called_people_on_their_list_in_the_menu_and_above_each(client: Client, boss: Any) -> None:
    pages = [
        client.get(f"/admin/{path}").text
        for path in ("accounts/user/", f"accounts/user/{boss.pk}/change/", f"accounts/user/{boss.pk}/leave/")
    ]

    assert "<h1>People</h1>" in pages[0]
    for page in pages:
        crumbs = re.search(r'<div class="breadcrumbs">(.*?)</div>', page, re.DOTALL)
        assert crumbs
        assert "People" in crumbs[1]
        assert "Users" not in page


def test_an_article_has_authors_not_bylines(client: Client, boss: Any) -> None:
    article = make_article(authors=[make_author()])

    page = client.get(f"/admin/articles/article/{article.pk}/change/").text

    assert "Add another Author" in page
    assert "Byline" not in page


@pytest.mark.parametrize(
    ("language", "shown"), [("", "the site’s language"), ("en", "English"), ("xx", "the site’s language")]
)
def test_a_mail_says_in_which_language_it_is(client: Client, boss: Any, language: str, shown: str) -> None:
    mail = Letter.objects.create(
        name="comment_published", about="decision", about_id=1, address="a@example.org", language=language
    )

    page = client.get(f"/admin/mailing/letter/{mail.pk}/change/").text

    row = re.search(r'field-language_shown.*?<div class="readonly">(.*?)</div>', page, re.DOTALL)
    assert row
    assert row[1] == shown


def test_a_ban_from_the_queue_ends_at_a_full_minute(client: Client) -> None:
    comment = make_comment(status="pending", name="Troll")
    client.force_login(make_moderator())

    client.post(
        "/admin/moderation/",
        {"action": "ban", "ids": str(comment.pk), "target": "email", "days": "7", "reason": "abuse"},
    )

    ends_at = Ban.objects.get().ends_at
    assert ends_at
    assert (ends_at.second, ends_at.microsecond) == (0, 0)
    assert abs(ends_at - timezone.now() - dt.timedelta(days=7)) < dt.timedelta(minutes=2)


def test_the_form_of_a_ban_says_how_to_choose_only_while_one_can(client: Client, boss: Any) -> None:
    choosing, ban = "One of these three", make_ban()

    assert choosing in client.get("/admin/comments/ban/add/").text
    assert choosing not in client.get(f"/admin/comments/ban/{ban.pk}/change/").text
