"""Sections, tags and authors of imported articles: found by origin, created where missing."""

from __future__ import annotations

from django.utils.text import slugify

from articles.models.taxonomy import Author, Section, Tag
from articles.records import NameRecord, Origin, digest
from newsreader.kit.text import tidy_line
from newsreader.transfer.report import Report

NAME_LENGTH, SLUG_LENGTH = 200, 200
_Named = type[Section] | type[Tag] | type[Author]


class Names:
    """Finds or creates them, and remembers them for this run."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.ids: dict[tuple[_Named, Origin], int] = {}

    def section(self, record: NameRecord) -> int:
        """Return the section's id. Sections with the same slug are the same, whichever site they came from."""
        return self._id(Section, record, shared=True)

    def tag(self, record: NameRecord) -> int:
        """Return the tag's id, found by slug like a section's."""
        return self._id(Tag, record, shared=True)

    def author(self, record: NameRecord) -> int:
        """Return the author's id. Authors with the same name on two sites stay two authors."""
        return self._id(Author, record, shared=False)

    def _id(self, model: _Named, record: NameRecord, *, shared: bool) -> int:
        key = model, record.origin
        if key not in self.ids:
            self.ids[key] = self._find(model, record, shared) or self._make(model, record)
        return self.ids[key]

    def _find(self, model: _Named, record: NameRecord, shared: bool) -> int | None:
        site, kind, id = record.origin
        rows = model._default_manager.filter(origin_site=site, origin_type=kind, origin_id=id)
        found = rows.values_list("pk", flat=True).first()
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
        site, kind, id = record.origin
        values = {"origin_site": site, "origin_type": kind, "origin_id": id}
        row = model._default_manager.create(name=name[:NAME_LENGTH], slug=slug, **values)
        self.report.came_in[f"{model._meta.model_name}s"][""] += 1
        return row.pk


def _slug(record: NameRecord) -> str:
    slug = record.slug or slugify(record.name, allow_unicode=True) or digest(*record.origin)
    return slug[:SLUG_LENGTH]
