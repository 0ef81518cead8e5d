"""The comments of an import, kept on disk until all are read, then given back by article, parents before replies."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from articles.records import Origin

if TYPE_CHECKING:
    from comments.posting.importing import CommentRecord

_READ_AT_ONCE = 500  # records
SCHEMA = """
CREATE TABLE articles (number INTEGER PRIMARY KEY, site TEXT, type TEXT, id TEXT, UNIQUE (site, type, id));
CREATE TABLE comments (
    number INTEGER PRIMARY KEY, article INTEGER, site TEXT, type TEXT, id TEXT,
    parent_site TEXT, parent_type TEXT, parent_id TEXT, parent INTEGER, circular INTEGER DEFAULT 0
);
CREATE TABLE records (number INTEGER PRIMARY KEY, record BLOB);
CREATE INDEX by_origin ON comments (site, type, id);
CREATE TABLE ordered (
    article INTEGER, level INTEGER, number INTEGER, PRIMARY KEY (article, level, number)
) WITHOUT ROWID;
CREATE TABLE passed (site TEXT, type TEXT, id TEXT, article INTEGER, PRIMARY KEY (site, type, id)) WITHOUT ROWID;
"""


class Ordered(NamedTuple):
    """A record, and whether it is its own ancestor there."""

    record: CommentRecord
    circular: bool


class ImportOrder:
    """Works on a scratch database. `add` everything, then `arrange`, then take the `batches`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        database.executescript(SCHEMA)
        self._waiting: list[CommentRecord] = []

    def add(self, record: CommentRecord) -> None:
        self._waiting.append(record)
        if len(self._waiting) == _READ_AT_ONCE:
            self._keep()

    def _keep(self) -> None:
        """Write what was added to the disk."""
        db, records = self._db, self._waiting
        db.execute("BEGIN")
        (last,) = db.execute("SELECT coalesce(max(number), 0) FROM comments").fetchone()
        articles = dict.fromkeys(record.article for record in records)
        db.executemany("INSERT OR IGNORE INTO articles (site, type, id) VALUES (?, ?, ?)", articles)
        db.executemany(
            "INSERT INTO comments (number, article, site, type, id, parent_site, parent_type, parent_id) VALUES "
            "(?, (SELECT number FROM articles WHERE (site, type, id) = (?, ?, ?)), ?, ?, ?, ?, ?, ?)",
            (
                (number, *record.article, *record.origin, *(record.parent or (None, None, None)))
                for number, record in enumerate(records, last + 1)
            ),
        )
        db.executemany(
            "INSERT INTO records VALUES (?, ?)",
            ((number, pickle.dumps(record)) for number, record in enumerate(records, last + 1)),
        )
        db.execute("COMMIT")
        self._waiting = []

    def arrange(self) -> None:
        """Find each comment's parent among them, under the same article, and so the order."""
        self._keep()
        self._db.executescript("""
            UPDATE comments SET parent = (
                SELECT min(above.number) FROM comments above WHERE above.article = comments.article
                AND (above.site, above.type, above.id)
                = (comments.parent_site, comments.parent_type, comments.parent_id)
            ) WHERE parent_id IS NOT NULL;
            CREATE INDEX by_parent ON comments (parent);
        """)
        self._order()
        unreached = "SELECT number, parent FROM comments WHERE number NOT IN (SELECT number FROM ordered)"
        if circular := _circular(dict(self._db.execute(unreached))):
            self._db.executemany(
                "UPDATE comments SET parent = NULL, circular = 1 WHERE number = ?", ((number,) for number in circular)
            )
            self._db.execute("DELETE FROM ordered")
            self._order()

    def _order(self) -> None:
        self._db.execute("""
            WITH RECURSIVE reached (article, level, number) AS (
                SELECT article, 0, number FROM comments WHERE parent IS NULL
                UNION ALL SELECT comments.article, level + 1, comments.number
                FROM reached JOIN comments ON comments.parent = reached.number
            ) INSERT INTO ordered SELECT * FROM reached
        """)

    def batches(self, most: int, characters: int) -> Iterator[list[Ordered]]:
        """Yield batches of at most so many comments; fewer where their texts are longer than this together."""
        batch, length = list[Ordered](), 0
        rows = self._db.execute(
            "SELECT record, circular FROM ordered JOIN records USING (number) JOIN comments USING (number) "
            "ORDER BY ordered.article, ordered.level, ordered.number"
        )
        for pickled, circular in rows:
            record = pickle.loads(pickled)  # noqa: S301  Pickled above, by this process.
            if batch and (len(batch) == most or length + len(record.body) > characters):
                yield batch
                batch, length = [], 0
            batch.append(Ordered(record, bool(circular)))
            length += len(record.body)
        if batch:
            yield batch

    def articles_of(self, origins: Iterable[Origin]) -> dict[Origin, list[Origin]]:
        """Return the articles under which there are comments of these origins."""
        found = "SELECT a.site, a.type, a.id FROM comments c JOIN articles a ON a.number = c.article"
        where = "WHERE (c.site, c.type, c.id) = (?, ?, ?)"
        return {
            origin: [Origin(*row) for row in rows]
            for origin in origins
            if (rows := self._db.execute(f"{found} {where}", origin).fetchall())
        }

    def note(self, passed: dict[Origin, int]) -> None:
        """Remember which comments have passed, and the id of each one's article."""
        self._db.execute("BEGIN")
        rows = ((*origin, article) for origin, article in passed.items())
        self._db.executemany("INSERT OR IGNORE INTO passed VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def passed(self, origins: Iterable[Origin]) -> dict[Origin, int]:
        """Return those of these that have passed, with the ids of their articles."""
        found = "SELECT article FROM passed WHERE (site, type, id) = (?, ?, ?)"
        return {origin: row[0] for origin in origins if (row := self._db.execute(found, origin).fetchone())}


def _circular(parents: dict[int, int]) -> set[int]:
    """Return every comment that is its own ancestor."""
    circular: set[int] = set()
    walked: dict[int, int] = {}  # comment -> the walk that came by
    for start in parents:
        here = start
        while here in parents and here not in walked:
            walked[here] = start
            here = parents[here]
        if walked.get(here) == start:
            while here not in circular:
                circular.add(here)
                here = parents[here]
    return circular
