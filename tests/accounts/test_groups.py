"""The newsroom's groups follow the rooms' tables after every migrate."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

import articles.permissions
from comments.models import permissions
from newsreader.accounts import groups

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
