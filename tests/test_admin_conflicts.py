"""The admin's forms and two colleagues: the newer text stays, and what the later one has typed stays on the page."""

from __future__ import annotations

import pytest

from articles.models.article import Article
from articles.models.site import MenuItem, Site
from articles.writing import write
from comments.models import CommentSettings
from tests.articles.newsroom.test_article_admin import form, page_of
from tests.factories import make_article, make_author, make_comment, make_editor, make_section, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture(autouse=True)
def editor(client):
    editor = make_editor(is_superuser=True)
    client.force_login(editor)
    return editor


def newer(answer):
    """What the page shows as stored now, by field."""
    return {row.name: row.stored for row in answer.context.get("newer", ())}


def test_a_colleague_s_newer_text_is_shown_beside_what_was_typed_and_saving_again_replaces_it(client, editor):
    article = make_article(headline="As opened", body="<p>As opened.</p>")
    typed = form(client, page_of(article), headline="Mine", body="<p>Typed for an hour.</p>", _publish="1")
    write({"headline": "Hers", "body": "<p>Her <b>fact</b>.</p>", "tags": ["C++"]}, by=editor, article=article)

    refused = client.post(page_of(article), typed)

    assert Article.objects.get().headline == "Hers"
    assert newer(refused) == {"headline": "Hers", "body": "<p>Her <b>fact</b>.</p>", "tags": "C++"}
    page = refused.content.decode()
    assert "&lt;p&gt;Typed for an hour.&lt;/p&gt;" in page
    assert "&lt;p&gt;Her &lt;b&gt;fact&lt;/b&gt;.&lt;/p&gt;" in page
    assert 'data-code="version_conflict"' in page
    again = typed | {"_opened": refused.context["opened"]}
    assert client.post(page_of(article), again).status_code == 302
    assert Article.objects.get().headline == "Mine"


def test_a_second_click_is_no_conflict(client):
    article = make_article()
    typed = form(client, page_of(article), headline="Mine", body="<p>Clicked\r\ntwice.</p>", standfirst=" Once. ")

    assert [client.post(page_of(article), typed).status_code for _ in range(2)] == [302, 302]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda article, editor: article.bylines.create(author=make_author(name="Ben")), set()),
        (lambda article, editor: write({"authors": []}, by=editor, article=article), set()),
        (lambda article, editor: write({"standfirst": "Hers"}, by=editor, article=article), {"standfirst"}),
        (lambda article, editor: article.sources.create(name="Agency"), set()),
    ],
)
def test_tables_and_fields_that_one_did_not_touch_count_too(client, editor, change, shown):
    article = make_article(authors=[make_author(name="Ada")])
    typed = form(client, page_of(article), headline="Mine")
    change(article, editor)

    refused = client.post(page_of(article), typed)

    assert Article.objects.get().headline != "Mine"
    assert newer(refused).keys() >= shown
    assert "Mine</textarea>" in refused.content.decode()


def test_rows_that_a_colleague_has_deleted_meanwhile_can_be_saved_again(client, editor):
    names = [make_author(name=name) for name in ("Ada", "Ben", "Cleo")]
    article = make_article(authors=names[:2])
    typed = form(client, page_of(article), headline="Mine")
    last = {
        "bylines-TOTAL_FORMS": 3,
        "bylines-2-author": names[2].pk,
        "bylines-2-role": "editor",
        "bylines-2-position": 3,
    }
    typed |= last | {"bylines-1-role": "translator"}
    write({"authors": [names[0]]}, by=editor, article=article)

    refused = client.post(page_of(article), typed)
    assert newer(refused)["bylines"] == "by Ada"
    typed = form(client, page_of(article), page=refused, headline="Mine")
    assert client.post(page_of(article), typed).status_code == 302

    assert sorted((row.author.name, row.role) for row in article.bylines.all()) == [
        ("Ada", "writer"), ("Ben", "translator"), ("Cleo", "editor"),
    ]  # fmt: skip


def test_what_readers_do_meanwhile_is_no_conflict_and_neither_is_a_form_with_an_error(client):
    article = make_article()
    typed = form(client, page_of(article), headline="")
    make_comment(article)

    wrong = client.post(page_of(article), typed)
    assert wrong.status_code == 200
    assert not newer(wrong)
    saved = client.post(page_of(article), typed | {"headline": "Mine", "_opened": wrong.context["opened"]})
    assert saved.status_code == 302
    assert Article.objects.get().headline == "Mine"


def _menu_entry():
    Site.objects.current()
    MenuItem.objects.create(site_id=1, place=MenuItem.Place.MENU, address="/hers/", label="Hers", position=1)


@pytest.mark.parametrize(
    ("address", "field", "make", "change"),
    [
        ("articles/section", "description", make_section, lambda row: type(row).objects.update(name="Hers")),
        ("articles/tag", "name", make_tag, lambda row: type(row).objects.update(name="Hers")),
        ("articles/author", "biography", make_author, lambda row: type(row).objects.update(name="Hers")),
        ("articles/site", "tagline", Site.objects.current, lambda row: type(row).objects.update(footer="Hers")),
        ("articles/site", "tagline", Site.objects.current, lambda row: _menu_entry()),
        ("articles/article", "body", lambda: make_article(kind="page"), lambda row: Article.objects.update(headline="Hers")),
        ("comments/commentsettings", "text_limit", CommentSettings.objects.current, lambda row: type(row).objects.update(max_links=7)),
    ],
)  # fmt: skip
def test_every_form_of_the_admin_keeps_what_a_colleague_has_saved(client, address, field, make, change):
    row = make()
    page = f"/admin/{address}/{row.pk}/change/"
    typed = form(client, page, **{field: "777"})
    change(row)
    stored = type(row).objects.values().get()

    refused = client.post(page, typed)

    assert refused.status_code == 200, refused.content
    assert 'data-code="version_conflict"' in refused.content.decode()
    assert type(row).objects.values().get() == stored
