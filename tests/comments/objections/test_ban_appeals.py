"""The banned object on a private page, once each; another moderator decides; nobody learns what they are not told."""

from __future__ import annotations

import datetime as dt
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import signing
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comments.audit import audit_log
from comments.errors import AppealedTwice, AppealFlood, AppealOpen, AppealSettled, Banned, BanOver, OwnDecision
from comments.models import AuditEntry, Ban, BanAppeal, Batch, Comment
from comments.moderation import ban_lifting, bans, erasing, raids
from comments.objections import ban_appeals
from comments.objections.ban_appeals import appeal, settle
from comments.objections.objection_text import LENGTH
from comments.objections.transparency import monthly_stats
from comments.posting.submission import post_comment
from comments.screening.ban_checks import BanNotice
from newsreader.accounts.identities import own_identity
from newsreader.kit.errors import Invalid
from tests.factories import (
    make_article,
    make_ban,
    make_batch,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_rule,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
DAY = dt.timedelta(days=1)
LIST, QUEUE = "/admin/comments/ban/", "/admin/moderation/"
SCRIPT = {"Accept": "application/json"}


def url_for(**values) -> str:
    """Where the refusal of a draft leads."""
    with pytest.raises(Banned) as refused:
        post_comment(make_draft(**values))
    return refused.value.appeal_url


def parts(url: str) -> tuple[int, str]:
    _, _, number, token, _ = url.split("/")
    return int(number), token


def objected(url: str, text: str = "I never wrote that.", **values) -> BanAppeal:
    return appeal(*parts(url), text, **values)


def page_of(client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.text


def banned_user(**values):
    """A ban of an account, and where its owner objects."""
    user = make_user()
    ban = make_ban(identity=own_identity(user), **values)
    return ban, url_for(user=user)


def row(made):
    return type(made).objects.get(pk=made.pk)


# --- Objecting ----------------------------------------------------------------------------------------------------


def test_an_objection_is_kept_and_logged_with_its_words_apart():
    ban, url = banned_user()

    made = objected(url, "  I never\r\nwrote that. ")

    assert (made.ban, made.text, made.outcome, made.by_owner) == (ban, "I never\nwrote that.", "", True)
    entry = audit_log.history(f"ban:{ban.pk}").get(kind="ban_appeal")
    assert entry.facts == {"appeal": made.pk, "by_owner": True}
    assert entry.personal == {"text": made.text}
    assert "wrote" not in json.dumps(entry.facts)
    assert audit_log.verify()[1] == []


@pytest.mark.ci_both
def test_the_owner_objects_once_whatever_becomes_of_it():
    _, url = banned_user()
    made = objected(url)
    with pytest.raises(AppealedTwice):
        objected(url)
    settle(made.ban_id, lift=False, by=make_moderator())

    with pytest.raises(AppealedTwice):
        objected(url)
    assert BanAppeal.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "require_appeal"), (" \u200b\n", "require_appeal"), ("x" * (LENGTH + 1), "appeal_column_length")],
)
def test_an_objection_has_words_and_not_too_many(text, code):
    _, url = banned_user()

    with pytest.raises(Invalid) as raised:
        objected(url, text)

    assert [(error.field, error.code) for error in raised.value.errors] == [("appeal", code)]


def test_nobody_objects_to_what_is_over(time_machine):
    _, ending = banned_user(ends_at=timezone.now() + DAY)
    lifted, url = banned_user()
    ban_lifting.lift(lifted, make_moderator())
    with pytest.raises(BanOver):
        objected(url)
    time_machine.move_to(timezone.now() + 2 * DAY)

    with pytest.raises(BanOver):
        objected(ending)


def test_one_at_a_time_objects_for_a_network_and_each_address_in_it_once():
    ban = make_ban(network="198.51.100.0/24")
    one, other = url_for(address="198.51.100.1"), url_for(address="198.51.100.2")
    objected(one)
    with pytest.raises(AppealOpen):
        objected(other)
    settle(ban.pk, lift=False, by=make_moderator())

    objected(other)

    settle(ban.pk, lift=False, by=make_moderator())
    with pytest.raises(AppealedTwice):
        objected(url_for(address="198.51.100.1"))  # Another address of the page, the same network.
    assert BanAppeal.objects.count() == 2


