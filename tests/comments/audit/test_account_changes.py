"""What the audit log says of accounts: who gave whom which rights, and who changed what gives access to them."""

import io

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from comments.audit import audit_log
from comments.audit.account_changes import subject_of
from comments.models import AuditEntry
from newsreader.accounts.models import User
from tests.factories import make_editor, make_moderator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    user = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    AuditEntry.objects.all().delete()
    return user


def entries(user):
    return list(audit_log.history(subject_of(user.pk)))


def form_of(user, **changed):
    values = {
        "username": user.username, "name": user.name, "email": user.email, "language": "",
        "is_active": "on" if user.is_active else "", "is_staff": "on" if user.is_staff else "",
        "date_joined_0": "2026-11-01", "date_joined_1": "12:00", "groups": list(user.groups.values_list("pk", flat=True)),
    }  # fmt: skip
    return {name: value for name, value in (values | changed).items() if value != ""}


def test_rights_that_are_given_and_taken_in_the_admin_are_on_record_with_who_did_it(client, boss):
    user, editors = make_user("ada"), Group.objects.get(name="Editors")
    AuditEntry.objects.all().delete()
    address = reverse("admin:accounts_user_change", args=[user.pk])
    ban = Permission.objects.get(codename="add_ban")
    given = form_of(user, is_staff="on", groups=[editors.pk], user_permissions=[ban.pk], email="new@example.org")

    assert client.post(address, given).status_code == 302
    assert client.post(address, form_of(user, is_active="", groups="", email="new@example.org")).status_code == 302

    first, groups, permissions, second, no_groups, no_permissions = entries(user)
    assert {entry.by_account for entry in entries(user)} == {boss.pk}
    assert first.facts == {"is_staff": {"from": False, "to": True}, "changed": ["email"]}
    assert first.personal == {"username": "ada", "email": {"from": "ada@example.org", "to": "new@example.org"}}
    assert groups.facts == {"groups": {"added": ["Editors"]}}
    assert permissions.facts == {"permissions": {"added": ["comments.add_ban"]}}
    assert second.facts == {"is_active": {"from": True, "to": False}, "is_staff": {"from": True, "to": False}}
    assert (no_groups.facts, no_permissions.facts) == (
        {"groups": {"removed": ["Editors"]}}, {"permissions": {"removed": ["comments.add_ban"]}},
    )  # fmt: skip
    assert audit_log.verify()[1] == []


def test_so_are_accounts_that_are_added_and_deleted_and_passwords_that_others_set(client, boss):
    new = {
        "username": "mia",
        "email": "mia@example.org",
        "usable_password": "true",
        "password1": "harbour-8",
        "password2": "harbour-8",
    }
    client.post(reverse("admin:accounts_user_add"), new)
    mia = User.objects.get(username="mia")
    password = {"usable_password": "true", "password1": "lanterns-9", "password2": "lanterns-9"}
    client.post(reverse("admin:auth_user_password_change", args=[mia.pk]), password)
    client.post(reverse("admin:accounts_user_delete", args=[mia.pk]), {"post": "yes"})

    assert [(row.kind, row.by_account) for row in entries(mia)] == [
        ("account_added", boss.pk), ("account_changed", boss.pk), ("account_deleted", boss.pk),
    ]  # fmt: skip
    assert entries(mia)[1].facts == {"changed": ["password"]}
    assert "lanterns" not in str(list(AuditEntry.objects.values()))
    assert "MD5" not in str(list(AuditEntry.objects.values())).upper()


def test_commands_are_named_by_the_system_s_account(monkeypatch):
    monkeypatch.setattr("sys.argv", ["manage.py", "createsuperuser"])
    monkeypatch.setattr("getpass.getuser", lambda: "ops")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "harbour-8")
    call_command("createsuperuser", interactive=False, username="root2", email="root2@example.org", verbosity=0)
    user = User.objects.get(username="root2")
    monkeypatch.setattr("getpass.getpass", lambda *args, **kwargs: "lanterns-9")
    call_command("changepassword", "root2", stdout=io.StringIO())

    added, changed = entries(user)
    assert (added.by_account, added.facts["command"], added.facts["is_superuser"]) == (None, "createsuperuser", True)
    assert added.personal["system_account"] == "ops"
    assert (changed.kind, changed.facts["changed"]) == ("account_changed", ["password"])


