"""The newsroom's people on the editors' site: who is here, in words, and who leaves."""

from __future__ import annotations

import re

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.test import Client

from articles.models.article import Byline
from comments.models import Comment
from newsreader.accounts import invitations, leaving
from newsreader.accounts.models import Invitation, User
from newsreader.kit.errors import Forbidden
from tests.factories import make_article, make_author, make_comment, make_editor, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
LIST = "/admin/accounts/user/"


@pytest.fixture
def editor(client):
    editor = make_editor(name="Ingrid")
    client.force_login(editor)
    return editor


def rows(page):
    """The cells of each row: name, role and standing."""
    cells = r'field-shown_name">(?:<a[^>]*>)?([^<]*)<.*?field-roles">([^<]*)<.*?class="state state-(\w+)"'
    return set(re.findall(cells, page.content.decode(), re.DOTALL))


def test_the_list_says_in_words_who_is_what(client, editor):
    make_moderator(name="Mo")
    make_user(name="Rita")
    make_user("nina", name="Nina")
    left = make_user(name="Leo", group="Authors")
    invitations.invite("nina@example.org", "Authors", by=editor)
    invitations.invite("new@example.org", "Editors", by=editor)
    leaving.leave(left.pk, by=editor)

    page = client.get(LIST)

    assert rows(page) == {
        ("Ingrid", "editor", "active"), ("Mo", "moderator", "active"), ("Rita", "reader", "reader"),
        ("Nina", "reader", "invited"), ("Leo", "reader", "left"),
    }  # fmt: skip
    assert "new@example.org" in page.content.decode()
    assert rows(client.get(f"{LIST}?newsroom=left")) == {("Leo", "reader", "left")}
    assert rows(client.get(f"{LIST}?newsroom=invited")) == {("Nina", "reader", "invited")}
    assert rows(client.get(f"{LIST}?newsroom=active&role=Moderators")) == {("Mo", "moderator", "active")}


def test_the_list_asks_as_much_however_many_there_are(client, editor, django_assert_max_num_queries):
    client.get(LIST)
    for _ in range(12):
        make_user(group="Authors")

    with django_assert_max_num_queries(14):
        assert len(rows(client.get(LIST))) == 13


def test_editors_see_roles_in_words_and_who_runs_the_site_sees_the_boxes(client, editor):
    mo = make_moderator(name="Mo")
    address = f"{LIST}{mo.pk}/change/"
    make_comment(make_article(authors=[make_author(user=mo)]), user=mo)
    page = client.get(address).content.decode()
    assert "150 characters" not in page  # Rules for choosing a name, where nobody can.
    said = re.sub(r"<[^>]+>", "", page[page.index('class="remarks about"') :].partition("</section>")[0])
    assert "Mo is in the newsroom: moderator. Moderators decide about comments" in said
    assert "Not seen so far" in said
    assert "Can sign in with a password or a code sent by email." in said
    assert "Is named over 1 article." in said
    assert "Has written 1 comment." in said
    assert "user_permissions" not in page
    assert "is_superuser" not in page
    assert "algorithm" not in page  # Nothing of the password either.

    client.force_login(make_user(is_staff=True, is_superuser=True))
    assert 'name="user_permissions"' in client.get(address).content.decode()


@pytest.mark.ci_both
def test_who_leaves_loses_roles_and_sessions_at_once_and_keeps_bylines_and_comments(client, editor):
    leo = make_user("leo", name="Leo", group="Editors")
    article = make_article(authors=[make_author(user=leo)])
    comment = make_comment(article, user=leo)
    sent = invitations.invite("friend@example.org", "Editors", by=leo)
    his = Client()
    his.post("/accounts/login/", {"login": "leo", "password": "secret"})
    assert his.get("/admin/moderation/").status_code == 200

    page = client.get(f"{LIST}{leo.pk}/leave/").content.decode()
    assert "editor" in page
    assert User.objects.get(pk=leo.pk).is_staff  # Asked only.
    client.post(f"{LIST}{leo.pk}/leave/")

    leo = User.objects.get(pk=leo.pk)
    assert not leo.is_staff
    assert not leo.groups.exists()
    assert leo.is_active
    assert leo.left_at
    assert not UserSession.objects.filter(user=leo).exists()
    assert his.get("/admin/moderation/").status_code == 302
    assert Byline.objects.filter(article=article, author__user=leo).exists()
    assert Comment.objects.filter(pk=comment.pk, status="approved").exists()
    assert Invitation.objects.get(pk=sent.pk).state == "revoked"
    record = LogEntry.objects.get(content_type__model="user")
    assert (record.user, record.object_id, record.change_message) == (
        editor, str(leo.pk), "Left the newsroom. Was: editor.",
    )  # fmt: skip
    assert leaving.leave(leo.pk, by=editor) is None


def test_an_invitation_brings_somebody_back(editor):
    leo = make_user("leo", group="Authors")
    leaving.leave(leo.pk, by=editor)
    invitation = invitations.invite("leo@example.org", "Authors", by=editor)

    invitations.accept(invitations.link(invitation).split("/")[5], user=leo)

    leo = User.objects.get(pk=leo.pk)
    assert (leo.is_staff, leo.left_at) == (True, None)


def test_the_last_superuser_stays(client):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    make_user(is_superuser=True, is_active=False)
    client.force_login(boss)

    answer = client.post(f"{LIST}{boss.pk}/leave/")

    assert answer.status_code == 409
    assert 'data-code="last_superuser"' in answer.content.decode()
    assert User.objects.get(pk=boss.pk).is_superuser
    make_user(is_staff=True, is_superuser=True)
    assert client.post(f"{LIST}{boss.pk}/leave/").status_code == 302
    assert not User.objects.get(pk=boss.pk).is_superuser


def test_nobody_takes_roles_from_who_has_more_rights(client, editor):
    boss = make_user(is_staff=True, is_superuser=True)
    assert client.post(f"{LIST}{boss.pk}/leave/").status_code == 403
    with pytest.raises(Forbidden):
        leaving.leave(boss.pk, by=editor)

    client.force_login(make_moderator())
    assert client.post(f"{LIST}{editor.pk}/leave/").status_code == 403
    assert User.objects.get(pk=editor.pk).is_staff


def test_an_editor_may_leave_alone(client, editor):
    assert client.post(f"{LIST}{editor.pk}/leave/").headers["Location"] == "/"
    assert client.get("/admin/").status_code == 302


def test_who_runs_the_site_reads_words_and_nothing_of_how_passwords_are_stored(client):
    client.force_login(make_user(is_superuser=True, is_staff=True))
    person = make_user(name="Noor")
    person.set_unusable_password()
    person.save()
    address = f"{LIST}{person.pk}/change/"

    assert "No password set." in client.get(address).text
    person.set_password("a long word of mine")
    person.save()
    page = client.get(address).text

    assert "There is one." in page
    assert "pbkdf2" not in page
    assert "../password/" in page or f"/{person.pk}/password/" in page
    rooms = {room["name"] for room in client.get("/admin/").context["available_apps"]}
    assert "Rights" in rooms
    assert not {"Authentication and Authorization", "Accounts"} & rooms
