"""The desk beyond plain decisions: what a card tells, every tool, undo of all of it, filters, and who may."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models.article import Article
from comments.audit.audit_log import verify
from comments.desk import filters
from comments.desk.highlighting import highlighted
from comments.models import (
    AuditEntry,
    Ban,
    Batch,
    Comment,
    ConnectionData,
    Decision,
    Label,
    Note,
    ReplyTemplate,
    ReviewLock,
    Revision,
)
from comments.moderation import bans, batches, moderator_edits
from comments.moderation.decisions import decide, withdraw
from comments.objections.appeals import appeal
from comments.posting.submission import post_comment
from newsreader.mailing.models import Letter
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_moderator,
    make_rule,
    make_section,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db
QUEUE = "/admin/moderation/"
SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def mia(client):
    mia = make_moderator(name="Mia")
    client.force_login(mia)
    return mia


def shown(response):
    return [int(found) for found in re.findall(r'data-comment="(\d+)"', response.content.decode())]


def press(client, comment, action, address=QUEUE, **fields):
    """What the desk's script sends, and is told."""
    return client.post(address, {"action": action, "ids": comment.pk, **fields}, headers=SCRIPT)


def undo(client, answer):
    return client.post(QUEUE, answer.json()["undo"], headers=SCRIPT)


def now(comment):
    return Comment.objects.get(pk=comment.pk)


def card(client, comment):
    return client.get(f"{QUEUE}{comment.pk}/").content.decode()


# --- What a card tells --------------------------------------------------------------------------------------------


def test_a_card_tells_the_author_s_record_and_the_same_text_elsewhere(client, mia):
    set_rules(flood_seconds=0)
    text = "Buy these fine watches from my little shop today."
    for status in ("approved", "approved", "spam"):
        make_comment(email="bo@example.net", name="Bo", status=status, address="203.0.113.9")
    make_comment(text=text, email="cy@example.net")
    comment = make_comment(text=text, email="bo@example.net", name="Bo", status="pending", address="203.0.113.9")

    page = client.get(QUEUE).content.decode()

    assert shown(client.get(QUEUE)) == [comment.pk]
    assert "2 approved, 1 refused" in page
    assert "3 others from there" in page
    assert "same text 1 time elsewhere" in page


def test_somebody_s_thousand_comments_are_not_all_counted(client, mia, monkeypatch):
    monkeypatch.setattr("comments.desk.cards.LOOKED_AT", 2)
    set_rules(flood_seconds=0)
    for _ in range(3):
        make_comment(email="bo@example.net", name="Bo")
    make_comment(email="bo@example.net", name="Bo", status="pending")

    assert re.search(r"\d\+ approved", client.get(QUEUE).content.decode())


@pytest.mark.parametrize(
    ("html", "words", "expected"),
    [
        ("<p>my casino here</p>", ["casino"], "<p>my <mark>casino</mark> here</p>"),
        ("<p>my c a s i n o</p>", ["casino"], "<p>my <mark>c a s i n o</mark></p>"),
        ("<p>Çasinó &amp; <b>x</b></p>", ["casino"], "<p><mark>Çasinó</mark> &amp; <b>x</b></p>"),
        ("<p>the ca5in0!</p>", ["casino"], "<p>the <mark>ca5in0!</mark></p>"),
        ('<a href="https://casino.example/">x</a>', ["casino"], '<a href="https://casino.example/">x</a>'),
        (
            "<p>&lt;script&gt; spam &lt;/script&gt;</p>",
            ["spam"],
            "<p>&lt;script&gt; <mark>spam</mark> &lt;/script&gt;</p>",
        ),
        ("<p>two words here</p>", ["words here"], "<p>two <mark>words here</mark></p>"),
        ("<p>nothing</p>", ["casino"], "<p>nothing</p>"),
        ("<p>abc</p>", [], "<p>abc</p>"),
    ],
)
def test_the_words_that_a_rule_found_are_marked_where_they_stand(html, words, expected):
    assert highlighted(html, words) == expected


def test_the_tools_page_marks_no_word_that_was_not_found(client, mia):
    make_rule("casino")
    comment = post_comment(make_draft(text="A casino is a place."))

    assert "A <mark>casino</mark> is a place." in card(client, comment)


# --- Deciding and undoing -----------------------------------------------------------------------------------------


def test_a_decision_by_the_script_says_what_undoes_it(client, mia):
    comment = make_comment(status="pending")

    answer = press(client, comment, "approve", reason="")

    assert now(comment).status == "approved"
    assert [line["text"] for line in answer.json()["said"]] == ["1 approved."]
    undone = undo(client, answer)
    assert now(comment).status == "pending"
    undo(client, undone)
    assert now(comment).status == "approved"


def test_the_second_moderator_is_told_what_the_first_did_and_changes_nothing(client, mia):
    comment = make_comment(status="pending")
    seen = f"{comment.pk}:{comment.decisions.count()}"
    decide(comment.pk, "approved", by=make_moderator(name="Noor"))

    answer = press(client, comment, "spam", reason="spam", seen=seen)

    assert answer.status_code == 409
    assert answer.json()["code"] == "decided_meanwhile"
    assert "Noor" in answer.json()["detail"]
    assert now(comment).status == "approved"


