"""Imports: records -> comments, in batches; without screening, rate limits or mails.

Every record under a known article is stored. What cannot be kept as it was is cut or dropped, with a remark.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from django.db import connection, transaction
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
from comments.text import formatting
from newsreader.kit.email_addresses import tidy_email
from newsreader.kit.text import tidy, tidy_line, tidy_name

BATCH = 500  # rows; old builds of SQLite take 999 values in one list
LONGEST_WEBSITE, LONGEST_EMAIL, LONGEST_AGENT = 500, 254, 254
_T = TypeVar("_T")


@dataclass(frozen=True)
class CommentRecord:
    """One comment of another system. `parent` is the origin of the comment that it replies to; None: a root.

    `body` is as in the file, and may be HTML. `created_at` has a time zone; None: not known. An unknown `status`
    becomes pending.
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


@dataclass
class ImportResult:
    """The result: how many records came in, by status; how many had been imported before; and remarks."""

    came_in: Counter[str] = field(default_factory=Counter)
    already_here: int = 0
    remarks: list[Remark] = field(default_factory=list)


class _Reply(NamedTuple):
    """A stored reply without a place yet: in the file, it may come before its parent."""

    pk: int
    article_id: int
    created_at: dt.datetime
    origin: Origin
    parent: Origin


class _Place(NamedTuple):
    root_id: int
    depth: int
    path: str


@transaction.atomic
def admit(records: Iterable[CommentRecord], run: ImportRun | None = None) -> ImportResult:
    """Store any number of comments, in any order, under articles that are imported already.

    Comments whose origin is known are skipped, so a second run changes nothing. A reply whose parent is missing, under
    another article or in a cycle becomes a root. Memory holds one batch of records, and the places of all replies.
    """
    result, replies, articles = ImportResult(), list[_Reply](), set[int]()
    records = iter(records)
    while batch := list(islice(records, BATCH)):
        replies += _store(batch, result, articles, run)
    _place(replies, result)
    for some in _in_batches(sorted(articles)):
        counting.recount(some)
    if result.came_in:
        facts: dict[str, Any] = {"came_in": dict(result.came_in), "already_here": result.already_here}
        audit_log.note("import", f"import:{run.pk}" if run else "", facts=facts)
    return result


def _store(batch: list[CommentRecord], result: ImportResult, touched: set[int], run: ImportRun | None) -> list[_Reply]:
    """Store the new records of a batch, roots with their place. Returns the replies."""
    articles = _article_ids({record.article for record in batch})
    lock_articles(articles.values())  # Readers who post meanwhile wait, or we wait for them.
    known = {origin for origin, _ in _rows({record.origin for record in batch})}
    rows: dict[Origin, tuple[CommentRecord, Comment]] = {}
    for record in batch:
        if not record.origin.id:
            raise ValueError("A comment without an origin would come in again with every run.")
        if record.article not in articles:
            result.remarks.append(Remark("comment_without_article", record.origin.id, left_out=True))
        elif record.origin in known or record.origin in rows:
            result.already_here += 1
        else:
            rows[record.origin] = record, _comment(record, articles[record.article], result.remarks)
            rows[record.origin][1].import_run = run
    _write([record for record, _ in rows.values()], [row for _, row in rows.values()], result.remarks)
    touched.update(row.article_id for _, row in rows.values())
    result.came_in.update(row.status for _, row in rows.values())
    return [
        _Reply(row.pk, row.article_id, row.created_at, record.origin, record.parent)
        for record, row in rows.values()
        if record.parent
    ]


def _article_ids(origins: set[Origin]) -> dict[Origin, int]:
    found = {}
    for site, kind, ids in _grouped(origins):
        rows = Article.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
        found.update({Origin(site, kind, id): pk for id, pk in rows.values_list("origin_id", "pk")})
    return found


def _rows(origins: set[Origin]) -> Iterator[tuple[Origin, tuple[int, int]]]:
    """Yield the id and article id of each comment that is stored already, by origin."""
    for site, kind, ids in _grouped(origins):
        rows = Comment.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
        for id, pk, article_id in rows.values_list("origin_id", "pk", "article_id"):
            yield Origin(site, kind, id), (pk, article_id)


def _grouped(origins: set[Origin]) -> Iterator[tuple[str, str, list[str]]]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for origin in origins:
        groups[origin.site, origin.type].append(origin.id)
    for (site, kind), ids in groups.items():
        for some in _in_batches(ids):
            yield site, kind, some


