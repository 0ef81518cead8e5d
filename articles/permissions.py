"""What each group may do with articles and everything around them."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

from newsreader.accounts.groups import AUTHORS, EDITORS, EVERYTHING, MODERATORS, Table, allowed, synchronise

GROUPS: Table = {
    EDITORS: [
        *allowed(*EVERYTHING, models="article section tag author picture byline sourceattribution"),
        *allowed(*EVERYTHING, models="correction redirect menuitem"),
        *allowed("change", "view", models="site"),
        "publish_article",
        "change_any_article",
    ],
    MODERATORS: ["view_article"],
    AUTHORS: [
        *allowed("add", "change", "view", models="article"),
        *allowed(*EVERYTHING, models="byline sourceattribution"),
        *allowed("add", "view", models="picture tag"),
        *allowed("view", models="section author correction"),
    ],
}


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Synchronise the groups' permissions for articles."""
    synchronise(sender, GROUPS, using)