def test_all_that_match_are_decided_but_not_what_came_in_since(client, mia):
    article = make_article()
    matching = [make_comment(article, text=f"The ferry number {n} is late again.", status="pending") for n in range(3)]
    other = make_comment(article, text="The bus.", status="pending")
    before = timezone.now().isoformat()
    late = make_comment(article, text="The ferry number 4 is late again.", status="pending")

    answer = client.post(
        f"{QUEUE}?q=ferry&article={article.pk}",
        {"action": "trash", "all": "1", "reason": "off_topic", "before": before},
        headers=SCRIPT,
    )

    assert {now(comment).status for comment in matching} == {"trash"}
    assert {now(comment).status for comment in (other, late)} == {"pending"}
    undo(client, answer)
    assert {now(comment).status for comment in matching} == {"pending"}


def test_a_large_batch_tells_how_far_it_is(client, mia, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    comments = [make_comment(status="pending") for _ in range(3)]

    answer = client.post(
        QUEUE, {"action": "approve", "ids": [comment.pk for comment in comments], "reason": ""}, headers=SCRIPT
    ).json()

    told = client.get(QUEUE, {"batch": answer["batch"]}, headers=SCRIPT).json()
    assert (told["done"], told["total"], told["state"]) == (3, 3, "done")
    assert told["said"][0]["text"] == "3 approved."
    client.force_login(make_moderator())
    assert client.get(QUEUE, {"batch": answer["batch"]}, headers=SCRIPT).status_code == 404
    assert client.get(QUEUE, {"batch": "x"}).status_code == 404


def test_without_script_the_last_batches_stand_there_with_a_button(client, mia):
    comment = make_comment(status="pending")
    client.post(QUEUE, {"action": "spam", "ids": comment.pk, "reason": "spam"})
    batch = Batch.objects.get()

    assert str(batch.pk) in client.get(QUEUE).content.decode()
    client.post(QUEUE, {"action": "undo", "batch": str(batch.pk)})

    assert now(comment).status == "pending"


# --- Every tool ---------------------------------------------------------------------------------------------------


def test_approve_and_reply_is_one_step_and_one_undo(client, mia):
    comment = make_comment(status="pending")

    answer = press(client, comment, "answer", text="Thank you, we look into it.")

    reply = Comment.objects.get(parent=comment)
    assert (now(comment).status, reply.status, reply.by_staff, reply.name) == ("approved", "approved", True, "Mia")
    undone = undo(client, answer)
    assert (now(comment).status, now(reply).status) == ("pending", "trash")
    undo(client, undone)
    assert (now(comment).status, now(reply).status) == ("approved", "approved")


def test_approve_and_reply_is_about_one_comment_and_no_other_that_waits(client, mia):
    comment, other = make_comment(status="pending"), make_comment(status="pending")
    removed = make_comment(comment.article, status="spam")

    answer = press(client, comment, "answer", text="Thanks, mended.")

    assert answer.status_code == 200
    assert [now(each).status for each in (comment, other, removed)] == ["approved", "pending", "spam"]
    assert Comment.objects.get(parent=comment).body == "Thanks, mended."
    assert Batch.objects.get().total == 1


def test_a_reply_that_is_refused_changes_nothing_and_is_kept(client, mia):
    comment = make_comment(status="pending")

    assert press(client, comment, "answer", text=" ").status_code == 422
    page = client.post(QUEUE, {"action": "edit", "ids": comment.pk, "text": "x" * 70_000})

    assert now(comment).status == "pending"
    assert page.status_code == 422
    assert "x" * 70_000 in page.content.decode()


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["page", "script"])
def test_an_edit_opened_before_a_colleague_s_shows_both_texts(client, mia, headers):
    comment = make_comment(text="As left.")
    opened = re.search(r'name="version" value="(\d+)"', client.get(f"{QUEUE}{comment.pk}/").content.decode())[1]
    moderator_edits.revise(comment.pk, "A colleague's.", by=make_moderator())
    fields = {"action": "edit", "ids": comment.pk, "text": "Mine.", "version": opened}

    refused = client.post(QUEUE, fields, headers=headers)

    assert (refused.status_code, now(comment).body) == (412, "A colleague's.")
    if headers:
        assert refused.json()["code"] == "version_conflict"
        return
    page = html.unescape(refused.content.decode())
    assert ">Mine.</textarea>" in page
    assert 'readonly dir="auto">A colleague\'s.</textarea>' in page
    newest = re.search(r'name="version" value="(\d+)"', page)[1]
    assert client.post(QUEUE, fields | {"version": newest}).status_code == 302
    assert now(comment).body == "Mine."


def test_an_edit_is_kept_logged_and_undone(client, mia):
    comment = make_comment(text="First words of mine.")

    answer = press(client, comment, "edit", text="Better **words**.")

    assert (
        now(comment).html == "<p>Better <strong>words</strong>.</p>\n" or "<strong>words</strong>" in now(comment).html
    )
    assert (Revision.objects.get().body, Revision.objects.get().by) == ("First words of mine.", mia)
    assert AuditEntry.objects.get(kind="edit").by_account == mia.pk
    assert "Better" in answer.json()["card"]
    undo(client, answer)
    assert now(comment).body == "First words of mine."
    assert "First words of mine." in client.get(comment.article.get_absolute_url()).content.decode()


