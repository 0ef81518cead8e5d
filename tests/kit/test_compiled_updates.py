"""Updates whose SQL is written once."""

import pytest
from django.db.models import F

from articles import page_versions
from articles.models.article import Article
from newsreader.kit.compiled_updates import CompiledUpdate
from tests.factories import make_article

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


def test_it_changes_the_rows_and_returns_what_they_hold_then(django_assert_num_queries):
    first, second = make_article(), make_article()
    update = CompiledUpdate(
        "comment_count",
        lambda pk, *, step: (Article.objects.filter(pk=pk), {"comment_count": F("comment_count") + step}),
    )

    for article, step, then in ((first, 2, 2), (first, 3, 5), (second, 2, 2)):
        with django_assert_num_queries(1):
            assert update(article.pk, step=step) == [then]
        article.refresh_from_db()
        assert article.comment_count == then
    assert update(0, step=2) == []


def test_the_counts_of_an_article_never_fall_below_zero():
    article = make_article()
    before = article.page_version

    assert page_versions.count_comments(article.pk, comments=3, roots=2) == 2
    assert page_versions.count_comments(article.pk, comments=-9, roots=-9) == 0

    article.refresh_from_db()
    assert (article.comment_count, article.root_count, article.page_version) == (0, 0, before + 2)
