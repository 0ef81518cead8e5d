"""Full-text search over a million comments, for moderators: FTS5 on SQLite, full text search on PostgreSQL.

The database itself keeps the index up to date: by triggers on SQLite, by an index over an expression on PostgreSQL.
`install` runs after every migrate and creates what is missing or of an older kind, since SQLite rebuilds a table to
alter it and drops its triggers. Words that a database would split otherwise (Chinese, Thai, Hindi) are in a column of
their own, split by `newsreader.kit.search_words`. Readers search articles only.

On SQLite a new comment enters the index some seconds later, by the worker and many together (`index_new`): alone, it
took a sixth of its post, and a quarter of what that wrote. Until then a search goes through the new ones itself, so
that nothing is missing. PostgreSQL's index has a list of new rows of its own, for the same reason.
"""
# ruff: noqa: S608  The names in the SQL are ours; whatever anybody typed is a parameter.

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from django.db import connections, transaction
from django.db.models.expressions import RawSQL

from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.search_words import Sought, is_run, is_special, sought, words
from newsreader.kit.text import without_invisible

MOST = 20_000  # matches, the newest; other conditions are applied to these
_SECURE_DELETE = (3, 42, 0)  # the SQLite from which on FTS5 itself removes what is deleted
_PAGES = 500  # of the index, merged in one transaction
_INDEXED = 200  # new comments, in one transaction: some 20 ms
WORDS, LONGEST = 10, 50  # of a query; characters of a word
_TABLE, _INDEX, _FORMER_INDEX = "comments_words", "comments_split_words", "comments_words"
# PostgreSQL would refuse a comment whose text makes too large a vector, so only the first characters are indexed.
_VECTOR = "to_tsvector('simple', name || ' ' || left(body, 100000) || ' ' || search_terms)"

# Room for the exact rows of some millions of matches: with less, PostgreSQL reads whole pages again. And no way but the
# index: it takes splitting a text to be cheap, and would rather split the texts of half a million comments.
_BY_INDEX = "SET LOCAL work_mem = '64MB'; SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"
_AS_BEFORE = "SET LOCAL work_mem = DEFAULT; SET LOCAL enable_seqscan = DEFAULT; SET LOCAL enable_indexscan = DEFAULT"
_TOKENS = "tokenize='unicode61 remove_diacritics 2'"
_VIRTUAL = (
    f"CREATE VIRTUAL TABLE {_TABLE} USING fts5(name, body, search_terms, content='comments_comment', "
    f"content_rowid='id', {_TOKENS}, prefix='2 3 4')"
)
_COLUMNS, _OLD, _NEW = (
    "rowid, name, body, search_terms",
    *(f"{row}.id, {row}.name, {row}.body, {row}.search_terms" for row in ("old", "new")),
)
# Of each comment that it holds, FTS5 has a row here. It holds all up to the last one; what is beyond is new.
_LAST = f"(SELECT MAX(id) FROM {_TABLE}_docsize)"
_NEW_ROWS = f"SELECT id, name, body, search_terms FROM comments_comment WHERE id > COALESCE({_LAST}, 0)"
_IS_HELD = f"WHEN EXISTS (SELECT 1 FROM {_TABLE}_docsize WHERE id = old.id)"
_DROP = f"INSERT INTO {_TABLE}({_TABLE}, {_COLUMNS}) VALUES ('delete', {_OLD});"
_TAKE = f"INSERT INTO {_TABLE}({_COLUMNS}) VALUES ({_NEW});"
_TRIGGERS = {
    # A row that somebody gives an earlier id is held at once.
    f"{_TABLE}_come": f"AFTER INSERT ON comments_comment WHEN new.id < {_LAST} BEGIN {_TAKE} END",
    f"{_TABLE}_gone": f"AFTER DELETE ON comments_comment {_IS_HELD} BEGIN {_DROP} END",
    f"{_TABLE}_changed": f"AFTER UPDATE OF name, body, search_terms ON comments_comment {_IS_HELD} "
    f"BEGIN {_DROP} {_TAKE} END",
}


def install(using: str = "default", **_: Any) -> None:
    """Create and fill the index if it is missing, or of an older kind. Runs after every migrate."""
    connection = connections[using]
    if "comments_comment" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP INDEX IF EXISTS {_FORMER_INDEX}")
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {_INDEX} ON comments_comment USING gin ({_VECTOR})")
        else:
            _install_sqlite(cursor)


def _install_sqlite(cursor: Any) -> None:
    cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [_TABLE])
    found = cursor.fetchone()
    if is_new := found is None or found[0] != _VIRTUAL:
        for name in _TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        cursor.execute(_VIRTUAL)
    for name, does in _TRIGGERS.items():
        made = f"CREATE TRIGGER {name} {does}"
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [name])
        if cursor.fetchone() != (made,):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(made)
    if is_new:
        cursor.execute(f"INSERT INTO {_TABLE}({_TABLE}) VALUES ('rebuild')")
    if sqlite3.sqlite_version_info >= _SECURE_DELETE:
        cursor.execute(f"INSERT INTO {_TABLE}({_TABLE}, rank) VALUES ('secure-delete', 1)")


