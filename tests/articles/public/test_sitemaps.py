"""Maps of the site: valid by their schemas, and true."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.utils import timezone
from lxml import etree

from articles import publishing
from tests.factories import make_article, make_author, make_section, make_tag
from tests.machine import SHARED

pytestmark = pytest.mark.django_db
SCHEMAS = SHARED / "data" / "schemas"
SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    return etree.fromstring(answer.content)


def addresses(tree):
    return [loc.text for loc in tree.iter(f"{SPACE}loc")]


def test_the_index_leads_to_maps_with_everything_that_readers_see(client):
    section, tag, author = make_section(), make_tag(), make_author()
    article = make_article(section=section, authors=[author], slug="fähre & boot", at=timezone.now())
    old = make_article(at=dt.datetime(2019, 2, 3, tzinfo=dt.UTC))
    page = make_article(kind="page", slug="imprint")
    article.tags.add(tag)
    for state in ("draft", "scheduled", "withdrawn"):
        make_article(state=state, kind="page")
        make_article(state=state)
    unused = make_tag()

    maps = addresses(read(client, "/sitemap.xml"))
    found = [address for one in maps for address in addresses(read(client, one))]

    shown = ["/", *(row.get_absolute_url() for row in (section, page, author, tag, article, old))]
    assert sorted(found) == sorted(f"http://testserver{path}" for path in shown)
    assert f"http://testserver{unused.get_absolute_url()}" not in found
    assert "http://testserver/sitemaps/2019-02.xml" in maps
    for address in found:
        assert client.get(address.removeprefix("http://testserver")).status_code == 200, address


def test_the_news_of_two_days_are_told_with_their_names(client):
    make_article(at=timezone.now() - dt.timedelta(days=3))
    make_article(kind="page")
    article = make_article(headline="Ferry & <boat>\x07", language="de-at", at=timezone.now() - dt.timedelta(hours=30))

    tree = read(client, "/news-sitemap.xml")

    assert addresses(tree) == [f"http://testserver{article.get_absolute_url()}"]
    assert tree.findtext(f".//{NEWS}title") == "Ferry & <boat>"
    assert tree.findtext(f".//{NEWS}name") == "Newsreader"
    assert tree.findtext(f".//{NEWS}language") == "de"
    told = dt.datetime.fromisoformat(tree.findtext(f".//{NEWS}publication_date"))
    assert told == article.published_at.replace(microsecond=0)


def test_without_news_the_newest_article_stays_in_their_map(client):
    assert client.get("/news-sitemap.xml").status_code == 404
    make_article(at=timezone.now() - dt.timedelta(days=9))
    newest = make_article(at=timezone.now() - dt.timedelta(days=3))
    make_article(kind="page")
    make_article(state="draft")

    assert addresses(read(client, "/news-sitemap.xml")) == [f"http://testserver{newest.get_absolute_url()}"]


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the shared schemas are absent")
@pytest.mark.parametrize(
    ("address", "schema"),
    [
        ("/sitemap.xml", "siteindex.xsd"),
        ("/sitemaps/lists.xml", "sitemap.xsd"),
        ("/sitemaps/2026-11.xml", "sitemap.xsd"),
        ("/news-sitemap.xml", "sitemap.xsd"),
    ],
)
def test_each_is_valid(client, address, schema, time_machine):
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)
    make_article(headline="“Fähre” & <boat>", slug="fähre", section=make_section(), at=timezone.now())
    tree = read(client, address)

    both = f"""<schema xmlns="http://www.w3.org/2001/XMLSchema">
    <import namespace="{SPACE[1:-1]}" schemaLocation="{(SCHEMAS / schema).as_uri()}"/>
    <import namespace="{NEWS[1:-1]}" schemaLocation="{(SCHEMAS / "sitemap-news-0.9.own.xsd").as_uri()}"/></schema>"""
    etree.XMLSchema(etree.fromstring(both)).assertValid(tree)
    assert addresses(tree)


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "address", ["2026-13", "2026-00", "0000-01", "9999-12", "1999-01", "2026-11.xml?page=2", "2026-11.xml?page=x"]
)
def test_a_month_without_articles_has_no_map(client, address):
    make_article(at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))

    assert client.get(f"/sitemaps/{address}{'' if '?' in address else '.xml'}").status_code == 404


def test_a_search_engine_that_has_it_is_told_so_until_something_changes(client):
    address = f"/sitemaps/{make_article().published_on:%Y-%m}.xml"
    first = client.get(address)

    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    publishing.publish(make_article(state="draft").pk, at=timezone.now() - dt.timedelta(hours=1))
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("many", [1, 12])
def test_a_map_asks_as_much_however_much_it_tells(client, django_assert_num_queries, many):
    for n in range(many):
        make_article(at=dt.datetime(2026, 11, 1, n, tzinfo=dt.UTC), section=make_section(), authors=[make_author()])
    cache.clear()

    for address, queries in {"/sitemap.xml": 2, "/sitemaps/2026-11.xml": 2, "/sitemaps/lists.xml": 5}.items():
        with django_assert_num_queries(queries):
            client.get(address)


def test_where_the_maps_are_is_told_to_robots(client):
    told = client.get("/robots.txt").content.decode().splitlines()

    assert "Sitemap: http://testserver/sitemap.xml" in told
    assert "Sitemap: http://testserver/news-sitemap.xml" in told
    assert "Disallow: /admin/" in told
