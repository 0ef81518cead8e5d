"""Following from a public page: for guests by an address, for members without typing, and never for somebody else."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from comments.models import Subscription
from tests.factories import make_article, make_author, make_section, make_user

pytestmark = pytest.mark.django_db
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def subjects():
    """What can be followed, with the public page on which the form stands."""
    section, author = make_section(), make_author()
    article = make_article(section=section, authors=[author])
    return {
        f"/follow/section/{section.pk}/": section.get_absolute_url(),
        f"/follow/author/{author.pk}/": author.get_absolute_url(),
        f"/follow/corrections/{article.pk}/": article.get_absolute_url(),
    }


def test_the_form_or_the_way_to_it_stands_on_the_public_page_and_a_guest_follows_in_one_step(client, subjects):
    for address, page in subjects.items():
        shown = client.get(page).text
        assert f'action="{address}"' in shown or f'href="{address}"' in shown
        answer = client.post(address, {"address": "ada@example.org"}, headers=OWN)
        assert answer.status_code == 200
        assert "check your email" in answer.text
        assert "/mail/" not in answer.text
    assert Subscription.objects.count() == 3
    assert len(mail.outbox) == 1


def test_the_answer_is_the_same_whether_an_address_is_known_or_not(subjects):
    from comments.notifications import subscriptions

    address = next(iter(subjects))
    answers = []
    for state in ("new", "again", "confirmed", "stopped"):
        if state == "confirmed":
            subscriptions.confirm("ada@example.org")
        if state == "stopped":
            subscriptions.stop("ada@example.org")
        answer = Client().post(address, {"address": "ada@example.org"}, headers=OWN)
        answers.append((answer.status_code, answer.text))
    assert len(set(answers)) == 1


def test_a_member_follows_without_typing(client, subjects):
    user = make_user()
    client.force_login(user)
    address = next(iter(subjects))
    answer = client.post(address, {"address": ""}, headers=OWN)

    assert "You follow this now" in answer.text
    assert Subscription.objects.get().preferences.confirmed_at
    assert mail.outbox == []


def test_a_member_without_the_token_is_asked_to_confirm(subjects):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user())
    address = next(iter(subjects))
    refused = browser.post(address, {}, headers=OWN)
    assert (refused.status_code, 'data-code="forgery_refused"' in refused.text) == (403, True)
    assert not Subscription.objects.exists()

    token = refused.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert browser.post(address, {"csrfmiddlewaretoken": token}).status_code == 200
    assert Subscription.objects.exists()


def test_another_site_cannot_send_it(client, subjects):
    answer = client.post(next(iter(subjects)), {"address": "ada@example.org"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, Subscription.objects.count(), mail.outbox) == (403, 0, [])


@pytest.mark.parametrize("typed", ["", "x", "a@b", "é@example.org"])
def test_a_wrong_address_is_refused_and_kept(client, subjects, typed):
    answer = client.post(next(iter(subjects)), {"address": typed}, headers=OWN)
    assert answer.status_code == 422
    assert 'data-code="require_valid_email"' in answer.text
    assert f'value="{typed}"' in answer.text


def test_what_readers_do_not_see_cannot_be_followed(client):
    hidden = make_article(state="draft", section=make_section(), authors=[make_author()])
    page = make_article(kind="page")
    for address in (
        f"/follow/corrections/{hidden.pk}/",
        f"/follow/corrections/{page.pk}/",
        f"/follow/author/{hidden.authors.get().pk}/",
        "/follow/section/999999/",
        "/follow/tag/1/",
        "/follow/section/99999999999999999999999/",
    ):
        assert client.get(address).status_code == 404
        assert client.post(address, {"address": "ada@example.org"}).status_code == 404