def test_the_owner_of_an_address_objects():
    mine = make_comment(email="bob@example.org")
    make_ban(email="bob@example.org")

    assert objected(url_for(email="bob@example.org", comments=(mine.pk,))).by_owner


def test_whoever_objects_very_fast_has_to_wait():
    urls = [banned_user()[1] for _ in range(ban_appeals.BURST + 1)]
    for url in urls[:-1]:
        objected(url, address="203.0.113.9")

    with pytest.raises(AppealFlood) as refused:
        objected(urls[-1], address="203.0.113.9")

    assert 0 < refused.value.retry_after <= ban_appeals.PAUSE
    assert objected(urls[-1], address="203.0.113.10")


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "values",
    [
        {"appellant": "owner", "by_owner": False},
        {"appellant": "f" * 64, "by_owner": True},
        {"appellant": "", "by_owner": False},
        {"outcome": "lifted"},
        {"outcome": "burned", "settled_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
        {"settled_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
    ],
)
def test_what_must_never_be_is_refused_by_the_database(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        BanAppeal.objects.create(**{"ban": make_ban(), "appellant": "owner", "by_owner": True, "text": "x"} | values)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_objections_at_once_is_kept():
    make_ban(network="198.51.100.0/24")
    urls = [url_for(address=f"198.51.100.{number}") for number in range(4)]

    def made(url: str) -> bool:
        try:
            return bool(objected(url))
        except AppealOpen:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(made, urls)).count(True) == 1
    assert BanAppeal.objects.count() == 1


# --- Deciding about it --------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_lifted_whoever_was_banned_posts_again():
    user, other = make_user(), make_moderator()
    ban = make_ban(identity=own_identity(user))
    objected(url_for(user=user))

    (made,) = settle(ban.pk, lift=True, by=other)

    assert (made.outcome, made.settled_by) == ("lifted", other)
    assert row(ban).lifted_at
    assert post_comment(make_draft(user=user)).pk
    kinds = list(audit_log.history(f"ban:{ban.pk}").values_list("kind", "by_account"))
    assert kinds[-2:] == [("ban_lifted", other.pk), ("ban_appeal_settled", other.pk)]
    assert audit_log.history(f"ban:{ban.pk}").last().facts == {"appeal": made.pk, "outcome": "lifted"}
    assert audit_log.verify()[1] == []


@pytest.mark.ci_both
def test_upheld_the_ban_stays():
    ban, url = banned_user()
    objected(url)
    other = make_moderator()

    (made,) = settle(ban.pk, lift=False, by=other)

    assert (made.outcome, made.settled_by, row(ban).lifted_at) == ("upheld", other, None)
    told = audit_log.history(f"ban:{ban.pk}").get(kind="ban_appeal_settled")
    assert (told.facts, told.by_account) == ({"appeal": made.pk, "outcome": "upheld"}, other.pk)
    assert audit_log.verify()[1] == []


@pytest.mark.parametrize("lift", [True, False])
def test_nobody_decides_about_an_objection_to_their_own_ban(lift):
    first = make_moderator()
    ban, url = banned_user(by=first)
    objected(url)
    make_moderator()

    with pytest.raises(OwnDecision):
        settle(ban.pk, lift=lift, by=first)

    assert (BanAppeal.objects.get().outcome, row(ban).lifted_at) == ("", None)


def test_whoever_has_banned_before_somebody_changed_the_terms_is_no_other():
    first, second, third = make_moderator(), make_moderator(), make_moderator()
    user = make_user()
    make_ban(identity=own_identity(user), by=first)
    ban = make_ban(identity=own_identity(user), by=second, ends_at=timezone.now() + DAY)
    objected(url_for(user=user))

    for own in (first, second):
        with pytest.raises(OwnDecision):
            settle(ban.pk, lift=False, by=own)
    assert settle(ban.pk, lift=False, by=third)


@pytest.mark.parametrize(
    "nobody",
    [lambda: None, lambda: make_moderator(is_active=False), lambda: make_user(group="Authors"), make_user],
    ids=["nobody else", "somebody who has left", "an author", "a reader"],
)
def test_the_only_one_who_could_may_and_that_is_on_record(nobody):
    first, user = make_moderator(), make_user()
    ban = bans.ban(identity=own_identity(user), by=first)
    made = objected(url_for(user=user))
    nobody()

    settle(ban.pk, lift=False, by=first)

    entry = audit_log.history(f"ban:{ban.pk}").get(kind="own_appeal_settled")
    assert (entry.by_account, entry.facts) == (first.pk, {"appeals": [made.pk]})


def test_it_is_decided_once():
    ban, url = banned_user()
    objected(url)
    settle(ban.pk, lift=False, by=make_moderator())

    with pytest.raises(AppealSettled):
        settle(ban.pk, lift=True, by=make_moderator())
    assert row(ban).lifted_at is None


@pytest.mark.ci_both
def test_nobody_decides_about_what_is_over(time_machine):
    ban, url = banned_user(ends_at=timezone.now() + DAY)
    objected(url)
    time_machine.move_to(timezone.now() + 2 * DAY)

    with pytest.raises(BanOver):
        settle(ban.pk, lift=False, by=make_moderator())
    assert not Ban.objects.appealed().exists()


@pytest.mark.parametrize("way", ["one", "batch"])
def test_to_lift_a_ban_in_another_way_is_to_grant_the_objection(way):
    first = make_moderator()
    user, batch = make_user(), make_batch(by=first).pk
    comment = make_comment(user=user)
    (ban,), _ = bans.ban_authors([comment], by=first, batch=batch)
    made = objected(url_for(user=user))

    if way == "one":
        ban_lifting.lift(ban, first)
    else:
        ban_lifting.lift_batch(batch, first)

    assert (row(made).outcome, row(made).settled_by) == ("lifted", first)
    assert audit_log.history(f"ban:{ban.pk}").last().kind == "ban_appeal_settled"


def lift_on_the_desk(client, ban, comment):
    return client.post(QUEUE, {"action": "lift", "ban": ban.pk, "ids": comment.pk}, headers=SCRIPT)


def lift_in_the_list_of_commenters(client, ban, comment):
    fields = {"action": "lift_ban", "_selected_action": [ban.identity_id]}
    return client.post("/admin/accounts/commenteridentity/", fields, follow=True)


def lift_in_the_list_of_bans(client, ban, comment):
    return client.post(LIST, {"action": "lift", "_selected_action": [ban.pk]}, follow=True)


def undo_on_the_desk(client, ban, comment):
    return client.post(QUEUE, {"action": "undo", "batch": str(ban.batch_id)}, headers=SCRIPT)


def undo_over_rest(client, ban, comment):
    return client.post(f"/api/v1/decisions/batches/{ban.batch_id}/undo/")


EDGES = [lift_on_the_desk, lift_in_the_list_of_commenters, lift_in_the_list_of_bans, undo_on_the_desk, undo_over_rest]


def objected_to_in_a_batch(first):
    """A ban that came with a batch, its comment, and an objection to it; nothing else is left of the batch to undo."""
    user = make_user()
    comment = make_comment(user=user)
    (ban,), _ = bans.ban_authors([comment], by=first, batch=make_batch(by=first).pk)
    objected(url_for(user=user))
    return ban, comment


@pytest.mark.ci_both
@pytest.mark.parametrize("lift", EDGES)
def test_whoever_banned_grants_an_objection_to_that_nowhere(client, lift):
    first = make_moderator()
    ban, comment = objected_to_in_a_batch(first)
    make_moderator()
    client.force_login(first)

    answer = lift(client, ban, comment)

    if answer.headers["Content-Type"].startswith(("application/json", "application/problem+json")):
        assert (answer.status_code, answer.json()["code"]) == (403, "own_decision")
    else:
        assert "Another moderator has to decide it." in answer.text
    assert (ban.appeals.get().outcome, row(ban).lifted_at) == ("", None)
    assert list(Batch.objects.all()) == [ban.batch]  # What was begun of an undoing is taken back.
    assert not audit_log.history(f"ban:{ban.pk}").filter(kind="own_appeal_settled").exists()


@pytest.mark.ci_both
@pytest.mark.parametrize("lift", EDGES)
def test_the_only_one_who_could_may_everywhere_and_that_is_on_record(client, lift):
    first = make_moderator()
    ban, comment = objected_to_in_a_batch(first)
    client.force_login(first)

    lift(client, ban, comment)

    made = ban.appeals.get()
    assert (made.outcome, bool(row(ban).lifted_at)) == ("lifted", True)
    entry = audit_log.history(f"ban:{ban.pk}").get(kind="own_appeal_settled")
    assert (entry.by_account, entry.facts) == (first.pk, {"appeals": [made.pk]})


@pytest.mark.parametrize("lift", EDGES)
def test_another_moderator_may_everywhere(client, lift):
    ban, comment = objected_to_in_a_batch(make_moderator())
    client.force_login(make_moderator())

    lift(client, ban, comment)

    assert (ban.appeals.get().outcome, bool(row(ban).lifted_at)) == ("lifted", True)
    assert not audit_log.history(f"ban:{ban.pk}").filter(kind="own_appeal_settled").exists()


@pytest.mark.ci_both
def test_undoing_leaves_the_ban_that_somebody_objects_to_and_says_so(client):
    first, user = make_moderator(), make_user()
    make_moderator()
    comments = [make_comment(user=user), make_comment(email="bo@example.net")]
    rows = Comment.objects.filter(pk__in=[comment.pk for comment in comments])
    batch, _, _ = raids.decide_and_ban(rows, "spam", by=first, reason="spam")
    objected(url_for(user=user))
    client.force_login(first)

    answer = client.post(QUEUE, {"action": "undo", "batch": str(batch.pk)}, headers=SCRIPT)

    assert {comment.status for comment in rows.all()} == {"approved"}
    assert [ban.identity.user for ban in Ban.objects.in_force()] == [user]
    said = [line["text"] for line in answer.json()["said"]]
    assert "1 ban lifted." in said
    assert any(line.startswith("1 ban of yours stays: it is under appeal") for line in said)


# --- What is told, and to whom ------------------------------------------------------------------------------------


def sent(client, article, **typed):
    return client.post(reverse("reply", args=[article.pk]), {"text": "Let me in.", "name": "Bob", **typed})


def test_the_refusal_leads_to_the_private_page_and_keeps_the_text(client):
    make_ban(network="127.0.0.1", reason="abuse")

    answer = sent(client, make_article(), email="ada@example.org")

    assert answer.status_code == 403
    assert "Let me in." in answer.text
    url = answer.text.split('data-action="object" href="')[1].split('"')[0]
    seen = client.get(url)
    assert (seen.status_code, seen["Cache-Control"], seen["Referrer-Policy"]) == (
        200,
        "private, no-store",
        "no-referrer",
    )
    assert seen["X-Robots-Tag"] == "noindex, nofollow"
    assert set(seen.cookies) == {"csrftoken"}
    assert "Replies from your network are blocked." in seen.text
    assert "It insults or attacks somebody." in seen.text
    assert "127.0.0.1" not in seen.text
    assert 'data-action="appeal"' in seen.text


@pytest.mark.ci_both
def test_over_rest_the_refusal_names_the_private_page(client):
    ban = make_ban(network="127.0.0.1")

    answer = client.post(
        f"/api/v1/articles/{make_article().pk}/comments/",
        {"text": "Hello", "name": "Bob", "email": "bob@example.org"},
        content_type="application/json",
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "banned")
    url = answer.json()["appeal_url"]
    assert url.startswith(f"http://testserver/bans/{ban.pk}/")
    assert client.get(url.removeprefix("http://testserver")).status_code == 200


def test_the_schema_knows_of_it(client):
    schema = client.get("/api/v1/schema/?format=json").json()

    problem = schema["components"]["schemas"]["Problem"]
    assert problem["properties"]["appeal_url"]["format"] == "uri"
    assert "appeal_url" not in problem["required"]


def test_a_refused_change_leads_there_too(client):
    user = make_user()
    comment = make_comment(user=user)
    make_ban(identity=comment.identity)
    client.force_login(user)

    answer = client.post(comment.status_url, {"action": "edit", "text": "words to keep"})

    assert (answer.status_code, "words to keep" in answer.text) == (403, True)
    url = answer.text.split('data-action="object" href="')[1].split('"')[0]
    assert client.get(url).status_code == 200


def test_a_network_on_the_editors_list_has_no_such_page(client):
    make_rule("127.0.0.1", match="network", action="ban")
    answer = client.post(
        f"/api/v1/articles/{make_article().pk}/comments/", {"text": "x"}, content_type="application/json"
    )

    assert answer.status_code == 403
    assert "appeal_url" not in answer.json()


def test_the_page_of_a_banned_address_is_its_owner_s_alone(client):
    """Links that strangers were given before only owners were told of such a ban lead nowhere."""
    mine = make_comment(email="bob@example.org")
    ban = make_ban(email="bob@example.org", reason="abuse")

    own = url_for(email="bob@example.org", comments=(mine.pk,))

    assert "insults" in page_of(client, own)
    assert client.get(BanNotice(ban.pk, "f" * 64, "token").url).status_code == 404


def test_in_one_network_nobody_reads_what_another_wrote(client):
    make_ban(network="198.51.100.0/24")
    mine, next_door = url_for(address="198.51.100.1"), url_for(address="198.51.100.1")
    objected(mine, "Mine alone to read.")

    assert "Mine alone to read." in page_of(client, mine)
    page = page_of(client, next_door)
    assert "Mine alone" not in page
    assert 'data-code="appeal_twice"' in page
    assert 'data-action="appeal"' not in page
    page = page_of(client, url_for(address="198.51.100.2"))
    assert ("Mine alone" in page, 'data-code="appeal_open"' in page, "<form" in page.split("<main")[1]) == (
        False, True, False,
    )  # fmt: skip


def test_of_a_quiet_ban_nothing_is_told(client):
    user = make_user()
    ban = make_ban(identity=own_identity(user), quiet=True)
    client.force_login(user)
    article = make_article()

    comment = post_comment(make_draft(article, user=user))

    assert comment.status == "trash"
    assert "/bans/" not in page_of(client, comment.status_url)
    assert client.get(BanNotice(ban.pk, "owner").url).status_code == 404
    assert client.post(BanNotice(ban.pk, "owner").url, {"appeal": "x"}).status_code == 404


@pytest.mark.ci_both
def test_a_ban_that_becomes_quiet_has_no_page_any_more(client):
    ban, url = banned_user()
    make_ban(identity=ban.identity, quiet=True)

    assert client.get(url).status_code == 404
    with pytest.raises(Ban.DoesNotExist):
        objected(url)


# --- The page -----------------------------------------------------------------------------------------------------


def test_a_forged_address_is_not_there(client):
    ban, url = banned_user()
    other, _ = banned_user()
    _, token = parts(url)
    with_other_salt = signing.Signer(salt="else").sign_object([ban.pk, "owner", ""])

    for forged in (
        f"/bans/{ban.pk}/x/",
        f"/bans/{ban.pk}/{token}x/",
        f"/bans/{ban.pk}/{with_other_salt}/",
        f"/bans/{other.pk}/{token}/",
        f"/bans/{2**63}/{token}/",
        f"/bans/{10**30}/{token}/",
        BanNotice(4711, "owner").url,
    ):
        assert client.get(forged).status_code == 404
        assert client.post(forged, {"appeal": "x"}).status_code == 404
    assert not BanAppeal.objects.exists()


def test_opening_the_page_changes_nothing(client):
    _, url = banned_user()
    before = AuditEntry.objects.count()

    client.get(url)
    client.head(url)

    assert (BanAppeal.objects.count(), AuditEntry.objects.count()) == (0, before)
    answer = client.put(url)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")


def test_one_objects_without_script_and_reads_the_outcome_there(client):
    ban, url = banned_user(reason="abuse", ends_at=dt.datetime(2031, 5, 6, 12, 30, tzinfo=dt.UTC))
    assert "May 6, 2031" in page_of(client, url)

    answer = client.post(url, {"appeal": "I <b>never</b> wrote that."})

    assert (answer.status_code, answer["Location"]) == (303, f"{url}#appeal")
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "no-referrer")
    page = page_of(client, url)
    assert "I &lt;b&gt;never&lt;/b&gt; wrote that." in page
    assert 'data-outcome="open"' in page
    assert 'data-action="appeal"' not in page
    settle(ban.pk, lift=True, by=make_moderator(username="othermoderator"))
    page = page_of(client, url)
    assert 'data-outcome="lifted"' in page
    assert 'data-ban="over"' in page
    assert "othermoderator" not in page


