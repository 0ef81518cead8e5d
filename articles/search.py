"""Full text search of articles: FTS5 on SQLite, `tsvector` on PostgreSQL, behind the same functions.

The index is derived from articles, in a table of its own without a model. `note` keeps it up to date, in the
transaction that changes an article; `manage.py reindex_articles` rebuilds it. Words are folded (case, accents) and
split by `newsreader.kit.search_words`, then stemmed in the site's language where the database supports it.

To add a database, write an engine and its line in ENGINES.
"""
# ruff: noqa: S608  Only our own names are put into the SQL; all input is passed as parameters.

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from articles.formatting import plain
from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.replicas.routing import reading_connection
from newsreader.kit.search_words import Sought, folded, in_place, indexed, is_run, pieces, sought, starting
from newsreader.kit.statements import run

WORDS, LONGEST = 10, 50  # words of a query; characters of a word
RANKED = 500  # Only the newest matches are ranked: nobody reads further.
# So many of the newest matches are filtered further (section, days); more only if too few are left.
AMONG = (600, 3_000, 20_000, None)
BATCH = 500
RENEWED = 20  # articles in a transaction
EXCERPT, NEAR = 240, 40  # characters; how far from its ends a blank is looked for
LAST = 2**32 - 1  # seconds since 1970: until 2106
# What a page of results shows of an article. All columns took a tenth of it on PostgreSQL.
SHOWN = (
    *("kind", "headline", "slug", "standfirst", "body", "published_at", "published_on", "version"),
    *("section__name", "section__slug"),
)
_PART = re.compile(r'"([^"]+)"|([^\s"]+)')
_TABLE = "articles_search"
Found = TypeVar("Found")  # an id, or an id with a rank
Newest = Callable[..., list[tuple[Any, ...]]]  # `_newest_published` of a search; it takes an expression for ranks


class Row(NamedTuple):
    """What is indexed of an article: texts split into words, and its time of publication in seconds."""

    pk: int
    second: int
    headline: str
    standfirst: str
    names: str
    body: str


class Hit(NamedTuple):
    """An article that was found, with its headline and an excerpt in which the words are marked (HTML)."""

    article: Article
    headline: SafeString
    excerpt: SafeString


# --- Asking -------------------------------------------------------------------------------------------------------


def parts(query: str) -> list[Sought]:
    """Return the words of a query, and its phrases in quotation marks. Empty where there is none."""
    found = (sought((phrase or word)[:LONGEST]) for phrase, word in _PART.findall(query[:1000]))
    return [part for part in found if part][:WORDS]


