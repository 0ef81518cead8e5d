"""An article's page: a frame that is kept, and the comments in it."""

import re
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest
from django.db.models import F
from django.utils import timezone

from articles import pictures
from articles.models.article import Article, SourceAttribution
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from comments.models import ArticleSettings, Comment, CommentSettings
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


# --- The reader's own order, and what editors picked ---------------------------------------------------------------


def found(part, path):
    """The elements at an XPath with `~name` for a class."""
    return part.xpath(re.sub(r"~([\w-]+)", r'[contains(concat(" ", @class, " "), " \1 ")]', path))


def read(client, address):
    """A page, and the ids of its comments in their order."""
    page = lxml.html.fromstring(client.get(address).content)
    return page, [int(each.get("id").removeprefix("comment-")) for each in found(page, "//article~comment")]


@pytest.mark.parametrize("usual", ["oldest", "newest"])
def test_a_reader_chooses_the_order_of_comments_and_keeps_it_from_page_to_page(client, usual):
    CommentSettings.objects.current()
    CommentSettings.objects.update(order=usual, roots_per_page=2)
    other = {"oldest": "newest", "newest": "oldest"}[usual]
    article = make_article()
    ids = [make_comment(article).pk for _ in range(3)]
    in_order = ids if usual == "oldest" else ids[::-1]
    url = article.get_absolute_url()

    first, shown = read(client, url)
    (switch,) = found(first, '//*[@data-action="sort"]')
    turned, backwards = read(client, switch.get("href"))
    (following,) = found(turned, '//*~pages//*[@rel="next"]')
    _, last = read(client, following.get("href"))

    assert shown == in_order[:2]
    assert switch.text_content() == f"{other.capitalize()} first"
    assert (switch.get("href"), following.get("href")) == (
        f"{url}?sort={other}#comments",
        f"{url}?page=2&sort={other}#comments",
    )
    assert (backwards, last) == (in_order[:0:-1], in_order[:1])
    assert found(turned, '//*[@data-action="sort"]')[0].get("href") == f"{url}#comments"
    assert found(turned, '//link[@rel="canonical"]')[0].get("href").endswith(url)


def test_an_order_that_there_is_not_is_not_found_and_of_one_comment_there_is_none(client, article):
    url = article.get_absolute_url()
    assert [client.get(f"{url}?sort={sort}").status_code for sort in ("newest", "best", "x", "")] == [
        200,
        404,
        404,
        200,
    ]
    assert 'data-action="sort"' not in client.get(url).content.decode()


def test_a_shared_cache_keeps_each_order_for_itself(client, article):
    make_comment(article)
    url = article.get_absolute_url()
    tags = {client.get(f"{url}{query}")["ETag"] for query in ("", "?sort=newest", "?utm_source=mail")}
    answer = client.get(f"{url}?sort=newest")

    assert len(tags) == 2
    assert "public" in answer["Cache-Control"]
    assert answer.cookies == {}


def test_what_editors_picked_stands_above_a_longer_discussion_and_leads_into_it(client):
    article = make_article()
    few = [make_comment(article, name=f"Reader {number}", text="We *know* <b> it.") for number in range(4)]
    Comment.objects.filter(pk=few[2].pk).update(picked_at=timezone.now())
    raise_version(article)
    page, _ = read(client, article.get_absolute_url())
    assert found(page, "//*~picks") == []  # It is in sight.

    make_comment(article)
    page, _ = read(client, article.get_absolute_url())
    (picks,) = found(page, "//*~picks")
    (link,) = found(picks, ".//a")

    assert link.get("href") == f"#comment-{few[2].pk}"
    assert link.text_content() == "We know <b> it. Reader 2"
    assert found(picks, ".//h3")[0].text_content() == "Editors’ picks"


def test_an_article_can_be_shared_without_a_script_or_anybody_elses_request(client, article):
    page, _ = read(client, article.get_absolute_url())
    (share,) = found(page, "//*~share")
    address = found(share, ".//input[@readonly]")[0].get("value")
    sent = parse_qs(urlsplit(found(share, ".//a")[0].get("href")).query)

    assert address == found(page, '//link[@rel="canonical"]')[0].get("href")
    assert sent == {"subject": [article.headline], "body": [address]}
    assert found(share, ".//img | .//script | .//form") == []