@pytest.mark.parametrize(("text", "code"), [("", "require_appeal"), ("keep <this>" * 200, "appeal_column_length")])
def test_a_wrong_objection_comes_back_with_everything_typed(client, text, code):
    _, url = banned_user()

    answer = client.post(url, {"appeal": text})

    assert answer.status_code == 422
    assert f'id="error-appeal" data-code="{code}"' in answer.text
    assert text.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert 'data-action="appeal"' in answer.text
    assert not BanAppeal.objects.exists()


@pytest.mark.ci_both
def test_a_second_objection_keeps_the_words(client):
    _, url = banned_user()
    client.post(url, {"appeal": "the first"})

    answer = client.post(url, {"appeal": "words to keep"})

    assert answer.status_code == 409
    assert 'data-code="appeal_twice"' in answer.text
    assert "words to keep" in answer.text
    assert BanAppeal.objects.get().text == "the first"


def test_what_is_over_keeps_the_words_too(client):
    ban, url = banned_user()
    ban_lifting.lift(ban, make_moderator())

    answer = client.post(url, {"appeal": "words to keep"})

    assert (answer.status_code, 'data-code="ban_over"' in answer.text) == (409, True)
    assert "words to keep" in answer.text


def test_who_is_too_fast_is_told_when_to_come_back(client):
    urls = [banned_user()[1] for _ in range(ban_appeals.BURST + 1)]
    for url in urls[:-1]:
        client.post(url, {"appeal": "Why?"})

    answer = client.post(urls[-1], {"appeal": "words to keep"})

    assert (answer.status_code, 'data-code="appeal_flood"' in answer.text) == (429, True)
    assert 0 < int(answer["Retry-After"]) <= ban_appeals.PAUSE
    assert "words to keep" in answer.text


