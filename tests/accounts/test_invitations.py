"""Inviting people to the newsroom: from the editor's click to the desk, and every link that is no good."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from articles.models.taxonomy import Author
from comments.audit import audit_log
from comments.models import AuditEntry
from newsreader.accounts import invitations
from newsreader.accounts.models import Invitation, User
from newsreader.kit.errors import Forbidden
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.factories import make_editor, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
LIST, ADD, PAGE = "/admin/accounts/invitation/", "/admin/accounts/invitation/add/", "/accounts/invitation/"
PASSWORD = "Lantern-night-7"


@pytest.fixture
def editor(client):
    editor = make_editor(name="Ingrid Hallam")
    client.force_login(editor)
    return editor


@pytest.fixture
def send(client, editor, django_capture_on_commit_callbacks):
    """Invite in the admin, with the mail."""

    def sent(email="nina@example.org", role="Authors", **more):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(ADD, {"email": email, "role": role} | more)

    return sent


def path_of(message):
    return re.search(r"https?://[^/\s]+(/accounts/invitation/\S+)", message.body)[1]


def link_of(invitation):
    return invitations.link(invitation).removeprefix("http://testserver")


def invite(by, email="nina@example.org", role="Authors"):
    return invitations.invite(email, role, by=by)


# --- Inviting -----------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_an_editor_invites_and_the_invited_is_at_the_desk_with_a_password(
    client, send, editor, django_capture_on_commit_callbacks
):
    assert send().headers["Location"] == LIST
    letter = mail.outbox[-1]
    html = letter.alternatives[0][0]
    assert letter.to == ["nina@example.org"]
    assert "Ingrid Hallam invites you" in letter.body
    assert "Your role: author" in letter.body
    assert f'href="http://testserver{path_of(letter)}"' in html

    nina = Client()
    opened = nina.get(path_of(letter))
    assert (opened.status_code, opened.headers["Location"]) == (302, PAGE)
    page = nina.get(PAGE)
    assert "nina@example.org" in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        joined = nina.post(PAGE, {"name": "Nina Sand", "password1": PASSWORD, "way": "password"})

    assert (joined.status_code, joined.headers["Location"]) == (302, "/admin/")
    assert nina.get("/admin/articles/article/add/").status_code == 200
    user = User.objects.get(name="Nina Sand")
    assert user.check_password(PASSWORD)
    assert [group.name for group in user.groups.all()] == ["Authors"]
    assert EmailAddress.objects.get(user=user).verified
    assert Author.objects.get(user=user).name == "Nina Sand"
    invitation = Invitation.objects.get()
    assert (invitation.state, invitation.accepted_by) == ("accepted", user)


def test_every_deed_is_on_record(send, client, editor):
    send()
    send("tom@example.org", "Moderators")
    tom, nina = Invitation.objects.order_by("-pk")
    client.post(f"{LIST}{tom.pk}/revoke/")
    user = invitations.accept_with_new_account(link_of(nina).split("/")[3], name="Nina", password="")

    deeds = LogEntry.objects.filter(content_type__model="invitation").order_by("pk")
    assert [(row.user, row.object_repr, row.change_message) for row in deeds] == [
        (editor, "nina@example.org (author)", "Invited as author."),
        (editor, "tom@example.org (moderator)", "Invited as moderator."),
        (editor, "tom@example.org (moderator)", "Revoked."),
        (user, "nina@example.org (author)", "Accepted."),
    ]
    audited = AuditEntry.objects.filter(kind__startswith="invitation_").order_by("pk")
    assert [(row.kind, row.by_account, row.facts["role"]) for row in audited] == [
        ("invitation_sent", editor.pk, "Authors"),
        ("invitation_sent", editor.pk, "Moderators"),
        ("invitation_revoked", editor.pk, "Moderators"),
        ("invitation_accepted", user.pk, "Authors"),
    ]


def test_moderators_and_authors_invite_nobody(client):
    for user in (make_moderator(), make_user(group="Authors")):
        client.force_login(user)
        assert client.get(ADD).status_code == 403
        assert client.post(ADD, {"email": "nina@example.org", "role": "Authors"}).status_code == 403
    assert not Invitation.objects.exists()


def test_nobody_gives_more_than_their_own_rights(editor):
    editor.groups.clear()
    editor.groups.add(*make_moderator().groups.all())
    editor = User.objects.get(pk=editor.pk)

    with pytest.raises(Forbidden):
        invite(editor, role="Editors")
    assert invite(editor, role="Moderators").role == "Moderators"


@pytest.mark.parametrize(
    ("email", "role", "code"),
    [
        ("nobody", "Authors", "invalid"), ("nina@example.org", "Superusers", "invalid_choice"),
        ("here@example.org", "Editors", "has_role"), ("twice@example.org", "Authors", "already_invited"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_field_and_keeps_what_was_typed(send, editor, email, role, code):
    make_editor(username="here")
    invite(editor, "twice@example.org")

    page = send(email, role)

    errors = page.context["adminform"].form.errors.get_json_data()
    assert (page.status_code, [error["code"] for each in errors.values() for error in each]) == (200, [code])
    assert email in page.content.decode()
    assert Invitation.objects.count() == 1


def test_one_person_sends_so_many_in_an_hour_and_no_more(send, editor, monkeypatch):
    monkeypatch.setattr(invitations, "MOST", 2)

    send("a@example.org"), send("b@example.org")

    assert "many people" in send("c@example.org").content.decode()
    assert Invitation.objects.count() == 2


# --- The link -----------------------------------------------------------------------------------------------------


def test_the_link_leaves_by_no_referer_and_no_address_behind_it_holds_it(send, client):
    send()
    nina, path = Client(), path_of(mail.outbox[-1])

    for answer in (nina.get(path), nina.get(PAGE)):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]
        assert path.split("/")[3] not in answer.content.decode() + answer.headers.get("Location", "")


def test_opening_the_link_changes_nothing(send):
    send()
    for _ in range(3):
        client = Client()
        assert client.get(path_of(mail.outbox[-1])).status_code == 302
        assert client.get(PAGE).status_code == 200

    assert Invitation.objects.get().state == "open"


def refused(path):
    client = Client()
    answer = client.get(path)
    code = re.search(r'data-code="(\w+)"', answer.content.decode())
    assert not client.cookies.get("sessionid")
    return answer.status_code, code and code[1]


def test_a_link_that_is_no_good_says_why(editor):
    good = invite(editor)
    token = link_of(good).split("/")[3]
    assert refused(f"{PAGE}{token[:-2]}xx/") == (404, "invitation_unknown")
    other = signing.Signer(salt="another").sign_object([good.pk, 1])
    assert refused(f"{PAGE}{other}/") == (404, "invitation_unknown")
    assert refused(PAGE) == (404, "invitation_unknown")

    Invitation.objects.update(sent_at=timezone.now() - dt.timedelta(hours=1))
    again = invitations.resend(good.pk, by=editor)
    assert refused(link_of(good)) == (410, "invitation_replaced")
    Invitation.objects.update(expires_at=timezone.now())
    assert refused(link_of(again)) == (410, "invitation_expired")
    invitations.revoke(good.pk, by=editor)
    assert refused(link_of(again)) == (410, "invitation_revoked")

    used = invite(editor, "tom@example.org")
    invitations.accept_with_new_account(link_of(used).split("/")[3], name="Tom")
    assert refused(link_of(used)) == (410, "invitation_used")


def test_an_invitation_ends_with_the_rights_of_who_sent_it(editor):
    invitation = invite(editor, role="Editors")
    editor.groups.clear()

    assert refused(link_of(invitation)) == (410, "invitation_revoked")


def test_one_that_ends_while_its_page_is_open_is_refused(editor):
    nina, invitation = Client(), invite(editor)
    nina.get(link_of(invitation))
    invitations.revoke(invitation.pk, by=editor)

    answer = nina.post(PAGE, {"name": "Nina", "password1": PASSWORD, "way": "password"})

    assert answer.status_code == 410
    assert not User.objects.filter(name="Nina").exists()


def test_who_tries_links_is_slowed_down(editor):
    client = Client()

    tries = [client.get(f"{PAGE}forged/").status_code for _ in range(31)]

    assert (tries[29], tries[30]) == (404, 429)


def test_it_is_sent_again_after_a_pause_with_a_new_link(client, editor, django_capture_on_commit_callbacks):
    invitation = invite(editor)
    assert "wait some minutes" in client.post(f"{LIST}{invitation.pk}/resend/", follow=True).content.decode()
    Invitation.objects.update(sent_at=timezone.now() - invitations.PAUSE)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{LIST}{invitation.pk}/resend/")

    invitation.refresh_from_db()
    assert (invitation.number, path_of(mail.outbox[-1])) == (2, link_of(invitation))


def test_a_task_that_comes_too_late_or_twice_is_harmless(editor):
    invitation = invite(editor)
    invitations.mail_invitation.func(invitation_id=invitation.pk, number=1)
    assert len(mail.outbox) == 1

    Letter.objects.update(sent_at=None, due_at=timezone.now())
    invitations.revoke(invitation.pk, by=editor)
    invitations.mail_invitation.func(invitation_id=invitation.pk, number=1)
    send_due.func()
    assert (len(mail.outbox), Letter.objects.get().failure) == (1, "Outdated")


# --- Accepting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"name": "", "password1": PASSWORD}, "name_required"), ({"name": "Nina", "password1": ""}, "required"),
        ({"name": "Nina", "password1": "12345678"}, "password_entirely_numeric"),
        ({"name": "Nina", "password1": "nina@example.org"}, "password_too_similar"),
    ],
)  # fmt: skip
def test_what_is_wrong_comes_back_with_what_was_typed(editor, typed, code):
    nina = Client()
    nina.get(link_of(invite(editor)))

    answer = nina.post(PAGE, typed | {"way": "password"})

    page = answer.content.decode()
    assert answer.status_code == 422
    errors = answer.context["form"].errors.get_json_data()
    assert code in {error["code"] for each in errors.values() for error in each}
    assert 'data-code="' in page
    assert f'value="{typed["name"]}"' in page or not typed["name"]
    assert not User.objects.filter(email="nina@example.org").exists()


def test_who_wants_a_passkey_goes_on_to_the_page_where_it_is_made(editor):
    nina = Client()
    nina.get(link_of(invite(editor)))

    answer = nina.post(PAGE, {"name": "Nina", "password1": "", "way": "passkey"})

    assert answer.headers["Location"] == "/accounts/2fa/webauthn/add/"
    assert nina.get(answer.headers["Location"]).status_code == 200
    assert not User.objects.get(name="Nina").has_usable_password()


def test_who_has_an_account_signs_in_and_gets_the_role(editor):
    nina, visitor = make_user("nina"), Client()
    path = link_of(invite(editor, role="Moderators"))
    visitor.get(path)
    page = visitor.get(PAGE).content.decode()
    assert f"/accounts/login/?next={PAGE}" in page
    assert 'name="password1"' not in page

    signed_in = visitor.post("/accounts/login/", {"login": "nina", "password": "secret", "next": PAGE})
    assert signed_in.headers["Location"] == PAGE
    accepted = visitor.post(PAGE)

    assert (accepted.status_code, accepted.headers["Location"]) == (303, "/admin/")
    nina.refresh_from_db()
    assert nina.is_staff
    assert [group.name for group in nina.groups.all()] == ["Moderators"]


def test_an_address_is_confirmed_by_the_link_for_who_is_signed_in(editor):
    nina, visitor = make_user("nina", verified=False), Client()
    visitor.force_login(nina)
    visitor.get(link_of(invite(editor)))

    visitor.post(PAGE)

    assert EmailAddress.objects.get(user=nina).verified


def test_another_account_cannot_accept_it(editor):
    make_user("nina")
    eve, visitor = make_user("eve"), Client()
    visitor.force_login(eve)
    visitor.get(link_of(invite(editor)))

    assert "Sign out first" in visitor.get(PAGE).content.decode()
    assert visitor.post(PAGE).status_code == 403
    eve.refresh_from_db()
    assert not eve.is_staff


def test_who_typed_the_address_without_confirming_it_gains_nothing(editor):
    squatter, visitor = make_user("nina", verified=False), Client()
    visitor.get(link_of(invite(editor)))

    visitor.post(PAGE, {"name": "Nina Sand", "password1": PASSWORD, "way": "password"})

    squatter.refresh_from_db()
    assert not squatter.is_staff
    assert EmailAddress.objects.get(email="nina@example.org", verified=True).user.name == "Nina Sand"


def test_an_invitation_that_ended_unanswered_is_forgotten_after_90_days_and_stays_on_record_without_its_address(editor):
    day = dt.timedelta(days=1)
    names = ("expired", "revoked", "young", "fresh", "accepted")
    rows = {name: invitations.invite(f"{name}@example.org", "Authors", by=editor) for name in names}
    for name in ("revoked", "fresh"):
        invitations.revoke(rows[name].pk, by=editor)
    now = timezone.now()
    Invitation.objects.update(expires_at=now - 91 * day)
    Invitation.objects.filter(pk=rows["young"].pk).update(expires_at=now - 89 * day)
    Invitation.objects.filter(pk=rows["revoked"].pk).update(revoked_at=now - 91 * day)
    Invitation.objects.filter(pk=rows["accepted"].pk).update(accepted_at=now - 200 * day)

    assert invitations.forget_old(90 * day) == 2
    assert invitations.forget_old(90 * day) == 0

    assert {row.email.partition("@")[0] for row in Invitation.objects.all()} == {"young", "fresh", "accepted"}
    gone = [f"invitation:{rows[name].pk}" for name in ("expired", "revoked")]
    told = AuditEntry.objects.filter(subject__in=gone)
    assert {entry.kind for entry in told} == {"invitation_sent", "invitation_revoked", "invitation_cleared", "erasure"}
    assert {entry.facts["state"] for entry in told if entry.kind == "invitation_cleared"} == {"expired", "revoked"}
    assert {entry.personal for entry in told} == {None}
    audit_log.seal()
    assert audit_log.verify()[1] == []
    said = " ".join(LogEntry.objects.values_list("object_repr", flat=True))
    assert "expired@" not in said
    assert "revoked@" not in said
    assert "young@example.org" in said
