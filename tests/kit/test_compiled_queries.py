"""Queries whose SQL is written once."""

import datetime as dt

import pytest
from django.db import connection
from django.db.models import Count
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.site import Site
from comments.models import ArticleSettings, Batch, Comment, CommentSettings, Decision
from newsreader.kit import compiled_queries
from newsreader.kit.compiled_queries import Compiled, give
from tests.factories import make_article, make_author, make_comment, make_section, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


def columns(row):
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_it_returns_what_the_query_returns(django_assert_num_queries):
    article, other = make_article(section=make_section()), make_article()
    found = Compiled(lambda on, slug: Article.objects.at(on, slug).select_related("section"))

    for each in (article, other, article):
        section_id = each.section_id
        with django_assert_num_queries(1):
            (row,) = found(each.published_on, each.slug)
            assert (row.section.pk if row.section else None) == section_id
        assert columns(row) == columns(Article.objects.get(pk=each.pk))
    assert found(article.published_on, "nothing") == []
    assert found.first(article.published_on, "nothing") is None


def test_a_row_stands_for_its_model_and_makes_it_only_for_what_is_no_column(django_assert_num_queries):
    article = make_article(headline="Ferry")
    found = Compiled(lambda pk: Article.objects.filter(pk=pk))

    with django_assert_num_queries(1):
        (row,) = found.unmade(article.pk)
        assert (row.pk, row.id, row.headline, row._model) == (article.pk, article.pk, "Ferry", None)
        assert row.published_at == article.published_at
        assert row._model is None
        assert row.get_absolute_url() == article.get_absolute_url()
    assert found.unmade(article.pk)[0].values == row.values
    Article.objects.filter(pk=article.pk).update(headline="Tram")
    assert found.unmade(article.pk)[0].values != row.values
    assert found.unmade(10**30) == []


@pytest.mark.parametrize("model", [Article, CommentSettings, ArticleSettings, Batch, Comment, Decision])
def test_each_column_of_a_row_is_what_the_model_would_have(model):
    """Texts, numbers, times, booleans, JSON and UUIDs, and what is empty."""
    comment = make_comment()
    ArticleSettings.objects.create(article=comment.article, surge_facts={"usual": [1, 2]}, members_only=True)
    CommentSettings.objects.current()
    batch = Batch.objects.create()
    Decision.objects.create(
        comment=comment, number=7, source="test", after="spam", batch=batch, reasons=[{"code": "spam"}]
    )
    rows, expected = Compiled(lambda: model.objects.order_by("pk")).unmade(), list(model.objects.order_by("pk"))
    assert expected
    for row, each in zip(rows, expected, strict=True):
        assert {name: getattr(row, name) for name in columns(each)} == columns(each)
        assert row._model is None


def test_its_models_are_as_the_orm_makes_them():
    make_article(section=make_section(), lead_picture=Picture.objects.create(file="a.jpg", width=4, height=3))
    rows = Article.objects.select_related("section", "lead_picture").defer("body")
    (expected,), (row,) = rows, Compiled(lambda: rows.all())()

    for one, other in ((expected, row), (expected.section, row.section), (expected.lead_picture, row.lead_picture)):
        assert type(one) is type(other)
        assert columns(one) == columns(other)
        assert one.get_deferred_fields() == other.get_deferred_fields()
        assert (other._state.adding, other._state.db) == (False, "default")
    assert row.lead_picture.file.url == expected.lead_picture.file.url
    row.headline = "Ferries run again"
    row.save(update_fields=["headline"])
    assert Article.objects.get().headline == "Ferries run again"


def test_whoever_takes_part_in_the_making_of_models_is_asked():
    make_article()
    made = []

    def note(instance, **_):
        made.append(instance)

    post_init.connect(note, sender=Article)
    try:
        (row,) = Compiled(lambda: Article.objects.all())()
    finally:
        post_init.disconnect(note, sender=Article)

    assert made == [row]


def test_a_number_that_no_column_holds_finds_nothing():
    found = Compiled(lambda pk: Article.objects.filter(pk=pk))

    assert found(make_article().pk)
    assert found(2**63) == []


