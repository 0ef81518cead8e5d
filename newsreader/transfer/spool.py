"""The articles and old addresses of an import, kept on disk until all is read, and what has come of them."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Collection, Iterator

from articles.records import AddressRecord, ArticleRecord, Origin

SCHEMA = """
CREATE TABLE items (number INTEGER PRIMARY KEY, site TEXT, type TEXT, id TEXT, came_in INTEGER DEFAULT 0, record BLOB);
CREATE UNIQUE INDEX item_by_origin ON items (site, type, id);
CREATE TABLE parts (number INTEGER PRIMARY KEY, record BLOB);
CREATE TABLE addresses (site TEXT, path TEXT, PRIMARY KEY (site, path)) WITHOUT ROWID;
"""


class Spool:
    """Works on a scratch database. Everything is added before anything is taken out."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        database.executescript(SCHEMA)

    def add(self, record: ArticleRecord) -> bool:
        """Keep an article. Returns False for one that was listed before."""
        insert = "INSERT OR IGNORE INTO items (site, type, id, record) VALUES (?, ?, ?, ?)"
        return self._db.execute(insert, (*record.origin, pickle.dumps(record))).rowcount == 1

    def add_addresses(self, record: AddressRecord) -> None:
        """Keep addresses: their article may come later."""
        self._db.execute("INSERT INTO parts (record) VALUES (?)", (pickle.dumps(record),))

    def articles(self, most: int, characters: int) -> Iterator[list[ArticleRecord]]:
        """Yield batches of at most so many articles; fewer where their texts are longer than this together."""
        batch, length = list[ArticleRecord](), 0
        for record in self._taken("items"):
            if batch and (len(batch) == most or length + len(record.body) > characters):
                yield batch
                batch, length = [], 0
            batch.append(record)
            length += len(record.body)
        if batch:
            yield batch

    def addresses(self, most: int) -> Iterator[list[AddressRecord]]:
        """Yield batches of at most so many."""
        batch = list[AddressRecord]()
        for record in self._taken("parts"):
            batch.append(record)
            if len(batch) == most:
                yield batch
                batch = []
        if batch:
            yield batch

    def _taken(self, table: str) -> Iterator:
        last = 0
        while row := self._db.execute(
            f"SELECT number, record FROM {table} WHERE number > ? ORDER BY number LIMIT 1",  # noqa: S608
            (last,),
        ).fetchone():
            last = row[0]
            yield pickle.loads(row[1])  # noqa: S301  Pickled above, by this process.

    def note_new(self, origins: Collection[Origin]) -> None:
        """Remember that these articles have come in with this run, or would have."""
        self._db.executemany("UPDATE items SET came_in = 1 WHERE (site, type, id) = (?, ?, ?)", origins)

    def coming(self, origins: Collection[Origin]) -> dict[Origin, int]:
        """Return those of these that would have come in, each with a number that no row has."""
        found = "SELECT -number FROM items WHERE came_in AND (site, type, id) = (?, ?, ?)"
        return {origin: row[0] for origin in origins if (row := self._db.execute(found, origin).fetchone())}

    def is_first(self, site: str, path: str) -> bool:
        """Say whether this address has not been asked about before."""
        return self._db.execute("INSERT OR IGNORE INTO addresses VALUES (?, ?)", (site, path)).rowcount == 1
