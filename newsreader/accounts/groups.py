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


def allowed(*actions: str, models: str) -> Iterator[str]:
    """Yield the codenames of these actions for each model; `models` is separated by blanks."""
    return (f"{action}_{model}" for model in models.split() for action in actions)


GROUPS: Table = {
    EDITORS: [
        *allowed("add", "view", models="invitation"),
        "view_user",
        "end_roles",
        *allowed("change", "view", models="retention"),
        "view_commenteridentity",
        "change_commenteridentity",
    ],
    MODERATORS: ["view_commenteridentity", "change_commenteridentity"],
    AUTHORS: [],
}
# Of `newsreader.mailing`, which knows no groups: who answers readers that get no mail.
MAILING: Table = {EDITORS: ["view_suppression", "change_suppression"], MODERATORS: [], AUTHORS: []}


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


def given_by(user: Any) -> list[str]:
    """Return the groups of whose permissions this person has every one: nobody gives, or takes, more than they have.

    In the order in which they are offered, the one with the fewest rights first. Two queries.
    """
    mine = user.get_all_permissions() if user.is_active else set()
    rows = Permission.objects.filter(group__name__in=[AUTHORS, MODERATORS, EDITORS])
    needed: dict[str, set[str]] = {AUTHORS: set(), MODERATORS: set(), EDITORS: set()}
    for group, app, codename in rows.values_list("group__name", "content_type__app_label", "codename"):
        needed[group].add(f"{app}.{codename}")
    withheld = getattr(user, "rights_withheld", False)
    return [] if withheld else [group for group, codes in needed.items() if codes and codes <= mine]


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Synchronise what the groups may do with accounts."""
    synchronise(sender, GROUPS, using)


def after_migrate_of_mailing(sender: AppConfig, using: str, **_: Any) -> None:
    """Synchronise what the groups may do with mails."""
    synchronise(sender, MAILING, using)