def test_what_its_author_has_withdrawn_nobody_edits(client, mia):
    comment = make_comment(text="First words of mine.")
    withdraw(comment.pk, by=None)

    answer = press(client, comment, "edit", text="Better words.")

    assert (answer.status_code, answer.json()["code"]) == (409, "comment_withdrawn")
    assert now(comment).body == "First words of mine."
    assert not Revision.objects.exists()
    assert not AuditEntry.objects.filter(kind="edit").exists()


def test_the_same_text_is_no_edit(client, mia):
    comment = make_comment(text="First words of mine.")

    answer = press(client, comment, "edit", text=" First words of mine.\r\n")

    assert [line["text"] for line in answer.json()["said"]] == ["Nothing changed: the text is the same."]
    assert not Revision.objects.exists()


@pytest.mark.parametrize(
    ("action", "status", "outcome", "said"),
    [
        ("grant", "approved", "granted", "Appeal granted."),
        ("reject", "trash", "rejected", "Appeal rejected."),
    ],
)
def test_an_appeal_is_decided_about_on_the_desk(client, mia, action, status, outcome, said):
    comment = make_comment(status="pending")
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    made = appeal(comment.pk, "It is about the ferry.", token=comment.status_token)
    page = client.get(f"{QUEUE}?status=appeals")
    assert shown(page) == [comment.pk]
    assert "It is about the ferry." in page.content.decode()

    answer = press(client, comment, action)

    assert [line["text"] for line in answer.json()["said"]] == [said]
    made.refresh_from_db()
    assert (now(comment).status, made.outcome, made.settled_by) == (status, outcome, mia)
    assert shown(client.get(f"{QUEUE}?status=appeals")) == []
    again = press(client, comment, action)
    assert (again.status_code, again.json()["code"]) == (400, "not_understood")


def test_a_pick_bears_a_mark_on_the_page_at_once(client, mia):
    comment = make_comment()
    version = Article.objects.get().page_version

    answer = press(client, comment, "pick")

    assert now(comment).picked_at
    assert Article.objects.get().page_version > version
    assert "Editors’ pick" in client.get(comment.article.get_absolute_url()).content.decode()
    undo(client, answer)
    assert now(comment).picked_at is None
    waiting = make_comment(status="pending")
    assert press(client, waiting, "pick").json()["code"] == "not_published"


def test_notes_labels_and_handing_over_stand_on_the_card_and_are_logged(client, mia):
    writer = make_user(group="Authors", name="Wim")
    comment = make_comment(make_article(authors=[make_author(user=writer)]), status="pending")

    press(client, comment, "note", text="Ask <Wim> first.")
    press(client, comment, "label", kind="tip")
    answer = press(client, comment, "hand-over", to="author")

    page = client.get(QUEUE).content.decode()
    assert "Ask &lt;Wim&gt; first." in page
    assert "Handed to Wim" in page
    assert ">tip<" in page
    assert {"note", "label", "handed_over"} <= set(AuditEntry.objects.values_list("kind", flat=True))
    assert "Ask" not in str(list(AuditEntry.objects.filter(kind="note").values_list("facts", flat=True)))
    client.force_login(writer)
    assert shown(client.get(QUEUE, {"mine": "1"})) == [comment.pk]
    client.force_login(mia)
    undo(client, answer)
    assert now(comment).assigned_to is None


