"""The articles' desk over HTTP: what is saved, what its buttons do, and who may press them."""

from __future__ import annotations

import datetime as dt
import io
import re

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from articles.models.article import Article, Byline, Redirect, SourceAttribution
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_editor,
    make_moderator,
    make_section,
    make_tag,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
NO_ROWS = {f"{table}-{name}_FORMS": 0 for table in ("bylines", "sources") for name in ("TOTAL", "INITIAL")}
LIST, ADD = "/admin/articles/article/", "/admin/articles/article/add/"


@pytest.fixture
def editor(client):
    editor = make_editor()
    client.force_login(editor)
    return editor


def page_of(article):
    return f"/admin/articles/article/{article.pk}/change/"


def form(client, address, *, page=None, **changed):
    """What a browser would send from the form at this address, or on this page, with these fields typed over."""
    context = (page or client.get(address)).context
    fields = {}
    fields["_opened"] = context.get("opened")
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for one in forms:
        for bound in one:
            widget = bound.field.widget
            value = bound.value()
            if isinstance(value, dt.datetime):
                value = timezone.localtime(value)
            if hasattr(widget, "decompress"):
                names = [f"{bound.html_name}_{at}" for at in range(len(widget.widgets))]
                if not isinstance(value, list):  # As typed, on a page that was refused.
                    value = widget.decompress(value) if value else [None] * len(names)
                fields |= {name: part for name, part in zip(names, value, strict=True) if part is not None}
            elif value is not None and value is not False and value != "":
                fields[bound.html_name] = (
                    [getattr(row, "pk", row) for row in value] if isinstance(value, list) else value
                )
    return {name: value for name, value in (fields | changed).items() if value is not None}


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def row(article):
    return Article.objects.get(pk=article.pk)


# --- Writing ------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_an_editor_writes_an_article_and_its_text_is_sanitised(client, editor):
    author, tag, section = make_author(), make_tag(), make_section()
    typed = form(
        client,
        ADD,
        headline="  Über die  Fähre ",
        body='<p onclick="x">Hello</p>\r\n<script>alert(1)</script>',
        section=section.pk,
        tags=[tag.pk],
        **{"bylines-0-author": author.pk, "sources-TOTAL_FORMS": 1, "sources-0-name": "North Coast News"},
        **{"sources-0-kind": "agency", "sources-0-position": 0},
    )

    response = client.post(ADD, typed)

    assert response.status_code == 302
    article = Article.objects.get()
    assert (article.headline, article.slug, article.state) == ("Über die Fähre", "über-die-fähre", "draft")
    assert "<p>Hello</p>" in article.body
    assert "script" not in article.body
    assert [byline.author for byline in article.bylines.all()] == [author]
    assert SourceAttribution.objects.get().name == "North Coast News"
    assert list(article.tags.all()) == [tag]


def test_a_change_of_words_is_a_new_revision_and_a_new_page(client, editor):
    article = make_article()
    before = row(article)

    client.post(page_of(article), form(client, page_of(article), body="<p>Other words.</p>"))

    after = row(article)
    assert (after.revision, after.page_version) == (before.revision + 1, before.page_version + 1)
    assert after.updated_at > before.updated_at


def test_a_change_around_the_words_is_a_new_page_only(client, editor):
    article, tag = make_article(), make_tag()
    before = row(article)

    client.post(page_of(article), form(client, page_of(article), tags=[tag.pk]))

    after = row(article)
    assert (after.revision, after.page_version) == (before.revision, before.page_version + 1)


def test_saving_without_a_change_changes_nothing_whatever_the_line_ends(client, editor):
    article = make_article(body="<p>One</p>\n<p>Two</p>")
    before = Article.objects.values().get()

    client.post(page_of(article), form(client, page_of(article), body="<p>One</p>\r\n<p>Two</p>"))

    assert Article.objects.values().get() == before


@pytest.mark.ci_both
def test_saving_leaves_alone_what_moved_on_in_the_meantime(client, editor, monkeypatch):
    article = make_article()
    typed = form(client, page_of(article), headline="Another headline")
    from articles.newsroom.article_admin import ArticleAdmin

    save_model = ArticleAdmin.save_model

    def count_meanwhile(*args, **kwargs):
        Article.objects.update(comment_count=7)
        save_model(*args, **kwargs)

    monkeypatch.setattr(ArticleAdmin, "save_model", count_meanwhile)
    client.post(page_of(article), typed)

    assert (row(article).comment_count, row(article).headline) == (7, "Another headline")


def test_a_page_of_the_foot_makes_every_page_new(client, editor):
    page = make_article(kind="page")
    before = Site.objects.current().page_version

    client.post(page_of(page), form(client, page_of(page), headline="Imprint, anew"))

    assert Site.objects.current().page_version == before + 1


def test_the_address_never_changes_once_published(client, editor):
    article = make_article()
    slug = article.slug

    client.post(page_of(article), form(client, page_of(article), slug="elsewhere", kind="page"))

    assert (row(article).slug, row(article).kind) == (slug, "article")


