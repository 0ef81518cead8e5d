"""The front page: what stands where; and what stands under an article."""

import datetime as dt

import pytest
from django.utils import timezone
from lxml import html

from articles import page_versions, publishing
from articles.models.pictures import Picture
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Section
from articles.public import page_frames
from newsreader.kit import http_cache
from tests.factories import make_article, make_editor, make_section, make_tag

pytestmark = pytest.mark.django_db


def old(minutes):
    return timezone.now() - dt.timedelta(minutes=minutes)


def headlines(client, path="/"):
    page = html.fromstring(client.get(path).content)
    return [
        (place, [" ".join(link.text_content().split()) for link in page.xpath(f"//*[contains(@class,'{place}')]//*[contains(@class,'teaser-headline')]")])
        for place in ("front-lead", "front-second", "front-block", "front-latest")
    ]  # fmt: skip


def test_every_article_stands_once_the_newest_first(client):
    town, culture = make_section("A town"), make_section("Culture")
    for n in range(6):
        make_article(headline=f"Town {n}", section=town, at=old(n))
    make_article(headline="Culture 0", section=culture, at=old(10))
    make_article(headline="Nowhere", at=old(11))

    shown = dict(headlines(client))

    assert shown["front-lead"] == ["Town 0"]
    assert shown["front-second"] == ["Town 1", "Town 2", "Town 3"]
    assert shown["front-block"] == ["Town 4", "Town 5", "Culture 0"]
    assert shown["front-latest"] == ["Nowhere"]


def test_a_section_keeps_its_place_however_long_ago_its_last_article_was(client):
    town, culture = make_section("Town"), make_section("Culture")
    make_article(headline="Old song", section=culture, at=old(50_000))
    for n in range(25):
        make_article(headline=f"Town {n}", section=town, at=old(n))

    assert "Old song" in dict(headlines(client))["front-block"]


def test_the_lead_has_a_picture_where_a_fresh_one_has(client):
    picture = Picture.objects.create(file="pictures/x.jpg", width=10, height=10)
    make_article(headline="Pictured", lead_picture=picture, at=old(2))
    make_article(headline="Newest", at=old(1))

    assert dict(headlines(client))["front-lead"] == ["Pictured"]


def test_an_editor_chooses_the_lead_and_it_goes_with_its_article(client):
    chosen = make_article(headline="Chosen", at=old(900))
    make_article(headline="Newest")
    site = Site.objects.current()
    client.force_login(make_editor())
    form = {
        "name": "Courier", "tagline": "", "footer": "", "lead": str(chosen.pk), "articles_per_page": "20",
        "menu_items-TOTAL_FORMS": "0", "menu_items-INITIAL_FORMS": "0",
    }  # fmt: skip

    assert client.post(f"/admin/articles/site/{site.pk}/change/", form).status_code == 302
    assert dict(headlines(client))["front-lead"] == ["Chosen"]
    publishing.withdraw(chosen.pk)
    assert dict(headlines(client))["front-lead"] == ["Newest"]


def test_an_empty_paper_says_so(client):
    assert "Nothing has been published here yet." in client.get("/").content.decode()


def test_the_next_page_is_a_list_of_all(client):
    for n in range(23):
        make_article(headline=f"No {n:02}", at=old(n))

    page = client.get("/?page=2").content.decode()

    assert [f"No {n:02}" in page for n in (19, 20, 22)] == [False, True, True]
    assert client.get("/?page=3").status_code == 404


@pytest.mark.parametrize("sections", [1, 6])
def test_the_front_page_asks_as_much_however_much_it_shows(client, django_assert_num_queries, sections):
    for _ in range(sections):
        section = make_section()
        for _ in range(6):
            make_article(section=section)

    # The paper; newest, sections, rows, bylines (none, so no authors); menu, its sections, pages.
    with django_assert_num_queries(8):
        client.get("/")


def test_the_frame_of_a_list_is_kept_and_changes_no_byte(client):
    town, picture = make_section("Town"), Picture.objects.create(file="pictures/x.jpg", width=10, height=10)
    for n in range(3):
        make_article(headline=f"Ferry {n}", section=town, at=old(n), lead_picture=picture)
    addresses = ("/", "/?page=2", town.get_absolute_url(), "/search/?q=ferry", "/search/?q=%3Cb%3E&since=x")

    def pages():
        http_cache._kept.clear()
        return [client.get(address).content for address in addresses]

    def changed(model, **values):
        assert model.objects.update(**values)
        page_versions.bump_site()

    changes = (
        lambda: changed(Site, name="The <Courier>"),
        lambda: changed(Site, articles_per_page=1),
        lambda: changed(Section, name="Harbour & town"),
        lambda: changed(MenuItem, label="Boats"),
        lambda: make_article(kind="page", headline="Imprint"),
        lambda: make_article(headline="Ferry again", section=town),
    )
    MenuItem.objects.create(site=Site.objects.current(), label="Ships", address="/ships/")
    shown = pages()
    for change in changes:
        change()
        before, shown = shown, pages()
        page_frames._frames.clear()
        assert shown == pages()
        assert before[0] != shown[0]