def index_new(using: str = "default") -> int:
    """Have the index hold the comments that it does not hold yet. Returns how many. In short transactions."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        return 0
    taken, writes = 0, ShortTransactions()
    while _has_new(connection):  # Asked before anything is locked.
        with writes.next():
            taken += index_some(using)
    return taken


def index_some(using: str = "default") -> int:
    """Do what `index_new` does for the first of them, in the transaction of the caller, who writes many."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {_TABLE}({_COLUMNS}) {_NEW_ROWS} ORDER BY id LIMIT {_INDEXED}")
        return int(cursor.rowcount)


def _has_new(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({_NEW_ROWS})")
        return bool(cursor.fetchone()[0])


def _among_new(query: str, cursor: Any) -> list[int]:
    """Return the ids of the newest comments with these words that the index does not hold yet, newest first.

    By an index in memory of some of them at a time: where no worker has run for a day, they are many.
    """
    cursor.execute(f"{_NEW_ROWS} ORDER BY id DESC")
    if not (rows := cursor.fetchmany(_INDEXED)):
        return []
    found: list[int] = []
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE VIRTUAL TABLE new USING fts5(name, body, search_terms, content='', {_TOKENS})")
        while rows and len(found) < MOST:
            memory.executemany(f"INSERT INTO new({_COLUMNS}) VALUES (?, ?, ?, ?)", rows)
            matches = memory.execute("SELECT rowid FROM new WHERE new MATCH ? ORDER BY rowid DESC", [query])
            found += [pk for (pk,) in matches]
            memory.execute("INSERT INTO new(new) VALUES ('delete-all')")
            rows = cursor.fetchmany(_INDEXED)
    return found


def drop_deleted_words(using: str = "default") -> None:
    """Have the words of what was deleted or changed go from the index itself. In short steps: others write between.

    An older SQLite only marks them as deleted until it happens to merge that part of the index.
    """
    connection = connections[using]
    if connection.vendor == "postgresql" or sqlite3.sqlite_version_info >= _SECURE_DELETE:
        return
    writes, pages = ShortTransactions(), -_PAGES  # Negative at first: then all parts of the index take part.
    while True:
        with writes.next(), connection.cursor() as cursor:
            cursor.execute("SELECT total_changes()")
            before = cursor.fetchone()[0]
            cursor.execute(f"INSERT INTO {_TABLE}({_TABLE}, rank) VALUES ('merge', {pages})")
            cursor.execute("SELECT total_changes()")
            if cursor.fetchone()[0] - before < 2:  # It has found nothing to do. Source: FTS5's documentation, 6.8
                return
        pages = _PAGES


def words_in(text: str) -> list[Sought]:
    """Return the words of a query. Each is looked for at the beginning of words, or inside a run without blanks."""
    return [_word(word[0][:LONGEST]) for word in words(without_invisible(text))][:WORDS]


def _word(word: str) -> Sought:
    found = sought(word)
    if found is None or not any(map(is_special, found.words)):
        return Sought((word,), (word,), goes_on=True)  # The database folds it, as it did with the text.
    return found if is_run(found.words[-1]) else found._replace(goes_on=True)


def with_words(words: list[Sought], using: str = "default") -> RawSQL:
    """Return the ids of the newest comments that have each of these in name or text.

    The search runs now, and once: several queries can use its result.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        phrases = ((" <-> ".join(f"'{token}'" for token in word.tokens), word.goes_on) for word in words)
        query = " & ".join(f"({phrase}{':*' if goes_on else ''})" for phrase, goes_on in phrases)
        found = f"SELECT id FROM comments_comment WHERE {_VECTOR} @@ to_tsquery('simple', %s)"
        with transaction.atomic(using), connection.cursor() as cursor:
            cursor.execute(_BY_INDEX)
            cursor.execute(f"{found} ORDER BY id DESC LIMIT {MOST}", [query])
            ids = [pk for (pk,) in cursor]
            cursor.execute(_AS_BEFORE)  # The transaction may be part of another one.
            return at_hand(ids, using)
    query = " ".join(f'"{" ".join(word.tokens)}"{"*" if word.goes_on else ""}' for word in words)
    found = f"SELECT rowid FROM {_TABLE} WHERE {_TABLE} MATCH %s ORDER BY rowid DESC LIMIT {MOST}"
    with connection.cursor() as cursor:
        new = _among_new(query, cursor)  # First: what enters the index meanwhile is found twice, and not missed.
        cursor.execute(found, [query])
        return at_hand(list(dict.fromkeys([*new, *(pk for (pk,) in cursor)]))[:MOST], using)


def at_hand(ids: list[int], using: str = "default") -> RawSQL:
    """Return these ids for use with `pk__in`, as one parameter, however many there are."""
    if connections[using].vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [ids])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(ids)])
