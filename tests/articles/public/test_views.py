"""What readers are shown: what is published and its tags and authors, nothing of what is not."""

import lxml.html
import pytest
from django.utils import timezone

from articles import publishing
from articles.models.taxonomy import Author, Section, Tag
from tests.factories import make_article, make_author, make_editor, make_section, make_tag, make_user
from tests.feeds import FORMS

pytestmark = pytest.mark.django_db


def names(client, kind):
    return {row["slug"] for row in client.get(f"/api/v1/{kind}/?limit=100").json()["results"]}


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn"])
def test_nobody_learns_whose_and_what_about_an_unpublished_article_is(client, state):
    author, tag = make_author(), make_tag()
    hidden = make_article(state=state, authors=[author])
    hidden.tags.add(tag)
    shown = make_article(authors=[make_author()])
    shown.tags.add(make_tag())

    for kind, row in (("tags", tag), ("authors", author)):
        page = row.get_absolute_url()
        own = [page, *(f"{page}feed/{form}" for form in FORMS), f"/api/v1{page}"]
        assert {client.get(path).status_code for path in own} == {404}
        assert names(client, kind) == {str(getattr(shown, kind).get().slug)}
        assert page not in client.get("/sitemaps/lists.xml").content.decode()
    assert client.get(f"/api/v1/articles/?tag={tag.slug}").json().get("results", []) == []
    client.force_login(make_user())
    assert names(client, "tags") == {shown.tags.get().slug}

    publishing.publish(hidden.pk)

    assert {client.get(row.get_absolute_url()).status_code for row in (tag, author)} == {200}
    assert names(client, "tags") == {tag.slug, shown.tags.get().slug}


@pytest.mark.parametrize("kind", ["article", "page"])
def test_what_was_public_and_is_withdrawn_is_gone_and_all_else_is_not_there(client, kind):
    article = make_article(kind=kind, headline="Under wraps")
    page = article.get_absolute_url()
    gone = [page, f"{page}?page=2", *([f"{page}feed/", f"{page}feed/atom/"] if kind == "article" else [])]
    publishing.withdraw(article.pk)

    for path in gone:
        answer = client.get(path, headers={"If-None-Match": "*"})
        assert answer.status_code == 410
        assert "no-store" in answer["Cache-Control"]
        assert 'data-code="article_withdrawn"' in answer.content.decode()
        assert "Under wraps" not in answer.content.decode()
    elsewhere = [f"/articles/{article.pk}/{end}/" for end in ("reply", "you")]
    elsewhere += [f"/api/v1/articles/{article.pk}/", f"/oembed/?url=http://testserver{page}", f"{page}x/"]
    assert {client.get(path).status_code for path in elsewhere} == {404}
    assert client.post(f"/articles/{article.pk}/reply/", {"text": "Hello"}).status_code == 404
    publishing.back_to_draft(article.pk)
    assert {client.get(path).status_code for path in gone} == {404}


@pytest.mark.parametrize("kind", ["article", "page"])
def test_what_was_never_public_is_not_there_even_when_it_is_withdrawn(client, kind):
    article = make_article(kind=kind, state="draft", slug="secret")
    publishing.withdraw(article.pk)

    today = timezone.localdate()
    path = "/pages/secret/" if kind == "page" else f"/{today:%Y/%m/%d}/secret/"
    assert client.get(path).status_code == 404


def test_whoever_writes_articles_is_offered_all_names(client):
    author, tag = make_author(), make_tag()
    client.force_login(make_editor())

    assert (names(client, "authors"), names(client, "tags")) == ({author.slug}, {tag.slug})
    assert client.get(f"/api/v1/tags/{tag.slug}/").status_code == 200


def test_the_author_of_a_published_page_has_a_page_and_no_name_is_there_twice(client):
    """A page, too, names its author in a link."""
    author, tag = make_author(), make_tag()
    for kind in ("page", "article", "article"):
        make_article(kind=kind, authors=[author]).tags.add(tag)
    imprint = make_article(kind="page", authors=[make_author()])

    assert list(Author.objects.shown()) == [author, imprint.authors.get()]
    assert "teaser-author" not in client.get(author.get_absolute_url()).content.decode()
    assert list(Tag.objects.shown()) == [tag]


@pytest.mark.parametrize("query", ["?q=zebra", ""])
def test_a_search_without_results_offers_the_latest_news_and_the_sections(client, query):
    make_section("Harbour")
    Section.objects.filter(pk=make_section("Beneath").pk).update(in_menu=False)
    page = lxml.html.fromstring(client.get(f"/search/{query}").content)
    offered = {link.get("href"): link.text_content() for link in page.xpath('//nav[@class="offered"]//a')}

    assert list(offered.values()) == ["The latest news", "Harbour"]
