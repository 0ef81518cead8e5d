"""Full-text search over a million comments, for moderators: FTS5 on SQLite, full text search on PostgreSQL.

The database itself keeps the index up to date: by triggers on SQLite, by an index over an expression on PostgreSQL.
`install` runs after every migrate and creates what is missing, since SQLite rebuilds a table to alter it and drops its
triggers. Readers search articles only.
"""
# ruff: noqa: S608  The names in the SQL are ours; whatever anybody typed is a parameter.

from __future__ import annotations

import json
import re
from typing import Any

from django.db import connections, transaction
from django.db.models.expressions import RawSQL

from newsreader.kit.text import without_invisible

MOST = 20_000  # matches, the newest; other conditions are applied to these
WORDS, LONGEST = 10, 50  # of a query; characters of a word
_WORD = re.compile(r"[^\W_]+")
_TABLE, _INDEX = "comments_words", "comments_words"
# PostgreSQL would refuse a comment whose text makes too large a vector, so only the first characters are indexed.
_VECTOR = "to_tsvector('simple', name || ' ' || left(body, 100000))"

_SQLITE = (
    f"CREATE TRIGGER IF NOT EXISTS {_TABLE}_come AFTER INSERT ON comments_comment BEGIN "
    f"INSERT INTO {_TABLE}(rowid, name, body) VALUES (new.id, new.name, new.body); END",
    f"CREATE TRIGGER IF NOT EXISTS {_TABLE}_gone AFTER DELETE ON comments_comment BEGIN "
    f"INSERT INTO {_TABLE}({_TABLE}, rowid, name, body) VALUES ('delete', old.id, old.name, old.body); END",
    f"CREATE TRIGGER IF NOT EXISTS {_TABLE}_changed AFTER UPDATE OF name, body ON comments_comment BEGIN "
    f"INSERT INTO {_TABLE}({_TABLE}, rowid, name, body) VALUES ('delete', old.id, old.name, old.body); "
    f"INSERT INTO {_TABLE}(rowid, name, body) VALUES (new.id, new.name, new.body); END",
)


def install(using: str = "default", **_: Any) -> None:
    """Create and fill the index if it is missing. Runs after every migrate."""
    connection = connections[using]
    if "comments_comment" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {_INDEX} ON comments_comment USING gin ({_VECTOR})")
            return
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [_TABLE])
        is_new = cursor.fetchone() is None
        if is_new:
            cursor.execute(
                f"CREATE VIRTUAL TABLE {_TABLE} USING fts5(name, body, content='comments_comment', content_rowid='id', "
                "tokenize='unicode61 remove_diacritics 2', prefix='2 3 4')"
            )
        for statement in _SQLITE:
            cursor.execute(statement)
        if is_new:
            cursor.execute(f"INSERT INTO {_TABLE}({_TABLE}) VALUES ('rebuild')")


def words_in(text: str) -> list[str]:
    """Return the words of a query. Each is looked for at the beginning of words in names and texts."""
    return [word[:LONGEST] for word in _WORD.findall(without_invisible(text))][:WORDS]


def with_words(words: list[str], using: str = "default") -> RawSQL:
    """Return the ids of the newest comments in whose name or text each of these begins a word.

    The search runs now, and once: several queries can use its result.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        query = " & ".join(f"'{word}':*" for word in words)
        found = f"SELECT id FROM comments_comment WHERE {_VECTOR} @@ to_tsquery('simple', %s)"
        with transaction.atomic(using), connection.cursor() as cursor:
            # Room for the exact rows of some millions of matches: with less, PostgreSQL reads whole pages again.
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(f"{found} ORDER BY id DESC LIMIT {MOST}", [query])
            return at_hand([pk for (pk,) in cursor], using)
    query = " ".join(f'"{word}"*' for word in words)
    found = f"SELECT rowid FROM {_TABLE} WHERE {_TABLE} MATCH %s ORDER BY rowid DESC LIMIT {MOST}"
    with connection.cursor() as cursor:
        cursor.execute(found, [query])
        return at_hand([pk for (pk,) in cursor], using)


def at_hand(ids: list[int], using: str = "default") -> RawSQL:
    """Return these ids for use with `pk__in`, as one parameter, however many there are."""
    if connections[using].vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [ids])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(ids)])
