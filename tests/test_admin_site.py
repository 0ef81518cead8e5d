"""The editors' site as a whole: its sign-in, its safety, and the people in it."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin

from comments.models import Ban
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import User
from tests.factories import make_article, make_comment, make_editor, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def superuser():
    user = make_user(is_superuser=True)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return user


# --- Signing in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/admin/", "/admin/moderation/", "/admin/comments/comment/"])
def test_a_stranger_is_led_to_the_site_s_own_sign_in_and_back(client, address):
    first = client.get(address)
    assert first.headers["Location"] == f"/admin/login/?next={address}"
    second = client.get(first.headers["Location"])
    assert second.headers["Location"].replace("%2F", "/") == f"/accounts/login/?next={address}"
    moderator = make_moderator()

    signed_in = client.post(second.headers["Location"], {"login": moderator.username, "password": "secret"})

    assert signed_in.headers["Location"] == address


def test_the_admin_s_own_form_takes_no_password(client):
    moderator = make_moderator()

    client.post("/admin/login/?next=/admin/", {"username": moderator.username, "password": "secret"})

    assert "_auth_user_id" not in client.session


def test_wrong_passwords_are_limited_even_before_the_right_one(client):
    moderator = make_moderator()
    tries = [client.post("/accounts/login/", {"login": moderator.username, "password": f"no{n}"}) for n in range(12)]

    assert tries[0].status_code == 200
    right = client.post("/accounts/login/", {"login": moderator.username, "password": "secret"})
    assert right.status_code != 302
    assert "_auth_user_id" not in client.session


def test_a_flood_of_attempts_is_answered_429(client):
    tries = [client.post("/accounts/login/", {"login": f"nobody{n}", "password": "no"}) for n in range(40)]

    assert 429 in {response.status_code for response in tries}


@pytest.mark.parametrize("address", ["/admin/", "/admin/moderation/", "/admin/articles/article/"])
def test_who_is_no_staff_stays_outside(client, address):
    client.force_login(make_user())

    assert client.get(address, follow=True).status_code == 403


# --- Every page ---------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_every_list_and_form_opens_and_holds_no_script_of_its_own(client):
    client.force_login(superuser())
    comment = make_comment(make_article(), status="pending", user=make_user())
    assert comment.identity
    for model in admin.site._registry:
        name = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        addresses = [name, f"{name}add/"] + [f"{name}{row.pk}/change/" for row in model._default_manager.all()[:1]]
        for address in addresses:
            response = client.get(address, follow=True)
            assert response.status_code == 200 or (response.status_code == 403 and address.endswith("add/")), address
            page = response.content.decode()
            assert page.count("<script") == page.count("<script src=") + page.count("<script id="), address
            assert " onclick=" not in page, address


@pytest.mark.ci_both
def test_scripts_come_from_files_only(client):
    client.force_login(make_editor())

    policy = client.get("/admin/").headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


def test_no_cache_keeps_the_desk(client):
    client.force_login(make_moderator())

    assert "no-store" in client.get("/admin/").headers["Cache-Control"]


# --- People -------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_moderators_ban_and_let_in_again(client):
    client.force_login(make_moderator())
    identity = own_identity(make_user())
    address = "/admin/accounts/commenteridentity/"

    client.post(address, {"action": "ban", "_selected_action": identity.pk})
    ban = Ban.objects.in_force().get()
    assert ban.identity == identity
    client.post(address, {"action": "ban", "_selected_action": identity.pk})
    assert Ban.objects.in_force().get() == ban
    client.post(address, {"action": "lift_ban", "_selected_action": identity.pk})
    assert not Ban.objects.in_force().exists()
    assert Ban.objects.past().get() == ban


def test_who_may_only_look_bans_nobody(client):
    client.force_login(make_user(group="Authors"))
    identity = own_identity(make_user())

    assert (
        client.post(
            "/admin/accounts/commenteridentity/", {"action": "ban", "_selected_action": identity.pk}
        ).status_code
        == 403
    )
    assert not Ban.objects.exists()


@pytest.mark.ci_both
def test_what_a_provider_told_us_is_not_edited(client):
    client.force_login(superuser())
    identity = own_identity(make_user())
    address = f"/admin/accounts/commenteridentity/{identity.pk}/"

    assert client.get(f"{address}change/").status_code == 200
    assert client.post(f"{address}change/", {"display_name": "x"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403


@pytest.mark.ci_both
def test_who_runs_the_site_makes_and_changes_people(client):
    client.force_login(superuser())
    typed = {"username": "mia", "name": "Mia", "usable_password": "true"}

    client.post("/admin/accounts/user/add/", typed | {"password1": "Lantern-night-7", "password2": "Lantern-night-7"})
    mia = User.objects.get(username="mia")
    assert mia.check_password("Lantern-night-7")
    assert mia.name == "Mia"
    page = client.get(f"/admin/accounts/user/{mia.pk}/change/").content.decode()
    assert re.findall(r'<option value="([^"]*)"', page.partition('name="language"')[2].partition("</select>")[0]) == [
        "",
        "en",
    ]
    again = client.post(
        "/admin/accounts/user/add/",
        typed | {"username": "MIA", "password1": "Lantern-night-7", "password2": "Lantern-night-7"},
    )
    assert again.status_code == 200
    assert User.objects.filter(username__iexact="mia").count() == 1


def test_editors_look_people_up_and_change_nobody(client):
    client.force_login(make_editor())
    user = make_user()
    address = f"/admin/accounts/user/{user.pk}/change/"

    assert client.get(address).status_code == 200
    assert client.post(address, {"username": user.username, "is_superuser": "on"}).status_code == 403
    assert client.get(f"/admin/accounts/user/{user.pk}/password/").status_code == 403
