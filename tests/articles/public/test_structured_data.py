"""What other programs make of our pages: structured data, cards, microformats, embedding. Read by their own readers."""

import json

import extruct
import mf2py
import pytest
from lxml import etree, html

from articles import publishing
from articles.models.article import Article, SourceAttribution
from articles.models.pictures import Picture
from articles.models.site import Site
from comments.moderation.decisions import decide
from tests.factories import make_article, make_author, make_comment, make_moderator, make_section, make_tag

pytestmark = pytest.mark.django_db
HERE = "http://testserver"


@pytest.fixture
def article():
    picture = Picture.objects.create(
        file="pictures/2026/11/x.jpg",
        width=1600,
        height=900,
        alternative_text="A boat",
        caption="The boat",
        credit="Jo",
    )
    made = make_article(
        headline='The "harbour" </script><b>& wall',
        standfirst="It fell.",
        section=make_section("Town"),
        authors=[make_author(name="Åsa Berg")],
        lead_picture=picture,
    )
    made.tags.add(make_tag("walls"))
    SourceAttribution.objects.create(article=made, name="North Coast Agency", url="https://example.org/story")
    return made


def structured(client, address):
    """Return the page's JSON-LD by type, as extruct reads it."""
    found = extruct.extract(client.get(address).content.decode(), base_url=HERE, syntaxes=["json-ld"])["json-ld"]
    return {facts["@type"]: facts for facts in found}


def test_an_article_is_told_with_its_authors_sources_and_comments(client, article):
    first = make_comment(article, name="Ada", text="One & <two>")
    reply = make_comment(parent=first, name="Bo")
    make_comment(article, status="pending", text="Unseen")

    told = structured(client, article.get_absolute_url())["NewsArticle"]

    assert told["headline"] == article.headline
    assert told["url"] == told["mainEntityOfPage"] == HERE + article.get_absolute_url()
    assert told["author"] == [
        {"@type": "Person", "name": "Åsa Berg", "url": HERE + article.authors.get().get_absolute_url()}
    ]
    assert told["isBasedOn"] == [
        {"@type": "CreativeWork", "name": "North Coast Agency", "url": "https://example.org/story"}
    ]
    assert told["publisher"]["name"] == "Newsreader"
    assert (told["articleSection"], told["keywords"]) == ("Town", ["walls"])
    assert told["image"][0]["url"] == f"{HERE}/media/pictures/2026/11/x.jpg"
    assert told["datePublished"] == article.published_at.isoformat(timespec="seconds")
    assert told["commentCount"] == 2
    assert [(comment["text"], comment["author"]["name"]) for comment in told["comment"]] == [
        ("One & <two>", "Ada"),
        (reply.body, "Bo"),
    ]
    assert told["comment"][1]["parentItem"]["@id"] == f"{HERE}/comments/{first.pk}/"


def test_what_is_removed_is_told_no_more(client, article):
    first = make_comment(article, text="Gone")
    make_comment(parent=first, text="Stays")
    decide(first.pk, "spam", by=make_moderator(), reason="spam")

    told = structured(client, article.get_absolute_url())["NewsArticle"]

    assert [comment["text"] for comment in told["comment"]] == ["Stays"]


def test_nothing_that_is_said_ends_the_element_it_is_said_in(client, article):
    make_comment(article, text="</script><script>alert(1)</script>")

    page = html.fromstring(client.get(article.get_absolute_url()).content)
    scripts = page.xpath("//script")

    assert [script.get("type") or script.get("src") for script in scripts][-1] in {
        "application/ld+json",
        "/static/reply.js",
    }
    assert not [
        script for script in scripts if script.text and "alert(1)" in script.text and script.get("type") is None
    ]
    (facts,) = page.xpath("//script[@type='application/ld+json']/text()")
    assert json.loads(facts)[0]["comment"][0]["text"] == "</script><script>alert(1)</script>"


def test_a_page_is_no_news_and_the_front_page_says_how_it_is_searched(client, article):
    page = make_article(kind="page", slug="imprint", headline="Imprint")

    assert "NewsArticle" not in structured(client, page.get_absolute_url())
    assert structured(client, page.get_absolute_url())["WebPage"]["headline"] == "Imprint"
    assert structured(client, "/")["WebSite"]["potentialAction"]["target"]["urlTemplate"].startswith(
        f"{HERE}/search/?q="
    )
    steps = structured(client, article.get_absolute_url())["BreadcrumbList"]["itemListElement"]
    assert [step["name"] for step in steps] == ["Newsreader", "Town", article.headline]


def test_a_card_names_what_social_networks_show(client, article):
    found = extruct.extract(
        client.get(article.get_absolute_url()).content.decode(), base_url=HERE, syntaxes=["opengraph"]
    )["opengraph"]
    told = dict(found[0]["properties"])

    assert told["og:title"] == article.headline
    assert told["og:url"] == HERE + article.get_absolute_url()
    assert told["og:description"] == "It fell."
    assert told["og:image"] == f"{HERE}/media/pictures/2026/11/x.jpg"
    assert told["og:image:alt"] == "A boat"
    assert told["og:type"] == "article"