def test_the_same_byline_twice_is_refused_in_the_form(client, editor):
    author = make_author()
    article = make_article(authors=[author])
    twice = {
        "bylines-TOTAL_FORMS": 2,
        "bylines-1-author": author.pk,
        "bylines-1-role": "writer",
        "bylines-1-position": 1,
    }

    response = client.post(page_of(article), form(client, page_of(article), **twice))

    assert response.status_code == 200
    assert response.context["errors"]


@pytest.mark.parametrize("rows", ["5_678\n", "9" * 39, "51"])
def test_whoever_asks_for_thousands_of_rows_gets_no_more_than_some_and_keeps_the_words(client, editor, rows):
    changed = {"headline": "Ferry", "bylines-TOTAL_FORMS": rows, "sources-TOTAL_FORMS": rows}

    response = client.post("/admin/articles/article/add/", form(client, "/admin/articles/article/add/", **changed))

    page = response.content.decode()
    assert "Please submit at most 50 forms" in page
    assert "Ferry</textarea>" in page
    assert 'name="bylines-49-author"' in page
    assert 'name="bylines-50-author"' not in page
    assert not Article.objects.exists()


def test_nothing_is_deleted(client, editor):
    article = make_article()

    assert client.post(f"/admin/articles/article/{article.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": article.pk, "post": "yes"})
    assert row(article)


# --- The buttons --------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("before", "button", "after", "sentence"),
    [
        ("draft", "_publish", "published", "Published."),
        ("scheduled", "_publish", "published", "Published."),
        ("withdrawn", "_publish", "published", "Published."),
        ("published", "_withdraw", "withdrawn", "Unpublished. Readers can’t see it any more."),
        ("scheduled", "_draft", "draft", "This is a draft again."),
        ("withdrawn", "_draft", "draft", "This is a draft again."),
    ],
)
def test_a_button_saves_and_moves(client, editor, before, button, after, sentence):
    article = make_article(state=before)
    typed = form(client, page_of(article), headline="New words", **{button: "anyway"})

    response = client.post(page_of(article), typed)

    assert response.headers["Location"] == page_of(article)
    assert (row(article).state, row(article).headline) == (after, "New words")
    link = f' <a href="{row(article).get_absolute_url()}">See it on the site</a>' if after == "published" else ""
    assert said(response) == sentence + link


@pytest.mark.ci_both
def test_a_new_article_can_be_published_at_once(client, editor):
    client.post(ADD, form(client, ADD, headline="Fire", body="<p>Out.</p>", _publish="anyway"))

    assert Article.objects.get().state == "published"
    assert client.get(Article.objects.get().get_absolute_url()).status_code == 200


@pytest.mark.ci_both
def test_scheduling_takes_the_time_that_was_typed_in_the_site_s_zone(client, editor):
    article = make_article(state="draft")
    time = {"scheduled_for_0": "2031-07-01", "scheduled_for_1": "06:00:00", "_schedule": "anyway"}

    client.post(page_of(article), form(client, page_of(article), **time))

    assert row(article).state == "scheduled"
    assert row(article).scheduled_for == dt.datetime(2031, 7, 1, 4, 0, tzinfo=dt.UTC)


def test_the_second_of_two_hours_stays_where_the_form_is_saved(client, editor):
    second = dt.datetime(2031, 10, 26, 1, 30, tzinfo=dt.UTC)  # 02:30 in Berlin, like an hour earlier.
    article = make_article(state="scheduled", scheduled_for=second)

    client.post(page_of(article), form(client, page_of(article), headline="New words"))

    assert (row(article).headline, row(article).scheduled_for) == ("New words", second)


@pytest.mark.parametrize(("page", "field"), [(ADD, "headline"), ("/admin/articles/section/add/", "name")])
def test_a_name_of_which_nothing_is_seen_is_none(client, editor, page, field):
    answer = client.post(page, form(client, page, **{field: "\u200b\u2060"}))

    assert answer.status_code == 200
    assert "This field is required." in answer.content.decode()


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        ({}, "Please say when to publish it."),
        ({"scheduled_for_0": "2020-01-01", "scheduled_for_1": "06:00"}, "This time has passed."),
        ({"scheduled_for_0": "2031-07-01"}, "Enter a valid time."),
        ({"scheduled_for_0": "soon", "scheduled_for_1": "06:00"}, "Enter a valid date."),
    ],
)
def test_scheduling_for_no_time_or_one_that_has_passed_is_refused_beside_the_field(client, editor, time, sentence):
    article = make_article(state="draft")
    typed = form(client, page_of(article), body="<p>Kept.</p>", _schedule="1", **time)

    page = client.post(page_of(article), typed).content.decode()

    assert row(article).state == "draft"
    assert '<details class="writing-fold" id="later" open>' in page
    assert sentence in page
    assert "&lt;p&gt;Kept.&lt;/p&gt;" in page
    assert "data-refused" in page  # Its script keeps what was typed.


