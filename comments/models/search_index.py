"""Finding comments by their words, among a million of them: FTS5 on SQLite, full text search on PostgreSQL.

What is indexed is derived from the rows and kept by the database itself: by triggers on SQLite, by an index over an
expression on PostgreSQL. `install` makes both where they are missing, after every migration, since rebuilding a table,
as SQLite does to alter it, drops its triggers. For moderators: readers search articles.
"""
# ruff: noqa: S608  The names in the SQL are ours; whatever anybody typed is a parameter.

from __future__ import annotations

import json
import re
from typing import Any

from django.db import connections, transaction
from django.db.models.expressions import RawSQL

from newsreader.kit.text import without_invisible

MOST = 20_000  # matches, the newest: what else is asked for is looked for among these
WORDS, LONGEST = 10, 50  # of a query; characters of a word
_WORD = re.compile(r"[^\W_]+")
_TABLE, _INDEX = "comments_words", "comments_words"
# A text of which PostgreSQL can make no vector would refuse the comment: no more than this of it is indexed.
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
    """Make the index, and fill it, where it is missing. Told of every migration."""
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
    """Return the words of a query, as they are looked for: the beginnings of words in a name or a text."""
    return [word[:LONGEST] for word in _WORD.findall(without_invisible(text))][:WORDS]


def with_words(words: list[str], using: str = "default") -> RawSQL:
    """Return the ids of the newest comments in whose name or text every one of these begins a word.

    They are looked for at once, so that whoever asks several questions about them does not have them looked for again.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        query = " & ".join(f"'{word}':*" for word in words)
        found = f"SELECT id FROM comments_comment WHERE {_VECTOR} @@ to_tsquery('simple', %s)"
        with transaction.atomic(using), connection.cursor() as cursor:
            # So that it need not forget which rows of a page it found, and read their words again: for some millions.
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(f"{found} ORDER BY id DESC LIMIT {MOST}", [query])
            return at_hand([pk for (pk,) in cursor], using)
    query = " ".join(f'"{word}"*' for word in words)
    found = f"SELECT rowid FROM {_TABLE} WHERE {_TABLE} MATCH %s ORDER BY rowid DESC LIMIT {MOST}"
    with connection.cursor() as cursor:
        cursor.execute(found, [query])
        return at_hand([pk for (pk,) in cursor], using)


def at_hand(ids: list[int], using: str = "default") -> RawSQL:
    """Return ids that are known already, for `pk__in`: one parameter, however many they are."""
    if connections[using].vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [ids])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(ids)])
