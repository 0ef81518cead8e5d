"""What lists and deletion pages of the admin say, for people."""

from __future__ import annotations

import pytest
from lxml import html

from articles.models.taxonomy import Tag
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_editor, make_user

pytestmark = pytest.mark.django_db


def page_of(client, address):
    return html.fromstring(client.get(address).content.decode())


def crumbs(page):
    return " ".join(page.xpath("string(//*[@class='breadcrumbs'])").split())


def test_what_goes_with_a_tag_is_the_tag(client):
    client.force_login(make_editor())
    tag = Tag.objects.create(name="council", slug="council")
    make_article().tags.add(tag)

    page = page_of(client, f"/admin/articles/tag/{tag.pk}/delete/")

    assert [item.text_content() for item in page.xpath("//*[@id='deleted-objects']//li")] == ["Tag: council"]
    assert "object (" not in page.text_content()
    assert crumbs(page) == "Home › Tags › council › Delete"


def test_a_filter_of_many_choices_is_a_select_that_keeps_what_else_is_asked(client):
    client.force_login(make_user(is_superuser=True, is_staff=True))
    for name in ("comment_waiting", "sign_in_code"):
        Letter.objects.create(name=name, address="ada@example.org")

    page = page_of(client, "/admin/mailing/letter/?state=waiting&name=comment_waiting&q=ada")

    [form] = page.xpath("//form[contains(@class, 'narrow-form')]")
    assert form.xpath(".//option[@selected]/@value") == ["comment_waiting"]
    kept = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    assert kept == {"state": "waiting", "q": "ada"}
    names = lambda query: {row.name for row in client.get(f"/admin/mailing/letter/?{query}").context["cl"].result_list}  # noqa: E731
    assert names("name=comment_waiting") == {"comment_waiting"}
    assert names("name=") == {"comment_waiting", "sign_in_code"}
    assert "Emails › Emails" not in crumbs(page)


def test_the_box_that_chooses_all_has_words_and_a_list_counts_only_what_it_was_narrowed_to(client):
    client.force_login(make_editor())
    Tag.objects.create(name="council", slug="council")

    page = page_of(client, "/admin/articles/tag/")

    [label] = page.xpath("//label[input[@id='action-toggle']]")
    assert label.text_content().strip() == "Choose all on this page"
    assert page.xpath("//*[@class='unnarrowed']//*[@id='changelist-search']")
    assert not page_of(client, "/admin/articles/tag/?q=council").xpath("//*[@class='unnarrowed']")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/admin/comments/commentsettings/1/change/", "Home › Comment settings"),
        ("/admin/comments/ban/add/", "Home › Bans › Add ban"),
        ("/admin/comments/ban/", "Home › Bans"),
    ],
)
def test_where_one_is_names_no_room_twice(client, address, said):
    client.force_login(make_editor())

    assert crumbs(page_of(client, address)) == said


def test_what_nobody_has_changed_says_so(client):
    client.force_login(make_editor())
    article = make_article(headline="The ferry runs again")

    page = page_of(client, f"/admin/articles/article/{article.pk}/history/")

    assert "Nobody has changed this here yet." in page.text_content()
    assert crumbs(page) == "Home › Articles › The ferry runs again › History"
