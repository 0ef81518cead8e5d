"""One's own subscriptions over REST: what is told, beginning and ending it, and nobody else's."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from articles.models.taxonomy import Section
from comments.models import MailPreferences, Subscription
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Reader, Wish
from comments.posting.submission import post_comment
from tests.factories import make_article, make_author, make_comment, make_draft, make_section, make_user, set_rules

pytestmark = pytest.mark.django_db
ALL = "/api/v1/subscriptions/"


@pytest.fixture
def user():
    set_rules(flood_seconds=0, hold_first_comment=False, mail_moderators=False)
    return make_user()


@pytest.fixture
def browser(user):
    client = APIClient()
    client.force_login(user)
    return client


def test_what_can_be_followed_is_followed_and_listed(browser, user):
    section, author = make_section(), make_author()
    article = make_article(section=section, authors=[author])
    mine = post_comment(make_draft(article, user=user))
    sent = [
        {"scope": "section", "section": section.slug},
        {"scope": "author", "author": author.slug},
        {"scope": "article", "article": article.pk},
        {"scope": "corrections", "article": article.pk},
        {"scope": "replies", "comment": mine.pk},
    ]
    made = [browser.post(ALL, each) for each in sent]

    assert [answer.status_code for answer in made] == [201] * 5
    for asked, answer in zip(sent, made, strict=True):
        assert asked.items() <= answer.json().items()
        assert answer.json()["active"] is True
        assert browser.get(answer["Location"]).json() == answer.json()
    assert [row["id"] for row in browser.get(ALL).json()["results"]] == [row.json()["id"] for row in reversed(made)]
    assert browser.post(ALL, sent[0]).json()["id"] == made[0].json()["id"]
    assert "no-cache" in browser.get(ALL)["Cache-Control"]


def test_a_slug_of_digits_is_no_id(browser):
    other = make_section()
    named = Section.objects.create(name="A year", slug=str(other.pk))

    assert browser.post(ALL, {"scope": "section", "section": named.slug}).status_code == 201
    assert Subscription.objects.get().section == named


def test_it_is_ended_and_begun_again(browser, user):
    (row,) = subscriptions.subscribe(subscriptions.reader_of(user), Wish("section", section_id=make_section().pk))
    one = f"{ALL}{row.pk}/"
    assert browser.patch(one, {"active": False}).json()["active"] is False
    assert browser.patch(one, {"active": True}).json()["active"] is True
    assert browser.delete(one).status_code == 204
    assert browser.get(one).json()["active"] is False


def test_nobody_sees_or_changes_what_another_address_is_told(browser):
    (row,) = subscriptions.subscribe(Reader("eve@example.org"), Wish("section", section_id=make_section().pk))
    one = f"{ALL}{row.pk}/"
    assert browser.get(ALL).json()["results"] == []
    assert [browser.get(one).status_code, browser.delete(one).status_code] == [404, 404]
    assert browser.patch(one, {"active": False}).status_code == 404
    assert Subscription.objects.get().ended_at is None


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({}, 422, "scope"),
        ({"scope": "tag"}, 422, "scope"),
        ({"scope": "section"}, 422, "section"),
        ({"scope": "section", "section": "nowhere"}, 422, "section"),
        ({"scope": "article", "article": 999999}, 422, "article"),
        ({"scope": "article", "article": "x"}, 422, "article"),
        ({"scope": "article", "article": 2**70}, 422, "article"),
        ({"scope": "article", "section": "x"}, 422, "article"),
        ({"scope": "replies", "comment": "OTHER"}, 422, "comment"),
        ({"scope": "section", "colour": "red"}, 400, "colour"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_field(browser, sent, status, field):
    if sent.get("comment") == "OTHER":
        sent = sent | {"comment": make_comment().pk}
    answer = browser.post(ALL, sent)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (status, [field])
    assert not Subscription.objects.exists()


def test_strangers_and_accounts_without_a_verified_address_have_none():
    assert APIClient().get(ALL).status_code == 401
    client, section = APIClient(), make_section()
    client.force_login(make_user(verified=False))
    assert client.get(ALL).json()["results"] == []
    answer = client.post(ALL, {"scope": "section", "section": section.slug})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_verified_address")


def test_what_was_stopped_does_not_begin_again_by_a_switch_but_by_subscribing(browser, user):
    section = make_section()
    made = browser.post(ALL, {"scope": "section", "section": section.slug}).json()
    subscriptions.stop(user.email)
    assert browser.patch(f"{ALL}{made['id']}/", {"active": True}).json()["code"] == "mails_stopped"
    assert browser.post(ALL, {"scope": "section", "section": section.slug}).json()["active"] is True


def test_a_reply_over_rest_subscribes_as_the_form_does(browser):
    article = make_article()
    for number, (value, count) in enumerate([("none", 0), (None, 0), (7, 0), ("replies", 1), ("all", 3)]):
        sent = {"text": f"Words {number}", "notify": value}
        answer = browser.post(f"/api/v1/articles/{article.pk}/comments/", sent)
        assert answer.status_code == 201
        assert Subscription.objects.count() == count


HOW = f"{ALL}preferences/"


def test_how_emails_come_is_read_and_changed_in_part(browser, user):
    assert browser.get(HOW).json() == {
        "address": user.email, "frequency": "at_once", "hour": 7, "quiet_from": None, "quiet_until": None, "zone": "",
        "own_comments": True, "stopped": False,
    }  # fmt: skip
    assert not MailPreferences.objects.exists()
    sent = {"frequency": "weekly", "quiet_from": "22:00", "quiet_until": "06:30", "zone": "Europe/Berlin"}
    assert browser.patch(HOW, sent).status_code == 200
    subscriptions.stop(user.email)
    answer = browser.patch(HOW, {"hour": 9, "quiet_from": None, "quiet_until": None, "stopped": False})
    assert answer.json() == browser.get(HOW).json() | {"address": user.email, "hour": 9, "stopped": True}
    assert (answer.json()["frequency"], answer.json()["quiet_from"]) == ("weekly", None)
    assert "no-cache" in browser.get(HOW)["Cache-Control"]


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"frequency": "hourly"}, 422, "frequency"),
        ({"hour": 24}, 422, "hour"),
        ({"quiet_from": "22:00"}, 422, "quiet_until"),
        ({"quiet_from": "late"}, 422, "quiet_from"),
        ({"zone": "Mars/Port"}, 422, "zone"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_a_way_in_which_no_emails_can_come_is_refused_with_its_field(browser, sent, status, field):
    answer = browser.patch(HOW, sent)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (status, [field])
    assert not MailPreferences.objects.exists()


def test_how_emails_come_is_nobody_else_s_business():
    assert APIClient().get(HOW).status_code == 401
    client = APIClient()
    client.force_login(make_user(verified=False))
    assert client.patch(HOW, {"hour": 9}).json()["code"] == "no_verified_address"
