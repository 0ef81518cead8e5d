"""Rows that come as a text in another statement are those that a statement of their own reads."""

import pytest
from django.db.models import F

from articles.models.site import Site
from articles.models.taxonomy import Section
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.kept import columns
from newsreader.kit.rows_as_json import RowsAsJson, columns_of, row_in
from tests.factories import make_section

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
NAMES = ["Ada", "\"', %s \\ ] é 東京 \U0001f600", ""]


def test_a_row_is_the_same_whatever_it_holds():
    section = make_section()
    read = Compiled(lambda pk: Section.objects.filter(pk=pk).annotate(it=columns_of(Section.objects.filter(pk=pk))))

    for name in NAMES:
        Section.objects.filter(pk=section.pk).update(name=name)

        (row,) = read(section.pk)
        found = row_in(row.it, Section)
        assert columns(found) == columns(Section.objects.get(pk=section.pk))
        assert not found._state.adding


def test_no_row_is_an_empty_list():
    site = Site.objects.current()
    rows = columns_of(Section.objects.filter(pk=0))

    (text,) = Site.objects.filter(pk=site.pk).annotate(it=rows).values_list("it", flat=True)

    assert (text, row_in(text, Section)) == ("[]", None)


def test_several_rows_of_several_tables():
    make_section(name="Sea")
    site = Site.objects.current()
    both = [rows.annotate(it=F("name")).order_by().values_list("it", "pk") for rows in (Section.objects, Site.objects)]

    (text,) = Site.objects.annotate(all=RowsAsJson(both[0].union(both[1], all=True), 2)).values_list("all", flat=True)

    assert '"Sea"' in text
    assert f'"{site.name}"' in text