def test_the_page_is_an_entry_with_its_comments(client, article):
    make_comment(article, name="Ada", text="One")

    items = mf2py.parse(doc=client.get(article.get_absolute_url()).content.decode(), url=HERE)["items"]
    (entry,) = (item for item in items if "h-entry" in item["type"])
    told = entry["properties"]

    assert told["name"] == [article.headline]
    assert told["url"][0] == HERE + article.get_absolute_url()
    assert told["author"][0]["properties"]["name"] == ["Åsa Berg"]
    assert "The first boat left at six." in told["content"][0]["value"]
    (comment,) = told["comment"]
    assert comment["properties"]["author"][0]["properties"]["name"] == ["Ada"]
    assert comment["properties"]["content"][0]["value"] == "One"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_an_article_can_be_embedded_elsewhere(client, article, form):
    page = html.fromstring(client.get(article.get_absolute_url()).content)
    (discovered,) = page.xpath("//link[@type='application/json+oembed']/@href")

    answer = client.get(discovered.removeprefix(HERE) + f"&format={form}&maxwidth=300")
    told = answer.json() if form == "json" else {node.tag: node.text for node in etree.fromstring(answer.content)}

    assert (told["type"], told["version"], told["title"]) == ("rich", "1.0", article.headline)
    assert int(told["width"]) == 300
    assert told["author_name"] == "Åsa Berg"
    assert HERE + article.get_absolute_url() in told["html"]
    assert "<b>" not in told["html"]
    assert answer["Cache-Control"] == "public, max-age=0, s-maxage=1"


# What is there: the cut for social networks, 1200 by 630, and copies of 320, 640 and 1280 by 180, 360 and 720.
@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({}, (1200, 630)),
        ({"maxwidth": "5000", "maxheight": "5000"}, (1200, 630)),
        ({"maxwidth": "1199"}, (640, 360)),
        ({"maxheight": "629"}, (640, 360)),
        ({"maxwidth": "640", "maxheight": "359"}, (320, 180)),
        ({"maxwidth": "320"}, (320, 180)),
        ({"maxwidth": "300"}, None),
        ({"maxheight": "0"}, None),
        ({"maxwidth": "many", "maxheight": "-1"}, (1200, 630)),
    ],
)
def test_the_thumbnail_is_the_largest_that_fits(client, article, asked, size):
    Picture.objects.update(widths=[320, 640, 1280])

    told = client.get("/oembed/", {"url": HERE + article.get_absolute_url()} | asked).json()

    if size is None:
        assert not {"thumbnail_url", "thumbnail_width", "thumbnail_height"} & set(told)
    else:
        assert (told["thumbnail_width"], told["thumbnail_height"]) == size
        assert told["thumbnail_url"].endswith("x.share.jpg" if size[0] == 1200 else f"x.{size[0]}.jpg")


def test_a_picture_without_copies_is_a_thumbnail_where_it_fits(client, article):
    url = HERE + article.get_absolute_url()

    assert client.get("/oembed/", {"url": url}).json()["thumbnail_width"] == 1600
    assert "thumbnail_url" not in client.get("/oembed/", {"url": url, "maxwidth": "1599"}).json()


@pytest.mark.parametrize(
    "url",
    ["", "x", "http://testserver/", "https://evil.example{path}", "http://testserver/feed/", "http://[", "http://testserver{path}x/"],
)  # fmt: skip
def test_what_is_no_article_of_ours_cannot_be_embedded(client, article, url):
    assert client.get("/oembed/", {"url": url.format(path=article.get_absolute_url())}).status_code == 404


def test_what_is_withdrawn_or_asked_for_in_another_form_cannot_either(client, article):
    url = HERE + article.get_absolute_url()

    assert client.get("/oembed/", {"url": url, "format": "yaml"}).status_code == 400
    publishing.withdraw(article.pk)
    assert client.get("/oembed/", {"url": url}).status_code == 404


def test_every_page_leads_to_its_feeds_and_to_the_search(client, article):
    def led_to(address):
        links = html.fromstring(client.get(address).content).xpath("//link[@rel='alternate' or @rel='search']/@href")
        for link in links:
            assert client.get(link.removeprefix(HERE)).status_code == 200, link
        return links

    assert led_to("/") == ["/feed/", "/search/opensearch.xml"]
    assert f"{article.section.get_absolute_url()}feed/" in led_to(article.section.get_absolute_url())
    assert f"{article.get_absolute_url()}feed/" in led_to(article.get_absolute_url())


def test_a_preview_tells_search_engines_nothing(client, article):
    draft = make_article(state="draft")
    moderator = make_moderator()
    client.force_login(moderator)

    page = client.get(f"/articles/{draft.pk}/preview/").content.decode()

    assert "application/ld+json" not in page
    assert "og:title" not in page


def test_the_names_of_the_paper_are_bounded_where_programs_want_it(client):
    Site.objects.current()
    Site.objects.update(name="The Very Long Name of a Newspaper & Sons", page_version=2)

    told = etree.fromstring(client.get("/search/opensearch.xml").content)

    assert len(told[0].text) <= 16
    assert Article.objects.count() == 0
