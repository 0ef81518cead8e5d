"""Finding articles by their words: FTS5 on SQLite, full text search on PostgreSQL, behind the same few functions.

What is indexed is derived from articles and stands in a table of its own, without a model: `note` keeps it, in the
transaction that changes an article, and `manage.py reindex_articles` makes it anew. Words are folded first (case,
accents), then stemmed in the site's language where the database knows it.

To add a database, write an engine and its line in ENGINES.
"""
# ruff: noqa: S608  The names in the SQL are ours; whatever anybody typed is a parameter.

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from articles.formatting import plain
from articles.models import Article
from articles.querysets import ArticleQuerySet
from newsreader.kit.text import fold

WORDS, LONGEST = 10, 50  # of a query; characters of a word
RANKED = 500  # Of all that match the newest are ranked: in a newspaper the rest is never reached.
BATCH = 500
EXCERPT = 240  # characters
_PART = re.compile(r'"([^"]+)"|([^\s"]+)')
_WORD = re.compile(r"[^\W_]+")
_TABLE = "articles_search"


class Hit(NamedTuple):
    """An article that was found, with its headline and a part of its text in which the words are marked (HTML)."""

    article: Article
    headline: SafeString
    excerpt: SafeString


# --- Asking -------------------------------------------------------------------------------------------------------


def parts(query: str) -> list[str]:
    """Return what is looked for: words, and phrases where quotation marks stand around them. Empty: nothing."""
    found = (" ".join(_WORD.findall(fold(phrase or word))) for phrase, word in _PART.findall(query[:1000]))
    return [part[:LONGEST] for part in found if part][:WORDS]


def matching(articles: QuerySet[Article], query: str) -> ArticleQuerySet:
    """Narrow articles to those with every word of the query; to none where it has no word."""
    wanted = parts(query)
    if not wanted:
        return cast(ArticleQuerySet, articles.none())
    return cast(ArticleQuerySet, articles.filter(pk__in=RawSQL(*_engine().ids(wanted))))  # noqa: S611  The words are parameters.


def best(articles: QuerySet[Article], query: str) -> list[int]:
    """Return the ids of the articles that match, the best first: of the newest RANKED. Two queries."""
    newest = list(matching(articles, query).newest_first().values_list("pk", flat=True)[:RANKED])
    if not newest:
        return []
    place = {pk: n for n, pk in enumerate(newest)}
    ranks = _engine().ranks(parts(query), newest)
    return sorted(newest, key=lambda pk: (-ranks.get(pk, 0.0), place[pk]))


def hits(ids: list[int], query: str) -> list[Hit]:
    """Return the articles of these ids, in their order, as a page of results shows them."""
    rows = Article.objects.with_frame().prefetch_related("bylines__author").in_bulk(ids)
    mark = _Marker(parts(query))
    return [Hit(rows[pk], mark(rows[pk].headline), mark(_excerpt(rows[pk], mark.words))) for pk in ids if pk in rows]