def test_what_readers_do_to_their_own_accounts_is_theirs(client):
    form = {"email": "new@example.org", "username": "newcomer", "password1": "harbour-8-lantern"}
    client.post("/accounts/signup/", form)
    user = make_user()
    client.force_login(user)
    client.post("/accounts/", {"name": "Ada Lovelace", "language": ""})
    client.post(
        "/accounts/password/change/",
        {"oldpassword": "secret", "password1": "lanterns-9-x", "password2": "lanterns-9-x"},
    )

    assert User.objects.filter(username="newcomer").exists()
    assert not AuditEntry.objects.filter(kind__startswith="account").exists()


def test_an_editor_s_own_name_password_and_factors_are_on_record(client):
    mia = make_editor()
    client.force_login(mia)
    AuditEntry.objects.all().delete()
    assert client.post("/accounts/", {"name": "Mia", "username": "mia-own", "email": mia.email}).status_code == 302
    mia.refresh_from_db()
    mia.set_password("lanterns-9")
    mia.save()
    factor = Authenticator.objects.create(user=mia, type="totp", data={})
    factor.save(update_fields=["last_used_at"])
    factor.delete()

    assert [(row.kind, row.facts.get("type")) for row in entries(mia)] == [
        ("account_changed", None), ("account_changed", None), ("second_factor_added", "totp"), ("second_factor_removed", "totp"),
    ]  # fmt: skip


def test_who_takes_away_another_s_factor_or_gives_them_an_address_is_on_record(client, boss):
    ada = make_user("ada")
    factor = Authenticator.objects.create(user=ada, type="totp", data={})
    AuditEntry.objects.all().delete()
    client.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    address = {"user": ada.pk, "email": "mine@example.org", "verified": "on"}
    client.post(reverse("admin:account_emailaddress_add"), address)

    removed, given = entries(ada)
    assert (removed.kind, removed.by_account) == ("second_factor_removed", boss.pk)
    assert given.facts == {"email_address": "added", "verified": True, "primary": False}
    assert given.personal["email"] == "mine@example.org"
    assert EmailAddress.objects.filter(user=ada).count() == 2


def test_a_group_that_gets_other_permissions_is_on_record_and_what_migrate_does_is_not(client, boss):
    call_command("migrate", verbosity=0)
    group = Group.objects.create(name="Interns")
    assert not AuditEntry.objects.exists()
    ban = Permission.objects.get(codename="add_ban")
    client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "Trainees", "permissions": [ban.pk]})
    client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})

    told = [(row.kind, row.facts) for row in audit_log.history(f"group:{group.pk}")]
    assert told == [
        ("group_changed", {"group": "Trainees"}),
        ("group_changed", {"group": "Trainees", "permissions": {"added": ["comments.add_ban"]}}),
        ("group_deleted", {"group": "Trainees", "accounts": []}),
    ]


def test_a_change_that_cannot_be_recorded_is_not_made(boss, monkeypatch):
    user = make_user()
    AuditEntry.objects.all().delete()
    monkeypatch.setattr(audit_log, "note", lambda *args, **values: 1 / 0)

    user.is_superuser = True

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        user.save()

    assert not User.objects.get(pk=user.pk).is_superuser


def test_the_log_in_the_admin_shows_it_and_what_is_erased_is_gone_while_the_chain_holds(client, boss):
    mia = make_moderator(name="Mia")
    mia.email = "other@example.org"
    mia.save()

    page = client.get(reverse("admin:comments_auditentry_changelist") + f"?q={subject_of(mia.pk)}")
    assert "account_added" in page.text
    assert "In the newsroom: yes" in page.text

    audit_log.forget(subject_of(mia.pk), by=boss)
    stored = str(list(AuditEntry.objects.values()))
    assert mia.username not in stored
    assert "other@example.org" not in stored
    assert audit_log.verify()[1] == []