def test_a_scheduled_article_is_not_moved_to_a_time_that_has_passed(client, editor):
    article = make_article(state="scheduled")
    time = {"scheduled_for_0": "2020-01-01", "scheduled_for_1": "06:00"}

    page = client.post(page_of(article), form(client, page_of(article), _continue="1", **time)).content.decode()

    assert "This time has passed." in page
    assert row(article).scheduled_for == article.scheduled_for


@pytest.mark.parametrize(
    ("button", "state"), [({}, "scheduled"), ({"_draft": "1"}, "draft"), ({"_publish": "anyway"}, "published")]
)
def test_a_scheduled_article_does_not_lose_its_time_by_saving(client, editor, button, state):
    article = make_article(state="scheduled")
    typed = form(client, page_of(article), scheduled_for_0="", scheduled_for_1="", **button)

    response = client.post(page_of(article), typed)

    assert response.status_code == (302 if button else 200)
    assert row(article).state == state


def test_a_taken_address_is_refused_and_the_words_are_kept(client, editor):
    make_article(slug="ferry", at=timezone.now())
    article = make_article(state="draft", slug="ferry")

    response = client.post(page_of(article), form(client, page_of(article), body="<p>Kept.</p>", _publish="anyway"))

    assert response.status_code == 302
    assert "Another article of that day has the same address" in said(response)
    assert (row(article).state, row(article).body) == ("draft", "<p>Kept.</p>")


@pytest.mark.parametrize(
    ("kind", "said", "takes"),
    [("page", None, False), ("article", None, True), ("page", "true", True), ("article", "false", False)],
)
def test_a_new_page_is_closed_for_comments_unless_an_editor_says_so(client, editor, kind, said, takes):
    typed = form(client, ADD, headline="Imprint", kind=kind, **({"takes_comments": said} if said else {}))

    client.post(ADD, typed)

    assert Article.objects.get().takes_comments is takes


@pytest.mark.ci_both
def test_what_becomes_a_page_is_closed_too(client, editor):
    article = make_article(state="draft")

    client.post(page_of(article), form(client, page_of(article), kind="page"))

    assert not row(article).takes_comments
    client.post(page_of(article), form(client, page_of(article), takes_comments="on"))
    assert row(article).takes_comments


def test_a_scheduled_article_is_moved_to_no_address_that_is_taken(client, editor):
    first = make_article(at=timezone.now() + dt.timedelta(days=3))
    article = make_article(state="scheduled")
    at = timezone.localtime(first.published_at)
    day = {"scheduled_for_0": f"{at:%Y-%m-%d}", "scheduled_for_1": f"{at:%H:%M:%S}"}

    response = client.post(page_of(article), form(client, page_of(article), slug=first.slug, **day))

    assert "Another article of that day has the same address" in response.content.decode()
    assert row(article).slug == article.slug

    assert client.post(page_of(article), form(client, page_of(article), slug=first.slug)).status_code == 302
    assert row(article).slug == first.slug


def test_what_keeps_a_due_article_unpublished_stands_on_the_front_of_the_desk(client, editor):
    first = make_article()
    stuck = make_article(state="scheduled", headline="The second Weather")
    Article.objects.filter(pk=stuck.pk).update(slug=first.slug, scheduled_for=first.published_at)

    shown = client.get("/admin/").content.decode()
    client.force_login(make_moderator())
    hidden = client.get("/admin/").content.decode()

    assert "The second Weather" in shown
    assert "Another article of that day has the same address" in shown
    assert "The second Weather" not in hidden  # They do not see what is unpublished.


def test_a_button_for_another_state_does_nothing(client, editor):
    article = make_article()

    response = client.post(page_of(article), form(client, page_of(article), _schedule="1"))

    assert row(article).state == "published"
    assert "state has changed" in said(response)


def test_withdrawing_notes_the_reason(client, editor):
    article = make_article()

    client.post(page_of(article), form(client, page_of(article), _withdraw="1", _reason="It was wrong."))

    assert row(article).withdrawn_reason == "It was wrong."


def test_a_reason_is_not_lost_where_the_form_is_refused(client, editor):
    article = make_article()

    response = client.post(
        page_of(article), form(client, page_of(article), headline=" ", _withdraw="1", _reason='It was "wrong".')
    )

    assert response.status_code == 200
    assert 'value="It was &quot;wrong&quot;."' in response.content.decode()
    assert row(article).state == "published"


@pytest.mark.parametrize(("state", "leads_to"), [("draft", "preview"), ("published", "/20"), ("withdrawn", "preview")])
def test_saving_can_lead_to_how_it_looks(client, editor, state, leads_to):
    article = make_article(state=state)

    response = client.post(page_of(article), form(client, page_of(article), body="<p>New.</p>", _preview="1"))

    assert leads_to in response.headers["Location"]
    assert "<p>New.</p>" in client.get(response.headers["Location"]).content.decode()