def _in_batches(items: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


# --- One row ------------------------------------------------------------------------------------------------------


def _comment(record: CommentRecord, article_id: int, remarks: list[Remark]) -> Comment:
    """Return the row of a record, without a place, with remarks on what could not be kept."""

    def remark(code: str, detail: str) -> None:
        remarks.append(Remark(code, record.origin.id, detail))

    status = record.status if record.status in Comment.Status.values else Comment.Status.PENDING
    if record.status and status != record.status:
        remark("unknown_status", record.status)
    name = tidy_name(record.name)
    if len(name) > NAME_LENGTH:
        remark("name_cut", name)
    if record.created_at is None:
        remark("comment_without_date", "")
    body = tidy(record.body)
    comment = Comment(
        article_id=article_id,
        status=status,
        kind=record.kind if record.kind in Comment.Kind.values else Comment.Kind.COMMENT,
        channel=Comment.Channel.IMPORT,
        name=name[:NAME_LENGTH],
        website=_website(record, remark),
        created_at=record.created_at or timezone.now(),
        origin_site=record.origin.site,
        origin_type=record.origin.type,
        origin_id=record.origin.id,
    )
    comment.write(body, formatting.imported_to_html(body))
    return comment


def _website(record: CommentRecord, remark: Callable[[str, str], None]) -> str:
    """Return the website that the name links to; empty if it is not a web address or too long."""
    website = tidy_website(record.website)
    if not website:
        return ""
    full = website_with_scheme(website)
    if len(full) > LONGEST_WEBSITE or not is_website(full):
        remark("website_dropped", website)
        return ""
    return full


def _connection_data(record: CommentRecord, comment: Comment, remarks: list[Remark]) -> ConnectionData:
    email = tidy_email(record.email)
    if len(email) > LONGEST_EMAIL:
        remarks.append(Remark("email_dropped", record.origin.id))
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


def _write(records: list[CommentRecord], rows: list[Comment], remarks: list[Remark]) -> None:
    """Insert rows with their connection data and decisions; roots get their path."""
    Comment.objects.bulk_create(rows)
    roots = [row for row, record in zip(rows, records, strict=True) if record.parent is None]
    _write_places({row.pk: (None, _Place(row.pk, 0, path_of("", row.created_at, row.pk))) for row in roots})
    ConnectionData.objects.bulk_create(
        [_connection_data(record, row, remarks) for record, row in zip(records, rows, strict=True)]
    )
    Decision.objects.bulk_create(
        Decision(comment=row, number=1, source="import", after=row.status, reasons=single(IMPORTED)) for row in rows
    )


# --- Threads ------------------------------------------------------------------------------------------------------


def _place(replies: list[_Reply], result: ImportResult) -> None:
    """Give every reply its parent, root, depth and path, parents first. Linear, not recursive."""
    parents = _parents(replies, result)
    below: dict[int, list[_Reply]] = defaultdict(list)
    for reply in replies:
        if reply.pk in parents:
            below[parents[reply.pk]].append(reply)
    places = {
        reply.pk: _Place(reply.pk, 0, path_of("", reply.created_at, reply.pk))
        for reply in replies
        if reply.pk not in parents
    }
    _write_places({pk: (None, place) for pk, place in places.items()})
    places |= _places_here([pk for pk in below if pk not in parents and pk not in places])
    level = [pk for pk in below if pk in places]
    while level:
        placed: dict[int, tuple[int | None, _Place]] = {}
        for parent_id in level:
            above = places[parent_id]
            for reply in below[parent_id]:
                path = path_of(above.path, reply.created_at, reply.pk)
                placed[reply.pk] = parent_id, _Place(above.root_id, above.depth + 1, path)
        _write_places(placed)
        places = {pk: place for pk, (_, place) in placed.items() if pk in below}
        level = list(places)


def _write_places(places: dict[int, tuple[int | None, _Place]]) -> None:
    """Store each comment's parent and place. One statement, executed many times: bulk_update took ten times as long."""
    rows = [
        (parent_id, place.root_id if parent_id else None, place.depth, place.path, pk)
        for pk, (parent_id, place) in places.items()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE comments_comment SET parent_id = %s, root_id = %s, depth = %s, path = %s WHERE id = %s", rows
            )


def _parents(replies: list[_Reply], result: ImportResult) -> dict[int, int]:
    """Return the parent of each reply that has a valid one; add a remark for the others."""
    found: dict[Origin, tuple[int, int]] = {}
    for some in _in_batches(list({reply.parent for reply in replies})):
        found.update(_rows(set(some)))
    parents: dict[int, int] = {}
    for reply in replies:
        parent_id, article_id = found.get(reply.parent, (0, 0))
        if not parent_id:
            result.remarks.append(Remark("parent_lost", reply.origin.id, reply.parent.id))
        elif article_id != reply.article_id:
            result.remarks.append(Remark("parent_elsewhere", reply.origin.id, reply.parent.id))
        else:
            parents[reply.pk] = parent_id
    circular = _circular(parents)
    for reply in replies:
        if reply.pk in circular:
            result.remarks.append(Remark("parent_in_a_circle", reply.origin.id, reply.parent.id))
            del parents[reply.pk]
    return parents


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


def _places_here(pks: list[int]) -> dict[int, _Place]:
    """Return where comments of earlier imports stand."""
    places = {}
    for some in _in_batches(pks):
        for pk, root_id, depth, path in Comment.objects.filter(pk__in=some).values_list("pk", "root", "depth", "path"):
            places[pk] = _Place(root_id or pk, depth, path or "")
    return places
