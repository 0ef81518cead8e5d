"""Links in a moderator's mail: looking changes nothing, the button decides, and nobody gets further than on the desk."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail, signing

from comments.models import AuditEntry, Ban, Batch, Comment
from comments.moderation.decisions import decide
from comments.notifications.links import ACTIONS, SALT, action_urls, read_action
from newsreader.mailing.outbox import send_due
from tests.factories import make_article, make_author, make_comment, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def mia():
    return make_moderator(name="Mia")


def links(comment, user):
    urls = action_urls(comment.decisions.last(), user.email)
    return {name: re.sub(r"^https?://[^/]+", "", url) for name, url in urls.items()}


def links_of_first(comment, user):
    urls = action_urls(comment.decisions.first(), user.email)
    return {name: re.sub(r"^https?://[^/]+", "", url) for name, url in urls.items()}


def status(comment):
    return Comment.objects.values_list("status", flat=True).get(pk=comment.pk)


def test_the_mail_about_a_comment_that_waits_brings_the_links(client, mia):
    comment = make_comment(status="pending", asked=True)
    send_due.call()

    body = next(letter.body for letter in mail.outbox if letter.to == [mia.email])

    found = re.search(r"Approve:\nhttps?://[^/]+(\S+)", body)[1]
    assert client.post(found).status_code == 200
    assert status(comment) == "approved"
    assert comment.decisions.last().by == mia


def test_who_has_left_and_who_has_not_confirmed_an_address_get_no_links(mia):
    comment, unconfirmed = make_comment(status="pending"), make_moderator(verified=False)
    assert set(links(comment, mia)) == {"approve", "spam", "trash"}
    mia.is_active = False
    mia.save()

    assert links(comment, mia) == {}
    assert links(comment, unconfirmed) == {}


@pytest.mark.parametrize(("name", "after"), [("approve", "approved"), ("spam", "spam"), ("trash", "trash")])
def test_looking_changes_nothing_and_the_button_decides(client, mia, name, after):
    comment = make_comment(status="pending")
    address = links(comment, mia)[name]

    page = client.get(address)
    assert status(comment) == "pending"
    assert comment.body in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    client.post(address, {"reason": "" if name == "approve" else "spam"})

    assert status(comment) == after


def test_what_somebody_decided_meanwhile_is_told_and_stays(client, mia):
    comment = make_comment(status="pending")
    address = links(comment, mia)["trash"]
    decide(comment.pk, "approved", by=make_moderator(name="Noor"))

    assert "Noor" in client.get(address).content.decode()
    answer = client.post(address, {"reason": "abuse"})

    assert answer.status_code == 409
    assert 'data-code="decided_meanwhile"' in answer.content.decode()
    assert status(comment) == "approved"


def test_a_link_is_used_up_by_a_decision_and_opens_no_way_back(client, mia):
    comment = make_comment(status="pending")
    approve, trash = links(comment, mia)["approve"], links(comment, mia)["trash"]
    client.post(approve)
    decide(comment.pk, "spam", by=make_moderator(name="Noor"))

    assert client.post(trash, {"reason": "abuse"}).status_code == 409
    assert client.post(approve).status_code == 409
    assert status(comment) == "spam"


def test_a_second_use_says_who_has_decided_and_decides_nothing(client, mia):
    comment = make_comment(status="pending")
    approve = links(comment, mia)["approve"]
    client.post(approve)
    decisions = comment.decisions.count()

    answer = client.post(approve)

    assert answer.status_code == 409
    assert "Mia decided meanwhile" in answer.content.decode()
    assert "Mia" in client.get(approve).content.decode()
    assert comment.decisions.count() == decisions
    decide(comment.pk, "trash", by=mia, reason="abuse")
    assert client.post(approve).status_code == client.post(links_of_first(comment, mia)["spam"]).status_code == 409
    assert status(comment) == "trash"


@pytest.mark.ci_both
def test_a_scanner_that_opens_every_link_again_and_again_leaves_no_trace(client, mia):
    comment = make_comment(status="pending")
    before = comment.decisions.count(), AuditEntry.objects.count(), Batch.objects.count()

    for address in links(comment, mia).values():
        for ask in (client.get, client.head, client.options, client.put, client.delete, client.get):
            ask(address)

    assert status(comment) == "pending"
    assert (comment.decisions.count(), AuditEntry.objects.count(), Batch.objects.count()) == before


def test_a_link_is_for_one_action_on_one_comment_and_bans_nobody(client, mia):
    comment, other = make_comment(status="pending"), make_comment(status="pending")
    more = {
        "action": "ban", "ids": [other.pk], "all": "1", "like": str(other.pk), "ban": "identity email network",
        "span": "forever", "status": "trash", "reason": "spam",
    }  # fmt: skip

    client.post(links(comment, mia)["spam"], more)

    assert (status(comment), status(other)) == ("spam", "pending")
    assert not Ban.objects.exists()


@pytest.mark.parametrize("name", ["ban", "trash_and_ban", "erase", "undo", ""])
def test_of_what_asks_to_sign_in_no_link_can_be_made(client, mia, name):
    comment = make_comment(status="pending")
    known = read_action(links(comment, mia)["approve"].rstrip("/").rpartition("/")[2])
    token = signing.Signer(salt=SALT).sign_object(list(known._replace(name=name)))

    assert client.post(f"/moderation/link/{token}/").status_code == 404
    assert set(ACTIONS) == set(links(comment, mia))
    assert status(comment) == "pending"


def test_who_may_not_decide_any_more_reaches_nothing(client, mia):
    comment = make_comment(status="pending")
    address = links(comment, mia)["approve"]
    mia.groups.clear()

    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert status(comment) == "pending"


@pytest.mark.ci_both
def test_authors_get_links_that_end_with_their_byline(client):
    writer = make_user(group="Authors")
    article = make_article(authors=[make_author(user=writer)])
    comment = make_comment(article, status="pending")
    address = links(comment, writer)["approve"]
    assert client.get(address).status_code == 200
    article.bylines.all().delete() if hasattr(article, "bylines") else article.authors.clear()

    assert client.post(address).status_code == 404
    assert status(comment) == "pending"


@pytest.mark.ci_both
def test_an_old_a_forged_and_somebody_else_s_link_do_nothing(client, mia, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    comment = make_comment(status="pending")
    address = links(comment, mia)["approve"]

    assert client.post(address[:-2] + "x/").status_code == 404
    assert client.post("/moderation/link/x/").status_code == 404
    mia.is_active = False
    mia.save()
    assert client.post(address).status_code == 404
    mia.is_active = True
    mia.save()
    time_machine.shift(dt.timedelta(days=8))
    assert client.post(address).status_code == 410
    assert status(comment) == "pending"


def test_the_button_needs_the_page_s_token(mia):
    from django.test import Client

    comment = make_comment(status="pending")

    assert Client(enforce_csrf_checks=True).post(links(comment, mia)["approve"]).status_code == 403
    assert status(comment) == "pending"