def test_taking_a_handing_over_back_tells_nobody_what_they_know(client, mia):
    colleague = make_moderator()
    comment = make_comment(status="pending")
    press(client, comment, "hand-over", to=str(colleague.pk))
    answer = press(client, comment, "hand-over", to="me")
    Letter.objects.all().delete()

    undo(client, answer)

    assert now(comment).assigned_to == colleague
    assert not Letter.objects.exists()


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("note", {"text": ""}),
        ("note", {"text": "x" * 1001}),
        ("label", {"kind": "gossip"}),
        ("hand-over", {"to": "x"}),
        ("hand-over", {"to": "author"}),
        ("ban", {"target": "planet", "reason": ""}),
        ("ban", {"target": "email", "reason": "", "days": "x"}),
        ("ban", {"target": "account", "reason": ""}),
        ("lift", {"ban": "1"}),
        ("edit-back", {"revision": "1"}),
        ("grant", {}),
        ("nothing", {}),
        ("everything-like", {"deed": "x", "reason": ""}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_code(client, mia, action, fields):
    comment = make_comment(status="pending")

    answer = press(client, comment, action, **fields)

    assert 400 <= answer.status_code < 500
    assert answer.json()["code"]
    assert not Note.objects.exists()
    assert not Label.objects.exists()


def test_handing_to_somebody_who_may_not_decide_here_is_refused(client, mia):
    comment, stranger = make_comment(status="pending"), make_user()

    assert press(client, comment, "hand-over", to=stranger.pk).json()["code"] == "not_a_moderator"


def test_who_reads_a_comment_is_told_to_the_next(client, mia):
    comment = make_comment(status="pending")
    assert press(client, comment, "claim").json()["said"] == []
    client.force_login(make_moderator(name="Noor"))

    told = press(client, comment, "claim").json()["said"]

    assert [line["text"] for line in told] == ["Mia has this open."]
    assert "Mia has this open." in client.get(QUEUE).content.decode()
    ReviewLock.objects.update(until=timezone.now() - dt.timedelta(seconds=1))
    assert press(client, comment, "claim").json()["said"] == []


def test_a_ban_from_the_card_keeps_somebody_out_and_is_undone(client, mia):
    comment = make_comment(status="pending", email="bo@example.net", name="Bo")

    answer = press(client, comment, "ban", target="email", days="7", reason="abuse")

    assert "banned until" in answer.json()["card"]
    assert post_comment(make_draft(name="Bo", email="bo@example.net")).status == "trash"
    undo(client, answer)
    assert post_comment(make_draft(name="Bo", email="bo@example.net")).status == "pending"


def test_trash_and_ban_is_one_deed_for_one_reason_and_one_undo(client, mia):
    comment = make_comment(status="pending", email="bo@example.net", name="Bo")

    answer = press(client, comment, "trash-and-ban", target="email", days="7", reason="abuse", note="Third time.")

    assert [line["text"] for line in answer.json()["said"]] == ["1 moved to the trash.", "Banned."]
    batch, ban = Batch.objects.get(), Ban.objects.in_force().get()
    assert (now(comment).status, comment.decisions.last().reason, comment.decisions.last().batch) == (
        "trash", "abuse", batch
    )  # fmt: skip
    assert (ban.email, ban.reason, ban.note, ban.batch, ban.by) == (
        "bo@example.net", "abuse", "Third time.", batch, mia
    )  # fmt: skip
    entries = AuditEntry.objects.filter(by_account=mia.pk, facts__batch=str(batch.pk))
    assert set(entries.values_list("kind", flat=True)) == {"decision", "ban"}
    undone = undo(client, answer)
    assert now(comment).status == "pending"
    assert not Ban.objects.in_force().exists()
    undo(client, undone)
    assert now(comment).status == "trash"
    assert Ban.objects.in_force().get().email == "bo@example.net"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"target": "email", "reason": ""}, "reason_required"),
        ({"target": "email", "reason": "because"}, "reason_required"),
        ({"target": "planet", "reason": "abuse"}, "not_understood"),
        ({"target": "email", "reason": "abuse", "days": "x"}, "not_understood"),
        ({"target": "email", "reason": "abuse", "quiet": "1"}, "forbidden"),
        ({"target": "account", "reason": "abuse"}, "ban_of_one_kind"),
    ],
)
def test_trash_and_ban_does_both_or_neither(client, mia, fields, code):
    comment = make_comment(status="pending", email="bo@example.net")

    answer = press(client, comment, "trash-and-ban", **fields)

    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code
    assert now(comment).status == "pending"
    assert not Ban.objects.exists()
    assert not Batch.objects.exists()


def test_who_was_banned_before_stays_banned_when_trash_and_ban_is_undone(client, mia):
    comment = make_comment(status="pending", email="bo@example.net")
    bans.ban(email="bo@example.net", by=mia, ends_at=timezone.now() + dt.timedelta(days=1))

    answer = press(client, comment, "trash-and-ban", target="email", days="30", reason="abuse")

    assert "They were banned already" in answer.json()["said"][-1]["text"]
    undo(client, answer)
    assert now(comment).status == "pending"
    assert Ban.objects.in_force().get().reason == "abuse"


def test_a_comment_is_handed_to_a_colleague_by_name_who_sees_it(client, mia):
    noor = make_moderator(name="Noor")
    stranger = make_user(group="Authors", name="Wim")
    comment, other = make_comment(status="pending"), make_comment(status="pending")
    tools = card(client, comment)
    assert f'<option value="{noor.pk}">Noor</option>' in tools
    assert stranger.shown_name not in tools

    answer = press(client, comment, "hand-over", to=noor.pk)

    assert [line["text"] for line in answer.json()["said"]] == ["Handed to Noor."]
    assert "Handed to Noor" in answer.json()["card"]
    entry = AuditEntry.objects.get(kind="handed_over")
    assert (entry.subject, entry.by_account, entry.facts) == (f"comment:{comment.pk}", mia.pk, {"to": noor.pk})
    assert "Mia handed this to Noor · " in card(client, comment)
    client.force_login(noor)
    page = client.get(QUEUE)
    assert page.text.count("Handed to you") == 1
    assert shown(client.get(QUEUE, {"mine": "1"})) == [comment.pk]
    assert other.pk in shown(page)


def test_nobody_is_told_that_they_read_a_comment_themselves(client, mia):
    comment = make_comment(status="pending")
    press(client, comment, "claim")

    assert "has this open" not in client.get(QUEUE).text
    assert "has this open" not in card(client, comment)


