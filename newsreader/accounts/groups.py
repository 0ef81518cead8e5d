"""The newsroom's groups, and what each may do. Every room keeps a table of its own; the database follows the tables.

To let a group do one more thing, add its permission to the table of the room whose model it is about:
`newsreader.accounts.groups`, `articles.permissions`, `comments.models.permissions`. The next `migrate` does the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

EDITORS, MODERATORS, AUTHORS = "Editors", "Moderators", "Authors"
EVERYTHING = ("add", "change", "delete", "view")
Table = Mapping[str, Collection[str]]  # group -> codenames of one room

GROUPS: Table = {
    EDITORS: ["view_user", "view_commenteridentity", "change_commenteridentity"],
    MODERATORS: ["view_commenteridentity", "change_commenteridentity"],
    AUTHORS: [],
}


def allowed(*actions: str, models: str) -> Iterator[str]:
    """Yield the codenames of these actions for each of the models, which are separated by blanks."""
    return (f"{action}_{model}" for model in models.split() for action in actions)


def synchronise(room: AppConfig, table: Table, using: str) -> None:
    """Give each group the room's permissions that the table names, and take all others of that room away.

    Runs after every migrate, so what was changed by hand lasts until then: whoever needs other permissions makes a
    group of their own. Permissions of other rooms are left alone.
    """
    create_permissions(room, verbosity=0, interactive=False, using=using)
    ours = Permission.objects.using(using).filter(content_type__app_label=room.label)
    for name, codenames in table.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        has = set(group.permissions.filter(content_type__app_label=room.label))
        wanted = set(ours.filter(codename__in=codenames))
        if has - wanted:
            group.permissions.remove(*has - wanted)
        if wanted - has:
            group.permissions.add(*wanted - has)


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Synchronise what the groups may do with accounts."""
    synchronise(sender, GROUPS, using)
