"""An article's page: a frame that is kept, and the comments in it."""

import pytest
from django.db.models import F

from articles import pictures
from articles.models.article import Article, SourceAttribution
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from comments.models import ArticleSettings, CommentSettings
from newsreader import article_page
from newsreader.kit import http_cache
from tests.factories import make_article, make_author, make_comment, make_section, make_tag
from tests.test_page_versions import a_picture

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


@pytest.fixture
def article():
    article = make_article(section=make_section(), authors=[make_author()])
    article.tags.add(make_tag())
    make_article(section=article.section, headline="The pier is closed")
    make_comment(article)
    return article


def raise_version(article):
    Article.objects.filter(pk=article.pk).update(page_version=F("page_version") + 1)


def test_a_new_comment_makes_no_new_frame(article, client, django_assert_num_queries):
    client.get(article.get_absolute_url())
    comment = make_comment(article, text="I was on that boat.")

    with django_assert_num_queries(8):
        page = client.get(article.get_absolute_url()).content.decode()

    assert comment.html in page
    assert page.count("2 comments") == 2
    assert '"commentCount": 2' in page
    assert page.count("I was on that boat.") == 2  # in the discussion, and for search engines


# Each changes something on the page by SQL, which raises no version but the one that is raised after it.
CHANGES = {
    "headline": lambda article: Article.objects.filter(pk=article.pk).update(headline="The ferry sank"),
    "text": lambda article: Article.objects.filter(pk=article.pk).update(body="<p>It sank.</p>"),
    "author": lambda article: Author.objects.update(name="Grace Hopper"),
    "tag": lambda article: Tag.objects.update(name="Harbours"),
    "section": lambda article: Section.objects.update(name="Coast"),
    "source": lambda article: SourceAttribution.objects.create(article=article, name="North Coast News"),
    "related": lambda article: Article.objects.exclude(pk=article.pk).update(headline="The pier is open"),
    "picture": lambda article: Article.objects.filter(pk=article.pk).update(
        lead_picture=pictures.add(a_picture().read(), "mole.png", caption="Seen at six")
    ),
    "site": lambda article: Site.objects.update(name="The Harbour"),
    "rules": lambda article: CommentSettings.objects.update(text_limit=77),
    "one discussion": lambda article: ArticleSettings.objects.create(article=article, slow_seconds=60),
    "closed": lambda article: Article.objects.filter(pk=article.pk).update(takes_comments=False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_frame_is_never_out_of_date_whoever_changes_what(name, article, client):
    before = client.get(article.get_absolute_url()).content
    CHANGES[name](article)
    raise_version(article)

    after = client.get(article.get_absolute_url()).content

    assert after != before
    http_cache._kept.clear()
    article_page._frames.clear()
    assert client.get(article.get_absolute_url()).content == after


def test_without_comments_search_engines_are_told_of_none(client):
    page = client.get(make_article().get_absolute_url()).content.decode()

    assert '"commentCount": 0' in page
    assert '"comment":' not in page
    assert article_page._SECRET not in page


def test_on_the_next_page_of_comments_is_the_rest(article, client):
    CommentSettings.objects.update(roots_per_page=1)
    second = make_comment(article)
    client.get(article.get_absolute_url())

    page = client.get(f"{article.get_absolute_url()}?page=2").content.decode()

    assert f'id="comment-{second.pk}"' in page
    assert "Page 2 of 2" in page
    assert client.get(f"{article.get_absolute_url()}?page=3").status_code == 404