def test_the_record_is_told_in_sentences_with_names(client, mia):
    comment = make_comment(status="pending")
    decide(comment.pk, "approved", by=mia)
    answer = press(client, comment, "spam", reason="spam")
    undo(client, answer)
    press(client, comment, "label", kind="tip")
    press(client, comment, "label", kind="tip", on="0")

    history, _, record = card(client, comment).partition("On record")

    for sentence in (
        "Held for review: first comment of this person · ", "Mia approved this · ",
        "Mia sent this to spam: spam or advertising · ", "Mia undid a decision: published again · ",
    ):  # fmt: skip
        assert sentence in history, sentence
    for sentence in ("Mia approved this · ", "Mia set the label “tip” · ", "Mia removed the label “tip” · "):
        assert sentence in record, sentence
    client.force_login(make_moderator(is_superuser=True, name="Root"))
    log = client.get("/admin/comments/auditentry/").text
    assert "Mia sent this to spam: spam or advertising" in log


def test_templates_stand_in_the_tools(client, mia):
    ReplyTemplate.objects.create(title="Thanks", text="Thank you for the hint.")
    comment = make_comment(status="pending")

    assert "Thank you for the hint." in client.get(f"{QUEUE}{comment.pk}/", {"part": "tools"}).content.decode()


# --- Everything like it -------------------------------------------------------------------------------------------


def test_a_raid_is_looked_at_decided_in_one_go_banned_and_undone_in_one(client, mia):
    text = "Visit the finest watches in the world, today and tomorrow at our shop, number {}."
    raid = [
        make_comment(text=text.format(n), address=f"198.51.100.{n}", email=f"r{n}@example.net", name=f"R{n}")
        for n in range(1, 6)
    ]
    innocent = make_comment()
    page = client.get(f"{QUEUE}{raid[0].pk}/alike/")
    assert "4 similar comments." in page.content.decode()
    like = re.search(r'name="like" value="([^"]*)"', page.content.decode())[1]

    client.post(
        QUEUE,
        {
            "action": "everything-like",
            "deed": "spam",
            "ids": raid[0].pk,
            "like": like,
            "reason": "spam",
            "ban": "authors",
        },
    )

    assert {now(comment).status for comment in raid} == {"spam"}
    assert now(innocent).status == "approved"
    batch = Batch.objects.get()
    assert Decision.objects.filter(batch=batch.pk).count() == 5
    assert raid[0].connection_data.email in client.get(f"{QUEUE}{raid[0].pk}/").content.decode()
    client.post(QUEUE, {"action": "undo", "batch": str(batch.pk)})
    assert {now(comment).status for comment in raid} == {"approved"}
    assert not Ban.objects.in_force().exists()
    client.post(QUEUE, {"action": "undo", "batch": str(Batch.objects.get(undoes=batch).pk)})
    assert {now(comment).status for comment in raid} == {"spam"}
    assert {row.email for row in Ban.objects.in_force()} == {comment.connection_data.email for comment in raid}


def test_an_author_s_undo_lifts_no_ban_of_the_newsroom_s(client):
    moderator, writer = make_moderator(), make_user(group="Authors")
    comment = make_comment(make_article(authors=[make_author(user=writer)]), email="bo@example.net")
    batch = batches.decide_batch(Comment.objects.filter(pk=comment.pk), "spam", by=moderator)
    bans.ban_authors([comment], by=moderator, batch=batch.pk)
    client.force_login(writer)

    client.post(QUEUE, {"action": "undo", "batch": str(batch.pk)})

    assert now(comment).status == "approved"
    assert Ban.objects.in_force().get().email == "bo@example.net"


def test_a_raid_s_button_with_nonsense_in_it_decides_nothing(client, mia):
    comment = make_comment(status="pending")

    answer = press(client, comment, "everything-like", deed="spam", reason="spam", ban="authors", days="x")

    assert answer.json()["code"] == "not_understood"
    assert now(comment).status == "pending"
    assert not Batch.objects.exists()


# --- Where one came from ------------------------------------------------------------------------------------------


def links(page: str, words: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(rf'<a [^>]*href="([^"]*)"[^>]*>{words}', page)]


def test_every_tool_leads_back_to_the_filter_that_one_came_from(client, mia):
    comment = make_comment(status="pending", text="Ferries & boats.")
    here = f"{QUEUE}?status=pending&q=ferries"
    (address,) = links(client.get(here).text, "Reply, edit, ban, more")
    page = client.get(address).text

    assert here in links(page, "Comments")  # The breadcrumb, beside the frame's own.
    tools = page.partition('<div id="content"')[2]
    posting = tools.count('method="post"')
    assert tools.count(f'method="post" action="{QUEUE}"') == posting > 5
    assert tools.count(f'name="next" value="{html.escape(here)}"') == posting
    answer = client.post(QUEUE, {"action": "note", "ids": comment.pk, "text": "Ask Noor.", "next": here})
    assert answer.headers["Location"] == here
    refused = client.post(QUEUE, {"action": "edit", "ids": comment.pk, "text": "x" * 70_000, "next": here}).text
    assert f'name="next" value="{html.escape(here)}"' in refused


