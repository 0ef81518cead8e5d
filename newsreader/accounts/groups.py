"""The newsroom's groups and their permissions. Each app has its own table, from which the database is synchronised.

To give a group one more permission, add it to the table of the app whose model it is about:
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
Table = Mapping[str, Collection[str]]  # group -> codenames of one app

GROUPS: Table = {
    EDITORS: ["view_user", "view_commenteridentity", "change_commenteridentity"],
    MODERATORS: ["view_commenteridentity", "change_commenteridentity"],
    AUTHORS: [],
}


def allowed(*actions: str, models: str) -> Iterator[str]:
    """Yield the codenames of these actions for each model; `models` is separated by blanks."""
    return (f"{action}_{model}" for model in models.split() for action in actions)


def synchronise(app: AppConfig, table: Table, using: str) -> None:
    """Give each group the app's permissions that the table names, and remove its other permissions of that app.

    Runs after every migrate and undoes changes made by hand: for other permissions, make another group. Permissions of
    other apps are left alone.
    """
    create_permissions(app, verbosity=0, interactive=False, using=using)
    ours = Permission.objects.using(using).filter(content_type__app_label=app.label)
    for name, codenames in table.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        has = set(group.permissions.filter(content_type__app_label=app.label))
        wanted = set(ours.filter(codename__in=codenames))
        if has - wanted:
            group.permissions.remove(*has - wanted)
        if wanted - has:
            group.permissions.add(*wanted - has)


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Synchronise what the groups may do with accounts."""
    synchronise(sender, GROUPS, using)
