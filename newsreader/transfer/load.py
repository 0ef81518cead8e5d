"""Records -> rows, in short transactions, or only the report of it. Safe to run again, and to be cut short.

All files are read before anything is written, so one that is broken at its end leaves nothing behind. A run that is
cut short leaves whole batches; the same run goes on behind them. What it has brought before counts as new, so its
report is that of a run that nothing disturbed. A dry run goes the same way and asks the same questions, but writes
nothing: what would be in the database by then is remembered beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.utils import timezone

from articles import formatting, page_versions, search
from articles.models.article import Article, Byline, Redirect
from articles.models.origins import ImportRun
from articles.picture_addresses import foreign
from articles.records import AddressRecord, ArticleRecord, Origin, Remark
from comments.audit import audit_log
from comments.posting.importing import Admission, CommentRecord
from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.scratch import scratch
from newsreader.kit.text import tidy, tidy_line
from newsreader.transfer.names import Names
from newsreader.transfer.readers import Record
from newsreader.transfer.report import Report
from newsreader.transfer.slugs import LENGTH as SLUG_LENGTH
from newsreader.transfer.slugs import FreeSlugs
from newsreader.transfer.spool import Spool

BATCH, CHARACTERS = 10, 150_000  # articles in a transaction, and of their texts together
ADDRESSES = 200  # records of addresses in a transaction
HEADLINE_LENGTH = 300


def load(
    records: Iterable[Record],
    report: Report,
    run: ImportRun | None = None,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda articles, comments: None,
) -> None:
    """Write what a reader yields and count it in the report. Nothing is stored if the reader fails on the way.

    `progress` is told after each transaction how many articles and comments have come in.

    What is new bears the number of the run, by which it can be taken out again; a new run is stored with the first row
    that it brings. Memory holds one batch; all other records wait on the disk.
    """
    with scratch("") as database, Admission.begun() as admission:
        spool = Spool(database)
        database.execute("BEGIN")  # One transaction: without it, each row of the scratch would be one.
        for record in records:
            match record:
                case ArticleRecord() if not spool.add(record):
                    report.remark("listed_twice", record.origin.id, record.headline, left_out=True, file=record.file)
                case AddressRecord():
                    spool.add_addresses(record)
                case Remark():
                    report.remarks.append(record)
                case CommentRecord():
                    admission.read(record)

        def committed() -> None:
            articles = sum(report.came_in[kind].total() for kind in ("articles", "pages") if kind in report.came_in)
            progress(articles, admission.result.came_in.total())

        writes = _Writes(run, committed)
        _Articles(spool, report, run, None if dry_run else writes).bring_in()
        admitted = admission.plan(spool.coming, run) if dry_run else admission.write(run, writes)
    if admitted.came_in:
        report.came_in["comments"].update(admitted.came_in)
    if admitted.already_here:
        report.already_here["comments"] += admitted.already_here
    report.remarks += admitted.remarks
    if run and run.pk and not dry_run:
        with writes.next():
            ImportRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())


class _Writes(ShortTransactions):
    """The transactions of an import. The first stores the run, and notes it in the audit log."""

    def __init__(self, run: ImportRun | None, committed: Callable[[], None]) -> None:
        super().__init__()
        self._run, self._committed = run, committed

    @contextmanager
    def next(self) -> Iterator[None]:
        with super().next():
            if self._run and self._run.pk is None:
                self._run.save()
                audit_log.note("import_begun", f"import:{self._run.pk}")
            yield
        self._committed()


class _Here(NamedTuple):
    """An article that this run has brought before it was cut short."""

    pk: int
    slug: str
    body: str


class _Articles:
    """Writes the articles of an import with what belongs to them; `writes` is None for a dry run."""

    def __init__(self, spool: Spool, report: Report, run: ImportRun | None, writes: ShortTransactions | None) -> None:
        self.spool, self.report, self.run, self.writes = spool, report, run, writes
        self.names = Names(report, run, dry_run=writes is None)
        self.slugs = FreeSlugs()

    def bring_in(self) -> None:
        for records in self.spool.articles(BATCH, CHARACTERS):
            self._bring_in(records)
        for parts in self.spool.addresses(ADDRESSES):
            self._redirect_parts(parts)

    def _bring_in(self, records: list[ArticleRecord]) -> None:
        known, here = self._known({record.origin for record in records})
        new: list[tuple[ArticleRecord, Article]] = []
        before: list[tuple[ArticleRecord, Article]] = []
        for record in records:
            if record.origin in known:
                self.report.already_here["articles and pages"] += 1
                continue
            row = self._row(record, here.get(record.origin))  # Sanitised before anything is locked.
            (before if record.origin in here else new).append((record, row))
            self.report.came_in[f"{row.kind}s"][row.state] += 1
        self.spool.note_new([record.origin for record, _ in (*before, *new)])
        for record, row in before:
            self._name(record)
            self._remark_slug(record, row, wanted=row.slug, given=here[record.origin].slug)
        self._free(before)
        if new and self.writes:
            with self.writes.next():
                self._write(new)
        elif new:
            for (_, row), pk in zip(new, self.spool.coming([record.origin for record, _ in new]).values(), strict=True):
                row.pk = pk
            self._write(new)

    def _known(self, origins: set[Origin]) -> tuple[set[Origin], dict[Origin, _Here]]:
        """Return the origins whose articles other runs have brought, and the articles that this one has."""
        known, here = set[Origin](), dict[Origin, _Here]()
        for site, kind in {(origin.site, origin.type) for origin in origins}:
            ids = [origin.id for origin in origins if (origin.site, origin.type) == (site, kind)]
            rows = Article.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
            for row in rows.only("origin_id", "slug", "body", "import_run"):
                origin = Origin(site, kind, row.origin_id)
                if self._is_ours(row.import_run_id):
                    here[origin] = _Here(row.pk, row.slug, row.body)
                else:
                    known.add(origin)
        return known, here

    def _is_ours(self, run_id: int | None) -> bool:
        return self.run is not None and self.run.pk is not None and self.run.pk == run_id

    def _row(self, record: ArticleRecord, here: _Here | None) -> Article:
        headline = tidy_line(record.headline)
        if len(headline) > HEADLINE_LENGTH:
            self.report.remark("headline_cut", record.origin.id, headline, file=record.file)
            headline = f"{headline[: HEADLINE_LENGTH - 2]} …"
        at, now = record.published_at, timezone.now()
        body = here.body if here else formatting.sanitise(tidy(record.body))
        for address in foreign(body):
            subject = f"{record.kind} {record.origin.id} {headline}"[:100]
            self.report.remark("foreign_picture", subject, address, file=record.file)
        return Article(
            pk=here.pk if here else None,
            kind=record.kind,
            headline=headline,
            slug=(record.slug or f"{record.kind}-{record.origin.id}")[:SLUG_LENGTH],
            standfirst=tidy(record.standfirst),
            body=body,
            state=record.state,
            published_at=at,
            published_on=timezone.localdate(at, timezone.get_default_timezone()) if at else None,
            scheduled_for=record.scheduled_for,
            created_at=record.created_at or at or now,
            updated_at=record.updated_at or at or now,
            takes_comments=record.takes_comments,
            origin_site=record.origin.site,
            origin_type=record.origin.type,
            origin_id=record.origin.id,
        )

    def _remark_slug(self, record: ArticleRecord, row: Article, *, wanted: str, given: str) -> None:
        if wanted != given:
            self.report.remark("slug_changed", row.headline, f"{wanted} → {given}", file=record.file)

    def _name(self, record: ArticleRecord) -> tuple[int | None, list[int], list[int]]:
        """Return the ids of its section, its authors and its tags."""
        self.names.file = record.file
        section = self.names.section(record.section) if record.section else None
        authors = dict.fromkeys(self.names.author(author) for author in record.authors)
        tags = dict.fromkeys(self.names.tag(tag) for tag in record.tags)
        return section, list(authors), [pk for pk in tags if pk]

    def _write(self, new: list[tuple[ArticleRecord, Article]]) -> None:
        """Write new articles with what belongs to them: names, old addresses. A dry run only asks."""
        named = [self._name(record) for record, _ in new]
        rows = [row for _, row in new]
        wanted = [row.slug for row in rows]
        self.slugs.give(rows)
        for (record, row), slug in zip(new, wanted, strict=True):
            self._remark_slug(record, row, wanted=slug, given=row.slug)
        if self.writes:
            for row, (section, _, _) in zip(rows, named, strict=True):
                row.section_id, row.import_run = section, self.run
            Article.objects.bulk_create(rows)
            self._join(rows, named)
            page_versions.bump_site()  # Menus and the foot of every page may show new sections and pages.
        free = self._free(new)
        if self.writes:
            Redirect.objects.bulk_create(free)

    def _join(self, rows: list[Article], named: list[tuple[int | None, list[int], list[int]]]) -> None:
        """Write who wrote them and their tags, and index them."""
        bylines, tags = [], []
        for row, (_, authors, labels) in zip(rows, named, strict=True):
            bylines += [Byline(article=row, author_id=pk, position=n) for n, pk in enumerate(authors)]
            tags += [Article.tags.through(article_id=row.pk, tag_id=pk) for pk in labels]
        Byline.objects.bulk_create(bylines)
        Article.tags.through.objects.bulk_create(tags)
        search.note(row.pk for row in rows)

    # --- Old addresses ------------------------------------------------------------------------------------------------

    def _redirect_parts(self, records: list[AddressRecord]) -> None:
        """Lead addresses of what now is part of an article to that article."""
        kinds = ("post", "page")
        found: dict[tuple[str, str], Article] = {}
        for (site, _, id), pk in self.spool.coming(
            [Origin(record.site, kind, record.article) for record in records for kind in kinds]
        ).items():
            found[site, id] = Article(pk=pk)
        rows = Article.objects.filter(origin_id__in={record.article for record in records}, origin_type__in=kinds)
        found |= {(row.origin_site, row.origin_id): row for row in rows.only("origin_site", "origin_id")}
        addresses = [
            (record.site, path, found[record.site, record.article])
            for record in records
            if (record.site, record.article) in found
            for path in record.addresses
        ]
        free = self._free_among(addresses)
        if self.writes and free:
            with self.writes.next():
                Redirect.objects.bulk_create(free)

    def _free(self, articles: list[tuple[ArticleRecord, Article]]) -> list[Redirect]:
        return self._free_among(
            (record.origin.site, path, row) for record, row in articles for path in record.old_addresses
        )

    def _free_among(self, addresses: Iterable[tuple[str, str, Article]]) -> list[Redirect]:
        """Return the rows of the addresses that are free, and count them. What this run has written counts again."""
        wanted = {(site, path): row for site, path, row in addresses if self.spool.is_first(site, path)}
        rows = Redirect.objects.filter(
            site__in={site for site, _ in wanted}, path__in={path for _, path in wanted}
        ).values_list("site", "path", "article_id", "article__import_run")
        taken = {(site, path): (article_id, run_id) for site, path, article_id, run_id in rows}
        free = [Redirect(site=key[0], path=key[1], article=row) for key, row in wanted.items() if key not in taken]
        ours = [
            key for key, (pk, run) in taken.items() if key in wanted and wanted[key].pk == pk and self._is_ours(run)
        ]
        if free or ours:
            self.report.came_in["old addresses"][""] += len(free) + len(ours)
        return free