@pytest.mark.ci_both
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_cannot_object_for_a_guest(client, headers):
    _, url = banned_user()

    answer = client.post(url, {"appeal": "words to keep"}, headers=headers)

    assert (answer.status_code, 'data-code="forgery_refused"' in answer.text) == (403, True)
    assert "words to keep" in answer.text
    assert not BanAppeal.objects.exists()


def test_a_member_needs_the_token_of_the_form():
    client, user = Client(enforce_csrf_checks=True), make_user()
    make_ban(identity=own_identity(user))
    url = url_for(user=user)
    client.force_login(user)
    token = client.get(url).text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    refused = client.post(url, {"appeal": "Why?"})
    accepted = client.post(url, {"appeal": "Why?", "csrfmiddlewaretoken": token})

    assert (refused.status_code, accepted.status_code) == (403, 303)
    assert AuditEntry.objects.get(kind="ban_appeal").by_account == user.pk


def test_the_page_asks_as_many_questions_however_many_object(client, django_assert_max_num_queries):
    ban = make_ban(network="198.51.100.0/24")
    for number in range(4):
        objected(url_for(address=f"198.51.100.{number}"))
        settle(ban.pk, lift=False, by=make_moderator())
    url = url_for(address="198.51.100.9")

    with django_assert_max_num_queries(9):
        client.get(url)


