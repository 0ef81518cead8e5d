"""The site's colour and logo: chosen in the admin, shown on every page."""

from __future__ import annotations

import io
import re
from itertools import product

import lxml.html
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageDraw

from articles import pictures
from articles.models.site import Site
from articles.public.structured_data import publisher
from newsreader.settings import BASE_DIR
from tests.articles.newsroom.test_article_admin import form
from tests.factories import make_editor

ADDRESS = "/admin/articles/site/1/change/"
STATIC = BASE_DIR / "newsreader" / "static"


def a_logo(size=(600, 100), ink="#000000", ground=(0, 0, 0, 0), mode="RGBA", name="The Courier!.png"):
    """A picture with a margin of a quarter of its height around an ellipse of ink."""
    picture = Image.new(mode, size, ground)
    margin = size[1] // 4
    ImageDraw.Draw(picture).ellipse((margin, margin, size[0] - margin - 1, size[1] - margin - 1), fill=ink)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return ContentFile(file.getvalue(), name)


@pytest.fixture
def editor(client, settings, tmp_path, db):
    settings.MEDIA_ROOT = tmp_path
    Site.objects.filter(pk=1).update(name="The Courier & Post")
    client.force_login(make_editor())
    return client


def masthead(client):
    page = lxml.html.fromstring(client.get("/").content)
    return page, page.find_class("wordmark")[0]


# --- Colour -------------------------------------------------------------------------------------------------------


def test_an_editor_chooses_a_colour_by_its_name_and_every_page_bears_it(editor):
    page = lxml.html.fromstring(editor.get(ADDRESS).content)
    labels = {label.text_content().strip(): label for label in page.xpath("//*[@id='id_colour']//label")}
    assert list(labels) == ["Blue", "Petrol", "Green", "Ochre", "Rust", "Red", "Plum", "Slate"]
    assert [name for name, label in labels.items() if label.xpath(".//input[@checked]")] == ["Blue"]
    assert masthead(editor)[0].get("class") is None

    for typed, status, stored in (
        ({"colour": "plum"}, 302, "plum"),
        ({"colour": "pink"}, 200, "plum"),
        ({"colour": None, "tagline": "Kept"}, 302, "plum"),  # Whoever sends none changes none.
    ):
        assert editor.post(ADDRESS, form(editor, ADDRESS, **typed)).status_code == status
        assert Site.objects.get().colour == stored
    assert masthead(editor)[0].get("class") == "spot-plum"
    assert 'class="spot-plum"' in Client().get("/accounts/login/").content.decode()

    editor.post(ADDRESS, form(editor, ADDRESS, colour="blue"))
    assert masthead(editor)[0].get("class") is None


def shades(name):
    """Return what :root and a colour's rules say, for light and for dark paper."""
    sheet = (STATIC / "site.css").read_text()
    tokens = sheet[sheet.index("/* --- Tokens") : sheet.index("/* --- Ground")]
    found = []
    for start in ("", "  "):  # Rules within `@media (prefers-color-scheme: dark)` are set in.
        values = dict(found[0]) if found else {}
        for selector in (":root", f".spot-{name}"):
            rule = re.search(rf"^{start}{re.escape(selector)} {{\n(.*?)^{start}}}", tokens, re.MULTILINE | re.DOTALL)
            if rule or selector == ":root" or name != Site.Colour.BLUE:
                values |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", rule[1]))
        found.append(values)
    return found


