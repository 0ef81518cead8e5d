"""The commenter's private page: changing one's text for a while, taking it back for good; and what else it says."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from comments.discussion.counting import recount
from comments.errors import Withdrawn
from comments.models import Comment, ConnectionData, EmailConfirmation, Subscription
from comments.moderation import moderator_edits
from comments.moderation.decisions import decide
from comments.posting.editing_rights import MOST
from comments.posting.submission import post_comment
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.factories import (
    make_article,
    make_comment,
    make_draft,
    make_moderator,
    make_rule,
    make_user,
    set_rules,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.ci_sqlite,
]  # The operations behind it meet PostgreSQL in their own tests.


def press(client, comment, action, **fields):
    return client.post(comment.status_url, {"action": action, **fields})


def text_of(answer):
    return answer.content.decode()


def row(comment):
    return Comment.objects.get(pk=comment.pk)


# --- Taking it back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["approved", "pending"])
def test_a_guest_takes_a_comment_back_by_the_button_of_its_private_page(client, before):
    comment = make_comment(status=before)

    answer = press(client, comment, "withdraw")

    assert (answer.status_code, answer["Location"]) == (303, comment.status_url)
    last = comment.decisions.last()
    assert (last.before, last.after, last.reason, last.by, last.source) == (before, "trash", "withdrawn", None, "")
    comment.article.refresh_from_db()
    assert comment.article.comment_count == 0
    page = client.get(comment.status_url)
    assert "You have withdrawn this comment" in text_of(page)
    assert comment.body in text_of(page)
    assert 'data-action="withdraw"' not in text_of(page)
    assert 'data-action="edit"' not in text_of(page)


def test_reading_the_page_changes_nothing(client):
    comment = make_comment()
    before = comment.decisions.count()

    for _ in range(2):
        client.get(comment.status_url)
        client.get(comment.status_url, {"action": "withdraw"})
        client.head(comment.status_url)

    assert (row(comment).status, comment.decisions.count()) == ("approved", before)


def test_the_buttons_work_once_and_again_changes_nothing(client):
    comment = make_comment()
    press(client, comment, "withdraw")
    decisions = comment.decisions.count()

    again = press(client, comment, "withdraw")

    assert (again.status_code, comment.decisions.count()) == (303, decisions)


def test_the_address_is_needed_whole_and_a_token_is_needed_in_the_form(client):
    comment, other = make_comment(), make_comment()

    wrong = client.post(f"/comments/{comment.pk}/status/{other.status_token}/", {"action": "withdraw"})
    unknown = client.post(f"/comments/{2**63}/status/{other.status_token}/", {"action": "withdraw"})
    forged = Client(enforce_csrf_checks=True).post(comment.status_url, {"action": "withdraw"})

    assert [answer.status_code for answer in (wrong, unknown, forged)] == [404, 404, 403]
    assert row(comment).status == "approved"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 303),
        ({}, 303),
        ({"Referer": "http://testserver/"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
@pytest.mark.parametrize("secure", [False, True])
def test_a_page_without_a_sender_is_known_by_what_the_browser_says(headers, status, secure):
    """Browsers send `Origin: null` from pages that keep their address to themselves."""
    comment, client = make_comment(), Client(enforce_csrf_checks=True)
    token = client.get(comment.status_url, secure=secure).context["csrf_token"]

    fields = {"action": "withdraw", "csrfmiddlewaretoken": str(token)}
    answer = client.post(comment.status_url, fields, headers=headers, secure=secure)
    without = client.post(comment.status_url, {"action": "withdraw"}, headers=headers, secure=secure)

    assert (answer.status_code, without.status_code) == (status, 403)


@pytest.mark.parametrize("fields", [{}, {"action": ""}, {"action": "approve"}])
def test_an_unknown_button_is_a_bad_request(client, fields):
    comment = make_comment()

    assert client.post(comment.status_url, fields).status_code == 400
    assert row(comment).status == "approved"


def test_other_methods_are_told_which_there_are(client):
    answer = client.put(make_comment().status_url)

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")


def test_every_answer_is_private(client):
    comment = make_comment()

    for answer in (
        client.get(comment.status_url),
        press(client, comment, "edit", text=""),
        press(client, comment, "withdraw"),
    ):
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]


def test_replies_stay_under_a_tombstone_and_the_counts_are_right(client):
    root = make_comment(text="Said too much.", name="Ada Unwise")
    reply = make_comment(parent=root, text="Indeed.")

    press(client, root, "withdraw")

    page = text_of(client.get(root.article.get_absolute_url()))
    assert "Indeed." in page
    assert "This comment has been removed." in page
    assert "Said too much." not in page
    assert "Ada Unwise" not in page
    assert f'id="comment-{reply.pk}"' in page
    root.article.refresh_from_db()
    assert (root.article.comment_count, recount()) == (1, 0)


def test_nobody_approves_it_by_accident_and_moderators_see_who_took_it_back(client):
    comment, moderator = make_comment(status="pending"), make_moderator()
    press(client, comment, "withdraw")

    with pytest.raises(Withdrawn):
        decide(comment.pk, "approved", by=moderator)
    client.force_login(moderator)
    client.post("/admin/moderation/", {"action": "approve", "ids": comment.pk})
    assert row(comment).status == "trash"
    shown = text_of(client.get(f"/admin/comments/comment/{comment.pk}/change/"))
    assert "Its author withdrew this" in shown
    assert 'value="approve"' not in shown


def test_who_is_signed_in_as_somebody_else_is_not_recorded_as_its_author(client):
    comment = make_comment(user=make_user())
    client.force_login(make_user())

    press(client, comment, "withdraw")

    assert comment.decisions.last().by is None


def test_mails_that_were_due_are_not_sent(client, mailoutbox):
    make_moderator()
    comment = post_comment(make_draft())
    Letter.objects.update(sent_at=None)
    assert {letter.name for letter in Letter.objects.all()} == {"comment_waiting", "comment_confirm"}
    mailoutbox.clear()

    press(client, comment, "withdraw")
    send_due.func()

    assert mailoutbox == []
    assert not Letter.objects.exists()


@pytest.mark.parametrize(("attempts", "again"), [(0, True), (1, False)])
def test_an_address_may_be_asked_again_where_no_mail_had_gone_out(client, attempts, again):
    comment = post_comment(make_draft(email="ada@example.org"))
    Letter.objects.update(sent_at=None, attempts=attempts)

    press(client, comment, "withdraw")
    post_comment(make_draft(email="ada@example.org"))

    assert Letter.objects.filter(name="comment_confirm").exists() is again


def test_a_link_that_was_sent_before_publishes_nothing_any_more(client):
    comment = post_comment(make_draft())
    proof = EmailConfirmation.objects.get()

    press(client, comment, "withdraw")
    client.post(f"/comments/{comment.pk}/confirm/{proof.token}/")

    assert row(comment).status == "trash"


def test_taking_back_is_possible_for_good_also_under_what_is_not_public_any_more(client, time_machine):
    comment = make_comment()
    type(comment.article).objects.filter(pk=comment.article_id).update(state="withdrawn", takes_comments=False)
    time_machine.move_to(timezone.now() + dt.timedelta(days=365), tick=False)

    assert press(client, comment, "withdraw").status_code == 303
    assert row(comment).status == "trash"


def test_ones_list_has_a_button_too_and_leads_back_to_the_list(client):
    user = make_user()
    comment = make_comment(user=user)
    client.force_login(user)
    page = text_of(client.get("/accounts/comments/"))
    assert 'data-action="withdraw"' in page
    assert f'action="{comment.status_url}"' in page

    answer = press(client, comment, "withdraw", next="/accounts/comments/")

    assert (answer.status_code, answer["Location"]) == (303, "/accounts/comments/")
    assert comment.decisions.last().by == user
    after = text_of(client.get("/accounts/comments/"))
    assert "You have withdrawn your comment." in after
    assert 'data-action="withdraw"' not in after


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_nobody_is_led_elsewhere(client, target):
    assert press(client, make_comment(), "withdraw", next=target)["Location"] == "/"


# --- Changing it --------------------------------------------------------------------------------------------------


def test_a_guest_changes_the_text_for_fifteen_minutes_and_may_take_it_back_after_that(client, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    comment = make_comment(status="pending", text="The frist boat.")
    assert 'data-action="edit"' in text_of(client.get(comment.status_url))

    answer = press(client, comment, "edit", text="The *first* boat.")
    changed = row(comment)
    assert (answer.status_code, answer["Location"]) == (303, comment.status_url)
    assert (changed.body, changed.html) == ("The *first* boat.", "<p>The <em>first</em> boat.</p>")
    assert (changed.status, changed.edited_at) == ("pending", timezone.now())

    time_machine.shift(901)
    late = press(client, comment, "edit", text="Too late, but kept.")
    assert (late.status_code, row(comment).body) == (403, "The *first* boat.")
    assert 'data-code="editing_over"' in text_of(late)
    assert "Too late, but kept." in text_of(late)
    page = text_of(client.get(comment.status_url))
    assert 'data-action="edit"' not in page
    assert 'data-action="withdraw"' in page


def test_a_text_that_was_opened_before_another_was_saved_does_not_overwrite_it(client):
    comment = make_comment(text="First words.")
    opened = {"version": client.get(comment.status_url).context["comment"].version}
    moderator_edits.revise(comment.pk, "Shortened words.", by=make_moderator())

    refused = press(client, comment, "edit", text="Mine.", **opened)

    assert (refused.status_code, row(comment).body) == (412, "Shortened words.")
    page = text_of(refused)
    assert all(part in page for part in ('data-code="version_conflict"', ">Mine.</textarea>", "Shortened words."))
    newest = {"version": refused.context["comment"].version}
    assert press(client, comment, "edit", text="Mine.", **newest).status_code == 303
    assert press(client, comment, "edit", text="Mine.", **newest).status_code == 303  # A second click.
    assert row(comment).body == "Mine."


def test_moderators_see_every_text_and_readers_only_the_last(client):
    comment, moderator = make_comment(text="First words."), make_moderator()
    comment = post_comment(make_draft(comment.article, text="First words."))
    press(client, comment, "edit", text="Second words.")
    press(client, comment, "edit", text="Third <b>words</b>.")

    assert [revision.body for revision in comment.revisions.all()] == ["First words.", "Second words."]
    assert "First words." not in text_of(client.get(comment.status_url))
    client.force_login(moderator)
    for address in (f"/admin/comments/comment/{comment.pk}/change/", "/admin/moderation/"):
        shown = text_of(client.get(address))
        assert "First words." in shown
        assert "Second words." in shown
        assert "Third &lt;b&gt;words&lt;/b&gt;." in shown


def test_the_same_text_again_changes_nothing(client):
    comment = make_comment(text="As it is.")

    assert press(client, comment, "edit", text="  As it is. \r\n").status_code == 303
    assert (row(comment).edited_at, comment.revisions.count()) == (None, 0)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 422, "require_valid_comment"),
        ("<p> </p>", 422, "require_valid_comment"),
        ("x" * 10_001, 422, "comment_content_column_length"),
        ("x" * 70_000, 422, "comment_content_column_length"),
    ],
)
def test_a_wrong_text_is_refused_and_stays_on_the_page(client, text, status, code):
    comment = make_comment()

    answer = press(client, comment, "edit", text=text)

    assert answer.status_code == status
    assert f'data-code="{code}"' in text_of(answer)
    assert answer.context["typed"] == text
    assert row(comment).body == comment.body


def test_what_one_has_said_already_is_refused_here_too(client):
    article = make_article()
    author = {"name": "Ada", "email": "ada@example.org"}
    make_comment(article, text="Once.", **author)
    second = make_comment(article, text="Twice.", **author)

    answer = press(client, second, "edit", text="once.")

    assert answer.status_code == 409
    assert 'data-code="comment_duplicate"' in text_of(answer)
    assert row(second).body == "Twice."


def test_an_approved_comment_is_judged_anew_and_leaves_the_page(client):
    set_rules(hold_first_comment=False)
    comment = post_comment(make_draft(text="Fine."))
    assert comment.status == "approved"

    press(client, comment, "edit", text="https://a.example https://b.example")

    last = comment.decisions.last()
    assert (row(comment).status, last.source, last.reason) == ("pending", "editing", "too_many_links")
    assert "a.example" not in text_of(client.get(comment.article.get_absolute_url()))
    assert "waiting for an editor" in text_of(client.get(comment.status_url))


def test_a_stranger_with_the_address_alone_does_not_get_past_the_editor(client):
    comment = make_comment(text="Approved by an editor.")

    press(client, comment, "edit", text="Something else altogether.")

    assert (row(comment).status, comment.decisions.last().reason) == ("pending", "first_comment")


def test_the_address_does_not_publish_a_text_that_waits_for_another_reason(client):
    """First something harmless, then advertising, then the link of the mail: an editor is asked all the same."""
    make_rule("marmalade")
    comment = post_comment(make_draft(text="Harmless."))
    proof = EmailConfirmation.objects.get()

    press(client, comment, "edit", text="Buy marmalade.")
    client.post(f"/comments/{comment.pk}/confirm/{proof.token}/")

    assert row(comment).status == "pending"
    codes = [reason["code"] for reason in comment.decisions.last().reasons]
    assert "held_words" in codes
    assert "first_comment" in codes


@pytest.mark.parametrize("action", ["spam", "refuse"])
def test_what_a_rule_put_aside_can_be_changed_like_what_waits_and_stays_aside(client, action):
    make_rule("casino", action=action)
    comment = post_comment(make_draft(text="Best casino in town"))
    waiting = post_comment(make_draft(comment.article, text="Hello"))

    for each in (comment, waiting):
        page = text_of(client.get(each.status_url))
        assert 'data-action="edit"' in page
        assert "emailed you a link" in page
        assert press(client, each, "edit", text=f"Hello again {each.pk}").status_code == 303
        assert "waiting for an editor" in text_of(client.get(each.status_url))
    assert row(comment).status == {"spam": "spam", "refuse": "trash"}[action]


def test_a_waiting_text_that_becomes_spam_is_put_aside_without_a_word(client):
    make_rule("casino", action="spam")
    comment = post_comment(make_draft(text="Hello"))

    press(client, comment, "edit", text="Best casino in town")

    assert row(comment).status == "spam"
    assert "waiting for an editor" in text_of(client.get(comment.status_url))


def test_what_an_editor_removed_is_not_changed(client):
    comment = make_comment()
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")

    answer = press(client, comment, "edit", text="Please?")

    assert (answer.status_code, row(comment).body) == (403, comment.body)
    assert 'data-code="comment_removed"' in text_of(answer)
    assert "Please?" in text_of(answer)


def test_what_was_withdrawn_is_not_changed_nor_brought_back(client):
    comment = make_comment()
    press(client, comment, "withdraw")

    answer = press(client, comment, "edit", text="After all")

    assert (answer.status_code, row(comment).status) == (409, "trash")
    assert 'data-code="comment_withdrawn"' in text_of(answer)
    assert "After all" in text_of(answer)


def test_a_closed_discussion_stays_as_it_is_but_for_what_is_taken_back(client):
    comment = make_comment()
    type(comment.article).objects.filter(pk=comment.article_id).update(takes_comments=False)

    answer = press(client, comment, "edit", text="One more word")

    assert answer.status_code == 403
    assert 'data-code="comment_closed"' in text_of(answer)
    assert "One more word" in text_of(answer)
    assert press(client, comment, "withdraw").status_code == 303


def test_a_banned_network_changes_nothing(client):
    comment = make_comment()
    make_rule("127.0.0.0/8", match="network", action="ban")

    answer = press(client, comment, "edit", text="Let me in")

    assert (answer.status_code, row(comment).body) == (403, comment.body)
    assert 'data-code="banned"' in text_of(answer)


def test_changes_come_to_an_end(client):
    comment = make_comment()
    for number in range(MOST):
        assert press(client, comment, "edit", text=f"Number {number}").status_code == 303

    assert press(client, comment, "edit", text="One more").status_code == 403
    assert comment.revisions.count() == MOST


def test_a_program_changes_a_text_by_the_same_rules(client):
    user = make_user()
    comment, path = make_comment(user=user, text="One."), "/api/v1/comments/{}/"
    other = make_comment(comment.article, user=user, text="Two.")
    client.force_login(user)

    def patch(which, text):
        return client.patch(path.format(which.pk), {"text": text}, content_type="application/json")

    assert patch(comment, "One, mended.").json()["edited_at"]
    assert [revision.body for revision in comment.revisions.all()] == ["One."]
    assert (patch(other, "One, mended.").status_code, patch(other, "").status_code) == (409, 422)
    type(comment.article).objects.filter(pk=comment.article_id).update(takes_comments=False)
    closed = patch(other, "Late.")
    assert (closed.status_code, closed.json()["code"]) == (403, "comment_closed")
    assert client.delete(path.format(other.pk)).status_code == 204
    assert client.delete(path.format(other.pk)).status_code == 204
    assert other.decisions.last().by == user


# --- What else it says --------------------------------------------------------------------------------------------


def test_a_held_guest_is_told_to_look_for_our_mail_in_the_same_words_whatever_the_address(client):
    known = make_user()
    pages = []
    for email in ("new@example.org", "new@example.org", known.email):
        comment = post_comment(make_draft(text="Hello", email=email))
        page = text_of(client.get(comment.status_url))
        assert email not in page
        pages.append("emailed you a link" in page)

    assert pages == [True, True, True]


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ({"user": True}, {}),
        ({"email": ""}, {"require_name_email": False}),
        ({}, {"mail_confirmations": False}),
        ({}, {"hold_first_comment": False, "hold_everything": True}),
    ],
)
def test_who_can_get_no_mail_is_not_told_of_one(client, values, rules):
    set_rules(**rules)
    values = values | ({"user": make_user()} if "user" in values else {})
    comment = post_comment(make_draft(**values))

    page = text_of(client.get(comment.status_url))

    assert "waiting for an editor" in page
    assert "new here" not in page


@pytest.mark.parametrize("size", [0, 6])
def test_the_page_asks_as_many_questions_however_often_it_was_changed(client, size, django_assert_max_num_queries):
    comment = post_comment(make_draft())
    for number in range(size):
        press(client, comment, "edit", text=f"Number {number}")
    client.get(comment.status_url)

    with django_assert_max_num_queries(9):
        client.get(comment.status_url)


def test_a_time_is_given_until_which_the_text_can_be_changed(client, settings, time_machine):
    settings.TIME_ZONE = "Asia/Tokyo"
    time_machine.move_to(dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC), tick=False)
    comment = make_comment(status="pending")

    assert '<time datetime="2026-11-23T21:15:00+09:00">9:15 p.m.</time>' in text_of(client.get(comment.status_url))


# --- Being told ---------------------------------------------------------------------------------------------------


def test_its_author_chooses_what_to_be_told_and_nothing_else_changes(client):
    comment = make_comment(email="ada@example.org")
    other = make_comment(comment.article, email="ada@example.org")
    client.post(other.status_url, {"action": "notify", "notify": "replies"})

    def active() -> list[tuple[str, int]]:
        rows = Subscription.objects.filter(ended_at=None, comment=comment)
        return sorted(rows.values_list("scope", flat=True))

    assert '<option value="none">' in client.get(comment.status_url).text
    for notify, scopes in [
        ("replies", ["replies"]),
        ("all", ["article", "replies"]),
        ("replies", ["replies"]),
        ("all", ["article", "replies"]),
        ("nonsense", []),
    ]:
        answer = client.post(comment.status_url, {"action": "notify", "notify": notify}, follow=True)
        assert active() == scopes
        assert (f'value="{notify}" selected' in answer.text) == bool(scopes)
    assert Subscription.objects.filter(ended_at=None, comment=other).count() == 1


def test_a_comment_without_an_address_offers_nothing(client):
    comment = make_comment()
    ConnectionData.objects.filter(comment=comment).update(email="")
    assert 'name="notify"' not in client.get(comment.status_url).text
    assert client.post(comment.status_url, {"action": "notify", "notify": "all"}).status_code == 303
    assert not Subscription.objects.exists()