# --- In the newsroom ----------------------------------------------------------------------------------------------


def pressed(client, action: str, *rows: Ban):
    data = {"action": action, "_selected_action": [ban.pk for ban in rows]}
    return client.post(LIST, data, follow=True)


@pytest.mark.ci_both
def test_open_objections_are_listed_and_counted_with_their_words(client):
    ban, url = banned_user()
    objected(url, "I <never> wrote that.")
    banned_user()
    client.force_login(make_moderator())

    page = page_of(client, f"{LIST}?appealed=open")

    assert "to be decided (1)" in page
    assert "I &lt;never&gt; wrote that." in page
    assert "1 ban" in page
    assert "I &lt;never&gt; wrote that." in page_of(client, f"{LIST}{ban.pk}/change/")


def test_the_list_of_objections_asks_as_many_questions_as_it_is_long(client, django_assert_max_num_queries):
    client.force_login(make_moderator())

    def asked() -> int:
        with django_assert_max_num_queries(40) as questions:
            client.get(f"{LIST}?appealed=open")
        return len(questions)

    objected(banned_user()[1])
    few = asked()
    for number in range(5):
        objected(banned_user()[1], address=f"203.0.113.{number}")
        make_ban(network=f"198.51.100.{number}")
        objected(url_for(address=f"198.51.100.{number}"), address=f"198.51.100.{number}")
    assert asked() == few


