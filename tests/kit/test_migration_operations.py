"""Operations that make nobody wait, on both databases: run, broken off, run again, undone."""

import pytest
from django.db import IntegrityError, connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from newsreader.kit.migration_operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveFieldIndex,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from newsreader.operations.migration_lock import migration_lock

pytestmark = [pytest.mark.usefixtures("transactional_db")]
INDEX = models.Index(fields=["words"], name="thing_by_words")
CHECK = models.CheckConstraint(condition=~models.Q(words=""), name="thing_has_words")


@pytest.fixture
def state():
    """A table with a row, and the state that knows it."""
    made = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("words", models.CharField(max_length=20))]
    made.add_model(ModelState("articles", "Thing", fields))
    model = made.apps.get_model("articles", "Thing")
    with connection.schema_editor() as editor:
        editor.create_model(model)
    model.objects.create(words="here")
    yield made
    with connection.schema_editor() as editor:
        editor.delete_model(model)


def run(operation, state, *, atomic=False):
    after = state.clone()
    operation.state_forwards("articles", after)
    with connection.schema_editor(atomic=atomic) as editor:
        operation.database_forwards("articles", editor, state, after)
    return after


def known():
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, "articles_thing"))


def test_an_index_is_built_whatever_an_attempt_before_has_left(state):
    add = AddIndexConcurrently("thing", INDEX)
    with migration_lock(connection, print):  # Whose transaction it would wait for, had that a snapshot.
        after = run(add, state)
        run(add, state)  # Broken off after it was built, before that was written down.
    assert INDEX.name in known()

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '1h'")
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_by_words'::regclass")
            run(add, state)
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'thing_by_words'::regclass")
            assert cursor.fetchone() == (True,)
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("1h",)

    with connection.schema_editor(atomic=False) as editor:
        add.database_backwards("articles", editor, after, state)
    assert INDEX.name not in known()


def test_a_constraint_holds_for_new_rows_first_and_then_for_all(state):
    # SQLite makes the table anew, and does it only in a transaction.
    after = run(AddConstraintNotValid("thing", CHECK), state, atomic=True)

    with pytest.raises(IntegrityError):
        after.apps.get_model("articles", "Thing").objects.create(words="")
    run(ValidateConstraint("thing", CHECK.name), after)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = %s", [CHECK.name])
            assert cursor.fetchone() == (True,)


def test_they_are_what_a_migration_takes():
    assert isinstance(AddIndexConcurrently("thing", INDEX), migrations.AddIndex)
    assert isinstance(AddConstraintNotValid("thing", CHECK), migrations.AddConstraint)


def test_an_index_is_dropped_once_and_comes_back_where_that_is_undone(state):
    state = run(AddIndexConcurrently("thing", INDEX), state)
    drop = RemoveIndexConcurrently("thing", INDEX.name)
    after = run(drop, state)
    run(drop, state)  # Broken off after it was dropped.
    assert INDEX.name not in known()

    with connection.schema_editor(atomic=False) as editor:
        drop.database_backwards("articles", editor, after, state)
    assert INDEX.name in known()


def test_the_index_of_a_field_is_dropped_alone_and_the_rows_stay(state):
    before = known()
    indexed = models.CharField(max_length=20, db_index=True)
    state = run(migrations.AlterField("thing", "words", indexed), state)
    state = run(AddIndexConcurrently("thing", INDEX), state)
    of_field = known() - before - {INDEX.name}
    assert of_field

    drop = RemoveFieldIndex("thing", "words", models.CharField(max_length=20))
    after = run(drop, state)
    run(drop, state)

    assert INDEX.name in known()
    assert not any(name in known() and not name.endswith("_like") for name in of_field)
    assert after.apps.get_model("articles", "Thing").objects.get().words == "here"
    with connection.schema_editor(atomic=False) as editor:
        drop.database_backwards("articles", editor, after, state)
    assert known() - before - {INDEX.name}
