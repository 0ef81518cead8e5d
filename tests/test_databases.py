"""What a test commits is gone for the next, whichever way it asks for a database that commits."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from articles.models import Article
from tests.factories import make_article


def leave_traces():
    """Find what the migrations left and nothing else; then change all of it."""
    assert Group.objects.filter(name="Moderators").exists()
    assert not Article.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM articles_search")  # No model's table.
        assert cursor.fetchone() == (0,)

    make_article()
    Group.objects.all().delete()

    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM articles_search")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("turn", range(2))
def test_the_fixture_restores_what_the_migrations_left(transactional_db, turn):
    leave_traces()


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.usefixtures("transactional_db")
def test_the_marker_restores_what_the_migrations_left(turn):
    leave_traces()


def test_a_test_that_commits_nothing_finds_it_too(db):
    leave_traces()
