"""Records -> rows, in batches, in one transaction. Safe to run again: existing rows are left as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.utils import timezone

from articles import formatting, page_versions, search
from articles.models.article import Article, Byline, Redirect
from articles.models.origins import ImportRun
from articles.picture_addresses import foreign
from articles.records import AddressRecord, ArticleRecord, Origin, Remark
from comments.posting.importing import CommentRecord, admit
from newsreader.kit.text import tidy, tidy_line
from newsreader.transfer.names import Names
from newsreader.transfer.readers import Record
from newsreader.transfer.report import Report
from newsreader.transfer.slugs import FreeSlugs

BATCH = 200  # records of articles and comments in a batch
HEADLINE_LENGTH = 300


@transaction.atomic
def load(records: Iterable[Record], report: Report, run: ImportRun | None = None) -> None:
    """Write what a reader yields and count it in the report. Nothing is stored if the reader fails on the way.

    What is new bears the number of the run, by which it can be taken out again.
    """
    admission = admit(_Articles(report, run).written(records), run)
    if admission.came_in:
        report.came_in["comments"].update(admission.came_in)
    if admission.already_here:
        report.already_here["comments"] += admission.already_here
    report.remarks += admission.remarks
    if report.came_in:
        page_versions.bump_site()  # Menus and the foot of every page may show new sections and pages.


class _Articles:
    """Writes the articles among the records, and passes their comments on."""

    def __init__(self, report: Report, run: ImportRun | None) -> None:
        self.report, self.names, self.run = report, Names(report, run), run
        self.addresses: list[AddressRecord] = []  # Their article may come later in the file.
        self.passed: set[Origin] = set()  # in this run: a file may hold an item twice

    def written(self, records: Iterable[Record]) -> Iterator[CommentRecord]:
        """Yield the comments among the records, each after its article was written."""
        records = iter(records)
        while batch := list(islice(records, BATCH)):
            self._write([record for record in batch if isinstance(record, ArticleRecord)])
            self.report.remarks += [record for record in batch if isinstance(record, Remark)]
            self.addresses += [record for record in batch if isinstance(record, AddressRecord)]
            yield from (record for record in batch if isinstance(record, CommentRecord))
        for start in range(0, len(self.addresses), BATCH):
            self._redirect_parts(self.addresses[start : start + BATCH])

    def _write(self, records: list[ArticleRecord]) -> None:
        known = _known({record.origin for record in records})
        new: list[ArticleRecord] = []
        for record in records:
            if record.origin in self.passed:
                self.report.remarks.append(Remark("listed_twice", record.origin.id, record.headline, left_out=True))
                continue
            self.passed.add(record.origin)
            if record.origin in known:
                self.report.already_here["articles and pages"] += 1
            else:
                new.append(record)
        if not new:
            return
        rows = [self._row(record) for record in new]
        FreeSlugs(rows).give(self.report)
        Article.objects.bulk_create(rows)
        self._join(new, rows)
        for row in rows:
            self.report.came_in[f"{row.kind}s"][row.state] += 1

    def _row(self, record: ArticleRecord) -> Article:
        headline = tidy_line(record.headline)
        if len(headline) > HEADLINE_LENGTH:
            self.report.remark("headline_cut", record.origin.id, headline)
            headline = f"{headline[: HEADLINE_LENGTH - 2]} …"
        at, now = record.published_at, timezone.now()
        body = formatting.sanitise(tidy(record.body))
        for address in foreign(body):
            self.report.remark("foreign_picture", f"{record.kind} {record.origin.id} {headline}"[:100], address)
        return Article(
            kind=record.kind,
            headline=headline,
            slug=record.slug or f"{record.kind}-{record.origin.id}",
            standfirst=tidy(record.standfirst),
            body=body,
            section_id=self.names.section(record.section) if record.section else None,
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
            import_run=self.run,
        )

    def _join(self, records: list[ArticleRecord], rows: list[Article]) -> None:
        """Write what belongs to articles: bylines, tags, old addresses."""
        bylines, tags = [], []
        for record, row in zip(records, rows, strict=True):
            authors = dict.fromkeys(self.names.author(author) for author in record.authors)
            bylines += [Byline(article=row, author_id=pk, position=n) for n, pk in enumerate(authors)]
            found = dict.fromkeys(self.names.tag(tag) for tag in record.tags)
            tags += [Article.tags.through(article_id=row.pk, tag_id=pk) for pk in found if pk]
        Byline.objects.bulk_create(bylines)
        Article.tags.through.objects.bulk_create(tags)
        search.note(row.pk for row in rows)
        self._redirect(records, rows)

    def _redirect_parts(self, records: list[AddressRecord]) -> None:
        """Lead addresses of what now is part of an article to that article."""
        rows = Article.objects.filter(origin_id__in={record.article for record in records}).only(
            "origin_site", "origin_id"
        )
        found = {(row.origin_site, row.origin_id): row for row in rows.filter(origin_type__in=("post", "page"))}
        self._write_redirects(
            (record.site, path, found[record.site, record.article])
            for record in records
            if (record.site, record.article) in found
            for path in record.addresses
        )

    def _redirect(self, records: list[ArticleRecord], rows: list[Article]) -> None:
        self._write_redirects(
            (record.origin.site, path, row)
            for record, row in zip(records, rows, strict=True)
            for path in record.old_addresses
        )

    def _write_redirects(self, addresses: Iterable[tuple[str, str, Article]]) -> None:
        wanted: dict[tuple[str, str], Redirect] = {}
        for site, path, row in addresses:
            wanted.setdefault((site, path), Redirect(site=site, path=path, article=row))
        taken = set(
            Redirect.objects.filter(
                site__in={site for site, _ in wanted}, path__in={path for _, path in wanted}
            ).values_list("site", "path")
        )
        new = [redirect for key, redirect in wanted.items() if key not in taken]
        Redirect.objects.bulk_create(new)
        if new:
            self.report.came_in["old addresses"][""] += len(new)


def _known(origins: set[Origin]) -> set[Origin]:
    """Return the origins whose articles exist already."""
    known: set[Origin] = set()
    for site, kind in {(origin.site, origin.type) for origin in origins}:
        ids = [origin.id for origin in origins if (origin.site, origin.type) == (site, kind)]
        rows = Article.objects.filter(origin_site=site, origin_type=kind, origin_id__in=ids)
        known.update(Origin(site, kind, id) for id in rows.values_list("origin_id", flat=True))
    return known
