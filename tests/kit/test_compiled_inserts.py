"""New rows, written by a statement that is made once."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now

from comments.models import AuditEntry, Comment, ConnectionData, Decision, RateLimit, Revision
from comments.models.locks import lock_for_reply
from newsreader.kit import compiled_inserts
from newsreader.kit.compiled_inserts import TOGETHER, insert, insert_all, insert_together, new
from newsreader.kit.compiled_updates import CompiledUpdate
from tests.factories import make_article, make_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


def columns(row):
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_what_is_written_is_what_save_would_have_written(django_assert_num_queries):
    comment = make_comment()
    decision = Decision(comment=comment, number=7, source="test", after="spam", reasons=[{"code": "spam"}])

    with django_assert_num_queries(1):
        assert insert(decision)

    assert decision.pk
    written = Decision.objects.get(pk=decision.pk)
    assert columns(written) == columns(decision) | {"comment_id": comment.pk}
    decision.after = "trash"
    decision.save()  # An update: it is no new row any more.
    assert Decision.objects.get(pk=decision.pk).after == "trash"


def test_a_column_that_the_database_makes_is_left_to_it():
    comment = make_comment()
    ConnectionData.objects.filter(comment=comment).delete()

    insert(ConnectionData(comment=comment, email="Ada@Example.ORG"))

    assert ConnectionData.objects.get(comment=comment).domain == "example.org"


def test_a_row_that_is_there_is_refused_or_left_out():
    moment = now()
    assert insert(RateLimit(key="x", full_at=moment))

    with pytest.raises(IntegrityError), transaction.atomic():
        insert(RateLimit(key="x", full_at=moment))
    assert not insert(RateLimit(key="x", full_at=moment), unless_there=True)
    assert insert(RateLimit(key="y", full_at=moment), unless_there=True)


@pytest.mark.parametrize("size", [0, 1, 3, TOGETHER + 1])
def test_many_rows_are_few_statements_and_who_is_there_is_left_out(size, django_assert_num_queries):
    moment = now()
    insert(RateLimit(key="0", full_at=moment))
    rows = [RateLimit(key=str(number), full_at=moment) for number in range(size)]

    with django_assert_num_queries(-(-size // TOGETHER)):
        insert_all(rows, unless_there=True)

    assert RateLimit.objects.count() == max(size, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_all([RateLimit(key="0", full_at=moment)])


def test_rows_of_several_models_are_one_statement_where_the_database_can(django_assert_num_queries):
    """Byte for byte what `save` would have written, ids that the database makes included."""
    article = make_comment().article
    comment = Comment(pk=10**6, article=article, path="x", name="50 % Ada", body="Hello", html="<p>Hello</p>")
    data = ConnectionData(comment=comment, email="Ada@Example.ORG")
    decision = Decision(comment=comment, number=1, source="test", after="spam", reasons=[{"code": "50 %"}])

    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 3):
        insert_together(comment, data, decision)

    for row in (comment, data, decision):
        assert row.pk
        assert not row._state.adding
        assert columns(type(row).objects.defer(None).get(pk=row.pk)) == columns(type(row).objects.get(pk=row.pk))
    assert columns(Decision.objects.get(pk=decision.pk)) == columns(decision) | {"comment_id": comment.pk}
    assert columns(Comment.objects.get(pk=comment.pk)) == columns(comment)
    assert ConnectionData.objects.get(comment=comment).domain == "example.org"
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_together(Decision(comment=comment, number=2, after="spam"), data)
    assert not Decision.objects.filter(comment=comment, number=2).exists()


def test_updates_of_other_rows_go_in_with_new_ones(django_assert_num_queries):
    comment, other = make_comment(), make_comment()
    rename = CompiledUpdate("name", lambda pk, name: (Comment.objects.filter(pk=pk), {"name": name}))
    rename.change(0, "")  # compiled

    for rows in (1, 2):
        new = [Revision(comment=comment, body=f"50 % {number}") for number in range(rows)]
        changes = [rename.change(other.pk, f"50 % {rows}"), rename.change(comment.pk, f"Ada {rows}")]
        with django_assert_num_queries(1 if connection.vendor == "postgresql" else rows + 2):
            insert_together(*new, changes=changes)

        assert [Revision.objects.get(pk=row.pk).body for row in new] == [row.body for row in new]
        assert Comment.objects.get(pk=other.pk).name == f"50 % {rows}"
        assert Comment.objects.get(pk=comment.pk).name == f"Ada {rows}"


def test_a_reserved_id_is_nobody_elses():
    last = make_comment(make_article())

    with transaction.atomic():
        locked = lock_for_reply(last.article_id, "")
        mine = Comment(
            pk=locked.comment_id, article=last.article, path="x", name="Ada", body="Hello", html="<p>Hello</p>"
        )
        insert(mine)

    assert mine.pk > last.pk
    assert make_comment(last.article).pk > mine.pk
    assert Comment.objects.get(pk=mine.pk).body == "Hello"


def test_a_row_is_made_as_its_model_makes_it():
    article, moment = make_article(), now()
    comment = Comment(pk=7, article=article)
    for model, values in (
        (Comment, {"article": article, "parent": None, "name": "Ada", "created_at": moment, "status_token": "x"}),
        (ConnectionData, {"comment": comment, "address": None, "email": "ada@example.org"}),
        (Decision, {"comment": comment, "number": 1, "by_id": 3, "created_at": moment}),
        (AuditEntry, {"kind": "decision", "created_at": moment}),
    ):
        made, usual = new(model, **values), model(**values)

        assert columns(made) == columns(usual)
        assert made._state.fields_cache == usual._state.fields_cache
        assert made._state.adding
    assert new(Decision).reasons is not new(Decision).reasons
    assert new(Comment).status_token != new(Comment).status_token
    with pytest.raises(TypeError):
        new(Comment, colour="red")


def test_what_goes_in_as_it_is_is_what_the_fields_would_have_sent():
    """Of all models, though only some are written so."""
    looked = 0
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            for kind in compiled_inserts._plain(field):
                for value in {str: ["", "Ada\0", "7"], int: [0, 7, 2**31], bool: [True, False]}.get(kind, [None]):
                    sent = field.get_db_prep_save(value, connection)
                    assert sent == value, field
                    assert isinstance(value, str | None) or int(sent) == int(value), field
                    looked += 1
    assert looked > 1_000