def test_under_an_article_stands_what_belongs_to_it(client):
    town, tag = make_section("Town"), make_tag("tides")
    article = make_article(section=town)
    same = make_article(headline="Same tag", section=town, at=old(9000))
    for minutes, headline in enumerate(("One", "Two", "Three")):
        make_article(headline=headline, section=town, at=old(minutes))
    make_article(headline="Elsewhere", section=make_section())
    hidden = make_article(headline="Hidden", section=town, state="draft")
    for row in (article, same, hidden):
        row.tags.add(tag)

    page = html.fromstring(client.get(article.get_absolute_url()).content)
    related = [part.text_content() for part in page.xpath("//*[@class='related-article']//span[@dir]")]

    assert related == ["Same tag", "One", "Two"]


def test_what_is_withdrawn_goes_from_under_other_articles_at_once(client):
    town = make_section()
    article, other = make_article(section=town), make_article(headline="Other", section=town)
    first = client.get(article.get_absolute_url())
    assert "Other" in first.content.decode()

    publishing.withdraw(other.pk)
    second = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})

    assert second.status_code == 200
    assert "Other" not in second.content.decode()


@pytest.mark.parametrize(("words", "minutes"), [(1, "1 minute"), (230, "1 minute"), (1150, "5 minutes")])
def test_how_long_it_takes_to_read_is_told(client, words, minutes):
    article = make_article(body="<p>" + "<b>word</b> " * words + "</p>")

    assert f"{minutes} to read" in client.get(article.get_absolute_url()).content.decode()


def entries(client, css):
    page = html.fromstring(client.get("/").content)
    return [(link.text_content(), link.get("href")) for link in page.xpath(f"//*[@class='{css}']//a")]


def test_what_an_editor_adds_to_the_menu_and_the_foot_wipes_nothing(client):
    site, town, culture = Site.objects.current(), make_section("Town"), make_section("Culture")
    imprint, draft = (
        make_article(kind="page", slug="imprint", headline="Imprint"),
        make_article(kind="page", state="draft"),
    )
    make_article(kind="page", headline="Contact")
    assert [name for name, _ in entries(client, "menu")][:2] == ["Culture", "Town"]

    client.force_login(make_editor())
    form = {"name": "Courier", "tagline": "", "footer": "", "lead": "", "articles_per_page": "20"}
    rows = [
        {"place": "menu", "position": "1", "section": town.pk, "label": "In town"},
        {"place": "menu", "position": "2", "address": "https://example.org/", "label": "Shop"},
        {"place": "menu", "position": "3", "page": draft.pk},
        {"place": "foot", "position": "1", "page": imprint.pk, "label": "Who we are"},
    ]
    form |= {"menu_items-TOTAL_FORMS": str(len(rows)), "menu_items-INITIAL_FORMS": "0"}
    for n, row in enumerate(rows):
        form |= {f"menu_items-{n}-{name}": str(value) for name, value in row.items()}
    answer = client.post(f"/admin/articles/site/{site.pk}/change/", form)

    assert answer.status_code == 302
    own = [("In town", town.get_absolute_url()), ("Shop", "https://example.org/")]
    assert entries(client, "menu")[:3] == [("Culture", culture.get_absolute_url()), *own]
    named = [name for name, _ in entries(client, "foot-links")]
    assert named[:2] == ["Contact", "Who we are"]
    assert "Imprint" not in named

    # An editor may still hide and reorder sections, or want own entries alone.
    Section.objects.filter(pk=culture.pk).update(position=9)
    page_versions.bump_site()
    assert [name for name, _ in entries(client, "menu")][:3] == ["In town", "Shop", "Culture"]
    kept = form | {"menu_items-TOTAL_FORMS": "0", "own_menu_only": "on", "own_foot_only": "on"}
    client.post(f"/admin/articles/site/{site.pk}/change/", kept)
    assert entries(client, "menu")[:2] == own
    assert "Culture" not in dict(entries(client, "menu"))
    assert "Contact" not in dict(entries(client, "foot-links"))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"address": "/x/"},
        {"address": "javascript:alert(1)", "label": "x"},
        {"address": "//evil.example/", "label": "x"},
        {"section": "both", "page": "both"},
    ],
)
def test_a_menu_entry_leads_to_one_thing(client, row):
    site, section, page = Site.objects.current(), make_section(), make_article(kind="page")
    row = {name: {"section": section.pk, "page": page.pk}.get(name, value) for name, value in row.items()}
    client.force_login(make_editor())
    form = {"name": "C", "tagline": "", "footer": "", "lead": "", "articles_per_page": "20"}
    form |= {
        "menu_items-TOTAL_FORMS": "1",
        "menu_items-INITIAL_FORMS": "0",
        "menu_items-0-place": "foot",
        "menu_items-0-position": "1",
    }
    form |= {f"menu_items-0-{name}": str(value) for name, value in row.items()}

    answer = client.post(f"/admin/articles/site/{site.pk}/change/", form)

    assert answer.status_code == 200
    assert not MenuItem.objects.exists()
