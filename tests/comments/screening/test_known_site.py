"""What a post knows of the site is what is there, whoever has changed it and however."""

import pytest
from django.db import models

from articles.models.site import Site
from comments.models import CommentSettings
from comments.screening import known_site
from newsreader.kit.kept import columns
from tests.factories import make_author, make_section

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


@pytest.fixture(autouse=True)
def site(db):
    return Site.objects.current()


def current():
    return known_site.under(known_site.with_site(Site.objects.only("pk")).get())


def test_every_setting_counts_at_once_and_costs_one_statement(django_assert_num_queries):
    CommentSettings.objects.current()
    current()

    for field in CommentSettings._meta.concrete_fields[1:]:
        rows, value = CommentSettings.objects.filter(pk=1), getattr(CommentSettings.objects.current(), field.name)
        others = [choice for choice, _label in field.choices or () if choice != value]
        other = others[0] if others else not value if isinstance(field, models.BooleanField) else value + 1
        rows.update(**{field.name: other})  # As anybody might do it: nothing is told of it.
        with django_assert_num_queries(1):
            known = current()
        assert getattr(known.rules, field.name) == other
        assert columns(known.rules) == columns(CommentSettings.objects.current())


def test_what_has_not_changed_is_not_made_again():
    first, second = current(), current()

    assert first.rules is second.rules
    assert first.entries is second.entries
    assert first.reserved is second.reserved


def test_a_site_without_settings_gets_the_usual_ones():
    CommentSettings.objects.all().delete()

    assert columns(current().rules) == columns(CommentSettings(pk=1))


def test_names_are_those_of_now():
    author, section = make_author(name="Owen Tredwell"), make_section(name="Harbour")
    assert "Owen Tredwell" in current().reserved.groups[0].values()

    type(author).objects.filter(pk=author.pk).update(name="Mary Tredwell")
    section.delete()

    reserved = current().reserved
    assert "Mary Tredwell" in reserved.groups[0].values()
    assert "Owen Tredwell" not in reserved.groups[0].values()
    assert "Harbour" not in reserved.groups[1].values()
