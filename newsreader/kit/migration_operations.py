"""Operations of migrations that make nobody wait on PostgreSQL, and are the ordinary ones on SQLite.

They want `atomic = False`, so each bears being run again after an attempt that was broken off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.contrib.postgres import operations
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


def _is_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql"


class AddIndexConcurrently(operations.AddIndexConcurrently):
    """Build an index while everybody reads and writes."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.collect_sql:  # Only shown.
            pass
        elif _is_whole(schema_editor, model, self.index):
            return
        if _is_postgresql(schema_editor):
            with _time(schema_editor):
                super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            with _time(schema_editor):
                super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class RemoveIndexConcurrently(operations.RemoveIndexConcurrently):
    """Drop an index without waiting for everybody who reads or writes, or having them wait."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            with _time(schema_editor):
                super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(self.name)}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            with _time(schema_editor):
                super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.RemoveIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class RemoveFieldIndex(migrations.AlterField):
    """Drop the index that Django has made for a field: `field` is the field without. SQLite writes no table anew."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.collect_sql:  # Only shown.
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model, connection = from_state.apps.get_model(app_label, self.model_name), schema_editor.connection
        column = model._meta.get_field(self.name).column
        named = {index.name for index in model._meta.indexes}
        with connection.cursor() as cursor:
            known = connection.introspection.get_constraints(cursor, model._meta.db_table)
        mine = [
            name
            for name, each in known.items()
            if each["index"] and not each["unique"] and each["columns"] == [column] and name not in named
        ]
        how = "CONCURRENTLY " if _is_postgresql(schema_editor) else ""
        for name in mine:
            with _time(schema_editor) if how else nullcontext():
                schema_editor.execute(f"DROP INDEX {how}IF EXISTS {schema_editor.quote_name(name)}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddConstraintNotValid(operations.AddConstraintNotValid):
    """Have new rows checked. Whether the others are right is asked by `ValidateConstraint`, in another migration."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddConstraint.database_forwards(self, app_label, schema_editor, from_state, to_state)


class ValidateConstraint(operations.ValidateConstraint):
    """Check the rows that were there before, while everybody reads and writes. SQLite has done it already."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if _is_postgresql(schema_editor):
            with _time(schema_editor):
                super().database_forwards(app_label, schema_editor, from_state, to_state)


def _is_whole(schema_editor: Any, model: type[models.Model], index: models.Index) -> bool:
    """Say whether the index is there. What PostgreSQL keeps of a broken attempt is removed: it is invalid."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if not _is_postgresql(schema_editor):
            return index.name in connection.introspection.get_constraints(cursor, model._meta.db_table)
        name = schema_editor.quote_name(index.name)
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        row = cursor.fetchone()
    if row and not row[0]:
        schema_editor.remove_index(model, index, concurrently=True)
    return bool(row and row[0])


@contextmanager
def _time(schema_editor: Any) -> Iterator[None]:
    """Take the time limits off meanwhile: nobody waits for these statements, and one cut short has been for nothing."""
    names = ("lock_timeout", "statement_timeout")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s), current_setting(%s)", names)
        before = dict(zip(names, cursor.fetchone(), strict=True))
        try:
            for name in names:
                cursor.execute("SELECT set_config(%s, '0', false)", [name])
            yield
        finally:
            for name, value in before.items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