def test_a_picture_that_lies_nowhere_is_left_out_and_that_is_said(client, editor):
    article = make_article(body="")
    pasted = '<p>Words</p><IMG src="file:///C:/a.png"><img src="data:image/png;base64,AA">'

    response = client.post(page_of(article), form(client, page_of(article), body=pasted))

    assert row(article).body == "<p>Words</p>"
    assert "A pasted picture was left out of the text" in said(response)


@pytest.mark.ci_both
def test_the_list_withdraws_with_a_reason(client, editor):
    article = make_article()

    client.post(LIST, {"action": "withdraw_selected", "_selected_action": article.pk, "reason": "All wrong."})

    assert (row(article).state, row(article).withdrawn_reason) == ("withdrawn", "All wrong.")


@pytest.mark.ci_both
@pytest.mark.parametrize(("action", "takes"), [("close_comments", False), ("open_comments", True)])
def test_the_list_closes_and_opens_comments(client, editor, action, takes):
    article, other = make_article(takes_comments=not takes), make_article(takes_comments=not takes)

    client.post(LIST, {"action": action, "_selected_action": article.pk})

    assert (row(article).takes_comments, row(other).takes_comments) == (takes, not takes)
    assert row(article).page_version == article.page_version + 1


@pytest.mark.ci_both
def test_the_list_is_narrowed_by_state_section_and_author(client, editor):
    author, section = make_author(), make_section()
    found = make_article(state="draft", section=section, authors=[author, make_author()])
    others = [make_article(state="draft", section=section), make_article(authors=[author], section=section)]
    others.append(make_article(state="draft", authors=[author]))

    query = f"?state__exact=draft&section__id__exact={section.pk}&authors__id__exact={author.pk}"
    page = client.get(f"{LIST}{query}").content.decode()

    assert page.count(page_of(found)) == 1
    assert not any(page_of(other) in page for other in others)


def test_the_list_leads_to_the_comments_that_wait(client, editor):
    article = make_article()
    for _ in range(2):
        make_comment(article, status="pending")
    make_comment(article)
    make_comment(status="spam")

    page = client.get(LIST).content.decode()

    assert f'<a href="/admin/moderation/?article={article.pk}">2</a>' in page
    assert page.count("/admin/moderation/?article=") == 1


def test_the_list_says_when_an_article_will_be_published(client, editor):
    make_article(state="scheduled", scheduled_for=dt.datetime(2031, 7, 1, 4, 0, tzinfo=dt.UTC))

    cell = '<td role="cell" data-label="Published" class="field-time">07/01/2031 6 a.m.</td>'
    assert cell in client.get(LIST).content.decode()


@pytest.mark.ci_both
def test_the_list_begins_with_what_is_written_then_the_newest_and_pages_stand_apart(client, editor):
    now = timezone.now()
    old, new = make_article(at=now - dt.timedelta(days=9)), make_article(at=now)
    middle = make_article(at=now - dt.timedelta(days=2))  # As after an import, the keys tell nothing.
    page, draft = make_article(kind="page"), make_article(state="draft")

    def shown(query=""):
        return [one.pk for one in client.get(LIST + query).context["cl"].result_list]

    assert shown() == [draft.pk, new.pk, middle.pk, old.pk]
    assert shown("?kind=page") == [page.pk]
    assert page.pk in shown("?kind=all")
    assert shown("?kind=x") == []


# --- The form -----------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_a_new_article_shows_only_what_it_can_have(client, editor):
    page = client.get(ADD).content.decode()

    assert "New article" in page
    assert not any(
        name in page for name in ("field-published_at", "field-revision", "field-withdrawn_reason", "History")
    )
    assert "Save and view" in page
    assert page.count('class="button move-publish primary"') == page.count(" primary") == 1

    article = make_article(state="withdrawn")
    Article.objects.filter(pk=article.pk).update(withdrawn_reason="It was wrong.")
    page = client.get(page_of(article)).content.decode()
    assert "It was wrong." in page
    assert "field-published_at" in page


@pytest.mark.parametrize(
    ("state", "primary", "buttons"),
    [
        ("draft", "_publish", {"_publish", "_continue", "_typed", "_schedule", "_preview", "_save"}),
        ("withdrawn", "_publish", {"_publish", "_continue", "_typed", "_schedule", "_preview", "_save", "_draft"}),
        ("scheduled", "_continue", {"_continue", "_typed", "_preview", "_save", "_publish", "_draft"}),
        ("published", "_continue", {"_continue", "_typed", "_preview", "_save", "_withdraw"}),
    ],
)
def test_one_button_stands_out(client, editor, state, primary, buttons):
    row_ = client.get(page_of(make_article(state=state))).content.decode().partition('class="submit-row')[2]

    assert re.findall(r'class="[^"]*primary" name="(\w+)"', row_) == [primary]
    assert set(re.findall(r'<button type="submit"[^>]* name="(\w+)"', row_)) == buttons


