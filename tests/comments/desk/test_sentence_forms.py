"""Bans, list entries and reasons as sentences: the value inside, what is recommended, what it has done."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from lxml import html

from comments.models import Ban, Comment, Decision, FilterEntry, RefusalReason
from comments.moderation import decide
from comments.posting.submission import post_comment
from tests.factories import make_article, make_comment, make_draft, make_editor

pytestmark = pytest.mark.django_db
BANS, LISTS, REASONS = "/admin/comments/ban/", "/admin/comments/filterentry/", "/admin/comments/refusalreason/"


@pytest.fixture(autouse=True)
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def lines(client, address):
    """What each line of the form says, without its inputs, by the name of its field."""
    page = html.fromstring(client.get(address).content.decode())
    said = {}
    for row in page.xpath("//*[contains(@class, 'form-row rule')]"):
        for gone in row.xpath(".//select | .//textarea | .//script"):
            gone.drop_tree()
        said[re.search(r"field-(\w+)", row.get("class"))[1]] = " ".join(row.text_content().split())
    return said


def test_a_new_ban_is_said_in_sentences(client):
    said = lines(client, f"{BANS}add/")

    assert said["identity"].startswith("Ban the account of")
    assert said["email"].startswith("Ban the email address")
    assert said["reason"] == "Reason:"
    assert said["ends_at"] == "The ban ends on Date: Time: Empty: no end. Recommended: in 30 days."
    assert said["quiet"].endswith("Recommended: off.")


def test_a_new_ban_ends_when_it_is_recommended_unless_somebody_wants_another_end(client):
    page = html.fromstring(client.get(f"{BANS}add/").content.decode())

    [day] = page.xpath("//input[@type='date']/@value")
    assert dt.date.fromisoformat(day) - timezone.localdate() == dt.timedelta(days=30)
    client.post(f"{BANS}add/", {"network": "192.0.2.0/24", "ends_at_0": "", "ends_at_1": ""})
    assert Ban.objects.get().ends_at is None


def test_a_date_and_a_time_are_a_group_whose_inputs_have_names_of_their_own(client):
    page = html.fromstring(client.get(f"{BANS}add/").content.decode())

    [group] = page.xpath("//*[contains(@class, 'field-ends_at')]//*[@role='group']")
    assert group.get("aria-label") == "The ban ends on …"
    assert [(one.get("type"), one.get("aria-label")) for one in group.xpath(".//input")] == [
        ("date", "The ban ends on …, date"),
        ("time", "The ban ends on …, time"),
    ]
    assert not page.xpath("//label//div | //label//p | //label//a")


def test_a_ban_is_made_and_says_what_it_does_today(client):
    until = timezone.localtime() + dt.timedelta(days=30)
    sent = {"email": "ada@example.org", "ends_at_0": f"{until:%Y-%m-%d}", "ends_at_1": "12:30"}
    assert client.post(f"{BANS}add/", sent).status_code == 302
    ban = Ban.objects.get()
    assert timezone.localtime(ban.ends_at).replace(second=0, microsecond=0) == until.replace(
        hour=12, minute=30, second=0, microsecond=0
    )
    address = f"{BANS}{ban.pk}/change/"
    assert lines(client, address)["email"].endswith("Today: nothing of theirs went to the trash.")

    post_comment(make_draft(make_article(), email="ada@example.org"))

    assert Comment.objects.get().status == "trash"
    said = lines(client, address)
    assert said["email"].startswith("Ban the email address ada@example.org")
    assert said["email"].endswith("Today: 1 comment went to the trash.")
    assert said["by"].startswith("Banned by ")
    assert "lifted_at" not in said
    Decision.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    assert "nothing of theirs" in lines(client, address)["email"]


def test_a_list_entry_says_how_often_it_was_found(client):
    entry = FilterEntry.objects.create(pattern="damned")
    address = f"{LISTS}{entry.pk}/change/"
    assert lines(client, address)["pattern"] == "Look for Not found so far."

    at = dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
    FilterEntry.objects.update(hits=1200, last_hit_at=at)

    said = lines(client, address)
    assert said["pattern"] == "Look for Found 1,200 times, last on Nov. 3, 2026."
    assert said["action"] == "When it’s found: Recommended: hold for review."
    assert said["examples"].startswith("It must be found in")
    assert lines(client, f"{LISTS}add/")["entries"].startswith("Look for")


def test_a_reason_says_how_often_it_was_given_today(client, editor):
    reason = RefusalReason.objects.get(code="abuse")
    address = f"{REASONS}{reason.pk}/change/"
    assert lines(client, address)["label"] == "Moderators choose Today: not given."

    for comment in (make_comment(status="pending"), make_comment(status="pending")):
        decide(comment.pk, "trash", by=editor, reason="abuse")

    assert lines(client, address)["label"] == "Moderators choose Today: given 2 times."


def test_the_audit_log_lists_its_events_in_words(client, editor):
    comment = make_comment(status="pending")
    decide(comment.pk, "approved", by=editor)
    client.post(f"{LISTS}add/", {"entries": "damned", "match": "word", "action": "hold", "is_active": "on"})

    page = html.fromstring(client.get("/admin/comments/auditentry/").content.decode())

    [select] = page.xpath("//*[@id='changelist-filter']//select[@name='kind']")
    listed = {option.text_content().strip(): option.get("value") for option in select}
    assert listed["A decision about a comment"] == "decision"
    assert listed["Added an entry to the block list"] == "rule_added"
    assert "rule_added" not in listed
    assert page.xpath("//label[@for=$id]", id=select.get("id"))
    narrowed = client.get("/admin/comments/auditentry/?kind=rule_added").context["cl"].result_list
    assert {entry.kind for entry in narrowed} == {"rule_added"}
    every = client.get("/admin/comments/auditentry/?kind=").context["cl"]  # As a form without script sends it.
    assert {entry.kind for entry in every.result_list} >= {"rule_added", "decision"}


def test_a_discussion_is_named_by_its_headline(client):
    article = make_article(headline="The ferry runs again")

    page = client.get(f"/admin/comments/articlesettings/{article.pk}/change/").content.decode()

    assert "<h1>The ferry runs again</h1>" in page
