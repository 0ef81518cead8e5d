"""The form's field `notify`: nothing unless chosen, kept whatever happens, and the same public page for everybody."""

from __future__ import annotations

import re

import pytest

from comments.models import KeptDraft, MailPreferences, Subscription
from tests.factories import make_article, make_comment, make_user, set_rules

pytestmark = pytest.mark.django_db
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def article():
    set_rules(flood_seconds=0, mail_moderators=False, hold_first_comment=False)
    return make_article()


def form(**values):
    return {"text": "My words", "name": "Ada", "email": "ada@example.org", **values}


def chosen(page: str) -> list[str]:
    select = re.search(r'<select id="reply-notify".*?</select>', page)[0]
    assert select.count("<option") == 3
    return re.findall(r'value="(\w+)" selected', select)


def test_nothing_is_chosen_before_the_reader_does(client, article):
    for page in (article.get_absolute_url(), f"/articles/{article.pk}/reply/"):
        assert chosen(client.get(page).text) == []
    client.post(f"/articles/{article.pk}/reply/", form(remember="on", notify="all"), headers=OWN)
    assert chosen(client.get(f"/articles/{article.pk}/reply/").text) == []  # It is not remembered.


@pytest.mark.parametrize(("notify", "scopes"), [("replies", ["replies"]), ("all", ["article", "replies"])])
def test_what_is_chosen_is_subscribed_to_with_the_comment(client, article, notify, scopes):
    answer = client.post(f"/articles/{article.pk}/reply/", form(notify=notify), headers=OWN)
    assert answer.status_code == 303
    rows = Subscription.objects.filter(comment=article.comments.get())
    assert sorted(rows.values_list("scope", flat=True)) == scopes
    assert MailPreferences.objects.get().confirmed_at is None


def test_the_same_key_again_subscribes_once_and_another_choice_is_no_other_reply(client, article):
    for notify in ("replies", "replies", "all"):
        sent = form(notify=notify, key="k" * 20)
        assert client.post(f"/articles/{article.pk}/reply/", sent, headers=OWN).status_code == 303
    assert (article.comments.count(), Subscription.objects.count()) == (1, 1)


def test_a_refusal_and_a_trip_to_sign_in_keep_the_choice(client, article):
    refused = client.post(f"/articles/{article.pk}/reply/", form(text="", notify="all"), headers=OWN)
    assert (refused.status_code, chosen(refused.text)) == (422, ["all"])

    way = f"/articles/{article.pk}/reply/with/email/"
    page = client.post(way, form(notify="replies"), headers=OWN, follow=True)
    assert KeptDraft.objects.get().typed["notify"] == "replies"
    assert chosen(page.text) == ["replies"]


def test_a_duplicate_or_a_closed_discussion_subscribes_nobody(client, article):
    make_comment(article, text="My words", name="Ada", email="ada@example.org")
    assert client.post(f"/articles/{article.pk}/reply/", form(notify="all"), headers=OWN).status_code == 409
    assert not Subscription.objects.exists()


def test_a_member_is_told_at_their_own_address_whatever_they_type(client, article):
    user = make_user()
    client.force_login(user)
    client.post(f"/articles/{article.pk}/reply/", form(notify="replies"), headers=OWN)
    assert MailPreferences.objects.get().address == user.email