def test_another_moderator_lifts_or_upholds_there(client):
    (stays, one), (goes, two) = banned_user(), banned_user()
    objected(one)
    objected(two)
    client.force_login(make_moderator())

    upheld = pressed(client, "uphold", stays)
    lifted = pressed(client, "lift", goes)

    assert "1 ban stays." in upheld.text
    assert "1 ban lifted." in lifted.text
    assert (stays.appeals.get().outcome, row(stays).lifted_at) == ("upheld", None)
    assert (goes.appeals.get().outcome, bool(row(goes).lifted_at)) == ("lifted", True)


@pytest.mark.parametrize("action", ["lift", "uphold"])
def test_whoever_banned_is_told_that_another_decides(client, action):
    first = make_moderator()
    ban, url = banned_user(by=first)
    objected(url)
    make_moderator()
    client.force_login(first)

    answer = pressed(client, action, ban)

    assert "Another moderator has to decide it." in answer.text
    assert not re.search(r"\d bans? (stays?|lifted)\.", answer.text)
    assert (ban.appeals.get().outcome, row(ban).lifted_at) == ("", None)


def test_where_nobody_objects_there_is_nothing_to_uphold_and_lifting_is_as_ever(client):
    first = make_moderator()
    ban, _ = banned_user(by=first)
    client.force_login(first)

    pressed(client, "uphold", ban)
    assert row(ban).lifted_at is None
    pressed(client, "lift", ban)
    assert row(ban).lifted_at


