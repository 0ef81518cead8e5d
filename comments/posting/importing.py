"""Imports: records -> comments, in batches; without screening, rate limits or mails.

Every record under a known article is stored. What cannot be kept as it was is cut or dropped, with a remark. Each batch
is one transaction, after which everything is right: places, counts, decisions. So a reader may answer what came in
while the rest still comes, and an import that is cut short goes on.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.utils import timezone

from articles.models.article import Article
from articles.models.origins import ImportRun
from articles.records import Origin, Remark
from comments.audit import audit_log
from comments.audit.reason_codes import IMPORTED, single
from comments.discussion import counting
from comments.drafts import is_website, tidy_website, website_with_scheme
from comments.models import NAME_LENGTH, Comment, ConnectionData, Decision
from comments.models.locks import lock_articles
from comments.models.paths import path_of
from comments.models.search_index import index_some
from comments.posting.import_order import ImportOrder, Ordered
from comments.text import formatting
from newsreader.kit.email_addresses import tidy_email
from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.scratch import scratch
from newsreader.kit.text import tidy, tidy_line, tidy_name

BATCH = 100  # comments in a transaction, which takes less than a tenth of a second
CHARACTERS = 500_000  # of their texts together
LOOKED_UP = 500  # rows; old builds of SQLite take 999 values in one list
LONGEST_WEBSITE, LONGEST_EMAIL, LONGEST_AGENT = 500, 254, 254
_T = TypeVar("_T")


@dataclass(frozen=True)
class CommentRecord:
    """One comment of another system. `parent` is the origin of the comment that it replies to; None: a root.

    `body` is as in the file, and may be HTML. `created_at` has a time zone; None: not known. An unknown `status`
    becomes pending. `file` is the file that it was in, for the report.
    """

    origin: Origin
    article: Origin
    parent: Origin | None = None
    status: str = ""
    kind: str = Comment.Kind.COMMENT
    name: str = ""
    email: str = ""
    website: str = ""
    address: str = ""
    user_agent: str = ""
    body: str = ""
    created_at: dt.datetime | None = None
    file: str = ""


@dataclass
class ImportResult:
    """The result: how many records came in, by status; how many had been imported before; and remarks."""

    came_in: Counter[str] = field(default_factory=Counter)
    already_here: int = 0
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, code: str, record: CommentRecord, detail: str = "", *, left_out: bool = False) -> None:
        self.remarks.append(Remark(code, record.origin.id, detail, left_out, record.file))


class _Known(NamedTuple):
    """A comment that is stored already."""

    pk: int
    article_id: int
    import_run_id: int | None


class _Place(NamedTuple):
    root_id: int
    depth: int
    path: str


class _New(NamedTuple):
    """A comment that comes in: its origin, its rows, not stored yet, and its parent; None: a root."""

    origin: Origin
    row: Comment
    connection_data: ConnectionData
    parent: Origin | None


Coming = Callable[[Collection[Origin]], Mapping[Origin, int]]


def admit(records: Iterable[CommentRecord], run: ImportRun | None = None) -> ImportResult:
    """Store any number of comments, in any order, under articles that are imported already.

    Comments whose origin is known are skipped, so a second run changes nothing. A reply whose parent is missing, under
    another article or in a cycle becomes a root. Memory holds one batch of records; all others wait on the disk.
    """
    with Admission.begun() as admission:
        for record in records:
            admission.read(record)
        return admission.write(run)


class Admission:
    """An import of comments: all records are read before any is stored, since a reply may come before its parent."""

    def __init__(self, order: ImportOrder) -> None:
        self._order = order
        self.result = ImportResult()

    @classmethod
    @contextmanager
    def begun(cls) -> Iterator[Admission]:
        """Give an admission, whose records wait on the disk."""
        with scratch("") as database:
            yield cls(ImportOrder(database))

    def read(self, record: CommentRecord) -> None:
        if not record.origin.id:
            raise ValueError("A comment without an origin would come in again with every run.")
        self._order.add(record)

    def write(self, run: ImportRun | None = None, writes: ShortTransactions | None = None) -> ImportResult:
        """Store what was read, in batches, and note it in the audit log. What this run has stored before counts as new.

        The run has a key at the latest once a transaction has begun.
        """
        writes = writes or ShortTransactions()
        for new in self._judged(run, None):
            if new:
                with writes.next():
                    _store(new, run)
        if self.result.came_in and not _is_noted(run):
            with writes.next():
                _note(self.result, run)
        return self.result

    def plan(self, coming: Coming, run: ImportRun | None = None) -> ImportResult:
        """Return what `write` would, and write nothing. `coming` gives ids to the articles that would have come in."""
        for _ in self._judged(run, coming):
            pass
        return self.result

    def _judged(self, run: ImportRun | None, coming: Coming | None) -> Iterator[list[_New]]:
        """Yield the new rows of each batch, and count everything in the result."""
        self._order.arrange()
        for batch in self._order.batches(BATCH, CHARACTERS):
            yield self._judge(batch, run, coming)

    def _judge(self, batch: list[Ordered], run: ImportRun | None, coming: Coming | None) -> list[_New]:
        result, origins = self.result, {record.origin for record, _ in batch}
        articles = _article_ids({record.article for record, _ in batch}, coming)
        known, passed = _rows(origins), self._order.passed(origins)
        ours = run.pk if run else None
        accepted: list[tuple[Ordered, int]] = []
        passing: dict[Origin, int] = {}
        for each in batch:
            record = each.record
            before = known.get(record.origin)
            if record.article not in articles:
                result.remark("comment_without_article", record, left_out=True)
            elif record.origin in passed or record.origin in passing:
                result.remark("comment_listed_twice", record, left_out=True)
            elif before and (ours is None or before.import_run_id != ours):
                result.already_here += 1
                passing[record.origin] = before.article_id
            else:
                passing[record.origin] = articles[record.article]
                accepted.append((each, articles[record.article]))
        self._order.note(passing)
        parents = self._parents(accepted, coming)
        new = []
        for (record, _), article_id in accepted:
            row = _comment(record, article_id, result)
            result.came_in[row.status] += 1
            if record.origin not in known and coming is None:
                body = tidy(record.body)
                row.write(body, formatting.imported_to_html(body))  # Rendered before anything is locked.
                new.append(_New(record.origin, row, _connection_data(record, row), parents.get(record.origin)))
        return new

    def _parents(self, accepted: list[tuple[Ordered, int]], coming: Coming | None) -> dict[Origin, Origin]:
        """Return the parent of each that has a valid one; add a remark for the others."""
        remark = self.result.remark
        wanted = {each.record.parent for each, _ in accepted if each.record.parent}
        known, passed = _rows(wanted), self._order.passed(wanted)
        unseen = self._order.articles_of(wanted - known.keys() - passed.keys())
        there = _article_ids({article for articles in unseen.values() for article in articles}, coming)
        parents = {}
        for (record, circular), article_id in accepted:
            if (parent := record.parent) is None:
                continue
            under = {known[parent].article_id} if parent in known else set()
            under |= {passed[parent]} if parent in passed else set()
            if circular:
                remark("parent_in_a_circle", record, parent.id)
            elif article_id in under:
                parents[record.origin] = parent
            elif under or any(article in there for article in unseen.get(parent, ())):
                remark("parent_elsewhere", record, parent.id)
            else:
                remark("parent_lost", record, parent.id)
        return parents


def _is_noted(run: ImportRun | None) -> bool:
    return run is not None and audit_log.history(f"import:{run.pk}").filter(kind="import").exists()


def _note(result: ImportResult, run: ImportRun | None) -> None:
    facts: dict[str, Any] = {"came_in": dict(result.came_in), "already_here": result.already_here}
    audit_log.note("import", f"import:{run.pk}" if run else "", facts=facts)


def _article_ids(origins: set[Origin], coming: Coming | None) -> dict[Origin, int]:
    found = dict(coming(origins)) if coming else {}
    for site, kind, ids in _grouped(origins):
        rows = Article.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
        found.update({Origin(site, kind, id): pk for id, pk in rows.values_list("origin_id", "pk")})
    return found


def _rows(origins: Iterable[Origin]) -> dict[Origin, _Known]:
    """Return those of these comments that are stored already."""
    found = {}
    for site, kind, ids in _grouped(origins):
        rows = Comment.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
        for id, *known in rows.values_list("origin_id", "pk", "article_id", "import_run_id"):
            found[Origin(site, kind, id)] = _Known(*known)
    return found


def _grouped(origins: Iterable[Origin]) -> Iterator[tuple[str, str, list[str]]]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for origin in origins:
        groups[origin.site, origin.type].append(origin.id)
    for (site, kind), ids in groups.items():
        for some in _in_batches(ids):
            yield site, kind, some


def _in_batches(items: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(items), LOOKED_UP):
        yield items[start : start + LOOKED_UP]


# --- One row ------------------------------------------------------------------------------------------------------


def _comment(record: CommentRecord, article_id: int, result: ImportResult) -> Comment:
    """Return the row of a record, without text and place, with remarks on what could not be kept."""

    status = record.status if record.status in Comment.Status.values else Comment.Status.PENDING
    if record.status and status != record.status:
        result.remark("unknown_status", record, record.status)
    name = tidy_name(record.name)
    if len(name) > NAME_LENGTH:
        result.remark("name_cut", record, name)
    if record.created_at is None:
        result.remark("comment_without_date", record)
    if len(tidy_email(record.email)) > LONGEST_EMAIL:
        result.remark("email_dropped", record)
    return Comment(
        article_id=article_id,
        status=status,
        kind=record.kind if record.kind in Comment.Kind.values else Comment.Kind.COMMENT,
        channel=Comment.Channel.IMPORT,
        name=name[:NAME_LENGTH],
        website=_website(record, result),
        created_at=record.created_at or timezone.now(),
        origin_site=record.origin.site,
        origin_type=record.origin.type,
        origin_id=record.origin.id,
    )


def _website(record: CommentRecord, result: ImportResult) -> str:
    """Return the website that the name links to; empty if it is not a web address or too long."""
    website = tidy_website(record.website)
    if not website:
        return ""
    full = website_with_scheme(website)
    if len(full) > LONGEST_WEBSITE or not is_website(full):
        result.remark("website_dropped", record, website)
        return ""
    return full


def _connection_data(record: CommentRecord, comment: Comment) -> ConnectionData:
    email = tidy_email(record.email)
    if len(email) > LONGEST_EMAIL:
        email = ""
    agent = tidy_line(record.user_agent)[:LONGEST_AGENT]
    return ConnectionData(comment=comment, address=_address(record.address), user_agent=agent, email=email)


def _address(text: str) -> str | None:
    """Return an IP address as it is stored, an IPv4-mapped one as IPv4; None if it is invalid."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])  # A zone behind % means nothing elsewhere.
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


