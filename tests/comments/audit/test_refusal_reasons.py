"""The editors' list of reasons, and what a refused author reads."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.utils import translation

from articles.models.site import Site
from comments.audit import audit_log, refusal_reasons
from comments.audit.reason_codes import CODES
from comments.audit.reason_texts import worded
from comments.errors import ReasonRequired
from comments.models import Batch, Comment, RefusalReason
from comments.moderation import batches
from comments.moderation.decisions import decide
from comments.notifications.links import action_urls
from comments.objections import reports
from newsreader.mailing.outbox import send_due
from tests.factories import make_comment, make_editor, make_moderator, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.ci_sqlite,
]  # The operations behind it meet PostgreSQL in their own tests.
BUILT_IN = ["", "spam", "off_topic", "abuse", "personal_data", "illegal", "duplicate", "mistake"]
LIST = "/admin/comments/refusalreason/"


def text_of(answer) -> str:
    return answer.content.decode()


def test_the_reasons_that_come_with_the_house_are_offered_in_order():
    assert list(refusal_reasons.offered()) == BUILT_IN
    assert refusal_reasons.offered()["off_topic"] == "not about the article"
    assert refusal_reasons.choices()[0] == ("", "no reason")


def test_a_reason_is_offered_as_soon_as_it_is_there_and_no_more_when_it_is_taken_off():
    refusal_reasons.offered()
    row = RefusalReason.objects.create(code="shouting", label="shouting", position=0)
    assert list(refusal_reasons.offered())[:3] == ["", "spam", "shouting"]

    row.is_active = False
    row.save()

    assert "shouting" not in refusal_reasons.offered()
    assert worded([{"code": "shouting"}]) == ["shouting"]
    assert refusal_reasons.label_of("shouting") == "shouting"


def test_a_row_that_another_process_changed_is_read_in_the_next_request(client):
    refusal_reasons.offered()
    RefusalReason.objects.filter(code="abuse").update(label="rude")

    client.get("/healthz")

    assert refusal_reasons.offered()["abuse"] == "rude"


def test_a_page_of_reasons_costs_one_question(django_assert_num_queries, client):
    client.get("/healthz")

    with django_assert_num_queries(1):
        worded([{"code": code} for code in BUILT_IN] * 50)


def test_rules_reasons_cost_none_and_cannot_be_taken_over(django_assert_num_queries, client):
    RefusalReason.objects.create(code="honeypot", label="something else")
    client.get("/healthz")

    with django_assert_num_queries(0):
        assert worded([{"code": "honeypot"}]) == ["filled in a field that no person sees"]


def test_a_locale_translates_what_comes_with_the_house(monkeypatch):
    catalogue = {"insulting or abusive": "beleidigend", "It is not about the article.": "Thema?"}
    monkeypatch.setattr(refusal_reasons, "_", lambda message: catalogue.get(message, message))

    assert refusal_reasons.offered()["abuse"] == dict(refusal_reasons.choices())["abuse"] == "beleidigend"
    assert worded([{"code": "abuse"}]) == ["beleidigend"]
    assert refusal_reasons.sentence_of("off_topic") == "Thema?"


def test_every_text_that_comes_with_the_house_is_named_for_translators():
    texts = {text for row in RefusalReason.objects.all() for text in (row.label, row.sentence)}

    assert texts == set(refusal_reasons.IN_HOUSE)


@pytest.mark.parametrize("code", ["", "unknown", "abuse"])
def test_where_there_is_nothing_to_tell_nothing_is_told(code):
    RefusalReason.objects.filter(code="abuse").update(sentence="")

    with translation.override("de"):  # A catalogue's answer to an empty text is its own header.
        assert refusal_reasons.sentence_of(code) == ""


# --- What the author reads ----------------------------------------------------------------------------------------


def test_a_refused_author_reads_the_sentence_of_the_last_persons_reason(client):
    comment, moderator = make_comment(), make_moderator()
    decide(comment.pk, "spam", by=moderator, reason="spam")
    decide(comment.pk, "trash", by=moderator, reason="abuse")

    page = text_of(client.get(comment.status_url))

    assert "It insults or attacks somebody. The same point without the insult is welcome." in page
    assert "It advertises something" not in page


def test_what_editors_write_is_shown_as_typed(client):
    RefusalReason.objects.filter(code="abuse").update(sentence="<b>Rude</b>")
    comment = make_comment()
    decide(comment.pk, "trash", by=make_moderator(), reason="abuse")

    assert "&lt;b&gt;Rude&lt;/b&gt;" in text_of(client.get(comment.status_url))


def test_without_a_sentence_the_page_says_that_it_was_refused_and_no_more(client):
    RefusalReason.objects.create(code="shouting", label="shouting")
    comment = make_comment()
    decide(comment.pk, "trash", by=make_moderator(), reason="shouting")

    page = text_of(client.get(comment.status_url))

    assert "We didn’t publish your comment." in page
    assert "refusal-reason" not in page


def test_a_rules_reason_is_told_to_nobody(client):
    comment = make_comment()
    decide(comment.pk, "trash", source="words", reason="abuse")

    page = text_of(client.get(comment.status_url))

    assert "waiting for an editor" in page
    assert "It insults" not in page


def test_the_mail_tells_the_reason_and_where_to_object():
    user = make_user()
    comment = make_comment(user=user)
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    send_due.call()

    (letter,) = [letter for letter in mail.outbox if letter.to == [user.email] and "not published" in letter.subject]
    assert "It is not about the article." in letter.body
    assert comment.body in letter.body
    assert comment.status_url in letter.body


# --- The list in the admin ----------------------------------------------------------------------------------------


def typed(**values) -> dict[str, str]:
    return {"code": "shouting", "label": "shouting", "sentence": "Please lower your voice.", "position": "9"} | values


def test_an_editor_adds_a_reason_and_that_is_on_record(client):
    editor, version = make_editor(), Site.objects.current().page_version
    client.force_login(editor)

    answer = client.post(f"{LIST}add/", typed(is_active="on"))

    row = RefusalReason.objects.get(code="shouting")
    assert answer.status_code == 302
    assert "shouting" in refusal_reasons.offered()
    entry = audit_log.history(f"reason:{row.pk}").get(kind="reason_added")
    assert (entry.by_account, entry.facts["code"], entry.facts["offered"]) == (editor.pk, "shouting", True)
    assert Site.objects.current().page_version > version


def test_an_editor_changes_everything_but_the_code(client):
    client.force_login(make_editor())
    row = RefusalReason.objects.get(code="abuse")

    client.post(f"{LIST}{row.pk}/change/", typed(label="rude"))

    row.refresh_from_db()
    assert (row.code, row.label, row.is_active) == ("abuse", "rude", False)
    entry = audit_log.history(f"reason:{row.pk}").get(kind="reason_changed")
    assert entry.facts == {"code": "abuse", "offered": False, "fields": ["is_active", "label", "position", "sentence"]}


def test_nobody_deletes_a_reason(client):
    client.force_login(make_editor(is_superuser=True))
    row = RefusalReason.objects.get(code="abuse")

    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert RefusalReason.objects.filter(code="abuse").exists()


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_reason_that_only_the_site_gives_is_refused(client, code):
    client.force_login(make_editor())

    answer = client.post(f"{LIST}add/", typed(code=code))

    assert answer.status_code == 200
    assert "This code is reserved for the site." in text_of(answer)
    assert not RefusalReason.objects.filter(code=code).exists()


def test_moderators_do_not_change_the_list(client):
    client.force_login(make_moderator())

    assert client.get(f"{LIST}add/").status_code == 403


@pytest.mark.parametrize("kind", ["report", "appeal"])
def test_reports_and_appeals_are_there_to_be_looked_up_by_moderators_alone(client, kind):
    client.force_login(make_user(is_staff=True))
    refused = client.get(f"/admin/comments/{kind}/").status_code
    client.force_login(make_moderator())

    assert (refused, client.get(f"/admin/comments/{kind}/").status_code) == (403, 200)
    assert client.get(f"/admin/comments/{kind}/add/").status_code == 403


# --- Which reasons count, from everywhere -------------------------------------------------------------------------


def told(refusal: ReasonRequired) -> str:
    return f"{refusal.status} {refusal.code} {refusal}"


def by_operation(client, mia, comment, status, reason):
    try:
        decide(comment.pk, status, by=mia, reason=reason)
    except ReasonRequired as refusal:
        return told(refusal)
    return ""


def in_a_batch(client, mia, comment, status, reason):
    try:
        batches.decide_batch(Comment.objects.filter(pk=comment.pk), status, by=mia, reason=reason)
    except ReasonRequired as refusal:
        return told(refusal)
    return ""


def rest(client, address, **fields):
    answer = client.post(address, fields, content_type="application/json")
    return f"{answer.status_code} {text_of(answer)}"


def over_rest(client, mia, comment, status, reason):
    return rest(client, f"/api/v1/comments/{comment.pk}/decisions/", status=status, reason=reason)


def many_over_rest(client, mia, comment, status, reason):
    return rest(client, "/api/v1/decisions/", ids=[comment.pk], status=status, reason=reason)


DEEDS = {"approved": "approve", "pending": "hold", "spam": "spam", "trash": "trash"}


def at_the_desk(client, mia, comment, status, reason):
    fields = {"action": DEEDS[status], "ids": comment.pk, "reason": reason}
    answer = client.post("/admin/moderation/", fields, headers={"Accept": "application/json"})
    return f"{answer.status_code} {text_of(answer)}"


def on_the_page_of_everything_alike(client, mia, comment, status, reason):
    fields = {"action": "everything-like", "deed": DEEDS[status], "ids": comment.pk, "like": "", "reason": reason}
    answer = client.post("/admin/moderation/", fields, headers={"Accept": "application/json"})
    return f"{answer.status_code} {text_of(answer)}"


def in_the_admin(client, mia, comment, status, reason):
    fields = {"action": DEEDS[status], "_selected_action": comment.pk, "reason": reason}
    answer = client.post("/admin/comments/comment/", fields, follow=True)
    refused = [str(said) for said in answer.context["messages"] if said.level_tag == "error"]
    return (
        f"422 reason_required {refused}" if refused else ""
    )  # A list tells a refusal in a sentence, without its code.


def by_mail_link(client, mia, comment, status, reason):
    address = action_urls(comment.decisions.last(), mia.email)[DEEDS[status]]
    answer = client.post(address, {"reason": reason})
    return f"{answer.status_code} {text_of(answer)}"


EDGES = [
    by_operation, in_a_batch, over_rest, many_over_rest, at_the_desk, on_the_page_of_everything_alike, in_the_admin,
    by_mail_link,
]  # fmt: skip


@pytest.fixture
def mia(client):
    mia = make_moderator(name="Mia")
    client.force_login(mia)
    return mia


@pytest.mark.parametrize("edge", EDGES)
def test_nobody_moves_a_comment_to_the_trash_without_a_reason_that_is_offered(client, mia, edge):
    comment = make_comment(status="pending")
    RefusalReason.objects.create(code="shouting", label="shouting", is_active=False)

    for reason in ("", "because", "shouting", "withdrawn", "honeypot"):
        answer = edge(client, mia, comment, "trash", reason)

        assert "422" in answer
        assert "reason_required" in answer
        assert "spam or advertising, not about the article, insulting or abusive" in answer  # What to choose from.
        if edge in {over_rest, many_over_rest}:
            assert '"choices":["spam","off_topic","abuse"' in answer
    comment.refresh_from_db()
    assert comment.status == "pending"
    assert comment.decisions.count() == 1
    assert not Batch.objects.exists()
    edge(client, mia, comment, "trash", "abuse")
    comment.refresh_from_db()
    assert (comment.status, comment.decisions.last().reason) == ("trash", "abuse")


@pytest.mark.parametrize(("given", "recorded"), [("", "spam"), ("spam", "spam"), ("illegal", "illegal")])
@pytest.mark.parametrize("edge", EDGES)
def test_spam_is_for_spam_unless_another_reason_is_given(client, mia, edge, given, recorded):
    comment = make_comment(status="pending")

    edge(client, mia, comment, "spam", given)

    comment.refresh_from_db()
    assert (comment.status, comment.decisions.last().reason) == ("spam", recorded)


@pytest.mark.parametrize("edge", EDGES)
def test_approving_and_holding_need_no_reason_but_take_no_other_than_is_offered(client, mia, edge):
    comment = make_comment(status="pending")

    assert "reason_required" in edge(client, mia, comment, "approved", "because")
    edge(client, mia, comment, "approved", "")
    comment.refresh_from_db()
    assert (comment.status, comment.decisions.last().reason) == ("approved", "")
    if edge not in {by_mail_link, in_the_admin}:  # Neither holds.
        assert "reason_required" in edge(client, mia, comment, "pending", "undone")
        edge(client, mia, comment, "pending", "mistake")
        comment.refresh_from_db()
        assert (comment.status, comment.decisions.last().reason) == ("pending", "mistake")


def test_where_nothing_is_offered_the_refusal_says_what_to_do(mia):
    RefusalReason.objects.update(is_active=False)
    refusal_reasons._forget()
    comment = make_comment(status="pending")

    assert "An editor can add one" in by_operation(None, mia, comment, "trash", "abuse")
    assert by_operation(None, mia, comment, "spam", "") == ""
    assert comment.decisions.last().reason == "spam"
    assert refusal_reasons.suggested() == ""


def test_a_kept_report_is_told_an_offered_reason_or_none(mia):
    comment = make_comment()

    with pytest.raises(ReasonRequired):
        reports.settle(comment.pk, "kept", by=mia, reason="withdrawn")
    assert reports.settle(comment.pk, "kept", by=mia) == 0


def test_the_desk_asks_for_the_reason_only_after_trash_and_sends_all_of_it_again(client, mia):
    comments = [make_comment(status="pending") for _ in range(2)]
    address = "/admin/moderation/?status=pending"
    for one in (address, f"/admin/comments/comment/{comments[0].pk}/change/"):
        assert 'name="trash_reason"' not in client.get(one).text
    fields = {
        "action": "trash",
        "ids": [comment.pk for comment in comments],
        "seen": f"{comments[0].pk}:1",
        "reason": "",
    }

    asked = client.post(address, fields)

    assert asked.status_code == 422
    assert 'data-code="reason_required"' in asked.text
    assert "Choose a reason for moving 2 comments to the trash." in asked.text
    offered = re.findall(r'<button name="reason" value="(\w+)"', asked.text)
    assert offered[0] == "off_topic"
    assert sorted(offered) == sorted(code for code in refusal_reasons.offered() if code)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text)
    sent = {name: [text for other, text in hidden if other == name] for name, _text in hidden}
    assert sent["ids"] == [str(comment.pk) for comment in comments]
    assert "reason" not in sent
    assert {comment.decisions.count() for comment in comments} == {1}
    client.post(address, sent | {"reason": "off_topic"})
    for comment in comments:
        comment.refresh_from_db()
        assert (comment.status, comment.decisions.last().reason) == ("trash", "off_topic")


def test_spam_needs_no_reason_on_the_desk_and_approval_none(client, mia):
    comment = make_comment(status="pending")

    client.post("/admin/moderation/", {"action": "spam", "ids": comment.pk})
    client.post("/admin/moderation/", {"action": "approve", "ids": comment.pk})

    assert [decision.reason for decision in comment.decisions.order_by("number")][1:] == ["spam", ""]


def field(page: str, name: str) -> dict[str, str]:
    """The first form's field of this name: its options by code."""
    select = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)[0]
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>\s*(.*?)</option>', select))


