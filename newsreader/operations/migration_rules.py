"""Which migrations may run while the release before is serving. `make check` asks; nothing is connected to.

A release adds what it needs (expand); the next one may remove what nobody reads any more (contract). A migration says
deliberately that it does what is refused here otherwise:

    contract = "0.3.0"  # The first release that neither reads nor writes what is removed; it has been published.
    takes_locks = "The table has one row."  # Why nobody waits long.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import django
from django.conf import settings
from django.db import migrations, models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

from newsreader.kit.migration_operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint

# The last migration of each app before the first release: no release has run before these. Set anew by that release.
BASELINE = {"accounts": 3, "articles": 9, "comments": 10}

BREAKS, DROPS, LOCKS = "breaks", "drops", "locks"
IN_PARTS = "Add the new one, write both, fill it in batches; remove the old one in a later release."
LATER = "Do it in the release after, and name the first one without it: contract = …"
CONCURRENTLY = "Use AddIndexConcurrently of newsreader.kit.migration_operations."
SAYS_WHY = "If nobody waits long, say why: takes_locks = …"
HARMLESS = (
    AddConstraintNotValid, migrations.AlterModelManagers, migrations.AlterModelOptions,
    migrations.AlterModelTableComment, migrations.RemoveConstraint, migrations.RemoveIndex, migrations.RenameIndex,
)  # fmt: skip
# For its types alone.
_postgresql = DatabaseWrapper(
    {"ENGINE": "django.db.backends.postgresql", "NAME": "none", "OPTIONS": {}, "TIME_ZONE": None}
)


class Refusal(NamedTuple):
    kind: str
    what: str
    mend: str


def refusals(loader: MigrationLoader, releases: set[str], baseline: dict[str, int] = BASELINE) -> list[str]:
    """Return a line for everything that is wrong with the migrations after the baseline."""
    found = []
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if int(name[:4]) <= baseline.get(app, 9999) or migration.replaces:
            continue
        state = loader.project_state((app, name), at_end=False)
        for kind, what, mend in judge(migration, state, releases):
            found.append(f"{app} {name} ({kind}): {what} {mend}")
    return found


def judge(migration: Any, state: ProjectState, releases: set[str]) -> Iterator[Refusal]:
    """Yield what is wrong with one migration. `state`: the models before it."""
    contract, reason = getattr(migration, "contract", None), getattr(migration, "takes_locks", None)
    if contract is not None and contract not in releases:
        yield Refusal(DROPS, f"contract = {contract!r} is no release in CHANGELOG.md.", LATER)
    waived = {DROPS if contract in releases else None, LOCKS if reason else None}
    for refusal in _judge(migration, state):
        if refusal.kind not in waived:
            yield refusal


def _judge(migration: Any, state: ProjectState) -> Iterator[Refusal]:
    every, created = migration.operations, set()
    if migration.atomic and any(isinstance(each, AddIndexConcurrently) for each in every):
        yield Refusal(LOCKS, "An index is built concurrently outside of a transaction only.", "Set atomic = False.")
    if {AddConstraintNotValid, ValidateConstraint} <= {type(each) for each in every}:
        yield Refusal(LOCKS, "A constraint is validated where it is added.", "Validate it in a migration of its own.")
    if any(isinstance(each, migrations.RunPython) for each in every):
        if migration.atomic:
            yield Refusal(LOCKS, "Rows are changed in one transaction.", "Set atomic = False and work in batches.")
        if not all(isinstance(each, migrations.RunPython) for each in every):
            yield Refusal(LOCKS, "Rows are changed beside the schema.", "Move them in a migration of their own.")
    for operation in every:
        if isinstance(operation, migrations.CreateModel):
            created.add(operation.name_lower)
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            inner = operation.database_operations
            yield from _left_behind(operation, migration.app_label, state)
        else:
            inner = [operation]
        for each in inner:
            if getattr(each, "model_name_lower", getattr(each, "name_lower", "")) not in created:
                yield from _operation(each, migration.app_label, state)
        operation.state_forwards(migration.app_label, state)


def _operation(operation: Operation, app: str, state: ProjectState) -> Iterator[Refusal]:
    name = operation.describe() + ":"
    match operation:
        case migrations.RemoveField() | migrations.DeleteModel():
            yield Refusal(DROPS, f"{name} the release that is running reads it.", LATER)
        case migrations.RenameField() | migrations.RenameModel() | migrations.AlterModelTable():
            yield Refusal(BREAKS, f"{name} the release that is running knows the old name.", IN_PARTS)
        case migrations.AlterField():
            new = state.clone()
            operation.state_forwards(app, new)
            of = [
                each.apps.get_model(app, operation.model_name)._meta.get_field(operation.name) for each in (state, new)
            ]
            yield from _altered(name, *of)
        case migrations.AddField(field=field):
            yield from _added(name, field)
        case AddIndexConcurrently() | ValidateConstraint() | migrations.RunPython():
            pass
        case migrations.AddIndex():
            yield Refusal(LOCKS, f"{name} nobody can write while it is built.", CONCURRENTLY)
        case _ if isinstance(operation, HARMLESS):
            pass
        case migrations.AddConstraint(constraint=models.CheckConstraint()):
            yield Refusal(
                LOCKS, f"{name} every row is checked under a lock.", "Use AddConstraintNotValid, then Validate."
            )
        case _:  # Other constraints, SQL, and whatever a later Django brings.
            yield Refusal(LOCKS, f"{name} it may lock a table for as long as it takes.", SAYS_WHY)


def _added(name: str, field: Any) -> Iterator[Refusal]:
    if field.many_to_many:
        return
    default = field.db_default
    if isinstance(field, models.GeneratedField):
        yield Refusal(LOCKS, f"{name} the table is written anew.", "Fill an ordinary column. " + SAYS_WHY)
    elif not field.null and not field.has_db_default():
        yield Refusal(
            BREAKS, f"{name} the release that is running writes rows without it.", "null=True or db_default=…."
        )
    elif (
        field.has_db_default()
        and hasattr(default, "resolve_expression")
        and not isinstance(default, models.Value | Now)
    ):
        yield Refusal(
            LOCKS, f"{name} its default may differ by row, so the table is written anew.", "Fill it in batches."
        )
    if field.unique or field.db_index:
        yield Refusal(LOCKS, f"{name} nobody can write while its index is built.", "db_index=False. " + CONCURRENTLY)


def _altered(name: str, old: Any, new: Any) -> Iterator[Refusal]:
    if old.column != new.column:
        yield Refusal(BREAKS, f"{name} the release that is running knows the old name.", IN_PARTS)
    if not new.null and (old.null or (old.has_db_default() and not new.has_db_default())):
        yield Refusal(BREAKS, f"{name} the release that is running leaves it empty.", LATER)
    if (new.unique and not old.unique) or (new.db_index and not old.db_index):
        yield Refusal(LOCKS, f"{name} nobody can write while its index is built.", CONCURRENTLY)
    before, after = (each.db_parameters(_postgresql)["type"] or "" for each in (old, new))
    if before != after and not _is_wider(before, after):
        yield Refusal(BREAKS, f"{name} {before} becomes {after}, and the table is written anew.", IN_PARTS)


def _is_wider(before: str, after: str) -> bool:
    """Say whether all that changes is how much a text may hold."""
    sizes = [re.fullmatch(r"varchar\((\d+)\)", each) for each in (before, after)]
    return bool(sizes[0] and (after == "text" or (sizes[1] and int(sizes[0][1]) <= int(sizes[1][1]))))


def _left_behind(operation: Any, app: str, state: ProjectState) -> Iterator[Refusal]:
    """A column that stays while the models forget it: new rows come without it."""
    gone = {each.name_lower for each in operation.database_operations if isinstance(each, migrations.RemoveField)}
    for each in operation.state_operations:
        if isinstance(each, migrations.RemoveField) and each.name_lower not in gone:
            field = state.models[app, each.model_name_lower].fields[each.name]
            if not field.null and not field.has_db_default() and not field.many_to_many:
                what = f"{each.describe()}: the column stays, and new rows would come without it."
                yield Refusal(BREAKS, what, "Give it null=True or db_default=… first.")


def published() -> set[str]:
    """Return the releases of the changelog, but for the one whose databases cannot be used any more."""
    return set(
        re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (settings.BASE_DIR / "CHANGELOG.md").read_text(), re.MULTILINE)
    ) - {"0.1.0"}


def main() -> int:
    django.setup()
    found = refusals(MigrationLoader(None), published())
    for line in found:
        sys.stderr.write(f"{line}\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
