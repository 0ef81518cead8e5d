"""The page "My emails": everybody of the newsroom chooses for themselves."""

from __future__ import annotations

import pytest

from comments.models import AuthorMail, ModeratorMail
from comments.notifications.choices import chosen_by
from tests.factories import make_author, make_editor, make_moderator, make_section, make_user

pytestmark = pytest.mark.django_db
PAGE = "/admin/moderation/mails/"


def test_a_moderator_chooses_when_which_sections_and_quiet_hours(client):
    mia, town = make_moderator(), make_section("Town")
    client.force_login(mia)
    page = client.get(PAGE).content.decode()
    assert "about comments that wait" in page
    assert "about comments that appear under my articles" not in page
    assert mia.email in page
    assert not ModeratorMail.objects.exists()  # A GET changes nothing.

    answer = client.post(PAGE, {"when": "hourly", "sections": [town.pk], "quiet_from": "22", "quiet_until": "7"})

    assert answer.status_code == 302
    found = chosen_by(mia)
    assert (found.when, found.sections, found.quiet_from, found.quiet_until) == ("hourly", (town.pk,), 22, 7)
    assert found.published is None
    page = client.get(PAGE).content.decode()
    assert "Your choices are saved." in page
    assert '<option value="22" selected>' in page


def test_an_author_who_may_moderate_is_asked_about_both(client):
    writer = make_user(group="Authors")
    make_author(user=writer)
    client.force_login(writer)
    assert chosen_by(writer).published == "daily"

    client.post(PAGE, {"when": "none", "published": "at_once"})

    assert (chosen_by(writer).when, chosen_by(writer).published) == ("none", "at_once")
    assert AuthorMail.objects.get().user == writer


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"when": "weekly"}, "when"),
        ({}, "when"),
        ({"when": "hourly", "quiet_from": "22"}, "quiet_from"),
        ({"when": "hourly", "quiet_from": "24", "quiet_until": "7"}, "quiet_from"),
        ({"when": "hourly", "sections": ["999999"]}, "sections"),
        ({"when": "hourly", "sections": ["x\0"]}, "sections"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(client, values, field):
    mia = make_moderator()
    client.force_login(mia)

    answer = client.post(PAGE, values)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert chosen_by(mia).when == "at_once"


def test_who_neither_moderates_nor_writes_has_nothing_to_choose(client):
    client.force_login(make_user(is_staff=True))

    assert "nothing to choose here" in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"when": "none"}).status_code == 200
    assert not ModeratorMail.objects.exists()


def test_readers_and_strangers_do_not_get_there(client):
    assert client.get(PAGE).status_code == 302
    client.force_login(make_user())
    assert client.get(PAGE).status_code in {302, 403}


def test_the_desk_and_one_s_own_page_lead_there(client):
    client.force_login(make_editor())

    assert f'href="{PAGE}"' in client.get("/admin/moderation/").content.decode()
    assert f'href="{PAGE}"' in client.get("/accounts/").content.decode()
    client.force_login(make_user())
    assert PAGE not in client.get("/accounts/").content.decode()


def test_equal_hours_are_none(client):
    mia = make_moderator()
    client.force_login(mia)
    client.post(PAGE, {"when": "at_once", "quiet_from": "7", "quiet_until": "7"})

    assert (chosen_by(mia).quiet_from, chosen_by(mia).quiet_until) == (None, None)