@pytest.mark.ci_both
def test_the_desk_points_out_that_somebody_objects(client):
    objected(banned_user()[1])
    client.force_login(make_editor())

    page = client.get(reverse("admin:moderation"), {"status": "appeals"}).text

    assert "1 appeal against a ban" in page
    assert f"{LIST}?appealed=open" in page
    assert "against a ban" not in client.get(reverse("admin:moderation")).text
    client.force_login(make_user(group="Authors"))
    assert "against a ban" not in client.get(reverse("admin:moderation"), {"status": "appeals"}).text


# --- Erasing, counting --------------------------------------------------------------------------------------------


@pytest.mark.ci_both
@pytest.mark.parametrize("guest", [True, False])
def test_the_words_go_with_what_is_personal_of_a_comment_and_the_chain_holds(guest):
    set_rules(flood_seconds=0)
    user = make_user()
    values = {"email": "bob@example.org"} if guest else {"user": user}
    comment, kept = make_comment(**values), make_ban(network="198.51.100.0/24")
    ban = make_ban(email="bob@example.org") if guest else make_ban(identity=own_identity(user))
    other = objected(url_for(address="198.51.100.1"), "Somebody else's words.")
    made = objected(url_for(**values, comments=(comment.pk,)), "Bob Tremblay writes this.")
    settle(ban.pk, lift=False, by=make_moderator())

    erasing.erase(comment.pk, by=make_moderator())

    assert (row(made).text, row(made).outcome, row(other).text) == ("", "upheld", "Somebody else's words.")
    assert "Tremblay" not in str(list(AuditEntry.objects.values()))
    assert audit_log.history(f"ban:{ban.pk}").filter(kind="erasure").exists()
    assert not audit_log.history(f"ban:{kept.pk}").filter(kind="erasure").exists()
    assert audit_log.verify()[1] == []


def test_they_are_counted_month_by_month():
    for lift in (True, False, False):
        ban, url = banned_user()
        objected(url)
        settle(ban.pk, lift=lift, by=make_moderator())
    objected(banned_user()[1])

    assert monthly_stats(timezone.localdate())["ban_appeals"] == {"received": 4, "lifted": 1, "upheld": 2}