def _excerpt(article: Article, words: set[str]) -> str:
    """Return the sentence or two of the text around the first word that was looked for."""
    text = f"{article.standfirst} {plain(article.body)}".strip()
    first = next((word.start() for word in _WORD.finditer(text) if _alike(fold(word[0]), words)), 0)
    start = max(0, first - EXCERPT // 3)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = start + EXCERPT
    end = text.rfind(" ", start, end) if end < len(text) else len(text)
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


class _Marker:
    """Marks words that were looked for, in whatever form they stand there."""

    def __init__(self, wanted: Iterable[str]):
        self.words = {word for part in wanted for word in part.split()}

    def __call__(self, text: str) -> SafeString:
        pieces, done = [], 0
        for word in _WORD.finditer(text):
            if _alike(fold(word[0]), self.words):
                pieces += [escape(text[done : word.start()]), "<mark>", escape(word[0]), "</mark>"]
                done = word.end()
        return mark_safe("".join([*pieces, escape(text[done:])]))  # Every piece is escaped.


def _alike(word: str, wanted: set[str]) -> bool:
    """Say whether a word is a form of one of those: they begin alike and differ by an ending."""
    if word in wanted:
        return True
    return any(
        len(other) > 3
        and abs(len(word) - len(other)) <= 3
        and word[: max(4, len(other) - 2)] == other[: max(4, len(other) - 2)]
        for other in wanted
    )


# --- Keeping ------------------------------------------------------------------------------------------------------


def note(ids: Iterable[int]) -> None:
    """Index these articles as they are now. Inside the transaction that changed them."""
    wanted = list(ids)
    for start in range(0, len(wanted), BATCH):
        rows = Article.objects.filter(pk__in=wanted[start : start + BATCH]).select_related("section")
        write(list(rows.prefetch_related("tags", "authors")))


def renew() -> int:
    """Make the index anew, of what readers see; returns how many articles are in it."""
    _engine().create()
    ids = list(Article.objects.published().articles().values_list("pk", flat=True))
    note(ids)
    return len(ids)


def write(articles: list[Article]) -> None:
    """Index these rows, which have brought their tags, authors and section along."""
    rows = [
        (row.pk, fold(row.headline), fold(row.standfirst), fold(_names(row)), fold(plain(row.body))) for row in articles
    ]
    with connection.cursor() as cursor:
        engine = _engine()
        cursor.execute(
            f"DELETE FROM {_TABLE} WHERE {engine.key} IN ({', '.join(['%s'] * len(rows))})", [row[0] for row in rows]
        )
        cursor.executemany(engine.insert, [engine.values(row) for row in rows])


def _names(article: Article) -> str:
    names = [author.name for author in article.authors.all()] + [tag.name for tag in article.tags.all()]
    return "\n".join([*names, article.section.name if article.section else ""])


# --- Databases ----------------------------------------------------------------------------------------------------


class Sqlite:
    """FTS5. Its stemmer knows English alone."""

    key = "rowid"
    insert = f"INSERT INTO {_TABLE} (rowid, headline, standfirst, names, body) VALUES (%s, %s, %s, %s, %s)"

    def create(self) -> None:
        words = "unicode61 remove_diacritics 2"
        stems = f"porter {words}" if settings.LANGUAGE_CODE.startswith("en") else words
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")
            cursor.execute(
                f"CREATE VIRTUAL TABLE {_TABLE} USING fts5(headline, standfirst, names, body, tokenize='{stems}')"
            )

    def values(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row

    def ids(self, wanted: list[str]) -> tuple[str, list[Any]]:
        return f"SELECT rowid FROM {_TABLE} WHERE {_TABLE} MATCH %s", [self._query(wanted)]

    def ranks(self, wanted: list[str], ids: list[int]) -> dict[int, float]:
        # A range is one pass; each id on its own would be looked up on its own.
        found = f"SELECT rowid, -bm25({_TABLE}, 8, 4, 4, 1) FROM {_TABLE} WHERE {_TABLE} MATCH %s"
        with connection.cursor() as cursor:
            cursor.execute(f"{found} AND rowid BETWEEN %s AND %s", [self._query(wanted), min(ids), max(ids)])
            return dict(cursor.fetchall())

    def _query(self, wanted: list[str]) -> str:
        """Every part in quotation marks, which are in none of them: nothing is an operator."""
        return " ".join(f'"{part}"' for part in wanted)


class Postgres:
    """A tsvector beside each article, under a GIN index."""

    key = "article_id"
    _languages = {
        "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
        "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
        "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
    }  # fmt: skip
    insert = (
        f"INSERT INTO {_TABLE} (article_id, words) VALUES (%s, "
        "setweight(to_tsvector(%s::regconfig, %s), 'A') || setweight(to_tsvector(%s::regconfig, %s), 'B')"
        " || setweight(to_tsvector(%s::regconfig, %s), 'D'))"
    )
    LONGEST_TEXT = 200_000  # characters; a tsvector holds a megabyte

    def create(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")
            cursor.execute(f"CREATE TABLE {_TABLE} (article_id bigint PRIMARY KEY, words tsvector NOT NULL)")
            cursor.execute(f"CREATE INDEX {_TABLE}_words ON {_TABLE} USING gin (words)")

    def values(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        pk, headline, standfirst, names, body = row
        language = self._language()
        return pk, language, headline, language, f"{standfirst}\n{names}", language, body[: self.LONGEST_TEXT]

    def ids(self, wanted: list[str]) -> tuple[str, list[Any]]:
        query, values = self._query(wanted)
        return f"SELECT article_id FROM {_TABLE} WHERE words @@ ({query})", values

    def ranks(self, wanted: list[str], ids: list[int]) -> dict[int, float]:
        query, values = self._query(wanted)
        with connection.cursor() as cursor:
            found = f"SELECT article_id, ts_rank_cd(words, {query}, 1) FROM {_TABLE} WHERE article_id = ANY(%s)"
            cursor.execute(found, [*values, ids])
            return dict(cursor.fetchall())

    def _query(self, wanted: list[str]) -> tuple[str, list[Any]]:
        language = self._language()
        return " && ".join(["phraseto_tsquery(%s::regconfig, %s)"] * len(wanted)), [
            value for part in wanted for value in (language, part)
        ]

    def _language(self) -> str:
        return self._languages.get(settings.LANGUAGE_CODE.split("-")[0], "simple")


ENGINES: dict[str, Sqlite | Postgres] = {"sqlite": Sqlite(), "postgresql": Postgres()}


def _engine() -> Sqlite | Postgres:
    return ENGINES[connection.vendor]