def test_the_cards_that_the_script_fetches_lead_back_to_a_whole_page(client, mia):
    make_comment(status="pending")

    page = client.get(QUEUE, {"q": "thought", "part": "cards"}).text

    assert links(page, "Similar comments")[0].endswith("?back=%2Fadmin%2Fmoderation%2F%3Fq%3Dthought")


def test_a_tool_that_was_opened_by_itself_leads_to_its_comment(client, mia):
    comment = make_comment(status="pending")

    assert f'name="next" value="{QUEUE}{comment.pk}/"' in card(client, comment)


@pytest.mark.parametrize("tool", ["", "alike/"])
@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"])
def test_a_tool_leads_nowhere_else(client, mia, tool, back):
    comment, _same = [make_comment(text="The same words here, again and again.", name=name) for name in "AB"]

    page = client.get(f"{QUEUE}{comment.pk}/{tool}", {"back": back}).text

    assert 'name="next" value="/"' in page
    assert "evil.example" not in page
    assert "javascript:" not in page


def test_everything_like_it_leads_back_too(client, mia):
    for name in "AB":
        make_comment(text="The same words here, again and again.", name=name)
    here = f"{QUEUE}?status=approved"
    address = links(client.get(here).text, "Similar comments")[0]

    page = client.get(address).text

    assert f'name="next" value="{here}"' in page
    assert f'name="back" value="{here}"' in page


# --- Finding ------------------------------------------------------------------------------------------------------


def test_every_filter_narrows(client, mia):
    section = make_section()
    article = make_article(section=section)
    make_rule("casino")
    wanted = post_comment(
        make_draft(
            article, text="A casino at https://a.example/ it is.", email="bo@example.net", address="203.0.113.9",
            language="fr",
        )
    )  # fmt: skip
    Label.objects.create(comment=wanted, kind="tip")
    other = make_comment(status="pending", address="198.51.100.1")
    yesterday = timezone.now() - dt.timedelta(days=1)
    Comment.objects.filter(pk=other.pk).update(created_at=yesterday - dt.timedelta(hours=1))

    for query in (
        {"reason": "held_words"}, {"article": article.pk}, {"section": section.pk}, {"author": "bo@example.net"},
        {"network": "203.0.113.9"}, {"network": "203.0.113.0/24"}, {"network": "203.0."}, {"network": "203.0.0.0/16"},
        {"since": yesterday.isoformat()}, {"language": "fr"}, {"links": "1"}, {"label": "tip"}, {"q": "casino"},
        {"q": "bo@example.net"}, {"q": "203.0.113.9"},
    ):  # fmt: skip
        assert shown(client.get(QUEUE, query)) == [wanted.pk], query
    assert shown(client.get(QUEUE, {"until": yesterday.isoformat()})) == [other.pk]
    assert set(shown(client.get(QUEUE))) == {wanted.pk, other.pk}


def test_a_reason_is_sought_in_the_decision_that_stands_wherever_it_stands_there(client, mia):
    make_rule("casino")
    both = post_comment(make_draft(text="ferry casino https://a.example/ https://b.example/ https://c.example/"))
    once = post_comment(make_draft(text="A casino."))
    decide(once.pk, "spam", by=mia, reason="spam")
    named = make_comment(status="pending")
    Decision.objects.filter(comment=named).update(reasons=[{"code": "off_topic", "params": {"word": "held_words"}}])
    given = [reason["code"] for reason in both.decisions.last().reasons]
    assert len(given) > 1

    for code in given:
        assert both.pk in shown(client.get(QUEUE, {"reason": code, "status": "all"})), code
    assert shown(client.get(QUEUE, {"reason": "held_words", "status": "all"})) == [both.pk]
    assert shown(client.get(QUEUE, {"reason": "spam", "status": "all"})) == [once.pk]


def test_unanswered_are_those_without_a_reply_of_the_newsroom(client, mia):
    answered, unanswered = make_comment(), make_comment()
    press(client, answered, "answer", text="We look into it.")
    make_comment(parent=unanswered)

    found = shown(client.get(QUEUE, {"status": "unanswered"}))

    assert unanswered.pk in found
    assert answered.pk not in found


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "query",
    [
        "status=nowhere", "reason=<x>", "section=x", "since=never", "label=x", "network=x", "network=1.2.3.4/99",
        "network=::/0", "network=2001:db8::/64", "network=1:2:", "author=account:x", "author=account:99999999999999999999",
        "after=2026-01-01T00:00:00~5", "after=~", "q='\"", "q=%22*", "q=@%ED%9F%BF", "language=%F0", "mine=1", "links=1",
    ],
)  # fmt: skip
def test_odd_filters_break_nothing_and_are_named(client, mia, query):
    make_comment(status="pending")

    assert client.get(f"{QUEUE}?{query}").status_code == 200


def test_the_script_fetches_cards_and_nothing_else(client, mia):
    comment = make_comment(status="pending")

    page = client.get(QUEUE, {"part": "cards"})

    assert shown(page) == [comment.pk]
    assert "<html" not in page.content.decode()


