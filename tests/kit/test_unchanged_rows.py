"""Rows that are not read again while the database says that nothing was committed."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connection, connections, transaction

from articles.models.site import Site
from comments.models import CommentSettings
from newsreader.kit import unchanged_rows
from newsreader.kit.compiled_queries import only_row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.ci_both]
on_a_file = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL is always asked")
NAME = "UPDATE articles_site SET name = %s WHERE id = 1"


@pytest.fixture
def site():
    return Site.objects.current()


def name():
    return Site.objects.current().name


def beside(statement, *values):
    """Commit by another connection, as another process does."""
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute(statement, values)


@on_a_file
def test_a_row_is_read_once_while_nothing_changes(site, django_assert_num_queries):
    name()
    with django_assert_num_queries(0):
        assert name() == site.name


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL alone")
def test_postgresql_is_always_asked(site, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert name() == name() == site.name


def test_what_others_commit_is_seen_at_once(site):
    for number in range(3):
        name()
        beside(NAME, f"The Echo {number}")
        assert name() == f"The Echo {number}"


def test_so_is_what_this_connection_writes(site):
    for number in range(3):
        name()
        Site.objects.filter(pk=1).update(name=f"The Echo {number}")
        assert name() == f"The Echo {number}"


def test_so_is_that_the_row_has_gone(site):
    name()
    beside("DELETE FROM articles_site WHERE id = 1")
    assert only_row(model=Site) == []


def test_what_is_taken_back_was_not_kept(site):
    name()
    with transaction.atomic():
        Site.objects.filter(pk=1).update(name="Taken back")
        assert name() == name() == "Taken back"
        transaction.set_rollback(True)
    assert name() == site.name

    with transaction.atomic():
        Site.objects.filter(pk=1).update(name="The Echo")
        with transaction.atomic():
            Site.objects.filter(pk=1).update(name="Taken back")
            assert name() == "Taken back"
            transaction.set_rollback(True)
        assert name() == "The Echo"
    assert name() == "The Echo"


def test_a_row_that_somebody_has_changed_in_memory_is_made_anew(site):
    name()
    changed = Site.objects.current()
    changed.name, changed.of_this_request = "Only here", True
    assert name() == site.name
    assert not hasattr(Site.objects.current(), "of_this_request")


def test_another_connection_knows_nothing_of_it(site):
    name()
    connection.close()
    beside(NAME, "The Echo")
    assert name() == "The Echo"


def test_each_model_has_its_own(site):
    CommentSettings.objects.current()
    assert isinstance(Site.objects.current(), Site)
    assert isinstance(CommentSettings.objects.current(), CommentSettings)


@on_a_file
def test_where_the_database_does_not_say_it_is_asked(site, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(connections["default"], "is_in_memory_db", lambda: True)
    monkeypatch.setattr(connections["default"], "unchanged_rows", None)
    with django_assert_num_queries(2):
        assert name() == name() == site.name


@on_a_file
def test_a_fault_is_left_to_the_statement(site):
    kept = unchanged_rows._Kept(sqlite3.connect(":memory:"))
    kept.driver.close()
    assert kept.state_now() is None
