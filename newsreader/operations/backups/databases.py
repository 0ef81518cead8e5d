"""The site's database as far as a copy is concerned: what kind it is, what is in it, and another in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from articles.models.article import Article
from comments.audit.audit_log import Head, head
from comments.models import Comment
from newsreader.accounts.models import User
from newsreader.operations.backups.errors import BackupError


class Content(NamedTuple):
    """What is in a database: its migrations, the rows of every table, the audit log's head."""

    migrations: list[str]
    tables: dict[str, int]
    head: Head


def content() -> Content:
    """Return what is in the database. Raises BackupError where it is not a site's."""
    tables = _tables()
    if not {Article._meta.db_table, Comment._meta.db_table, User._meta.db_table} <= set(tables):
        raise BackupError("The database is not a site's: it lacks our tables. Run `manage.py migrate` first.")
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            rows[table] = cursor.fetchone()[0]
    return Content(applied(), rows, head())


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        return sorted(connection.introspection.table_names(cursor))


def applied() -> list[str]:
    """Return the migrations that the database has had, as app.name."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def of_this_version() -> set[str]:
    """Return the migrations that this version has."""
    return {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}


def is_empty() -> bool:
    """Say whether a site can be restored here: no tables, or no article, comment and user."""
    tables = set(_tables())
    if not tables:
        return True
    if not {model._meta.db_table for model in (Article, Comment, User)} <= tables:
        return False  # Something else is kept here.
    with connection.cursor() as cursor:  # By their tables alone: their columns may be those of another version.
        for model in (Article, Comment, User):
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(model._meta.db_table)} LIMIT 1")  # noqa: S608
            if cursor.fetchone():
                return False
    return True


@contextmanager
def looking_at(name: str) -> Iterator[None]:
    """Have the site's models read another database for a while: in a command's process, where nobody else does."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