def test_the_desk_asks_as_many_questions_for_many_as_for_few(client, mia, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count():
        with CaptureQueriesContext(connection) as asked:
            client.get(QUEUE)
        return len(asked)

    parent = make_comment()
    make_comment(parent=parent, status="pending", user=make_user())
    make_comment(parent=parent, status="pending")
    few = count()
    for _ in range(8):
        make_comment(parent=parent, status="pending", user=make_user())
        make_comment(parent=parent, status="pending")

    assert count() == few


def test_a_filter_in_force_is_a_chip_that_takes_it_away(client, mia):
    article = make_article(headline="The ferry & the fog")
    make_comment(article, status="pending", text="The ferry is late.")
    query = f"status=pending&q=ferry&article={article.pk}&links=1&since=2026-03-01"

    page = client.get(f"{QUEUE}?{query}").text

    chips = re.search(r'<ul class="chips".*?</ul>', page, re.DOTALL)[0]
    without = {
        " ".join(re.sub(r"<[^>]*>", " ", text).split()): html.unescape(address)
        for address, text in re.findall(r'<a class="chip[^"]*" href="([^"]*)">(.*?)</a>', chips, re.DOTALL)
    }
    names = list(without)
    assert [name.endswith("×") for name in names] == [False, True, False, True, True, True]  # The usual three first.
    assert "q=" not in without["Remove filter: “ferry” ×"]
    assert "article=" not in next(address for name, address in without.items() if "The ferry" in name)
    assert "links=1" in without["Handed to me"]
    assert "mine=1" in without["Handed to me"]
    assert "chip-on" not in re.search(r'<ul class="chips".*?</ul>', client.get(QUEUE).text, re.DOTALL)[0]


def test_the_queue_greets_with_what_waits_and_how_long_it_usually_takes(client, mia):
    old = make_comment(status="pending")
    Comment.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(days=3, hours=2))
    for _ in range(5):
        decided = make_comment(status="pending")
        Comment.objects.filter(pk=decided.pk).update(created_at=timezone.now() - dt.timedelta(hours=2, minutes=5))
        decide(decided.pk, "approved", by=mia)

    page = client.get(QUEUE)

    assert page.context["greeting"] == "1 waiting, oldest 3 days, usually decided in 2 hours"
    assert client.get(QUEUE, {"q": "thought"}).context["greeting"] == ""
    assert client.get(QUEUE, {"status": "spam"}).context["greeting"] == ""


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Nothing is waiting."),
        ("status=reported", "No open reports. When readers report a comment"),
        ("status=appeals", "No open appeals."),
        ("status=trash", "The trash is empty."),
        ("status=spam&q=nothing", "No comments match these filters."),
    ],
)
def test_an_empty_view_says_what_would_be_there(client, mia, query, said):
    page = client.get(f"{QUEUE}?{query}").text

    assert said in re.search(r'<div class="nothing" .*?</div>', page, re.DOTALL)[0]
    assert 'id="bulk"' not in page


def test_the_desk_has_no_two_elements_of_one_id_and_its_tabs_are_near(client, mia):
    make_comment(status="pending")

    page = client.get(QUEUE).text

    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    before = page[page.index("<body") : page.index('class="tabs"')]
    assert len(re.findall(r"<(?:a|button|input|select|summary)\b", before)) < 25
    assert 'href="#cards"' in before
    assert page.count("<select") == page.count('<details class="filters"') * 3  # None on a card.


# --- Who may ------------------------------------------------------------------------------------------------------


def test_authors_reach_nothing_under_articles_of_others(client):
    writer = make_user(group="Authors")
    client.force_login(writer)
    foreign = make_comment(status="pending")

    for action in ("approve", "answer", "edit", "note", "pick", "label", "ban", "claim", "keep", "grant"):
        press(client, foreign, action, text="x", reason="", kind="tip", target="email", days="1")
    assert client.get(f"{QUEUE}{foreign.pk}/").status_code == 404
    assert client.get(f"{QUEUE}{foreign.pk}/alike/").status_code == 404
    assert client.get(f"{QUEUE}{2**70}/").status_code == 404

    assert now(foreign).status == "pending"
    assert not Comment.objects.filter(parent=foreign).exists()
    assert not AuditEntry.objects.exclude(kind="decision").exclude(subject=f"account:{writer.pk}").exists()


def test_who_does_not_moderate_reaches_none_of_it(client):
    staff = make_user()
    type(staff).objects.filter(pk=staff.pk).update(is_staff=True)
    client.force_login(staff)
    comment = make_comment(status="pending")

    for address in (QUEUE, f"{QUEUE}{comment.pk}/", f"{QUEUE}{comment.pk}/alike/", f"{QUEUE}figures/"):
        assert client.get(address).status_code == 403


# --- Figures ------------------------------------------------------------------------------------------------------


def test_the_figures_count_what_was_decided(client, mia):
    for reason in ("spam", "spam", "abuse"):
        decide(make_comment(status="pending").pk, "trash", by=mia, reason=reason)
    make_comment(status="pending")

    page = client.get(f"{QUEUE}figures/")

    found = page.context["figures"]
    assert found.waiting == 1
    assert dict(found.reasons)["spam or advertising"] == 2
    assert found.moderators == [("Mia", 3)]
    assert sum(hour.people for hour in found.hours) == 3
    assert found.median_seconds is not None
    assert found.median_seconds < 60
    assert b"<svg" in page.content
    assert b"style=" not in page.content


