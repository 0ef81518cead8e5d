"""What WordPress is known to do that no other test here is about; and that every behaviour has its test.

`behaviours` is the table: one line for each of WordPress' behaviours.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comments.errors import NoSuchArticle
from comments.models import Comment
from comments.moderation.decisions import decide
from comments.posting.submission import post_comment
from newsreader.accounts.models import User
from tests.comments.wordpress.behaviours import BEHAVIOURS
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
from tests.machine import SHARED

TESTS = Path(__file__).parents[2]
ANN = {"text": "Well said.", "name": "Ann", "email": "ann@example.com"}
database = pytest.mark.django_db


def send(client: Client, **values: str) -> Comment:
    answer = client.post(reverse("reply", args=[make_article().pk]), ANN | values)
    assert answer.status_code == 303
    return Comment.objects.latest("pk")


# --- The table ------------------------------------------------------------------------------------------------------


@cache
def defined_in(source: str) -> dict[str, ast.AST]:
    """Return what a module defines, by name: functions, classes, and what is assigned at its top."""
    tree = ast.parse(source)
    found: dict[str, ast.AST] = {
        node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assigned = [(target, node.value) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return found | {target.id: value for target, value in assigned if isinstance(target, ast.Name)}


def asserts(source: str, name: str, above: frozenset[str] = frozenset()) -> bool:
    """Say whether this test asserts something: itself, or by what it uses of its module."""
    defined = defined_in(source)
    for node in ast.walk(defined[name]) if name in defined and name not in above else ():
        match node:
            case ast.Assert(test=test) if not isinstance(test, ast.Constant):
                return True
            case ast.Call(func=ast.Attribute(attr="raises") | ast.Name(id="expect")):
                return True
            case ast.Name(id=used) if asserts(source, used, above | {name}):
                return True
    return False


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ("    assert page() == 1", True),
        ("    with pytest.raises(ValueError):\n        page()", True),
        ("    expect(page()).to_be_visible()", True),
        ("    by_hand()", True),
        ("    pass", False),
        ("    page()", False),
        ("    assert True", False),
        ("    test_it()", False),
    ],
)
def test_only_a_test_that_asserts_something_counts(body, counts):
    helpers = "def page():\n    return 1\n\n\ndef by_hand():\n    assert page() == 1\n\n\n"
    assert asserts(f"{helpers}def test_it():\n{body}\n", "test_it") is counts


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: str(row.number))
def test_a_behaviour_is_tested_and_a_difference_has_its_reason(row):
    for test in row.tests:
        path, _, name = test.partition("::")
        assert asserts((TESTS / path).read_text("utf-8"), name), f"{test} is gone, or asserts nothing"
    assert row.tests or row.reason
    assert row.standing in {"same", "better", "later"}
    assert bool(row.reason) == (row.standing != "same")


def test_every_behaviour_that_is_known_has_its_row():
    path = SHARED / "data" / "wordpress-behaviours.md"
    if not path.exists():
        pytest.skip("needs WordPress' behaviours in shared/")
    known = {int(number) for number in re.findall(r"^\| (\d+) \|", path.read_text("utf-8"), re.MULTILINE)}

    assert known == {row.number for row in BEHAVIOURS}
    assert len(BEHAVIOURS) == len(known)


# --- Leaving a reply ------------------------------------------------------------------------------------------------


@database
def test_nobody_decides_about_their_own_comment_nor_says_what_it_is(client):
    comment = send(client, user_id="1", user_ID="1", comment_approved="1", status="approved", comment_type="pingback")

    assert (comment.identity, comment.status, comment.kind) == (None, "pending", "comment")


@pytest.mark.ci_both
@database
@pytest.mark.parametrize(
    "typed",
    [
        {"text": "0"},
        {"text": r"One \ stays one, \\ two", "name": r"An\n"},
        {"text": "😀 مرحبا 漢字 👩‍👩‍👧", "name": "漢字 مرحبا"},
        {"text": "Fish &amp; chips &invalid; < 3"},
        {"text": "<script>alert(1)</script>", "name": "<b>Ann</b>"},
    ],
    ids=["nought", "backslashes", "every script", "entities", "tags"],
)
def test_what_was_typed_is_stored_unchanged(client, typed):
    comment = send(client, **typed)

    assert (comment.body, comment.name) == (typed["text"], typed.get("name", "Ann"))


@database
def test_a_name_of_several_lines_is_one_and_brings_no_header(client):
    make_moderator()

    comment = send(client, name="Bob\r\nBcc: v@example.com")

    assert comment.name == "Bob Bcc: v@example.com"
    assert mail.outbox
    assert all(
        "v@example.com" not in str(letter.message()["Bcc"]) + str(letter.to + letter.bcc) for letter in mail.outbox
    )


@database
def test_what_nobody_sent_is_empty_and_the_server_says_the_rest(client):
    set_rules(require_name_email=False)
    article = make_article()

    client.post(reverse("reply", args=[article.pk]), {"text": "Only words."}, headers={"User-Agent": "B" * 300})

    comment = Comment.objects.get()
    assert (comment.name, comment.website, comment.parent, comment.kind) == ("", "", None, "comment")
    assert (comment.connection_data.address, comment.connection_data.user_agent, comment.connection_data.email) == (
        "127.0.0.1",
        "B" * 254,
        "",
    )


@database
def test_a_page_takes_comments_like_an_article(client):
    page = make_article(kind="page")

    assert client.post(reverse("reply", args=[page.pk]), ANN).status_code == 303
    assert Comment.objects.get().article == page


@database
@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn"])
def test_nobody_comments_on_what_is_not_published_whoever_they_are(state):
    author = make_user(group="Authors")
    article = make_article(state=state, authors=[make_author(user=author)])

    for user in (author, make_editor()):
        with pytest.raises(NoSuchArticle):
            post_comment(make_draft(article, user=user))


@database
def test_no_right_makes_a_script_of_words():
    comment = post_comment(
        make_draft(text="<script>alert(1)</script>", user=make_user(is_superuser=True, is_staff=True))
    )

    assert "<script" not in comment.html
    assert "alert(1)" in comment.html


# --- Rules ----------------------------------------------------------------------------------------------------------


@database
def test_with_a_limit_of_nought_links_do_not_matter():
    set_rules(hold_first_comment=False, max_links=0)

    assert post_comment(make_draft(text="https://a.example https://b.example https://c.example")).status == "approved"


@database
def test_a_browsers_name_and_a_links_target_are_looked_at(client):
    set_rules(hold_first_comment=False, flood_seconds=0)
    make_rule("LabAgent")
    make_rule("/spam/", action="refuse")

    client.post(reverse("reply", args=[make_article().pk]), ANN, headers={"User-Agent": "LabAgent/1.0"})
    assert Comment.objects.latest("pk").status == "pending"
    assert send(client, text="See [this](https://a.example/spam/1).").status == "trash"


@database
def test_a_members_trust_is_the_accounts_whatever_its_address():
    user = make_user()
    waiting = make_comment(user=user, status="pending")
    assert post_comment(make_draft(user=user)).status == "pending"

    decide(waiting.pk, "approved")
    User.objects.filter(pk=user.pk).update(email="new@example.org")
    assert post_comment(make_draft(user=User.objects.get(pk=user.pk))).status == "approved"
    assert post_comment(make_draft(user=make_user())).status == "pending"


@database
def test_what_was_said_once_may_be_said_again_elsewhere_later_and_otherwise(time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    article, ann = make_article(), {"name": "Ann", "email": "ann@example.com", "address": "192.0.2.1"}
    first = post_comment(make_draft(article, text="One thing.", **ann))
    time_machine.shift(86_400)

    another = post_comment(make_draft(article, text="Another thing.", **ann))

    assert first.pk != another.pk


# --- Threads and pages ----------------------------------------------------------------------------------------------


@database
def test_the_form_names_only_what_can_be_answered_here(client):
    article = make_article()
    here, waiting = make_comment(article, name="Grace"), make_comment(article, name="Heidi", status="pending")
    elsewhere = make_comment(name="Ivan")

    def form(parent: object) -> str:
        return client.get(reverse("reply", args=[article.pk]), {"parent": str(parent)}).text

    assert "Leave a Reply to Grace" in form(here.pk)
    assert f'name="parent" value="{here.pk}"' in form(here.pk)
    for parent in (waiting.pk, elsewhere.pk, "abc", "-1", 10**30):
        page = form(parent)
        assert 'name="parent" value=""' in page
        assert not re.search("Grace|Heidi|Ivan", page)


@database
@pytest.mark.parametrize(("size", "pages"), [(3, 4), (10, 2), (11, 1), (1, 11)])
def test_pages_are_counted_by_roots_from_the_first(client, size, pages):
    set_rules(roots_per_page=size)
    article = make_article()
    roots = [make_comment(article) for _ in range(11)]
    reply = make_comment(parent=roots[-1])
    for kept_out in (make_comment(article), make_comment(article)):
        decide(kept_out.pk, "spam")
    make_comment()  # Under another article.

    def page_of(comment: Comment) -> int:
        found = re.search(r"[?&]page=(\d+)", client.get(comment.permanent_url)["Location"])
        return int(found[1]) if found else 1

    assert (page_of(roots[0]), page_of(roots[-1]), page_of(reply)) == (1, pages, pages)
    assert client.get(article.get_absolute_url(), {"page": pages + 1}).status_code == 404
    decide(roots[0].pk, "spam")
    assert page_of(roots[1]) == 1
    assert page_of(roots[-1]) == (10 + size - 1) // size


@database
def test_an_article_without_comments_has_one_empty_page(client):
    article = make_article()

    assert client.get(article.get_absolute_url()).status_code == 200
    assert client.get(article.get_absolute_url(), {"page": 2}).status_code == 404


@database
def test_with_one_level_all_stand_flat(client):
    set_rules(levels_shown=1)
    reply = make_comment(parent=make_comment(name="Grace"))

    page = client.get(reply.article.get_absolute_url()).text

    assert 'class="replies"' not in page
    assert "in reply to Grace" in page


@database
def test_where_it_is_closed_what_was_said_stays_and_there_is_no_form(client):
    comment = make_comment(text="Said in time.")
    comment.article.__class__.objects.filter(pk=comment.article_id).update(comments_close_at=timezone.now())

    page = client.get(reverse("reply", args=[comment.article_id])).text
    public = client.get(comment.article.get_absolute_url()).text

    assert "Said in time." in public
    assert 'name="text"' not in public + page


@database
@pytest.mark.parametrize(("number", "words"), [(0, "0 comments"), (1, "1 comment<"), (2, "2 comments")])
def test_an_article_says_how_many_there_are(client, number, words):
    article = make_article()
    for _ in range(number):
        make_comment(article)
    make_comment(article, status="pending")

    assert words in client.get(article.get_absolute_url()).text


@database
def test_a_member_gets_no_cookie_of_a_guests(client):
    client.force_login(make_user())

    send(client, remember="on")

    assert not client.cookies.get("commenter") or not client.cookies["commenter"].value


@database
def test_a_doubled_decision_is_no_error_and_an_unknown_comment_is_not_there():
    moderator = Client()
    moderator.force_login(make_moderator())
    comment = make_comment(status="pending")

    def status(number: int) -> int:
        path = f"/api/v1/comments/{number}/decisions/"
        return moderator.post(path, {"status": "spam", "reason": "spam"}, content_type="application/json").status_code

    assert [status(comment.pk), status(comment.pk), status(comment.pk + 999)] == [201, 200, 404]


@database
@pytest.mark.parametrize("credentials", ["Basic YWRtaW46d3Jvbmc=", "Bearer unknown", "Basic", "x"])
def test_who_says_who_they_are_and_is_wrong_is_no_guest(credentials):
    path = f"/api/v1/articles/{make_article().pk}/comments/"
    client = Client(headers={"Authorization": credentials})

    assert client.post(path, ANN, content_type="application/json").status_code == 401
    assert not Comment.objects.exists()
    in_front = credentials.startswith("Basic")  # A server in front may ask for a password itself.
    assert client.get(path).status_code == (200 if in_front else 401)