class Span(NamedTuple):
    """A span of time, from `since` and before `until`, where they are given."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def of(self, articles: ArticleQuerySet) -> ArticleQuerySet:
        if self.since:
            articles = articles.filter(published_at__gte=self.since)
        return articles.filter(published_at__lt=self.until) if self.until else articles

    @property
    def seconds(self) -> tuple[int, int]:
        """Return the first and last second of the span, within the range of the index."""
        first, last = (0 if at is None else max(0, min(int(at.timestamp()), LAST)) for at in (self.since, self.until))
        return first, LAST if self.until is None else last


ANY_TIME = Span()


def newest(articles: ArticleQuerySet, query: str, most: int = RANKED, span: Span = ANY_TIME) -> list[int]:
    """Return the ids of the newest matches among these articles. One query, two where few match, more where few remain.

    PostgreSQL is first asked for the expected number of matches.
    """

    def among(matching: str, values: list[Any]) -> list[int]:
        rows = span.of(articles).filter(pk__in=RawSQL(matching, values))  # noqa: S611  The words are parameters.
        return list(rows.newest_first().values_list("pk", flat=True)[:most])

    return _newest(among, query, most, span)


def newest_published(query: str, section_id: int | None = None, span: Span = ANY_TIME) -> list[int]:
    """Return the ids of the newest RANKED matches among published articles, or among those of a section. See `newest`.

    By statements that are compiled once.
    """
    return [pk for pk, *_ in _newest_published(query, section_id, span)]


def _newest_published(
    query: str, section_id: int | None, span: Span, rank: str = "", looked_for: Iterable[Any] = ()
) -> list[tuple[Any, ...]]:
    """Return the ids that `newest_published` does, each with its rank where there is an expression for that."""
    within = {"section": section_id, "published_at__gte": span.since, "published_at__lt": span.until}
    limits = {name: value for name, value in within.items() if value is not None}

    def among(matching: str, values: list[Any]) -> list[tuple[Any, ...]]:
        shape = {"limits": tuple(limits), "matching": matching, "rank": rank}
        return _published(*limits.values(), *looked_for, *values, **shape)

    return _newest(among, query, RANKED, span)


@Compiled
def _published(*values: Any, limits: tuple[str, ...], matching: str, rank: str) -> QuerySet[Any, tuple[Any, ...]]:
    rows = Article.objects.published().articles().filter(**dict(zip(limits, values, strict=False)))
    left = list(values[len(limits) :])
    ranking, matching_values = left[: rank.count("%s")], left[rank.count("%s") :]
    rows = rows.filter(pk__in=RawSQL(matching, matching_values)).newest_first()  # noqa: S611  The words are parameters.
    if not rank:
        return rows.values_list("pk")[:RANKED]
    return rows.annotate(rank=RawSQL(rank, ranking)).values_list("pk", "rank")[:RANKED]  # noqa: S611


def _newest(matching: Callable[[str, list[Any]], list[Found]], query: str, most: int, span: Span) -> list[Found]:
    if not (wanted := parts(query)):
        return []
    found: list[Found] = []
    expected = _engine().expected(wanted)
    # Where few are expected, all are filtered at once: to ask whether there are more takes as long as to find them.
    for among in AMONG if not 0 < expected <= AMONG[0] else AMONG[-1:]:
        found = matching(*_engine().ids(wanted, among, span, expected))
        if among is None or len(found) == most or not _has_more(wanted, among, span, expected):
            break
    return found


def _has_more(wanted: list[Sought], than: int, span: Span, expected: int) -> bool:
    if expected > 2 * than:
        return True  # Looking for one more match costs as much as looking for all.
    found, values = _engine().ids(wanted, than + 1, span, expected)
    return bool(_read(f"{found} OFFSET {than}", values))


def _read(sql: str, values: list[Any]) -> list[Any]:
    """Return rows, by a plan for these values: how many rows there are for a word is what plans depend on."""
    return run(reading_connection(), sql, values, planned_once=False).rows


def best(query: str, section_id: int | None = None, span: Span = ANY_TIME) -> list[int]:
    """Return the ids of the best matches among `newest_published`, best first, of equal ones the newest first.

    Usually two queries on SQLite. PostgreSQL gives the ranks with the matches.
    """
    if not (wanted := parts(query)):
        return []
    ranks = _engine().ranked(wanted, partial(_newest_published, query, section_id, span))
    return sorted(ranks, key=lambda pk: -ranks[pk])


def rows(ids: list[int]) -> list[Article]:
    """Return what hits show of the articles with these ids, in this order. One query.

    Each is an `Unmade` that stands for its article.
    """
    by_id = {article.pk: article for article in _rows.unmade(*ids)} if ids else {}
    return [by_id[pk] for pk in ids if pk in by_id]


@Compiled
def _rows(*ids: int) -> ArticleQuerySet:
    return Article.objects.filter(pk__in=ids).select_related("section").only(*SHOWN)


def hits(articles: Iterable[Article], query: str) -> list[Hit]:
    """Return these articles as hits for a page of results."""
    mark = _Marker(parts(query))
    return [Hit(row, mark(row.headline), mark(_excerpt(row, mark))) for row in articles]


def _excerpt(article: Article, mark: _Marker) -> str:
    """Return the part of the text around the first word that was looked for."""
    text = f"{article.standfirst} {plain(article.body)}".strip()
    first = next(iter(mark.places(text)), (0, 0))[0]
    start = _blank_before(text, first - EXCERPT // 3) + 1 if first > EXCERPT // 3 else 0
    end = _blank_before(text, start + EXCERPT) if start + EXCERPT < len(text) else len(text)
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _blank_before(text: str, place: int) -> int:
    """Return where the last blank before a place is; where there is none near, the place itself."""
    blank = text.rfind(" ", max(0, place - NEAR), place)
    return place if blank < 0 else blank


class _Marker:
    """Marks the words that were looked for, in all their forms, and letters inside runs without blanks."""

    def __init__(self, wanted: Iterable[Sought]):
        words = [word for part in wanted for word in part.words]
        self._runs = {word for word in words if is_run(word)}
        self._words = set(words) - self._runs
        self._stems = tuple({_stem(word) for word in self._words})
        self._known: dict[str, bool] = {}  # Most words of a text are frequent ones.

    def places(self, text: str) -> Iterable[tuple[int, int]]:
        """Return where the words that were looked for begin and end, in order.

        Looking for their beginnings takes a tenth of the time of looking at each word, which some texts need.
        """
        if (plain := in_place(text)) is None:
            return self._places_by_word(text)
        words = (word for stem in self._stems for word in starting(stem, plain))
        return sorted({word.span() for word in words if self._is_form(word[0])})

    def _places_by_word(self, text: str) -> Iterator[tuple[int, int]]:
        for piece in pieces(text):
            if piece[1]:
                yield from self._in_run(piece)
            elif self._is_meant(piece[0]):
                yield piece.span()

    def _is_meant(self, word: str) -> bool:
        """Say whether a word is one that was looked for, or a form of it: the same beginning with another ending."""
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._is_form(folded(word))
        return known

    def _is_form(self, word: str) -> bool:
        if not word.startswith(self._stems):
            return False
        return word in self._words or any(
            len(other) > 3 and abs(len(word) - len(other)) <= 3 and word.startswith(_stem(other))
            for other in self._words
        )

    def _in_run(self, piece: re.Match[str]) -> Iterator[tuple[int, int]]:
        """Yield where the runs that were looked for are in this one. Folding changes lengths, so letter by letter."""
        if not self._runs:
            return
        letters = [folded(letter) for letter in piece[0]]
        owners = [place for place, letter in enumerate(letters) for _ in letter]
        text, meant = "".join(letters), [False] * len(letters)
        for sought_run in self._runs:
            at = text.find(sought_run)
            while at >= 0:
                first, last = owners[at], owners[at + len(sought_run) - 1]
                meant[first : last + 1] = [True] * (last + 1 - first)
                at = text.find(sought_run, at + 1)
        place = piece.start()
        for is_meant, group in groupby(meant):
            length = len(list(group))
            if is_meant:
                yield place, place + length
            place += length

    def __call__(self, text: str) -> SafeString:
        parts, done = [], 0
        for start, end in self.places(text):
            parts += [escape(text[done:start]), "<mark>", escape(text[start:end]), "</mark>"]
            done = end
        return mark_safe("".join([*parts, escape(text[done:])]))  # Every part is escaped.


def _stem(word: str) -> str:
    """Return what the forms of a word have in common, guessed from its letters."""
    return word[: max(4, len(word) - 2)]


# --- Keeping ------------------------------------------------------------------------------------------------------


def note(ids: Iterable[int]) -> None:
    """Index these articles as they are now. Inside the transaction that changed them."""
    wanted = list(ids)
    for start in range(0, len(wanted), BATCH):
        rows = Article.objects.filter(pk__in=wanted[start : start + BATCH]).select_related("section")
        write(list(rows.prefetch_related("tags", "authors")))


def forget(ids: list[int]) -> None:
    """Take these articles out of the index, in the transaction that deletes them."""
    with connection.cursor() as cursor:
        for start in range(0, len(ids), BATCH):
            _engine().forget(cursor, ids[start : start + BATCH])


def renew() -> int:
    """Index all published articles anew, the newest first; returns how many there are.

    In short transactions: what was found before is found meanwhile, unless the words are split differently from now on.
    """
    engine, writes = _engine(), ShortTransactions()
    ids = list(Article.objects.published().articles().newest_first().values_list("pk", flat=True))
    if not engine.is_current():
        with writes.next():
            engine.create()
    for start in range(0, len(ids), RENEWED):
        with writes.next():
            note(ids[start : start + RENEWED])
    with writes.next(), connection.cursor() as cursor:
        engine.forget_deleted(cursor)
    return len(ids)


def write(articles: list[Article]) -> None:
    """Index these articles, which come with their tags, authors and section loaded."""
    rows = [
        Row(
            row.pk, int(row.published_at.timestamp()) if row.published_at else 0,
            indexed(row.headline), indexed(row.standfirst), indexed(_names(row)), indexed(plain(row.body)),
        )
        for row in articles
    ]  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            _engine().write(cursor, rows)


def _names(article: Article) -> str:
    names = [author.name for author in article.authors.all()] + [tag.name for tag in article.tags.all()]
    return "\n".join([*names, article.section.name if article.section else ""])


# --- Databases ----------------------------------------------------------------------------------------------------


class Sqlite:
    """FTS5. Its stemmer knows only English.

    A row's number encodes its time: the second of publication, then the article's id. So the newest matches are read
    first, and no more than are needed. A second table holds each article's number, since it may change.
    """

    PLACES = f"{_TABLE}_places"
    ID = 2**31  # place = seconds * ID + id

    def _made_by(self) -> str:
        words = "unicode61 remove_diacritics 2"
        stems = f"porter {words}" if settings.LANGUAGE_CODE.startswith("en") else words
        return f"CREATE VIRTUAL TABLE {_TABLE} USING fts5(headline, standfirst, names, body, tokenize='{stems}')"

    def is_current(self) -> bool:
        """Say whether the tables are there, and split words as they would be made to now."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name IN (%s, %s)", [_TABLE, self.PLACES])
            found = [sql for (sql,) in cursor]
            return len(found) == 2 and self._made_by() in found

    def create(self) -> None:
        with connection.cursor() as cursor:
            for table in (_TABLE, self.PLACES):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(self._made_by())
            cursor.execute(f"CREATE TABLE {self.PLACES} (article_id INTEGER PRIMARY KEY, place INTEGER NOT NULL)")

    def write(self, cursor: Any, rows: list[Row]) -> None:
        here, ids = f"article_id IN ({', '.join(['%s'] * len(rows))})", [row.pk for row in rows]
        cursor.execute(f"DELETE FROM {_TABLE} WHERE rowid IN (SELECT place FROM {self.PLACES} WHERE {here})", ids)
        places = [max(row.second, 0) * self.ID + row.pk for row in rows]
        cursor.executemany(f"INSERT OR REPLACE INTO {self.PLACES} VALUES (%s, %s)", list(zip(ids, places, strict=True)))
        cursor.executemany(
            f"INSERT INTO {_TABLE} (rowid, headline, standfirst, names, body) VALUES (%s, %s, %s, %s, %s)",
            [(place, *row[2:]) for place, row in zip(places, rows, strict=True)],
        )

    def forget(self, cursor: Any, ids: list[int]) -> None:
        here = f"article_id IN ({', '.join(['%s'] * len(ids))})"
        cursor.execute(f"DELETE FROM {_TABLE} WHERE rowid IN (SELECT place FROM {self.PLACES} WHERE {here})", ids)
        cursor.execute(f"DELETE FROM {self.PLACES} WHERE {here}", ids)

    def forget_deleted(self, cursor: Any) -> None:
        gone = f"article_id NOT IN (SELECT id FROM {Article._meta.db_table})"
        cursor.execute(f"DELETE FROM {_TABLE} WHERE rowid IN (SELECT place FROM {self.PLACES} WHERE {gone})")
        cursor.execute(f"DELETE FROM {self.PLACES} WHERE {gone}")

    def ids(self, wanted: list[Sought], most: int | None, span: Span, expected: int) -> tuple[str, list[Any]]:
        first, last = span.seconds
        found = f"SELECT rowid %% {self.ID} FROM {_TABLE} WHERE {_TABLE} MATCH %s AND rowid BETWEEN %s AND %s"
        values = [self._query(wanted), first * self.ID, last * self.ID + self.ID - 1]
        return (f"{found} ORDER BY rowid DESC LIMIT {most}" if most else found), values

    def expected(self, wanted: list[Sought]) -> int:
        """Return 0: SQLite cannot estimate the number of matches."""
        return 0

    def ranked(self, wanted: list[Sought], newest: Newest) -> dict[int, float]:
        """Return the rank of each article that `newest` finds, in its order."""
        ids = [pk for (pk,) in newest()]
        found = self._ranks(wanted, ids) if ids else {}
        return {pk: found.get(pk, 0.0) for pk in ids}

    def _ranks(self, wanted: list[Sought], ids: list[int]) -> dict[int, float]:
        # A range is read in one pass; single places would be looked up one by one.
        places = f"FROM {self.PLACES} WHERE article_id IN ({', '.join(['%s'] * len(ids))})"
        found = f"SELECT rowid %% {self.ID}, -bm25({_TABLE}, 8, 4, 4, 1) FROM {_TABLE} WHERE {_TABLE} MATCH %s"
        between = f"BETWEEN (SELECT min(place) {places}) AND (SELECT max(place) {places})"
        return dict(_read(f"{found} AND rowid {between}", [self._query(wanted), *ids, *ids]))

    def _query(self, wanted: list[Sought]) -> str:
        """Return an FTS5 query with every part in quotation marks, so that nothing is an operator."""
        return " ".join(f'"{" ".join(part.tokens)}"{"*" if part.goes_on else ""}' for part in wanted)