@pytest.mark.ci_both
def test_one_s_own_name_stands_over_a_new_article_and_goes_where_it_is_taken_out(client, editor):
    name = make_author(user=editor)

    typed = form(client, ADD, headline="By me")
    assert typed["bylines-0-author"] == name.pk
    client.post(ADD, typed)
    client.post(ADD, form(client, ADD, headline="By nobody", **{"bylines-0-author": ""}))

    assert [list(one.authors.all()) for one in Article.objects.order_by("pk")] == [[name], []]
    assert form(client, page_of(Article.objects.last())).get("bylines-0-author") is None


def test_saving_says_so_and_what_readers_see(client, editor):
    draft, article = make_article(state="draft"), make_article()

    answer = client.post(page_of(draft), form(client, page_of(draft), _continue="1"))
    assert (answer.headers["Location"], said(answer)) == (page_of(draft), "Draft saved.")
    answer = client.post(page_of(article), form(client, page_of(article), headline="New", _continue="1"))
    assert said(answer).startswith("Saved. Readers see your changes now. <a href=")


@pytest.mark.parametrize(
    ("button", "headline", "is_told"),
    [("_continue", "x", True), ("_publish", "x", True), ("_save", "x", True), ("_save", " ", False)],
)
def test_the_browser_is_told_to_forget_its_copy_when_all_is_stored_and_not_before(
    client, editor, button, headline, is_told
):
    article, token = make_article(state="draft"), "6f9619ff-8b86-4011-b42d-00c04fc964ff"
    typed = form(client, page_of(article), headline=headline, _kept=token, **{button: "1"})

    answer = client.post(page_of(article), typed)

    assert any(f"saved-{token}" in message.tags for message in get_messages(answer.wsgi_request)) is is_told
    if not is_told:
        assert f'name="_kept" value="{token}"' in answer.content.decode()  # What is typed on stays the same copy.


def test_a_name_of_a_copy_that_is_none_is_not_repeated(client, editor):
    article = make_article(state="draft")

    answer = client.post(page_of(article), form(client, page_of(article), _kept='x" onload="', _continue="1"))

    assert all("saved-" not in message.tags for message in get_messages(answer.wsgi_request))


PREVIEW = "/admin/articles/article/preview/"


def test_a_preview_is_the_page_as_typed_and_stores_nothing(client, editor):
    author, section, tag = make_author(name="Ada"), make_section("Town"), make_tag("Boats")
    typed = form(client, ADD, headline="The ferry", standfirst="Soon.", body="<p>Out.</p><script>x</script>")
    typed |= {"section": section.pk, "tags": [tag.pk], "bylines-0-author": author.pk, "_publish": "anyway"}

    answer = client.post(PREVIEW, typed)

    page = answer.content.decode()
    for part in ("<h1", "The ferry</h1>", "Soon.", "<p>Out.</p>", ">Town</a>", ">Ada</a>", ">Boats</a>"):
        assert part in page
    assert "<script>x" not in page
    assert "no-store" in answer.headers["Cache-Control"]
    assert not Article.objects.exists()


@pytest.mark.ci_both
def test_a_preview_of_a_stored_article_leaves_it_alone_and_shows_what_is_right_of_what_was_typed(client, editor):
    names = [make_author(name=name) for name in ("Ada", "Ben")]
    article = make_article(authors=names, headline="As stored")
    article.tags.add(make_tag("Boats"))
    before = Article.objects.values().get()
    typed = form(client, page_of(article), headline=" ", standfirst="Typed.", **{"bylines-0-DELETE": "on"})

    page = client.post(f"/admin/articles/article/{article.pk}/preview/", typed).content.decode()

    assert "As stored</h1>" in page
    assert "Typed." in page
    assert ">Ben</a>" in page
    assert ">Ada</a>" not in page
    assert ">Boats</a>" in page
    assert Article.objects.values().get() == before
    assert article.bylines.count() == 2


@pytest.mark.ci_both
def test_a_preview_is_for_those_who_may_send_the_form(client, author):
    foreign = make_article(authors=[make_author()])
    address = f"/admin/articles/article/{foreign.pk}/preview/"

    assert client.post(PREVIEW, {"headline": "Mine"}).status_code == 200
    assert client.post(address, {"headline": "Not mine"}).status_code == 404
    assert client.get(address).headers["Location"] == page_of(foreign)
    client.force_login(make_moderator())
    assert client.post(PREVIEW, {"headline": "x"}).status_code == 403
    assert client.post(address, {"headline": "x"}).status_code == 403
    client.logout()
    assert client.post(PREVIEW, {"headline": "x"}).status_code == 302


@pytest.mark.ci_both
def test_a_preview_without_words_or_with_nonsense_is_a_page(client, editor):
    for sent in ({}, {"headline": "x", "section": "9" * 40, "lead_picture": "x", "bylines-TOTAL_FORMS": "many"}):
        assert client.post(PREVIEW, sent).status_code == 200
    assert client.post("/admin/articles/article/999/preview/", {}).status_code == 404
    assert client.get(PREVIEW).headers["Location"] == ADD


