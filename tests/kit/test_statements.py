"""Statements that reach the driver without Django's cursors."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.utils.timezone import now

from comments.models import RateLimit
from newsreader.kit import database_time, statements
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.database_time import spent
from tests.factories import make_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]

GET = "SELECT id, name FROM comments_comment WHERE id = %s"


@pytest.fixture(params=[True, False], ids=["bare", "watched"])
def bare(request, monkeypatch):
    """Once as a site runs, once where somebody else watches statements, too."""
    others = [] if request.param else [lambda execute, *given: execute(*given)]
    monkeypatch.setattr(connections["default"], "execute_wrappers", [database_time._timed, *others])
    if request.param:
        monkeypatch.setattr(statements, "prepared_cursor", None)


def test_rows_and_how_many_were_written(bare):
    comment, before = make_comment(name="50 % Ada"), spent.statements

    assert statements.run(connection, GET, [comment.pk]).rows == [(comment.pk, "50 % Ada")]
    assert statements.run(connection, GET, [0]).rows == []
    update = "UPDATE comments_comment SET name = %s WHERE id = %s"
    assert statements.run(connection, update, ["Bob", comment.pk]) == ([], 1)

    assert spent.statements == before + 3
    comment.refresh_from_db()
    assert comment.name == "Bob"


def test_errors_are_those_of_django(bare):
    insert(RateLimit(key="x", full_at=now()))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(RateLimit(key="x", full_at=now()))
    with pytest.raises(DatabaseError), transaction.atomic():
        statements.run(connection, "SELECT missing FROM comments_comment WHERE id = %s", [1])

    assert RateLimit.objects.count() == 1


def test_a_broken_transaction_takes_nothing_more(bare):
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            statements.run(connection, GET, [1])