# --- Many rows ----------------------------------------------------------------------------------------------------


def _store(new: list[_New], run: ImportRun | None) -> None:
    """Store a batch, in a transaction: rows in their places, connection data, decisions, counts."""
    rows = [each.row for each in new]
    lock_articles({row.article_id for row in rows})  # Readers who post meanwhile wait, or we wait for them.
    for row in rows:
        row.import_run = run
    Comment.objects.bulk_create(rows)
    _place(new)
    ConnectionData.objects.bulk_create(each.connection_data for each in new)
    Decision.objects.bulk_create(
        Decision(comment=row, number=1, source="import", after=row.status, reasons=single(IMPORTED)) for row in rows
    )
    counting.adjust([(row, "", row.status) for row in rows])
    index_some()  # What an import brings is too much to be left to the worker, and to each search meanwhile.


def _place(new: list[_New]) -> None:
    """Give each its parent, root, depth and path; parents come before their replies.

    One statement, executed many times: bulk_update took ten times as long.
    """
    own = {each.origin for each in new}
    places = _places_here({each.parent for each in new if each.parent and each.parent not in own})
    rows = []
    for origin, row, _, parent in new:
        if above := places.get(parent) if parent else None:
            row.parent_id, place = above
            row.root_id, row.depth = place.root_id, place.depth + 1
            row.path = path_of(place.path, row.created_at, row.pk)
        else:
            row.path = path_of("", row.created_at, row.pk)
        places[origin] = row.pk, _Place(row.root_id or row.pk, row.depth, row.path)
        rows.append((row.parent_id, row.root_id, row.depth, row.path, row.pk))
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE comments_comment SET parent_id = %s, root_id = %s, depth = %s, path = %s WHERE id = %s", rows
        )


def _places_here(origins: set[Origin]) -> dict[Origin, tuple[int, _Place]]:
    """Return the ids of comments that are stored already, and where they stand."""
    places = {}
    for site, kind, ids in _grouped(origins):
        rows = Comment.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
        for id, pk, root_id, depth, path in rows.values_list("origin_id", "pk", "root", "depth", "path"):
            places[Origin(site, kind, id)] = pk, _Place(root_id or pk, depth, path or "")
    return places
