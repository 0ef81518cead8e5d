"""The other way in, for imports: records -> comments, in batches; no rules, limits or mails.

Every record comes in. What cannot be kept as it was is cut or dropped, and a remark says so.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from articles.models.article import Article
from articles.records import Origin, Remark
from comments.audit import audit_log
from comments.audit.reason_codes import IMPORTED, single
from comments.discussion import counting
from comments.drafts import is_website, website_with_scheme
from comments.models import NAME_LENGTH, Comment, ConnectionData, Decision
from comments.models.locks import lock_articles
from comments.models.paths import path_of
from comments.text import formatting
from newsreader.kit.text import tidy, tidy_line, tidy_name

BATCH = 500  # rows: SQLite takes 999 values in one list on old builds
LONGEST_WEBSITE, LONGEST_EMAIL, LONGEST_AGENT = 500, 254, 254
_T = TypeVar("_T")


@dataclass(frozen=True)
class CommentRecord:
    """One comment as another system tells it. `parent` is the origin of what it answers; None: nothing.

    `body` as in the file, HTML allowed. `created_at` has a zone; None: not known. An unknown `status` waits.
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
    """What became of the records: how many came in, by status; how many were here before; what is to be told."""

    came_in: Counter[str] = field(default_factory=Counter)
    already_here: int = 0
    remarks: list[Remark] = field(default_factory=list)


class _Reply(NamedTuple):
    """A comment that is stored and has no place yet: it may stand in the file before what it answers."""

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
def admit(records: Iterable[CommentRecord]) -> ImportResult:
    """Store comments of any number, in any order, under articles that are here already.

    Those found by their origin are left alone, so a second run changes nothing. A reply whose parent is absent, under
    another article or in a circle becomes a root. Keeps a batch of records and the places of replies in memory.
    """
    admission, replies, articles = ImportResult(), list[_Reply](), set[int]()
    records = iter(records)
    while batch := list(islice(records, BATCH)):
        replies += _store(batch, admission, articles)
    _place(replies, admission)
    for some in _in_batches(sorted(articles)):
        counting.recount(some)
    if admission.came_in:
        audit_log.note("import", facts={"came_in": dict(admission.came_in), "already_here": admission.already_here})
    return admission


def _store(batch: list[CommentRecord], admission: ImportResult, touched: set[int]) -> list[_Reply]:
    """Write what is new of a batch and give roots their place. Returns the replies."""
    articles = _article_ids({record.article for record in batch})
    lock_articles(articles.values())  # A reader who posts meanwhile waits, or we wait for them.
    known = {origin for origin, _ in _rows({record.origin for record in batch})}
    rows: dict[Origin, tuple[CommentRecord, Comment]] = {}
    for record in batch:
        if not record.origin.id:
            raise ValueError("A comment without an origin would come in again with every run.")
        if record.article not in articles:
            admission.remarks.append(Remark("comment_without_article", record.origin.id, left_out=True))
        elif record.origin in known or record.origin in rows:
            admission.already_here += 1
        else:
            rows[record.origin] = record, _comment(record, articles[record.article], admission.remarks)
    _write([record for record, _ in rows.values()], [row for _, row in rows.values()], admission.remarks)
    touched.update(row.article_id for _, row in rows.values())
    admission.came_in.update(row.status for _, row in rows.values())
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
    """Yield the id and the article of each comment that is here already."""
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
    """Return the row of a record, without a place, and remark what could not be kept."""

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
    """Return the address that the name may link to: of the web and short enough, else none."""
    website = tidy_line(record.website)
    if website in {"", "http://", "https://"}:  # What a form's placeholder left behind.
        return ""
    full = website_with_scheme(website)
    if len(full) > LONGEST_WEBSITE or not is_website(full):
        remark("website_dropped", website)
        return ""
    return full


def _trace(record: CommentRecord, comment: Comment, remarks: list[Remark]) -> ConnectionData:
    email = tidy_line(record.email)
    if len(email) > LONGEST_EMAIL:
        remarks.append(Remark("email_dropped", record.origin.id))
        email = ""
    agent = tidy_line(record.user_agent)[:LONGEST_AGENT]
    return ConnectionData(comment=comment, address=_address(record.address), user_agent=agent, email=email)


def _address(text: str) -> str | None:
    """Return a valid IP address as it is stored, an IPv4 one inside an IPv6 one as itself."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])  # A zone behind % means nothing elsewhere.
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _write(records: list[CommentRecord], rows: list[Comment], remarks: list[Remark]) -> None:
    """Insert rows with what belongs to each; roots get their path."""
    Comment.objects.bulk_create(rows)
    roots = [row for row, record in zip(rows, records, strict=True) if record.parent is None]
    _settle({row.pk: (None, _Place(row.pk, 0, path_of("", row.created_at, row.pk))) for row in roots})
    ConnectionData.objects.bulk_create(
        [_trace(record, row, remarks) for record, row in zip(records, rows, strict=True)]
    )
    Decision.objects.bulk_create(
        Decision(comment=row, number=1, source="import", after=row.status, reasons=single(IMPORTED)) for row in rows
    )


# --- Threads ------------------------------------------------------------------------------------------------------


def _place(replies: list[_Reply], admission: ImportResult) -> None:
    """Give every reply its parent, root, depth and path, parents before children. Linear, never recursive."""
    parents = _parents(replies, admission)
    below: dict[int, list[_Reply]] = defaultdict(list)
    for reply in replies:
        if reply.pk in parents:
            below[parents[reply.pk]].append(reply)
    places = {
        reply.pk: _Place(reply.pk, 0, path_of("", reply.created_at, reply.pk))
        for reply in replies
        if reply.pk not in parents
    }
    _settle({pk: (None, place) for pk, place in places.items()})
    places |= _places_here([pk for pk in below if pk not in parents and pk not in places])
    level = [pk for pk in below if pk in places]
    while level:
        settled: dict[int, tuple[int | None, _Place]] = {}
        for parent_id in level:
            above = places[parent_id]
            for reply in below[parent_id]:
                path = path_of(above.path, reply.created_at, reply.pk)
                settled[reply.pk] = parent_id, _Place(above.root_id, above.depth + 1, path)
        _settle(settled)
        places = {pk: place for pk, (_, place) in settled.items() if pk in below}
        level = list(places)


def _settle(places: dict[int, tuple[int | None, _Place]]) -> None:
    """Write each comment's parent and place. One statement many times: bulk_update took ten times as long."""
    rows = [
        (parent_id, place.root_id if parent_id else None, place.depth, place.path, pk)
        for pk, (parent_id, place) in places.items()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE comments_comment SET parent_id = %s, root_id = %s, depth = %s, path = %s WHERE id = %s", rows
            )


def _parents(replies: list[_Reply], admission: ImportResult) -> dict[int, int]:
    """Return the parent of each reply that has one it may stand under; remark on the others."""
    found: dict[Origin, tuple[int, int]] = {}
    for some in _in_batches(list({reply.parent for reply in replies})):
        found.update(_rows(set(some)))
    parents: dict[int, int] = {}
    for reply in replies:
        parent_id, article_id = found.get(reply.parent, (0, 0))
        if not parent_id:
            admission.remarks.append(Remark("parent_lost", reply.origin.id, reply.parent.id))
        elif article_id != reply.article_id:
            admission.remarks.append(Remark("parent_elsewhere", reply.origin.id, reply.parent.id))
        else:
            parents[reply.pk] = parent_id
    circular = _circular(parents)
    for reply in replies:
        if reply.pk in circular:
            admission.remarks.append(Remark("parent_in_a_circle", reply.origin.id, reply.parent.id))
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