def test_without_script_a_lead_picture_is_sent_with_the_article(client, editor, picture):
    sent = {"new_picture-file": picture, "new_picture-alternative_text": "The mole", "new_picture-focal_x": "20"}

    client.post(ADD, form(client, ADD, headline="The mole", _continue="upload", **sent))

    stored = Article.objects.get().lead_picture
    assert (stored.alternative_text, stored.focal_x, stored.focal_y, stored.width) == ("The mole", 20, 50, 40)
    assert f'value="{stored.pk}" selected' in client.get(page_of(Article.objects.get())).content.decode()


def test_what_is_sent_as_a_lead_picture_and_is_none_is_refused_and_the_words_stay(client, editor):
    file = SimpleUploadedFile("x.png", b"no picture", "image/png")

    answer = client.post(ADD, form(client, ADD, headline="The mole", **{"new_picture-file": file}))

    assert answer.context["adminform"].form.errors["lead_picture"]
    assert "The mole</textarea>" in answer.content.decode()
    assert not Article.objects.exists()


def test_nobody_sends_a_picture_who_may_not(client, author, picture):
    author.user.groups.clear()
    author.user.user_permissions.set(Permission.objects.filter(codename__in=["add_article", "change_article"]))

    answer = client.post(ADD, {"headline": "x", "kind": "article", "new_picture-file": picture} | NO_ROWS)

    assert answer.status_code == 403
    assert not Picture.objects.exists()


# --- Tags and authors by name -------------------------------------------------------------------------------------


def errors_of(answer):
    return {
        name: [one.code for one in found.as_data()] for name, found in answer.context["adminform"].form.errors.items()
    }


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"more_authors": "Nobody"}, {"more_authors": ["unknown_author"]}),
        ({"more_authors": "Sam"}, {"more_authors": ["ambiguous_author"]}),
        ({"more_authors": "\x00"}, {"more_authors": ["null_characters_not_allowed"]}),
        ({"more_tags": "x" * 201}, {"more_tags": ["invalid_tag"]}),
        ({"more_tags": ",".join(map(str, range(51)))}, {"more_tags": ["too_many"]}),
        ({"more_tags": "a\u200b,\u200b"}, {"more_tags": ["invalid_tag"]}),
    ],
)
def test_names_that_name_nothing_are_refused_and_everything_typed_is_kept(client, editor, typed, error):
    Author.objects.create(name="Sam", slug="sam-1")
    Author.objects.create(name="Sam", slug="sam-2")

    answer = client.post(ADD, form(client, ADD, headline="Kept", **typed))

    if "\x00" in str(typed):
        assert answer.status_code == 400  # As any NUL byte.
    else:
        assert errors_of(answer) == error
        assert "Kept</textarea>" in answer.content.decode()
    assert not Article.objects.exists()
    assert not Tag.objects.exists()


@pytest.mark.ci_both
def test_an_author_of_a_shared_name_is_named_by_the_address_and_nobody_twice(client, editor):
    first, second = Author.objects.create(name="Sam", slug="sam-1"), Author.objects.create(name="Sam", slug="sam-2")
    article = make_article(authors=[first], state="draft")

    client.post(
        page_of(article), form(client, page_of(article), more_authors="sam-2; sam-1", more_tags=" Boats,, Boats ")
    )

    assert [byline.author for byline in article.bylines.all()] == [first, second]
    assert [tag.name for tag in article.tags.all()] == ["Boats"]


@pytest.mark.ci_both
def test_nobody_makes_tags_who_may_not(client, author):
    make_tag("Boats")
    author.user.groups.clear()
    author.user.user_permissions.set(Permission.objects.filter(codename__in=["add_article", "change_article"]))

    answer = client.post(ADD, {"headline": "x", "kind": "article", "more_tags": "Boats, Harbour"} | NO_ROWS)
    assert errors_of(answer) == {"more_tags": ["unknown_tag"]}

    client.post(ADD, {"headline": "x", "kind": "article", "more_tags": "Boats"} | NO_ROWS)
    assert [tag.name for tag in Article.objects.get().tags.all()] == ["Boats"]
    assert Tag.objects.count() == 1


# --- The pictures to choose from ----------------------------------------------------------------------------------


CHOOSER = "/admin/articles/article/pictures/"


@pytest.mark.ci_both
def test_pictures_are_chosen_from_the_newest_and_searched_by_words(client, editor):
    Picture.objects.create(file="pictures/a.jpg", width=40, height=30, caption='The "mole"', credit="Ada")
    Picture.objects.create(file="pictures/b.jpg", width=40, height=30, alternative_text="A boat", credit="Ada")

    page = client.get(CHOOSER).content.decode()
    assert page.index("/media/pictures/b.jpg") < page.index("/media/pictures/a.jpg")
    assert 'data-caption="The &quot;mole&quot;" data-credit="Ada" data-width="40" data-height="30"' in page
    assert page.count("No alternative text") == 1

    page = client.get(CHOOSER, {"q": "ada MOLE"}).content.decode()
    assert "a.jpg" in page
    assert "b.jpg" not in page
    assert "No picture found." in client.get(CHOOSER, {"q": "ada nobody"}).content.decode()

    page = client.get(CHOOSER, {"id": Picture.objects.get(caption="").pk}).content.decode()
    assert re.findall(r'data-src="([^"]+)"', page) == ["/media/pictures/b.jpg"]
    assert "No picture found." in client.get(CHOOSER, {"id": "x"}).content.decode()