def test_values_of_each_type_reach_the_database_as_they_are():
    article = make_article()
    moment, now = article.published_at, timezone.now()
    since = Compiled(
        lambda at, pk: Article.objects.filter(published_at__gte=at, pk=pk).values_list("pk", "published_at")
    )

    assert since(moment, article.pk) == [(article.pk, moment)]
    assert since(moment.astimezone(dt.timezone(dt.timedelta(hours=5))), article.pk) == [(article.pk, moment)]
    assert since(now + dt.timedelta(days=1), article.pk) == []


def test_each_shape_and_each_number_of_values_has_a_statement_of_its_own():
    first, second, third = make_article(), make_article(), make_article()

    @Compiled
    def some(*ids, size, backwards):
        return Article.objects.filter(pk__in=ids).order_by("-pk" if backwards else "pk")[:size]

    assert some(first.pk, second.pk, third.pk, size=2, backwards=False) == [first, second]
    assert some(third.pk, first.pk, second.pk, size=2, backwards=True) == [third, second]
    assert some(second.pk, size=2, backwards=True) == [second]


def test_no_more_statements_are_kept_than_there_is_room_for(monkeypatch):
    article, compiled = make_article(), []

    @Compiled
    def some(pk, *, size):
        compiled.append(size)
        return Article.objects.filter(pk=pk)[:size]

    monkeypatch.setattr(compiled_queries, "MOST", 2)
    for size in (1, 2, 3, 3, 1, 2):
        assert some(article.pk, size=size) == [article]

    assert compiled == [1, 2, 3, 3]


def test_annotations_come_with_the_models():
    article = make_article()
    article.tags.add(make_tag(), make_tag())
    counted = Compiled(lambda pk: Article.objects.filter(pk=pk).annotate(many=Count("tags")).only("headline"))

    (row,) = counted(article.pk)

    assert row.many == 2
    assert row.get_deferred_fields()


def test_a_query_that_changes_its_value_or_prefetches_is_refused():
    with pytest.raises(TypeError, match="changes these values"):
        Compiled(lambda words: Article.objects.filter(headline__contains=words))("ferry")
    with pytest.raises(TypeError, match="prefetches"):
        Compiled(lambda: Article.objects.prefetch_related("tags"))()
    with pytest.raises(TypeError, match="models or tuples"):
        Compiled(lambda: Article.objects.values("pk"))()


def test_what_is_given_is_not_read_again(django_assert_num_queries):
    article = make_article(authors=[make_author()])
    byline = article.bylines.get()

    give(article, bylines=[byline], tags=[])

    with django_assert_num_queries(0):
        assert list(article.bylines.all()) == [byline]
        assert list(article.tags.all()) == []
        assert article.tags.count() == 0
    with pytest.raises(TypeError, match="slice"):
        article.bylines.filter(role="editor")


def test_the_one_row_of_settings_is_made_where_it_is_missing(django_assert_num_queries):
    Site.objects.all().delete()

    assert Site.objects.current().name == "Newsreader"
    with django_assert_num_queries(1):
        assert Site.objects.current().pk == 1


@pytest.mark.parametrize("headline", ["Ferry", "50 % off", "100 %s", "%%", 'Ada\'s "tram"', "\\", "", "é“😀"])
def test_a_constant_is_what_it_was_wherever_the_statement_holds_it(headline):
    """In the text, as on both databases, and beside a value."""
    article, _other = make_article(headline=headline), make_article(headline=f"{headline}.")
    found = Compiled(lambda slug: Article.objects.published().filter(headline=headline, slug=slug))

    assert [row.pk for row in found(article.slug)] == [article.pk]
    assert found("nothing") == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL says itself when it plans")
def test_constants_are_in_the_text_so_that_sqlite_plans_once():
    found = Compiled(lambda pk: Article.objects.published().select_related("discussion").filter(pk=pk))

    with CaptureQueriesContext(connection) as asked:
        article = make_article()
        (row,) = found(article.pk)

    (statement,) = found._statements.values()
    assert "'published'" in statement.sql
    assert [at for at, _constant in statement.params] == [0]
    assert row.pk == article.pk
    assert str(article.pk) in asked[-1]["sql"]  # Who collects statements sees them whole.
