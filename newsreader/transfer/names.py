"""Sections, tags and authors of imported articles: found by origin, created where missing."""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify

from articles.errors import NotATag
from articles.models.origins import ImportRun
from articles.models.taxonomy import Author, Section, Tag
from articles.records import NameRecord, Origin, digest
from articles.tagging import make_tag, tag_name
from newsreader.kit.text import tidy_line
from newsreader.transfer.report import Report

NAME_LENGTH, SLUG_LENGTH = 200, 200
_Named = type[Section] | type[Author]


class Names:
    """Finds or creates them, and remembers them for this run. What it has made before it was cut short counts again.

    A dry run creates nothing: it gives out numbers that no row has.
    """

    def __init__(self, report: Report, run: ImportRun | None = None, *, dry_run: bool = False) -> None:
        self.report, self.run, self.dry_run = report, run, dry_run
        self.file = ""  # that of the article which names them, for remarks
        self.ids: dict[tuple[_Named, Origin], int] = {}
        self.tags: dict[Origin, int | None] = {}
        self._dry: dict[tuple[_Named | type[Tag], str], int] = {}  # by slug, tags by name

    def section(self, record: NameRecord) -> int:
        """Return the section's id. Sections with the same slug are the same, whichever site they came from."""
        return self._id(Section, record, shared=True)

    def tag(self, record: NameRecord) -> int | None:
        """Return the tag's id. Tags with the same name are the same, whichever site they came from.

        None, with a remark, for a name that cannot be a tag's.
        """
        if record.origin not in self.tags:
            self.tags[record.origin] = self._tag(record)
        return self.tags[record.origin]

    def _tag(self, record: NameRecord) -> int | None:
        found = Tag.objects.filter(**_origin(record)).first()
        if found and not self._is_ours(found.import_run_id):
            return found.pk
        self._remark_length(record)
        if found:
            self.report.came_in["tags"][""] += 1
            return found.pk
        try:
            name = tag_name(tidy_line(record.name)[:NAME_LENGTH])
        except NotATag:
            self.report.remark("tag_without_name", record.origin.id, record.slug, left_out=True, file=self.file)
            return None
        if found := Tag.objects.filter(name=name).order_by("pk").first():
            return found.pk
        if (Tag, name) in self._dry:
            return self._dry[Tag, name]
        self.report.came_in["tags"][""] += 1
        if self.dry_run:
            return self._number(Tag, name)
        return make_tag(name, slug=record.slug, origin=_origin(record) | {"import_run": self.run}).pk

    def author(self, record: NameRecord) -> int:
        """Return the author's id. Authors with the same name on two sites stay two authors."""
        return self._id(Author, record, shared=False)

    def _id(self, model: _Named, record: NameRecord, *, shared: bool) -> int:
        key = model, record.origin
        if key not in self.ids:
            self.ids[key] = self._find(model, record, shared) or self._make(model, record)
        return self.ids[key]

    def _find(self, model: _Named, record: NameRecord, shared: bool) -> int | None:
        rows = model._default_manager.filter(**_origin(record)).values_list("pk", "import_run_id")
        if found := rows.first():
            if self._is_ours(found[1]):
                self._count(model, record)
            return found[0]
        if not shared:
            return None
        slug = _slug(record)
        here = model._default_manager.filter(slug=slug).values_list("pk", flat=True).first()
        return here or self._dry.get((model, slug))

    def _make(self, model: _Named, record: NameRecord) -> int:
        self._count(model, record)
        name, slug = tidy_line(record.name), _slug(record)
        if self.dry_run:
            return self._number(model, slug)
        if model._default_manager.filter(slug=slug).exists():
            ending = f"-{digest(*record.origin)[:6]}"
            slug = f"{slug[: SLUG_LENGTH - len(ending)]}{ending}"
        values = _origin(record) | {"import_run": self.run}
        return model._default_manager.create(name=name[:NAME_LENGTH], slug=slug, **values).pk

    def _count(self, model: _Named, record: NameRecord) -> None:
        self._remark_length(record)
        self.report.came_in[f"{model._meta.model_name}s"][""] += 1

    def _remark_length(self, record: NameRecord) -> None:
        if len(tidy_line(record.name)) > NAME_LENGTH:
            self.report.remark("name_shortened", tidy_line(record.name), file=self.file)

    def _number(self, model: _Named | type[Tag], key: str) -> int:
        self._dry[model, key] = -len(self._dry) - 1
        return self._dry[model, key]

    def _is_ours(self, run_id: int | None) -> bool:
        return self.run is not None and self.run.pk is not None and self.run.pk == run_id


def _origin(record: NameRecord) -> dict[str, Any]:
    """Return the columns that say where a row came from."""
    site, kind, id = record.origin
    return {"origin_site": site, "origin_type": kind, "origin_id": id}


def _slug(record: NameRecord) -> str:
    slug = record.slug or slugify(record.name, allow_unicode=True) or digest(*record.origin)
    return slug[:SLUG_LENGTH]