@pytest.mark.ci_both
def test_pictures_are_paged(client, editor):
    for number in range(25):
        Picture.objects.create(file=f"pictures/{number}.jpg", width=4, height=3)

    first, second = client.get(CHOOSER).content.decode(), client.get(CHOOSER, {"page": 2}).content.decode()

    assert (first.count("data-src="), second.count("data-src=")) == (24, 1)
    assert 'data-page="2"' in first
    assert 'data-page="1"' in second
    assert client.get(CHOOSER, {"page": "x"}).status_code == 404


def test_pictures_are_for_those_who_may_see_them(client):
    assert client.get(CHOOSER).status_code == 302
    client.force_login(make_moderator())
    assert client.get(CHOOSER).status_code == 403
    client.force_login(make_user(group="Authors"))
    assert client.get(CHOOSER).status_code == 200


def test_the_list_publishes_and_withdraws_each_for_itself(client, editor):
    make_article(slug="ferry", at=timezone.now())
    taken, free = make_article(state="draft", slug="ferry"), make_article(state="draft")

    response = client.post(LIST, {"action": "publish_selected", "_selected_action": [taken.pk, free.pk]})

    assert (row(taken).state, row(free).state) == ("draft", "published")
    assert "1 article published." in said(response)
    assert "same address" in said(response)
    client.post(LIST, {"action": "withdraw_selected", "_selected_action": [taken.pk, free.pk]})
    assert (row(taken).state, row(free).state) == ("draft", "withdrawn")


# --- Who may ------------------------------------------------------------------------------------------------------


@pytest.fixture
def author(client):
    author = make_author(user=make_user(group="Authors"))
    client.force_login(author.user)
    return author


def test_authors_see_and_change_what_bears_their_name(client, author):
    mine, foreign, draft = make_article(authors=[author]), make_article(), make_article(state="draft")

    page = client.get(LIST).content.decode()

    assert page_of(mine) in page
    assert page_of(foreign) not in page
    client.post(page_of(mine), form(client, page_of(mine), headline="Mine"))
    assert row(mine).headline == "Mine"
    for other in (foreign, draft):
        assert client.get(page_of(other)).status_code == 302
        client.post(page_of(other), {"headline": "Stolen"})
        assert row(other).headline == other.headline


def test_an_author_s_new_article_bears_their_name(client, author):
    client.post(ADD, form(client, ADD, headline="By me"))

    assert Byline.objects.get().author == author
    assert Article.objects.get().state == "draft"


@pytest.mark.ci_both
def test_an_author_s_name_stays_over_their_article(client, author):
    article = make_article(authors=[author])

    client.post(page_of(article), form(client, page_of(article), **{"bylines-0-DELETE": "on"}))

    assert Byline.objects.get().author == author


@pytest.mark.parametrize("button", ["_publish", "_schedule", "_withdraw", "_draft"])
def test_authors_do_not_publish(client, author, button):
    article = make_article(state="withdrawn" if button == "_draft" else "draft", authors=[author])
    state = article.state

    assert f'name="{button}"' not in client.get(page_of(article)).content.decode()
    assert client.post(page_of(article), form(client, page_of(article), **{button: "1"})).status_code == 403
    client.post(LIST, {"action": "publish_selected", "_selected_action": article.pk})
    assert row(article).state == state


def test_authors_do_not_move_the_time_of_a_scheduled_article(client, author):
    article = make_article(state="scheduled", authors=[author])
    time = {"scheduled_for_0": "2020-01-01", "scheduled_for_1": "06:00:00"}

    client.post(page_of(article), form(client, page_of(article), **time))

    assert row(article).scheduled_for == article.scheduled_for


def test_an_author_without_a_name_is_told_what_to_do(client):
    client.force_login(make_user(group="Authors"))

    assert "No author’s name is linked to your account yet." in client.get(LIST).content.decode()
    assert client.get(ADD).status_code == 403


@pytest.mark.ci_both
def test_moderators_read_what_is_published(client):
    client.force_login(make_moderator())
    article, draft = make_article(), make_article(state="draft")

    assert client.get(page_of(article)).status_code == 200
    assert client.get(page_of(draft)).status_code == 302
    assert client.post(page_of(article), {"headline": "x"}).status_code == 403