def luminance(colour):
    """Return the relative luminance. Source: WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard():
    assert round(contrast("#fff", "#000000"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("name", Site.Colour.values)
def test_each_colour_can_be_read_on_light_and_on_dark_paper(name):
    both = shades(name)
    assert both[0]["spot"] != both[1]["spot"]
    for values in both:
        pairs = [
            *product(["spot"], ["paper", "tint", "field", "spot-tint"]),
            *product(["ink", "soft", "danger"], ["spot-tint"]),
        ]
        weak = {pair: ratio for pair in pairs if (ratio := contrast(values[pair[0]], values[pair[1]])) < 4.5}
        assert weak == {}
    swatch = re.search(rf"\.swatch-{name} {{ --light: (\S+); --dark: (\S+); }}", (STATIC / "desk.css").read_text())
    assert list(swatch.groups()) == [values["spot"] for values in both]


def test_colours_differ():
    assert len({values["spot"] for name in Site.Colour.values for values in shades(name)}) == 2 * len(Site.Colour)


# --- Logo ---------------------------------------------------------------------------------------------------------


def test_a_logo_stands_in_place_of_the_name_and_is_removed_again(editor):
    before, asked = Site.objects.get().page_version, statements_of("/search/")
    page = editor.get(ADDRESS).content.decode()
    assert "logo-clear" not in page
    assert not masthead(editor)[1].xpath(".//img")

    assert editor.post(ADDRESS, form(editor, ADDRESS, logo=a_logo(), name="The Courier & Post")).status_code == 302

    site = Site.objects.get()
    assert site.page_version == before + 1
    assert re.fullmatch(r"pictures/logo/the-courier-[0-9a-f]{8}\.webp", site.logo.name)
    (image,) = masthead(editor)[1].xpath("./a/img")
    # The margin is gone, and the size is said beforehand.
    assert dict(image.attrib) == {
        "class": "logo logo-dark", "src": site.logo.url, "width": "550", "height": "50", "alt": "The Courier & Post",
    }  # fmt: skip
    assert masthead(editor)[1].text_content() == ""
    assert editor.get(site.logo.url)["Content-Type"] == "image/webp"
    assert publisher(site)["logo"]["url"].endswith(site.logo.url)
    guest, own = Client().get("/"), editor.get("/")
    assert (guest.content, guest["ETag"]) == (own.content, own["ETag"])  # The same for every reader.
    assert statements_of("/search/") == asked  # The row that is read anyway says all.

    # What else is saved leaves it alone.
    page = editor.get(ADDRESS).content.decode()
    assert 'name="logo-clear"' in page
    assert f'<img class="logo-shown logo-shown-dark" src="{site.logo.url}" alt="">' in page
    editor.post(ADDRESS, form(editor, ADDRESS, logo=None, tagline="Daily"))
    assert Site.objects.get().logo == site.logo

    with_callbacks(editor, logo=None, **{"logo-clear": "on"})
    assert not masthead(editor)[1].xpath(".//img")
    assert masthead(editor)[1].text_content() == "The Courier & Post"
    row = Site.objects.get()
    assert (row.logo, row.logo_width, row.logo_height, row.logo_tone) == ("", None, None, "")
    assert not default_storage.exists(site.logo.name)


def statements_of(address):
    with CaptureQueriesContext(connection) as asked:
        assert Client().get(address).status_code == 200
    assert len(asked)
    return len(asked)


def with_callbacks(editor, **changed):
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert editor.post(ADDRESS, form(editor, ADDRESS, **changed)).status_code == 302


def test_another_logo_takes_the_place_and_the_file_of_the_first(editor):
    with_callbacks(editor, logo=a_logo())
    first = Site.objects.get().logo.name
    with_callbacks(editor, logo=a_logo(size=(200, 200), ink="#ffffff"))

    site = Site.objects.get()
    assert site.logo.name != first
    assert (site.logo_width, site.logo_height, site.logo_tone) == (100, 100, "light")
    assert not default_storage.exists(first)
    assert default_storage.exists(site.logo.name)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
        b"GIF89a",
        a_logo(ink="#00000000").read(),
    ],
    ids=["svg", "broken", "nothing to see"],
)
def test_what_is_no_picture_is_refused_and_the_rest_comes_back(editor, data):
    typed = form(editor, ADDRESS, logo=ContentFile(data, "logo.svg"), tagline="Typed", colour="red")

    answer = editor.post(ADDRESS, typed)

    assert answer.status_code == 200
    (error,) = answer.context["adminform"].form.errors.as_data()["logo"]
    assert error.code == "not_a_picture"
    assert 'value="Typed"' in answer.content.decode()
    assert (Site.objects.get().logo, Site.objects.get().colour) == ("", "blue")


def test_a_logo_and_its_removal_at_once_are_refused(editor):
    answer = editor.post(ADDRESS, form(editor, ADDRESS, logo=a_logo(), **{"logo-clear": "on"}))

    assert answer.status_code == 200
    assert "logo" in answer.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("drawn", "size", "tone"),
    [
        ({"ink": "#101010"}, (550, 50), "dark"),
        ({"ink": "#f4f4f4"}, (550, 50), "light"),
        ({"ink": "#7a7a7a"}, (550, 50), ""),  # It can be seen on both.
        ({"mode": "RGB", "ground": "#ffffff"}, (600, 100), ""),  # It has a ground of its own.
        ({"ground": (255, 255, 255, 255)}, (600, 100), ""),
        ({"size": (9000, 600)}, (960, 33), "dark"),
        ({"size": (3000, 3000), "ink": "#101010"}, (168, 168), "dark"),
    ],
)
def test_a_logo_is_small_and_says_on_what_ground_it_vanishes(drawn, size, tone):
    made = pictures.logo(a_logo(**drawn).read(), "x.png")

    assert (made.width, made.height) == size
    assert made.tone == tone
    with Image.open(made) as picture:
        assert (picture.format, picture.size) == ("WEBP", size)
    assert made.size < 2000  # bytes, for one ellipse


def test_a_photograph_as_a_logo_is_stored_closely_not_exactly():
    noise = Image.effect_noise((960, 168), 80).convert("RGB")
    file = io.BytesIO()
    noise.save(file, "PNG")

    assert pictures.logo(file.getvalue(), "x.png").size < len(file.getvalue()) / 2
