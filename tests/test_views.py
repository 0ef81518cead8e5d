"""Pages at addresses without a date, and the private end of the menu."""

import lxml.html
import pytest
from django.test import Client

from tests.factories import make_article, make_author, make_editor, make_moderator, make_user

pytestmark = pytest.mark.django_db


def test_only_a_page_has_an_address_without_a_date(client):
    page, article = make_article(kind="page", slug="imprint"), make_article(slug="harbour")
    make_article(kind="page", slug="privacy", state="draft")

    assert page.get_absolute_url() == "/pages/imprint/"
    assert page.headline in client.get("/pages/imprint/").content.decode()
    assert client.get("/pages/harbour/").status_code == 404
    assert client.get(article.get_absolute_url()).status_code == 200
    assert client.get("/pages/privacy/").status_code == 404


def masthead(user, article=None):
    """Where the links of the private end of the menu lead."""
    client = Client()
    if user:
        client.force_login(user)
    answer = client.get("/accounts/masthead/", {"article": article.pk} if article else {})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    return lxml.html.fragment_fromstring(answer.content.decode().strip()).xpath("//a/@href")


def test_the_menu_says_who_is_there_and_what_they_may_edit(settings):
    writer = make_user(group="Authors")
    own, other = make_article(authors=[make_author(user=writer)]), make_article(kind="page")
    form = f"/admin/articles/article/{own.pk}/change/"

    assert masthead(None, own) == ["/accounts/login/"]
    assert masthead(make_user(), own) == masthead(make_moderator(), own) == ["/accounts/"]
    assert masthead(make_editor(), own) == masthead(writer, own) == [form, "/accounts/"]
    assert masthead(writer, other) == masthead(writer) == ["/accounts/"]
    assert masthead(make_editor(is_staff=False), own) == ["/accounts/"]
    settings.STAFF_SECOND_FACTOR = True  # Which this session lacks.
    assert masthead(make_editor(), own) == ["/accounts/"]


@pytest.mark.parametrize("article", ["x", "0", "-1", "9" * 30, "²", "1\x00"])
def test_the_menu_of_no_article_has_nothing_to_edit(client, article):
    client.force_login(make_editor())

    assert b"/admin/" not in client.get("/accounts/masthead/", {"article": article}).content


def test_a_public_page_says_where_the_menu_is_fetched(client):
    article = make_article()
    for path, address in (
        (article.get_absolute_url(), f"/accounts/masthead/?article={article.pk}"),
        ("/", "/accounts/masthead/"),
    ):
        page = lxml.html.fromstring(client.get(path).content)
        assert page.xpath("//*[@data-masthead]/@data-masthead") == [address]
        assert page.xpath("//*[@data-masthead]//a/@href") == ["/accounts/login/"]
    assert b"data-masthead" not in client.get("/accounts/login/").content