@pytest.mark.ci_both
@pytest.mark.parametrize("size", [1, 10])
def test_the_list_asks_as_many_questions_however_long_it_is(client, editor, size, django_assert_max_num_queries):
    for _ in range(size):
        make_article(authors=[make_author()], section=make_section())
    client.get(LIST)

    with django_assert_max_num_queries(11):
        assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(("state", "address"), [("draft", "preview"), ("published", "/20"), ("withdrawn", "preview")])
def test_the_form_links_to_how_it_looks(client, editor, state, address):
    article = make_article(state=state)

    link = client.get(page_of(article)).context["absolute_url"]

    assert address in link
    assert client.get(link).status_code == 200


# --- What stands around them --------------------------------------------------------------------------------------


@pytest.mark.ci_both
@pytest.mark.parametrize("make", [make_section, make_tag, make_author])
def test_a_name_that_stands_on_many_pages_makes_them_new(client, editor, make):
    thing = make()
    address = f"/admin/articles/{thing._meta.model_name}/{thing.pk}/"
    before = Site.objects.current().page_version

    client.post(f"{address}change/", form(client, f"{address}change/", name="Another name"))
    assert type(thing).objects.get().name == "Another name"
    assert Site.objects.current().page_version == before + 1

    client.post(f"{address}delete/", {"post": "yes"})
    assert not type(thing).objects.exists()
    assert Site.objects.current().page_version == before + 2


@pytest.mark.ci_both
def test_several_deleted_at_once_make_pages_new_too(client, editor):
    tags = [make_tag(), make_tag()]
    before = Site.objects.current().page_version
    chosen = {"action": "delete_selected", "_selected_action": [tag.pk for tag in tags], "post": "yes"}

    client.post("/admin/articles/tag/", chosen)

    assert not Tag.objects.exists()
    assert Site.objects.current().page_version == before + 1


@pytest.mark.ci_both
def test_an_author_with_articles_and_a_section_in_use_stay(client, editor):
    author, section = make_author(), make_section()
    make_article(authors=[author], section=section)

    client.post(f"/admin/articles/author/{author.pk}/delete/", {"post": "yes"})
    client.post(f"/admin/articles/section/{section.pk}/delete/", {"post": "yes"})

    assert Author.objects.exists()
    assert Section.objects.exists()


@pytest.mark.ci_both
def test_the_site_is_one_row_whose_change_makes_every_page_new(client, editor):
    before = Site.objects.current().page_version
    address = "/admin/articles/site/1/change/"

    assert client.get("/admin/articles/site/").headers["Location"] == address
    client.post(address, form(client, address, name="The Lantern"))

    site = Site.objects.get()
    assert (site.name, site.page_version) == ("The Lantern", before + 1)
    assert client.get("/admin/articles/site/add/").status_code == 403
    assert client.get("/admin/articles/site/1/delete/").status_code == 403


@pytest.fixture
def picture(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "PNG")
    return SimpleUploadedFile("mole.png", file.getvalue(), "image/png")


@pytest.mark.ci_both
def test_a_picture_is_taken_in_measured_and_shown(client, editor, picture):
    client.post("/admin/articles/picture/add/", {"file": picture, "alternative_text": 'A "mole"'})

    stored = Picture.objects.get()
    assert (stored.width, stored.height) == (40, 30)
    page = client.get("/admin/articles/picture/").content.decode()
    assert f'src="{stored.file.url.removesuffix(".jpg")}.40.jpg"' in page
    assert "A &quot;mole&quot;" in page


@pytest.mark.parametrize(("kind", "told"), [("GIF", "an animation of 2 frames"), ("TIFF", "This file had 2 pages")])
def test_what_stands_still_now_or_had_more_pages_is_said(client, editor, kind, told):
    file = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    sent = SimpleUploadedFile(f"x.{kind.lower()}", file.getvalue())

    response = client.post("/admin/articles/picture/add/", {"file": sent, "alternative_text": "x"})

    assert response.status_code == 302
    assert told in said(response)


@pytest.mark.ci_both
def test_what_is_no_picture_is_refused(client, editor):
    file = SimpleUploadedFile(
        "evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"
    )

    assert client.post("/admin/articles/picture/add/", {"file": file}).status_code == 200
    assert not Picture.objects.exists()


@pytest.mark.ci_both
def test_a_changed_picture_makes_the_pages_new_that_it_leads(client, editor, picture):
    stored = Picture.objects.create(file=picture)
    led, other = make_article(lead_picture=stored), make_article()
    address = f"/admin/articles/picture/{stored.pk}/"

    client.post(f"{address}change/", {"caption": "The mole"})
    assert row(led).page_version == led.page_version + 1
    client.post(f"{address}delete/", {"post": "yes"})
    assert row(led).page_version == led.page_version + 2
    assert row(other).page_version == other.page_version


@pytest.mark.ci_both
def test_a_redirect_is_made(client, editor):
    article = make_article()

    client.post("/admin/articles/redirect/add/", {"path": "/?p=7", "article": article.pk})

    assert Redirect.objects.get().article == article
