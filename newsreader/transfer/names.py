"""Sections, tags and authors of imported articles: found by origin, created where missing."""

from __future__ import annotations

from typing import Any

from django.utils.text import slugify

from articles.errors import NotATag
from articles.models.origins import ImportRun
from articles.models.taxonomy import Author, Section, Tag
from articles.records import NameRecord, Origin, Remark, digest
from articles.tagging import make_tag, tag_name
from newsreader.kit.text import tidy_line
from newsreader.transfer.report import Report

NAME_LENGTH, SLUG_LENGTH = 200, 200
_Named = type[Section] | type[Author]


class Names:
    """Finds or creates them, and remembers them for this run."""

    def __init__(self, report: Report, run: ImportRun | None = None) -> None:
        self.report, self.run = report, run
        self.ids: dict[tuple[_Named, Origin], int] = {}
        self.tags: dict[Origin, int | None] = {}

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
        origin = _origin(record)
        if found := Tag.objects.filter(**origin).first():
            return found.pk
        if len(record.name) > NAME_LENGTH:
            self.report.remark("name_shortened", tidy_line(record.name))
        try:
            name = tag_name(tidy_line(record.name)[:NAME_LENGTH])
        except NotATag:
            self.report.remarks.append(Remark("tag_without_name", record.origin.id, record.slug, left_out=True))
            return None
        if found := Tag.objects.filter(name=name).order_by("pk").first():
            return found.pk
        self.report.came_in["tags"][""] += 1
        return make_tag(name, slug=record.slug, origin=origin | {"import_run": self.run}).pk

    def author(self, record: NameRecord) -> int:
        """Return the author's id. Authors with the same name on two sites stay two authors."""
        return self._id(Author, record, shared=False)

    def _id(self, model: _Named, record: NameRecord, *, shared: bool) -> int:
        key = model, record.origin
        if key not in self.ids:
            self.ids[key] = self._find(model, record, shared) or self._make(model, record)
        return self.ids[key]

    def _find(self, model: _Named, record: NameRecord, shared: bool) -> int | None:
        found = model._default_manager.filter(**_origin(record)).values_list("pk", flat=True).first()
        if found is None and shared:
            found = model._default_manager.filter(slug=_slug(record)).values_list("pk", flat=True).first()
        return found

    def _make(self, model: _Named, record: NameRecord) -> int:
        name, slug = tidy_line(record.name), _slug(record)
        if len(name) > NAME_LENGTH:
            self.report.remark("name_shortened", name)
        if model._default_manager.filter(slug=slug).exists():
            ending = f"-{digest(*record.origin)[:6]}"
            slug = f"{slug[: SLUG_LENGTH - len(ending)]}{ending}"
        values = _origin(record) | {"import_run": self.run}
        row = model._default_manager.create(name=name[:NAME_LENGTH], slug=slug, **values)
        self.report.came_in[f"{model._meta.model_name}s"][""] += 1
        return row.pk


def _origin(record: NameRecord) -> dict[str, Any]:
    """Return the columns that say where a row came from."""
    site, kind, id = record.origin
    return {"origin_site": site, "origin_type": kind, "origin_id": id}


def _slug(record: NameRecord) -> str:
    slug = record.slug or slugify(record.name, allow_unicode=True) or digest(*record.origin)
    return slug[:SLUG_LENGTH]
