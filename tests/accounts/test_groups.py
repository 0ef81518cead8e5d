"""The newsroom's groups follow the rooms' tables after every migrate."""

import pytest
from django.apps import apps
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

import articles.permissions
from comments.models import permissions
from newsreader.accounts import groups
from newsreader.accounts.models import User
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
TABLES = {
    "accounts": groups.GROUPS,
    "articles": articles.permissions.GROUPS,
    "comments": permissions.GROUPS,
    "mailing": groups.MAILING,
}


def held_by(name: str) -> set[str]:
    rows = Group.objects.get(name=name).permissions.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


@pytest.mark.parametrize("name", [groups.EDITORS, groups.MODERATORS, groups.AUTHORS])
def test_a_group_may_do_what_the_tables_of_all_rooms_say(name):
    assert held_by(name) == {f"{room}.{codename}" for room, table in TABLES.items() for codename in table[name]}


def test_migrating_brings_back_what_was_taken_and_takes_what_was_added():
    editors = Group.objects.get(name=groups.EDITORS)
    before = held_by(groups.EDITORS)
    editors.permissions.remove(Permission.objects.get(codename="publish_article"))
    editors.permissions.add(Permission.objects.get(codename="delete_comment"))

    call_command("migrate", verbosity=0)

    assert held_by(groups.EDITORS) == before


def test_other_groups_and_permissions_of_other_apps_are_left_alone():
    interns = Group.objects.create(name="Interns")
    interns.permissions.add(Permission.objects.get(codename="delete_comment"))
    foreign = Permission.objects.get(content_type__app_label="auth", codename="view_group")
    Group.objects.get(name=groups.EDITORS).permissions.add(foreign)

    groups.synchronise(apps.get_app_config("comments"), permissions.GROUPS, "default")

    assert held_by("Interns") == {"comments.delete_comment"}
    assert "auth.view_group" in held_by(groups.EDITORS)


def test_what_a_person_may_do_is_asked_once_and_is_what_django_says(django_assert_num_queries):
    member, inactive = make_user(group=groups.AUTHORS), make_user(group=groups.EDITORS, is_active=False)
    member.groups.add(Group.objects.get(name=groups.MODERATORS))
    member.user_permissions.add(Permission.objects.get(content_type__app_label="auth", codename="view_group"))
    every = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}

    for somebody, asked in ((member, 1), (make_user(), 1), (inactive, 0), (make_user(is_superuser=True), 0)):
        mine, djangos = User.objects.get(pk=somebody.pk), User.objects.get(pk=somebody.pk)
        with django_assert_num_queries(asked):
            held = {name for name in every if mine.has_perm(name)}

        assert held == ModelBackend().get_all_permissions(djangos)
        assert mine.get_user_permissions() == djangos.get_user_permissions()
        assert mine.get_group_permissions() == djangos.get_group_permissions()