class Postgres:
    """A tsvector for each article, with a GIN index."""

    _languages = {
        "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
        "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
        "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
    }  # fmt: skip
    _insert = (
        f"INSERT INTO {_TABLE} (article_id, second, words) VALUES (%s, %s, "
        "setweight(to_tsvector(%s::regconfig, %s), 'A') || setweight(to_tsvector(%s::regconfig, %s), 'B')"
        " || setweight(to_tsvector(%s::regconfig, %s), 'D'))"
    )
    LONGEST_TEXT = 200_000  # characters; a tsvector holds at most a megabyte
    # The words of most articles, of two to eight kilobytes, stand in their rows. PostgreSQL would put what is longer
    # than two into a table beside, and look each up there by an index: matching and ranking took it twice as long, and
    # the planner, which takes such a column for short, read them all where it has an index.
    INLINE = "toast_tuple_target = 8160"
    # Up to so many matches are read from the index of words and sorted. With more, walking back in time meets the
    # newest soon; with fewer it would not, and the planner underestimates the cost of unpacking each article's words.
    FEW = 25_000

    def is_current(self) -> bool:
        """Say whether the table is there. Its rows say nothing of how words are split."""
        return _TABLE in connection.introspection.table_names()

    def forget_deleted(self, cursor: Any) -> None:
        cursor.execute(f"DELETE FROM {_TABLE} WHERE article_id NOT IN (SELECT id FROM {Article._meta.db_table})")

    def create(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")
            columns = "article_id bigint PRIMARY KEY, second bigint NOT NULL, words tsvector NOT NULL"
            cursor.execute(f"CREATE TABLE {_TABLE} ({columns}) WITH ({self.INLINE})")
            cursor.execute(f"CREATE INDEX {_TABLE}_words ON {_TABLE} USING gin (words)")
            cursor.execute(f"CREATE INDEX {_TABLE}_newest ON {_TABLE} (second DESC, article_id DESC)")

    def write(self, cursor: Any, rows: list[Row]) -> None:
        language = self._language()
        cursor.execute(f"DELETE FROM {_TABLE} WHERE article_id = ANY(%s)", [[row.pk for row in rows]])
        values = [
            (
                row.pk, row.second, language, row.headline, language, f"{row.standfirst}\n{row.names}",
                language, row.body[: self.LONGEST_TEXT],
            )
            for row in rows
        ]  # fmt: skip
        cursor.executemany(self._insert, values)

    def forget(self, cursor: Any, ids: list[int]) -> None:
        cursor.execute(f"DELETE FROM {_TABLE} WHERE article_id = ANY(%s)", [ids])

    def ids(self, wanted: list[Sought], most: int | None, span: Span, expected: int) -> tuple[str, list[Any]]:
        query, values = self._query(wanted)
        matching = f"SELECT article_id, second FROM {_TABLE} WHERE words @@ ({query})"
        kept = "MATERIALIZED" if expected <= self.FEW else "NOT MATERIALIZED"
        first, last = span.seconds
        # Also where these bound nothing: the planner then expects few, and looks up the article of each match. Without
        # them it read all 20,000 articles for 200 matches.
        found = f"WITH matching AS {kept} ({matching}) SELECT article_id FROM matching WHERE second BETWEEN %s AND %s"
        newest = f" ORDER BY second DESC, article_id DESC LIMIT {most}" if most else ""
        return found + newest, [*values, first or -(2**40), last]  # Archives go back further than 1970.

    def expected(self, wanted: list[Sought]) -> int:
        """Return how many matches the planner expects, without reading any."""
        query, values = self._query(wanted)
        ((plans,),) = _read(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {_TABLE} WHERE words @@ ({query})", values)
        return int(plans[0]["Plan"]["Plan Rows"])

    def ranked(self, wanted: list[Sought], newest: Newest) -> dict[int, float]:
        """Return the rank of each article that `newest` finds, in its order. Its statement ranks what it returns."""
        query, values = self._query(wanted)
        here = f"article_id = {Article._meta.db_table}.id"
        return dict(newest(f"(SELECT ts_rank_cd(words, {query}, 1) FROM {_TABLE} WHERE {here})", values))

    def _query(self, wanted: list[Sought]) -> tuple[str, list[Any]]:
        queries, values = zip(*(self._phrase(part) for part in wanted), strict=True)
        return " && ".join(queries), [value for some in values for value in some]

    def _phrase(self, part: Sought) -> tuple[str, list[Any]]:
        """Return a query for these words next to each other. PostgreSQL makes no phrase whose last word may go on."""
        whole, last = (part.tokens[:-1], part.tokens[-1]) if part.goes_on else (part.tokens, "")
        queries, values = [], list[Any]()
        if whole:
            queries, values = ["phraseto_tsquery(%s::regconfig, %s)"], [self._language(), " ".join(whole)]
        if last:
            queries, values = [*queries, "to_tsquery('simple', %s)"], [*values, f"'{last}':*"]
        return f"({' <-> '.join(queries)})", values

    def _language(self) -> str:
        return self._languages.get(settings.LANGUAGE_CODE.split("-")[0], "simple")


ENGINES: dict[str, Sqlite | Postgres] = {"sqlite": Sqlite(), "postgresql": Postgres()}


def _engine() -> Sqlite | Postgres:
    return ENGINES[connection.vendor]
