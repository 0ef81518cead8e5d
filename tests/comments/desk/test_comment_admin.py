"""The moderation desk over HTTP: who sees what, what the buttons do, and that nothing changes without a decision."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from articles.models.site import Site
from comments.desk.comment_settings_admin import HELD_BY, SENTENCES
from comments.desk.status_actions import STATUS_ACTIONS
from comments.models import Comment, CommentSettings, Decision
from comments.moderation.decisions import decide
from comments.posting.submission import post_comment
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_rule,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
QUEUE = "/admin/moderation/"


@pytest.fixture
def moderator(client):
    moderator = make_moderator(name="Mia")
    client.force_login(moderator)
    return moderator


def shown(response):
    """The ids on the page, in order."""
    return [int(found) for found in re.findall(r'data-comment="(\d+)"', response.content.decode())]


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def make_staff(**values):
    user = make_user(**values)
    type(user).objects.filter(pk=user.pk).update(is_staff=True)
    return user


def press(client, comments, action, reason="", address=QUEUE, **more):
    ids = [comment.pk for comment in comments]
    return client.post(address, {"action": action, "ids": ids, "reason": reason, **more})


def status(comment):
    return Comment.objects.values_list("status", flat=True).get(pk=comment.pk)


# --- What is shown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/admin/", QUEUE])
def test_the_desk_opens_on_what_waits_the_oldest_first(client, moderator, address):
    first, second = make_comment(status="pending"), make_comment(status="pending")
    for other in ("approved", "spam", "trash"):
        make_comment(status=other)

    assert shown(client.get(address)) == [first.pk, second.pk]


def test_an_entry_says_what_who_from_where_and_why(client, moderator):
    make_rule("casino")
    parent = make_comment(text="The parent says so.", name="Grace")
    comment = post_comment(
        make_draft(
            parent.article,
            parent=str(parent.pk),
            name="Bo <b>",
            email="bo@example.net",
            address="203.0.113.9",
            website="https://bo.example/",
            text="Come to my **casino** & win",
        )
    )

    page = client.get(QUEUE).content.decode()

    assert "Bo &lt;b&gt;" in page
    for text in (
        "bo@example.net",
        "203.0.113.9",
        "https://bo.example/",
        "<strong><mark>casino</mark></strong> &amp; win",
    ):
        assert text in page
    assert escape(comment.article.headline) in page
    assert "The parent says so." in page
    assert "words on the list: casino" in page
    assert "first comment of this person" in page
    assert f'datetime="{comment.created_at.year}-' in page


@pytest.mark.ci_both
@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x"])
def test_an_imported_website_that_is_no_web_address_is_no_link(client, moderator, address):
    comment = make_comment(status="pending")
    Comment.objects.filter(pk=comment.pk).update(website=address)

    assert f'href="{address}' not in client.get(QUEUE).content.decode()


def test_other_statuses_have_a_tab_with_their_number_the_newest_first(client, moderator):
    older, newer = make_comment(status="spam"), make_comment(status="spam")

    response = client.get(QUEUE, {"status": "spam"})

    assert shown(response) == [newer.pk, older.pk]
    assert {tab[0]: tab[2] for tab in response.context["tabs"]} == {
        "pending": "0",
        "reported": "0",
        "appeals": "0",
        "unanswered": "0",
        "approved": "0",
        "spam": "2",
        "trash": "0",
        "all": "2",
    }


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("zeppelin", True),
        ("zeppelin ada", True),
        ("ZEPPELIN nobody", False),
        ("Lovelace", True),
        ("ada@lovelace.example", True),
        ("198.51.100.7", True),
        ("198.51.100.", True),
        ("198.51.100.70", False),
        ("198.51.100", True),
        ("8.51.100.7", False),
        ("%", False),
    ],
)
def test_a_search_finds_by_text_name_email_and_address(client, moderator, query, finds):
    post_comment(
        make_draft(text="A zeppelin!", name="Ada Lovelace", email="ada@lovelace.example", address="198.51.100.7")
    )
    make_comment(status="pending", name="Zoe")

    assert len(shown(client.get(QUEUE, {"q": query}))) == finds


def test_an_ipv6_address_is_found_however_it_is_written(client, moderator):
    comment = post_comment(make_draft(address="2001:db8::7"))

    assert shown(client.get(QUEUE, {"q": "2001:0DB8:0::7"})) == [comment.pk]
    assert shown(client.get(QUEUE, {"q": "2001:db8:"})) == [comment.pk]


def test_the_queue_of_one_article(client, moderator):
    comment = make_comment(status="pending")
    make_comment(status="pending")

    assert shown(client.get(QUEUE, {"article": comment.article_id})) == [comment.pk]


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "query", ["status=x", "article=x", "article=99999999999999999999", "article=²", "q=%FF", "q=" + "x" * 5000]
)
def test_odd_filters_break_nothing(client, moderator, query):
    assert client.get(f"{QUEUE}?{query}").status_code == 200


@pytest.mark.ci_both
def test_pages_hold_fifty_and_an_emptied_page_leads_to_the_first(client, moderator):
    article = make_article()
    comments = [make_comment(article, status="pending") for _ in range(51)]

    first = client.get(QUEUE, {"q": "thought"})
    assert shown(first) == [comment.pk for comment in comments[:50]]
    following = {"q": "thought", "after": first.context["next"]}
    assert shown(client.get(QUEUE, following)) == [comments[50].pk]
    assert shown(client.get(QUEUE, {"after": "nowhere"})) == shown(first)
    press(client, comments[50:], "approve")
    assert client.get(QUEUE, following).headers["Location"] == f"{QUEUE}?q=thought"


@pytest.mark.ci_both
@pytest.mark.parametrize("size", [1, 12])
def test_the_queue_asks_as_many_questions_however_long_it_is(client, moderator, size, django_assert_max_num_queries):
    parent = make_comment()
    for _ in range(size):
        comment = make_comment(parent=parent, status="approved", user=make_user())
        decide(comment.pk, "pending", by=moderator, reason="mistake")

    with django_assert_max_num_queries(36):
        assert len(shown(client.get(QUEUE))) == size


def test_looking_changes_nothing(client, moderator):
    comment = make_comment(status="pending")

    client.get(QUEUE, {"action": "approve", "ids": comment.pk})

    assert status(comment) == "pending"
    assert comment.decisions.count() == 1


# --- Who may ------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_staff_without_the_right_to_moderate_gets_the_index_and_no_queue(client):
    client.force_login(make_staff())
    comment = make_comment(status="pending")

    assert client.get(QUEUE).status_code == 403
    assert press(client, [comment], "approve").status_code == 403
    assert "Everything else" in client.get("/admin/").content.decode()
    assert client.get(f"/admin/comments/comment/{comment.pk}/change/").status_code == 403
    assert status(comment) == "pending"


@pytest.mark.ci_both
def test_authors_decide_under_their_own_articles_only(client):
    user = make_user(group="Authors")
    client.force_login(user)
    mine = make_comment(make_article(authors=[make_author(user=user)]), status="pending")
    foreign = make_comment(status="pending")

    assert shown(client.get("/admin/")) == [mine.pk]
    response = press(client, [mine, foreign], "approve")

    assert (status(mine), status(foreign)) == ("approved", "pending")
    assert "1 approved." in said(response)
    assert "1 isn’t there, or isn’t yours to moderate." in said(response)
    assert client.get(f"/admin/comments/comment/{foreign.pk}/change/").status_code == 302
    press(client, [foreign], "approve", address="/admin/comments/comment/", _selected_action=foreign.pk)
    assert status(foreign) == "pending"


def test_a_decision_needs_the_token():
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(make_moderator())
    comment = make_comment(status="pending")

    assert press(client, [comment], "approve").status_code == 403
    assert status(comment) == "pending"


# --- What the buttons do ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("pending", "approve", "approved"),
        ("pending", "spam", "spam"),
        ("pending", "trash", "trash"),
        ("approved", "hold", "pending"),
        ("approved", "trash", "trash"),
        ("spam", "restore", "pending"),
        ("trash", "restore", "pending"),
    ],
)
def test_a_button_decides_with_a_reason_and_leads_back(client, moderator, before, action, after):
    comment = make_comment(status=before)
    address = f"{QUEUE}?status={before}&q=thought"

    response = press(client, [comment], action, "off_topic", address)

    assert (response.status_code, response.headers["Location"]) == (302, address)
    assert status(comment) == after
    decision = comment.decisions.last()
    assert (decision.by, decision.reason, decision.before, decision.after) == (moderator, "off_topic", before, after)


def test_restoring_brings_back_the_status_before_removal(client, moderator):
    was_approved = make_comment(status="approved")
    decide(was_approved.pk, "spam")
    decide(was_approved.pk, "trash")
    was_waiting = make_comment(status="trash")

    response = press(client, [was_approved, was_waiting], "restore")

    assert (status(was_approved), status(was_waiting)) == ("approved", "pending")
    assert "2 restored." in said(response)


@pytest.mark.ci_both
def test_many_are_decided_at_once_and_the_page_says_how_many(client, moderator):
    comments = [make_comment(status="pending") for _ in range(3)]
    decide(comments[0].pk, "approved")

    response = press(client, comments, "approve")

    assert {status(comment) for comment in comments} == {"approved"}
    assert said(response) == "2 approved. 1 unchanged."
    assert comments[1].decisions.last().batch == comments[2].decisions.last().batch


def test_what_its_author_withdrew_stays_removed_and_has_no_buttons(client, moderator):
    comment = make_comment(status="approved")
    decide(comment.pk, "trash", reason="withdrawn")

    response = press(client, [comment], "restore")

    assert status(comment) == "trash"
    assert "1 stays removed: its author withdrew it." in said(response)
    page = client.get(QUEUE, {"status": "trash"}).content.decode()
    assert 'class="deeds"' not in page


@pytest.mark.parametrize(
    "wrong",
    [{"action": "delete"}, {"action": ""}, {"reason": "because"}, {"ids": []}, {"ids": ["x", "9" * 30, "0", "-1"]}],
)
def test_what_is_not_understood_changes_nothing_and_says_so(client, moderator, wrong):
    comment = make_comment(status="pending")

    response = client.post(QUEUE, {"action": "approve", "ids": comment.pk, "reason": ""} | wrong)

    assert response.status_code == 302
    assert said(response)
    assert status(comment) == "pending"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_decision_leads_nowhere_else(client, moderator, target):
    response = press(client, [make_comment(status="pending")], "approve", next=target)

    assert response.headers["Location"] == "/"


# --- List and page of a comment -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "after"), [("approve", "approved"), ("spam", "spam"), ("trash", "trash")])
def test_the_list_decides_too(client, moderator, action, after):
    comment = make_comment(status="pending")
    fields = {"action": action, "_selected_action": comment.pk, "reason": "abuse"}

    client.post("/admin/comments/comment/", fields)

    assert status(comment) == after
    assert comment.decisions.last().reason == "abuse"


def test_the_list_offers_every_button_of_the_desk(client, moderator):
    make_comment()

    page = client.get("/admin/comments/comment/").content.decode()

    offered = re.findall(r'<option value="(\w+)"', page[page.index('name="action"') : page.index('name="reason"')])
    assert offered == list(STATUS_ACTIONS)


@pytest.mark.ci_both
def test_the_list_restores(client, moderator):
    comment = make_comment(status="spam")

    client.post("/admin/comments/comment/", {"action": "restore", "_selected_action": comment.pk})

    assert status(comment) == "pending"


@pytest.mark.ci_both
@pytest.mark.parametrize("query", ["thought", "ada", "192.0", "Ferry"])
def test_the_list_searches_too(client, moderator, query):
    comment = make_comment()

    page = client.get("/admin/comments/comment/", {"q": query}).content.decode()

    assert f"/admin/comments/comment/{comment.pk}/change/" in page


@pytest.mark.parametrize("size", [1, 10])
def test_the_list_asks_as_many_questions_however_long_it_is(client, moderator, size, django_assert_max_num_queries):
    for _ in range(size):
        make_comment(status="pending", user=make_user())

    with django_assert_max_num_queries(10):
        assert client.get("/admin/comments/comment/").status_code == 200


def test_the_page_of_a_comment_tells_its_history_and_offers_the_buttons(client, moderator):
    comment = make_comment(status="pending", email="ada@lovelace.example", browser="")
    decide(comment.pk, "spam", by=moderator, reason="abuse")
    decide(comment.pk, "pending", by=moderator, reason="mistake")
    address = f"/admin/comments/comment/{comment.pk}/change/"

    page = client.get(address).content.decode()

    for text in (
        "Held for review: first comment of this person ·",
        "Mia sent this to spam: insulting or abusive ·",
        "Mia sent this back to the queue: an earlier decision was a mistake ·",
    ):
        assert text in page
    assert "ada@lovelace.example" in page
    assert comment.status_token not in page
    response = press(client, [comment], "approve", next=address)
    assert response.headers["Location"] == address


def test_a_comment_without_a_trace_is_shown(client, moderator):
    comment = make_comment(status="pending")
    comment.connection_data.delete()

    assert client.get(QUEUE).status_code == 200
    assert client.get(f"/admin/comments/comment/{comment.pk}/change/").status_code == 200


@pytest.mark.parametrize("superuser", [False, True])
def test_no_form_gets_past_a_decision(client, superuser):
    client.force_login(make_moderator(is_superuser=superuser))
    comment = make_comment(status="pending")
    before = Comment.objects.filter(pk=comment.pk).values().get()

    client.post(
        f"/admin/comments/comment/{comment.pk}/change/", {"status": "approved", "body": "x", "html": "<script>"}
    )
    client.post("/admin/comments/comment/", {"form-0-status": "approved", "_save": "Save"})

    assert Comment.objects.filter(pk=comment.pk).values().get() == before
    assert client.get("/admin/comments/comment/add/").status_code == 403
    assert client.post(f"/admin/comments/comment/{comment.pk}/delete/", {"post": "yes"}).status_code == 403


# --- Rules and the rest -------------------------------------------------------------------------------------------


def rules_form(**changed):
    rules = CommentSettings.objects.current()
    fields = {
        field.name: getattr(rules, field.name) for field in CommentSettings._meta.fields if not field.primary_key
    } | changed
    return {name: value for name, value in fields.items() if value is not False}


def test_the_rules_are_one_row_and_a_change_makes_all_pages_new(client):
    client.force_login(make_editor())
    before = Site.objects.current().page_version

    assert (
        client.get("/admin/comments/commentsettings/").headers["Location"]
        == "/admin/comments/commentsettings/1/change/"
    )
    client.post("/admin/comments/commentsettings/1/change/", rules_form(roots_per_page=7))

    assert CommentSettings.objects.current().roots_per_page == 7
    assert Site.objects.current().page_version == before + 1
    assert client.get("/admin/comments/commentsettings/add/").status_code == 403
    assert client.get("/admin/comments/commentsettings/1/delete/").status_code == 403


def label_of(page: str, name: str) -> str:
    """What the label says that is around, or points at, this field; […] stands for the field itself."""
    labels = re.findall(r'<label class="rule-said" for="(\w+)">(.*?)</label>', page, re.DOTALL)
    said = dict(labels)[f"id_{name}"]
    assert f'name="{name}"' in said
    return " ".join(re.sub(r"<input[^>]*>|<select.*?</select>", "[…]", said, flags=re.DOTALL).split())


def test_each_rule_is_a_sentence_with_its_value_what_is_recommended_and_what_it_does_today(client):
    client.force_login(make_editor())
    set_rules(max_links=4)
    yesterday = post_comment(make_draft(text="A newcomer of yesterday."))
    Decision.objects.filter(comment=yesterday).update(created_at=timezone.now() - dt.timedelta(days=1, minutes=1))
    for n in range(2):
        links = " ".join(f"https://{at}.example/" for at in range(4))
        post_comment(make_draft(text=f"See {links} {n}", name=f"Reader {n}", email=f"r{n}@example.net"))
    address = "/admin/comments/commentsettings/1/change/"

    with CaptureQueriesContext(connection) as asked:
        page = client.get(address).text

    assert label_of(page, "max_links") == "Hold comments with […] or more links"
    assert label_of(page, "premoderated") == "Approve a newcomer’s first […] comments by hand"
    assert label_of(page, "hold_everything") == "[…] Hold every comment for review"
    assert label_of(page, "order") == "Show comments […]"
    row = page[page.index("field-max_links") : page.index("field-fastest_seconds")]
    assert 'value="4"' in row
    assert "Recommended: 2." in row
    assert "Today: 2 comments held by this." in row
    assert "Today: nothing held by this." in page[page.index("field-fastest_seconds") :]
    assert "Today: 2 comments held by this." in page[page.index("field-premoderated") : page.index("field-max_links")]
    assert sum("comments_decision" in query["sql"] for query in asked.captured_queries) == 1
    refused = client.post(address, rules_form(text_limit=0, max_links=9)).text
    assert 'value="9"' in refused
    assert 'class="errorlist"' in refused[refused.index("field-text_limit") : refused.index("field-edit_minutes")]


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("ban", "Nobody is banned."), ("filterentry", "No entries yet."), ("report", "No reports yet."),
        ("appeal", "No appeals yet."), ("replytemplate", "No templates yet."), ("comment", "No comments yet."),
        ("articlesettings", "Every discussion follows the comment settings."),
    ],
)  # fmt: skip
def test_an_empty_list_says_what_would_be_there(client, moderator, rows, said):
    assert said in client.get(f"/admin/comments/{rows}/").text
    if rows in {"ban", "filterentry", "replytemplate"}:
        return
    assert said not in client.get(f"/admin/comments/{rows}/?q=thought").text


def test_every_setting_has_its_sentence():
    settings = {field.name for field in CommentSettings._meta.fields if not field.primary_key}

    assert set(SENTENCES) == settings
    assert set(HELD_BY) <= settings
    assert all(str(SENTENCES[name]).count("%(field)s") in {0, 1} for name in settings)


def test_rules_that_make_no_sense_are_refused(client):
    client.force_login(make_editor())

    response = client.post("/admin/comments/commentsettings/1/change/", rules_form(roots_per_page=0))

    assert response.status_code == 200
    assert response.context["errors"]


def test_moderators_read_the_rules_and_do_not_change_them(client, moderator):
    page = client.get("/admin/comments/commentsettings/1/change/")
    assert page.status_code == 200
    assert "Hold comments with <strong>2</strong> or more links" in page.text
    assert client.post("/admin/comments/commentsettings/1/change/", rules_form(roots_per_page=7)).status_code == 403


def test_mails_are_for_who_runs_the_site(client, moderator):
    assert client.get("/admin/mailing/letter/").status_code == 403
    client.force_login(make_staff(is_superuser=True))
    assert client.get("/admin/mailing/letter/").status_code == 200


def test_the_articles_list_says_how_many_wait_under_each(client):
    client.force_login(make_editor())
    article = make_article()
    for status_ in ("pending", "pending", "approved"):
        make_comment(article, status=status_)

    page = client.get("/admin/articles/article/").content.decode()

    assert f'<a href="/admin/moderation/?article={article.pk}">2</a>' in page