def test_a_mail_link_shows_the_reasons_to_choose_from(client, mia):
    comment = make_comment(status="pending")
    urls = action_urls(comment.decisions.last(), mia.email)

    page = text_of(client.get(urls["trash"]))
    assert list(field(page, "reason")) == BUILT_IN[1:]
    assert '<option value="off_topic" selected>' in page
    assert '<option value="spam" selected>' in text_of(client.get(urls["spam"]))
    assert "<select" not in text_of(client.get(urls["approve"]))
    refused = client.post(urls["trash"])
    assert refused.status_code == 422
    assert list(field(text_of(refused), "reason")) == BUILT_IN[1:]  # To choose now.


def test_the_admin_s_list_says_what_somebody_decided_meanwhile(client, mia):
    comment = make_comment(status="pending")
    page = text_of(client.get("/admin/comments/comment/"))
    seen = re.search(rf'name="seen" value="({comment.pk}:\d+)"', page)[1]
    decide(comment.pk, "approved", by=make_moderator(name="Noor"))

    fields = {"action": "trash", "_selected_action": comment.pk, "reason": "abuse", "seen": seen}
    answer = client.post("/admin/comments/comment/", fields, follow=True)

    assert "Noor decided meanwhile" in text_of(answer)
    comment.refresh_from_db()
    assert comment.status == "approved"
