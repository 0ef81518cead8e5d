"""Sample migrations, each with what is refused in it; and those of the site, of which nothing is."""

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Length, Now

from newsreader.kit.migration_operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from newsreader.operations.migration_rules import BREAKS, DROPS, LOCKS, judge, published, refusals

INDEX = models.Index(fields=["words"], name="by_words")
CHECK = models.CheckConstraint(condition=~models.Q(words=""), name="has_words")


def before():
    """The models of the release that is running."""
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("words", models.CharField(max_length=20)),
        ("mood", models.CharField(max_length=20, null=True)),
        ("rank", models.IntegerField(db_default=0)),
    ]
    state.add_model(ModelState("shop", "Note", fields, options={"constraints": [CHECK]}))
    return state


def kinds(*operations, releases=("0.2.0",), **attributes):
    made = type("Migration", (migrations.Migration,), {"operations": list(operations), **attributes})
    return [refusal.kind for refusal in judge(made("0002_sample", "shop"), before(), set(releases))]


def adding(field):
    return migrations.AddField("note", "more", field)


def altering(name, field):
    return migrations.AlterField("note", name, field)


def text(**options):
    return models.CharField(**{"max_length": 20} | options)


EXPANDING = [
    adding(text(null=True)),
    adding(text(db_default="")),
    adding(models.DateTimeField(db_default=Now())),
    adding(models.ForeignKey("shop.Note", models.CASCADE, null=True, db_index=False)),
    adding(models.ManyToManyField("shop.Note")),
    altering("words", text(max_length=40, help_text="More of them.")),
    altering("words", models.TextField()),
    altering("words", text(null=True)),
    altering("mood", text(null=True, choices=[("a", "A")])),
    AddConstraintNotValid("note", CHECK),
    migrations.RemoveConstraint("note", "has_words"),
    migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("note", "mood")]),
]


@pytest.mark.parametrize("operation", EXPANDING, ids=lambda operation: operation.describe())
def test_what_the_running_release_does_not_notice_passes(operation):
    assert kinds(operation) == []


def test_a_new_table_may_have_whatever_it_wants():
    table = migrations.CreateModel("Tag", [("id", models.BigAutoField(primary_key=True)), ("words", text())])
    index = migrations.AddIndex("tag", models.Index(fields=["words"], name="tag_by_words"))
    unique = migrations.AddConstraint("tag", models.UniqueConstraint(fields=["words"], name="one_tag"))
    assert kinds(table, index, unique, migrations.AddField("tag", "kind", text(default=""))) == []


REFUSED = [
    (migrations.RemoveField("note", "mood"), DROPS),
    (migrations.DeleteModel("Note"), DROPS),
    (migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("note", "mood")]), DROPS),
    (migrations.RenameField("note", "mood", "temper"), BREAKS),
    (migrations.RenameModel("Note", "Remark"), BREAKS),
    (migrations.AlterModelTable("note", "remarks"), BREAKS),
    (adding(text(default="")), BREAKS),  # Django's default is not the database's.
    (migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("note", "words")]), BREAKS),
    (altering("mood", text()), BREAKS),
    (altering("rank", models.IntegerField()), BREAKS),
    (altering("rank", models.BigIntegerField(db_default=0)), BREAKS),
    (altering("words", text(max_length=10)), BREAKS),
    (altering("words", text(db_column="remark")), BREAKS),
    (altering("words", text(unique=True)), LOCKS),
    (altering("words", text(db_index=True)), LOCKS),
    (adding(text(null=True, db_index=True)), LOCKS),
    (adding(models.ForeignKey("shop.Note", models.CASCADE, null=True)), LOCKS),
    (adding(models.IntegerField(db_default=Length(models.Value("x")))), LOCKS),
    (
        adding(models.GeneratedField(expression=Length("words"), output_field=models.IntegerField(), db_persist=True)),
        LOCKS,
    ),
    (migrations.AddIndex("note", INDEX), LOCKS),
    (AddIndexConcurrently("note", INDEX), LOCKS),  # In a transaction.
    (migrations.AddConstraint("note", CHECK), LOCKS),
    (migrations.AddConstraint("note", models.UniqueConstraint(fields=["words"], name="one")), LOCKS),
    (migrations.AlterUniqueTogether("note", {("words", "mood")}), LOCKS),
    (migrations.RunSQL("UPDATE shop_note SET words = ''"), LOCKS),
    (migrations.RunPython(migrations.RunPython.noop), LOCKS),
]


@pytest.mark.parametrize(("operation", "kind"), REFUSED, ids=lambda value: getattr(value, "describe", lambda: value)())
def test_what_would_break_or_stop_the_running_release_is_refused(operation, kind):
    assert kinds(operation) == [kind]


def test_what_wants_no_transaction_passes_outside_of_one():
    assert kinds(AddIndexConcurrently("note", INDEX), atomic=False) == []
    assert kinds(migrations.RunPython(migrations.RunPython.noop), atomic=False) == []
    assert kinds(ValidateConstraint("note", "has_words")) == []


def test_rows_are_changed_apart_from_the_schema_and_constraints_validated_apart_from_adding_them():
    assert kinds(adding(text(null=True)), migrations.RunPython(migrations.RunPython.noop), atomic=False) == [LOCKS]
    assert kinds(AddConstraintNotValid("note", CHECK), ValidateConstraint("note", "has_words")) == [LOCKS]


def test_a_contract_names_a_release_that_has_been_published():
    dropping = migrations.RemoveField("note", "mood")

    assert kinds(dropping, contract="0.2.0") == []
    assert kinds(dropping, contract="0.3.0") == [DROPS, DROPS]
    assert kinds(migrations.RenameField("note", "mood", "temper"), contract="0.2.0") == [BREAKS]
    assert kinds(migrations.AddIndex("note", INDEX), contract="0.2.0") == [LOCKS]
    assert kinds(migrations.AddIndex("note", INDEX), takes_locks="A dozen rows.") == []


def test_ours_pass_and_those_from_before_the_first_release_are_left_alone():
    loader = MigrationLoader(None)

    assert refusals(loader, published()) == []
    assert any("comments 0009_import_runs (locks)" in line for line in refusals(loader, set(), {"comments": 8}))
