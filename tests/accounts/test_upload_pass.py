"""The cookie by which staff may send large bodies to the newsroom."""

import datetime as dt
from io import BytesIO

import pytest
from django.conf import settings

from newsreader.accounts.upload_pass import COOKIE, is_carried
from tests.factories import make_editor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
FORM = "/admin/articles/picture/add/"


def carried(client):
    return {name: morsel.value for name, morsel in client.cookies.items() if morsel.value}


def test_a_page_of_the_newsroom_gives_it_to_staff_and_sign_out_takes_it_back(client):
    client.force_login(make_editor())
    given = client.get(FORM).cookies[COOKIE]

    assert (given["httponly"], given["samesite"], given["path"]) == (True, "Lax", "/")
    assert is_carried(carried(client))
    assert COOKIE not in client.get(FORM).cookies  # once an hour
    client.post("/accounts/logout/")
    assert COOKIE not in carried(client)


@pytest.mark.parametrize("who", ["nobody", "a reader", "an editor without the second factor that is asked for"])
def test_nobody_else_gets_it(client, settings, who):
    if who != "nobody":
        client.force_login(make_user() if who == "a reader" else make_editor())
    settings.STAFF_SECOND_FACTOR = True

    for path in (FORM, "/accounts/", "/"):
        assert COOKIE not in client.get(path).cookies


def test_it_is_of_one_session_for_a_day_and_renewed_every_hour(client, time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    client.force_login(make_editor())
    client.get(FORM)
    mine = carried(client)

    assert not is_carried(mine | {settings.SESSION_COOKIE_NAME: "another"})
    assert not is_carried(mine | {COOKIE: mine[COOKIE][:-1] + "x"})
    assert not is_carried({COOKIE: mine[COOKIE]})
    time_machine.shift(dt.timedelta(hours=23))
    assert is_carried(mine)
    assert COOKIE in client.get(FORM).cookies
    time_machine.shift(dt.timedelta(hours=2))
    assert not is_carried(mine)
    assert is_carried(carried(client))


def test_who_has_none_is_told_what_to_do_and_who_has_one_too_many_how_much_is_too_much(client):
    large = {"CONTENT_LENGTH": str(20_000_000)}
    stranger = client.post(FORM, **large)
    client.force_login(make_editor())
    client.get(FORM)

    assert (stranger.status_code, "Only staff" in stranger.text) == (413, True)
    assert 'data-code="body_too_large"' in stranger.text
    assert client.post(FORM, {"file": BytesIO(b"x" * 5_000_000)}).status_code == 200
    most = client.post(FORM, CONTENT_LENGTH=str(70_000_000))
    assert (most.status_code, "Only staff" in most.text) == (413, False)
