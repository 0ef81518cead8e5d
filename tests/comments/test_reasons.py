"""The editors' list of reasons, and what a refused author reads."""

from __future__ import annotations

import pytest
from django.core import mail
from django.utils import translation

from articles.models import Site
from comments import log, reasons
from comments.models import RefusalReason
from comments.moderation import decide
from comments.notifications.sending import send_due
from comments.wording import worded
from tests.factories import make_comment, make_editor, make_moderator, make_user

pytestmark = pytest.mark.django_db
BUILT_IN = ["", "spam", "off_topic", "abuse", "personal_data", "illegal", "duplicate", "mistake"]
LIST = "/admin/comments/refusalreason/"


def text_of(answer) -> str:
    return answer.content.decode()


def test_the_reasons_that_come_with_the_house_are_offered_in_order():
    assert list(reasons.offered()) == BUILT_IN
    assert reasons.offered()["off_topic"] == "not about the article"
    assert reasons.choices()[0] == ("", "no reason")


def test_a_reason_is_offered_as_soon_as_it_is_there_and_no_more_when_it_is_taken_off():
    reasons.offered()
    row = RefusalReason.objects.create(code="shouting", label="shouting", position=0)
    assert list(reasons.offered())[:3] == ["", "spam", "shouting"]

    row.is_active = False
    row.save()

    assert "shouting" not in reasons.offered()
    assert worded([{"code": "shouting"}]) == ["shouting"]
    assert reasons.label_of("shouting") == "shouting"


def test_a_row_that_another_process_changed_is_read_in_the_next_request(client):
    reasons.offered()
    RefusalReason.objects.filter(code="abuse").update(label="rude")

    client.get("/healthz")

    assert reasons.offered()["abuse"] == "rude"


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
    catalogue = {"insulting or abusive": "beleidigend", "It is not about the article it stands under.": "Thema?"}
    monkeypatch.setattr(reasons, "_", lambda message: catalogue.get(message, message))

    assert reasons.offered()["abuse"] == dict(reasons.choices())["abuse"] == "beleidigend"
    assert worded([{"code": "abuse"}]) == ["beleidigend"]
    assert reasons.sentence_of("off_topic") == "Thema?"


def test_every_text_that_comes_with_the_house_is_named_for_translators():
    texts = {text for row in RefusalReason.objects.all() for text in (row.label, row.sentence)}

    assert texts == set(reasons.IN_HOUSE)


@pytest.mark.parametrize("code", ["", "unknown", "abuse"])
def test_where_there_is_nothing_to_tell_nothing_is_told(code):
    RefusalReason.objects.filter(code="abuse").update(sentence="")

    with translation.override("de"):  # A catalogue's answer to an empty text is its own header.
        assert reasons.sentence_of(code) == ""


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


@pytest.mark.parametrize("reason", ["", "no_longer_known"])
def test_without_a_sentence_the_page_says_that_it_was_refused_and_no_more(client, reason):
    comment = make_comment()
    decide(comment.pk, "trash", by=make_moderator(), reason=reason)

    page = text_of(client.get(comment.status_url))

    assert "An editor decided not to publish it." in page
    assert "refusal-reason" not in page


def test_a_rules_reason_is_told_to_nobody(client):
    comment = make_comment()
    decide(comment.pk, "trash", rule="words", reason="abuse")

    page = text_of(client.get(comment.status_url))

    assert "waiting for an editor" in page
    assert "It insults" not in page


def test_the_mail_tells_the_reason_and_where_to_object():
    user = make_user()
    comment = make_comment(user=user)
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    send_due.call()

    (letter,) = [letter for letter in mail.outbox if letter.to == [user.email] and "not published" in letter.subject]
    assert "It is not about the article it stands under." in letter.body
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
    assert "shouting" in reasons.offered()
    entry = log.history(f"reason:{row.pk}").get(kind="reason_added")
    assert (entry.by_account, entry.facts["code"], entry.facts["offered"]) == (editor.pk, "shouting", True)
    assert Site.objects.current().page_version > version


def test_an_editor_changes_everything_but_the_code(client):
    client.force_login(make_editor())
    row = RefusalReason.objects.get(code="abuse")

    client.post(f"{LIST}{row.pk}/change/", typed(label="rude"))

    row.refresh_from_db()
    assert (row.code, row.label, row.is_active) == ("abuse", "rude", False)
    entry = log.history(f"reason:{row.pk}").get(kind="reason_changed")
    assert entry.facts == {"code": "abuse", "offered": False, "fields": ["is_active", "label", "position", "sentence"]}


def test_nobody_deletes_a_reason(client):
    client.force_login(make_editor(is_superuser=True))
    row = RefusalReason.objects.get(code="abuse")

    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert RefusalReason.objects.filter(code="abuse").exists()


@pytest.mark.parametrize("code", sorted(reasons.RESERVED))
def test_a_reason_that_only_the_site_gives_is_refused(client, code):
    client.force_login(make_editor())

    answer = client.post(f"{LIST}add/", typed(code=code))

    assert answer.status_code == 200
    assert "Only the site itself gives this reason." in text_of(answer)
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
