"""A portrait that was removed or replaced: gone from the storage, from comments and from caches; and how many a day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from articles.models.purges import Purge
from comments.models import Comment
from comments.posting import portraits
from newsreader.accounts import pictures
from newsreader.accounts.models import CommenterIdentity, SentPicture, User
from newsreader.kit.cdn import Fastly
from tests.accounts.test_pictures import make_picture
from tests.factories import make_comment, make_user, set_rules

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.ci_sqlite]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def send(client: Client, user: User, **more: Any) -> Any:
    picture = SimpleUploadedFile("me.png", make_picture("PNG", (64, 64)))
    return client.post("/accounts/", {"name": user.shown_name, "username": user.username, "picture": picture, **more})


def remove(client: Client, user: User) -> Any:
    return client.post("/accounts/", {"name": user.shown_name, "username": user.username, "remove_picture": "on"})


def comment_of(user: User) -> Comment:
    return make_comment(user=user)


@pytest.fixture
def member(client: Client) -> User:
    user = make_user("ada")
    client.force_login(user)
    send(client, user)
    user.refresh_from_db()
    return user


def test_a_removed_portrait_is_gone_from_its_address_and_from_comments(client, media, member):
    comment, old = comment_of(member), member.avatar
    page = comment.article.get_absolute_url()
    assert client.get(f"/media/{old}")["Cache-Control"] == "public, max-age=3600"
    assert old in client.get(page).text

    remove(client, member)

    assert client.get(f"/media/{old}").status_code == 404
    assert not [file for file in media.rglob("*") if file.is_file()]
    assert old not in client.get(page).text
    assert f'"{old}' not in client.get(f"/api/v1/articles/{comment.article_id}/comments/").text


def test_a_replaced_portrait_gives_way_to_the_new_one_everywhere(client, media, member):
    comment, old = comment_of(member), member.avatar

    send(client, member)

    member.refresh_from_db()
    comment.refresh_from_db()
    assert member.avatar not in {"", old}
    assert comment.avatar == member.avatar
    assert [f"avatars/{file.name}" for file in media.rglob("*.webp")] == [member.avatar]


def test_where_ones_own_is_removed_the_providers_is_shown(client, member):
    comment = comment_of(member)
    CommenterIdentity.objects.filter(user=member).update(avatar="avatars/of-github.webp")

    remove(client, member)

    comment.refresh_from_db()
    assert comment.avatar == "avatars/of-github.webp"


def test_what_another_account_shows_stays(client, member):
    other = make_user(avatar=member.avatar)

    remove(client, member)

    assert client.get(f"/media/{other.avatar}").status_code == 200


def test_a_cdn_is_told_and_can_find_it(client, settings, member):
    settings.CDN = Fastly("secret", "http://127.0.0.1:1", "SU1Z0isxPaozGVKXdv0eY")
    keys = client.get(f"/media/{member.avatar}")["Surrogate-Key"].split()
    Purge.objects.all().delete()

    remove(client, member)

    assert set(keys) & set(Purge.objects.values_list("key", flat=True)) == {f"file-{Path(member.avatar).stem}"}


def test_comments_of_many_pages_show_it_no_longer(client, monkeypatch, member):
    monkeypatch.setattr(portraits, "BATCH", 2)
    set_rules(flood_seconds=0)
    mine = [comment_of(member).pk for _ in range(5)]

    remove(client, member)

    assert set(Comment.objects.filter(pk__in=mine).values_list("avatar", flat=True)) == {""}


def test_ten_portraits_are_enough_for_a_day(client, time_machine):
    user = make_user("ada")
    client.force_login(user)
    noon = timezone.now().replace(hour=12)
    time_machine.move_to(noon)
    answers = [send(client, user).status_code for _ in range(pictures.PER_DAY)]
    user.refresh_from_db()

    refused = send(client, user, name="Ada Lovelace")

    assert answers == [302] * pictures.PER_DAY
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 12 * 3600
    assert 'data-code="too_many_portraits"' in refused.text
    assert 'value="Ada Lovelace"' in refused.text
    assert not SentPicture.objects.exists()
    unchanged = User.objects.get(pk=user.pk)
    assert (unchanged.avatar, unchanged.name) == (user.avatar, user.name)
    assert remove(client, user).status_code == 302
    time_machine.move_to(noon + dt.timedelta(days=1))
    client.force_login(user)
    assert send(client, user).status_code == 302