def test_authors_see_figures_of_their_own_articles(client, mia):
    decide(make_comment(status="pending").pk, "trash", by=mia, reason="spam")
    client.force_login(make_user(group="Authors"))

    found = client.get(f"{QUEUE}figures/").context["figures"]

    assert (found.waiting, found.moderators) == (0, [])


# --- Erasing ------------------------------------------------------------------------------------------------------


def test_erasing_leaves_the_record_and_nothing_personal(client, mia):
    comment = make_comment(
        name="Bo Tremblay", email="bo@example.net", address="203.0.113.9", text="Call me, Bo Tremblay."
    )
    press(client, comment, "edit", text="Call Bo Tremblay today.")
    press(client, comment, "note", text="Bo Tremblay is known to us.")
    assert press(client, comment, "erase").json()["code"] == "not_confirmed"

    answer = press(client, comment, "erase", sure="1")

    assert answer.status_code == 200
    erased = now(comment)
    assert (erased.status, erased.name, erased.body, erased.html) == ("trash", "", "", "")
    for model in (Comment, Revision, Note, AuditEntry, Decision):
        assert "Tremblay" not in str(list(model.objects.values()))
    assert AuditEntry.objects.filter(kind="erasure", by_account=mia.pk).exists()
    assert not verify()[1]
    assert erased.decisions.last().reason == "erased"
    press(client, comment, "approve", reason="")
    assert now(comment).status == "trash"
    assert client.get(f"{QUEUE}{comment.pk}/").status_code == 200


def test_authors_ban_nobody_and_moderators_not_without_telling(client, mia):
    writer = make_user(group="Authors")
    comment = make_comment(make_article(authors=[make_author(user=writer)]), email="bo@example.net")
    assert press(client, comment, "ban", target="email", days="1", reason="", quiet="1").status_code == 403
    client.force_login(writer)

    assert press(client, comment, "ban", target="email", days="1", reason="").status_code == 403
    everything = {"deed": "spam", "ban": "authors", "reason": "spam"}
    assert press(client, comment, "everything-like", **everything).status_code == 403
    assert "tool-ban" not in card(client, comment)

    assert not Ban.objects.exists()
    assert now(comment).status == "approved"


def test_authors_erase_nothing(client):
    writer = make_user(group="Authors")
    client.force_login(writer)
    comment = make_comment(make_article(authors=[make_author(user=writer)]))

    assert press(client, comment, "erase", sure="1").status_code == 403
    assert now(comment).body


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL weighs by sizes, and here all are small")
def test_the_same_text_is_sought_by_its_index(client):
    client.force_login(make_moderator())
    make_comment(status="pending", text="The ferry does not sail on Sundays any more, and nobody told the islanders.")
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/moderation/")

    (sought,) = [query["sql"] for query in asked.captured_queries if "AND text_key = " in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sought}")
        assert any("comment_same_text" in row[3] for row in cursor.fetchall())


def test_words_are_looked_for_once_for_all_tabs(client):
    client.force_login(make_moderator())
    make_comment(status="pending", text="The ferry is late.")
    make_comment(status="pending", text="The train is late.")
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/admin/moderation/", {"q": "fer lat"}).content.decode()

    assert "The ferry is late." in page
    assert "The train is late." not in page
    assert sum(" MATCH " in query["sql"] or "to_tsquery" in query["sql"] for query in asked.captured_queries) == 1


def test_an_address_is_sought_by_its_beginning_or_its_domain_without_the_sign():
    article = make_article()
    for name, email, text in (
        ("nora", "nora.field@Harbour-Mail.example", "The ferry again."),
        ("bo", "bo@harbour-mail.example", "Well."),
        ("text", "cy@example.net", "The harbour, please."),
        ("cafe", "di@cafe1.example", "Coffee."),
    ):
        make_comment(article, name="A reader", email=email, text=text, website=f"https://{name}.example")

    for query, found in {
        "nora.field": {"nora"},  # the beginning of the part before the @
        "NORA": {"nora"},
        "harbour-mail.example": {"nora", "bo"},  # the domain alone
        "@harbour-mail.example": {"nora", "bo"},
        "harbour": {"nora", "bo", "text"},  # in the domain, or in the text
        "nora harbour-mail.example": {"nora"},
        "nora ferry": {"nora"},  # one in the address, one in the text
        "cafe1.example": {"cafe"},
        "cafe1.e": {"cafe"},
        "a1.de": set(),  # which might be an IP address
        "field": set(),
        "mail.example": set(),
        "@": set(),
    }.items():
        rows = Comment.objects.filter(filters.sought(query))
        assert {row.website.removeprefix("https://").removesuffix(".example") for row in rows} == found, query

    plan = ConnectionData.objects.filter(filters.begins("domain", "harbour")).order_by("-comment")[:9].explain()
    assert "trace_by_domain" in plan or connection.vendor == "postgresql"  # Which reads a table of four rows whole.
