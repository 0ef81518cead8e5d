"""Everything about a person as a file and as a page: theirs, all of it, and nothing that they have not been told."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models.site import Site
from comments.models import Comment, ConnectionData, EmailConfirmation, MailPreferences, Report, Revision
from comments.moderation import bans
from comments.moderation.decisions import decide
from comments.posting.email_confirmation import address_key
from comments.posting.submission import post_comment
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit import field_keys
from newsreader.mailing.models import Letter
from newsreader.personal_data import export, export_links, mailed_links, people, reading
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]

SECRETS = ("s3cret-of-the-app", "pbkdf2", "md5$")


def exported(person: people.Person) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(export.as_json(person)))
    return found


@pytest.fixture
def ada(client: Client) -> User:
    user = make_user("ada", name="Ada Lovelace")
    client.post("/accounts/login/", {"login": "ada", "password": "secret"})
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    return user


def confirmed_guest(address: str = "guest@example.org", **values: Any) -> Comment:
    comment = make_comment(email=address, name="Grace", **values)
    EmailConfirmation.objects.create(
        address=address_key(address), network="n", comment=comment, confirmed_at=timezone.now()
    )
    return comment


def have(client: Client, path: str, form: str = "json") -> Any:
    answer = client.post(path, {"form": form})
    if answer.streaming:
        answer.text_sent = b"".join(answer.streaming_content).decode()
    return answer


def test_the_file_has_every_section_and_its_keys_are_a_contract(ada):
    assert list(exported(people.of_account(ada.pk))) == [
        "format", "version", "site", "made_at", "addresses", "accounts", "sign_in", "email_addresses", "identities",
        "sessions", "comments", "reports", "appeals", "bans", "ban_appeals", "mail_choices", "mails", "invitations", "authors",
    ]  # fmt: skip
    assert set(reading.TITLES) == set(export.SECTIONS)
    assert sorted(name for names in reading.GROUPS.values() for name in names) == sorted(export.SECTIONS)


def test_it_holds_what_is_theirs_and_nothing_of_others(ada):
    set_rules(flood_seconds=0)
    mine = make_comment(user=ada, text="My first words.", address="198.51.100.7")
    Revision.objects.create(comment=mine, body="My very first words.")
    guest = make_comment(email=ada.email.upper(), text="From my time as a guest.", status="pending")
    other = make_comment(text="Not mine at all.", email="bob@example.org")
    Report.objects.create(comment=other, reason="abuse", detail="That hurt.", reporter="x", account=ada)
    SocialAccount.objects.create(user=ada, provider="github", uid="7", extra_data={"login": "ada-l"})
    Authenticator.objects.create(user=ada, type="totp", data={"secret": field_keys.encrypt(SECRETS[0])})
    Letter.objects.create(name="comment_published", about="decision", about_id=1, address=ada.email)
    Letter.objects.create(
        name="comment_refused", about="decision", about_id=2, address=ada.email,
        created_at=timezone.now() - dt.timedelta(days=31),
    )  # fmt: skip

    found = exported(people.of_account(ada.pk))

    assert [row["id"] for row in found["comments"]] == [mine.pk, guest.pk]
    first = found["comments"][0]
    assert (first["text"], first["status"], first["ip_address"]) == ("My first words.", "approved", "198.51.100.7")
    assert [each["text"] for each in first["earlier_texts"]] == ["My very first words."]
    assert first["article_url"].endswith(mine.article.get_absolute_url())
    assert [row["detail"] for row in found["reports"]] == ["That hurt."]
    assert {row["way"] for row in found["sign_in"]} == {"password", "totp", "github"}
    assert [row["told"] for row in found["sign_in"] if row["way"] == "github"] == [{"login": "ada-l"}]
    assert [row["mail"] for row in found["mails"]] == ["comment_published"]
    assert found["accounts"][0]["username"] == "ada"
    assert found["email_addresses"] == [{"email": ada.email, "confirmed": True, "primary": True}]
    whole = json.dumps(found)
    assert "Not mine at all." not in whole
    assert "bob@example.org" not in whole
    assert not any(secret in whole for secret in SECRETS)


@pytest.mark.parametrize("status", ["spam", "trash", "pending"])
def test_what_a_rule_refused_looks_like_what_waits(status):
    """As everywhere to its author (contract, section 4): not a byte may differ but for what differs anyway."""
    user, article = make_user(), make_article()
    waiting, judged = (post_comment(make_draft(article, user=each)) for each in (make_user(), user))
    if status != "pending":
        decide(judged.pk, status, source="words", reason="made_for_a_test")

    one, other = ("".join(export.as_json(people.of_account(row.identity.user_id))) for row in (waiting, judged))

    def neutral(text: str, comment: Comment) -> str:
        for word in (comment.body, comment.identity.user.username, comment.name):
            text = text.replace(word, "…")
        return re.sub(r"\d+", "0", text)

    assert '"status": "pending"' in other
    assert neutral(one, waiting) == neutral(other, judged)
    assert status == "pending" or f'"{status}"' not in other


def test_what_a_person_decided_is_told_and_a_quiet_ban_is_not(ada):
    comment = make_comment(user=ada)
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    moderator = make_moderator(is_superuser=True)
    bans.ban(identity=comment.identity, by=moderator, reason="spam", quiet=True)

    found = exported(people.of_account(ada.pk))

    assert (found["comments"][0]["status"], found["bans"]) == ("refused", [])


def test_a_long_life_is_read_in_pieces(ada, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(export, "AT_ONCE", 3)
    set_rules(flood_seconds=0)
    article = make_article()
    made = [make_comment(article, user=ada).pk for _ in range(8)]

    with django_assert_max_num_queries(60):
        found = exported(people.of_account(ada.pk))

    assert [row["id"] for row in found["comments"]] == made


@pytest.mark.parametrize("text", ["=1+1", "</script><script>alert(1)</script>", "\u202eevil", '"\\\n\t"'])
def test_hostile_words_stay_words(client, ada, text):
    comment = make_comment(user=ada, text="x")
    Comment.objects.filter(pk=comment.pk).update(body=text)

    page = have(client, "/accounts/my-data/", "page").text_sent

    assert exported(people.of_account(ada.pk))["comments"][0]["text"] == text
    assert "<script>alert" not in page


# --- With an account ----------------------------------------------------------------------------------------------


def test_with_what_somebody_signed_in_to_comment_is_said_as_a_person_would(client, ada):
    own_identity(ada)
    CommenterIdentity.objects.create(provider="github", uid="7", user=ada, display_name="Ada L")

    page = have(client, "/accounts/my-data/", "page").text_sent.partition("Who you are when you leave a reply")[2]
    here, github = re.findall(r'<dl class="ledger">(.*?)</dl>', page, re.DOTALL)[:2]

    assert "<dt>Signed in with</dt><dd><bdi>Your account with us</bdi></dd>" in here
    assert "Your ID there" not in here
    assert "<dt>Signed in with</dt><dd><bdi>GitHub</bdi></dd>" in github
    assert "<dt>Your ID there</dt><dd><bdi>7</bdi></dd>" in github


def test_the_page_says_in_words_what_the_file_has_as_codes(client, ada):
    Site.objects.current()
    Site.objects.update(locale="en-gb")
    comment = make_comment(user=ada, text="approved")
    ConnectionData.objects.filter(pk=comment.pk).update(user_agent="Mozilla/5.0 (X11; Linux) Firefox/128.0")
    Report.objects.create(comment=comment, reason="off_topic", reporter="x", account=ada, outcome="kept")
    Authenticator.objects.create(user=ada, type="webauthn", data={"name": "Key"})
    MailPreferences.objects.create(
        address=ada.email, folded=ada.email, confirmed_at=timezone.now(), frequency="weekly", quiet_from=dt.time(22),
        quiet_until=dt.time(6, 30),
    )  # fmt: skip

    shown = have(client, "/accounts/my-data/", "page").text_sent.partition("<h2>You and your account</h2>")[2]
    page = re.sub(r"<[^>]+>", " ", shown.partition("</main>")[0])

    worded = (
        "Published",
        "Firefox on Linux",
        "not about the article",
        "the comment stays",
        "Passkey",
        "once a week, on",
    )
    assert [words for words in worded if words not in page] == []
    assert [code for code in ("off_topic", "webauthn", "weekly", "22:00:00", "Mozilla") if code in page] == []
    assert f"{timezone.localtime():%-d %b %Y}, " in page  # as the newspaper writes dates
    assert page.count("approved") == 1  # what they wrote, as they wrote it
    assert shown.count("<h2>What you have written</h2>") == shown.count("<h2>Emails to you</h2>") == 1


def test_opening_the_page_sends_nothing_and_its_buttons_send_all(client, ada):
    make_comment(user=ada, text="My own words.")

    page = client.get("/accounts/my-data/")
    file = have(client, "/accounts/my-data/")
    read = have(client, "/accounts/my-data/", "page")

    assert "My own words." not in page.text
    assert ada.email in page.text
    assert json.loads(file.text_sent)["comments"][0]["text"] == "My own words."
    assert file["Content-Disposition"].startswith('attachment; filename="my-data-')
    assert "My own words." in read.text_sent
    assert read.text_sent.rstrip().endswith("</html>")
    for answer in (page, file, read):
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Referrer-Policy"] == "no-referrer"
    assert 'href="/accounts/my-data/"' in client.get("/accounts/").text


def test_who_was_away_is_asked_first_whether_it_is_they(client, ada):
    with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
        asked = client.post("/accounts/my-data/", {"form": "json"})

        assert asked.status_code == 302
        assert "/reauthenticate/" in asked["Location"]
        assert client.get("/accounts/my-data/").status_code == 200
        given = {"password": "secret", "next": "/accounts/my-data/"}
        confirmed = client.post("/accounts/reauthenticate/", given)
        assert confirmed["Content-Disposition"].startswith("attachment")


def test_strangers_are_asked_to_sign_in(client):
    for answer in (client.get("/accounts/my-data/"), client.post("/accounts/my-data/")):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_so_many_an_hour_are_enough(client, ada):
    answers = [have(client, "/accounts/my-data/") for _ in range(export_links.DOWNLOADS + 1)]

    assert [answer.status_code for answer in answers] == [200] * export_links.DOWNLOADS + [429]
    assert 'data-code="too_many_exports"' in answers[-1].text
    assert int(answers[-1]["Retry-After"]) <= export_links.BETWEEN


# --- As a guest ---------------------------------------------------------------------------------------------------


def link_mailed() -> str:
    from newsreader.mailing.outbox import send_due

    send_due.call()
    return re.search(r"http://\S+?(/\S+)", mail.outbox[-1].body)[1]


def test_a_guest_gets_a_link_and_by_it_their_data(client):
    guest = confirmed_guest(text="A guest’s words.")

    asked = client.post("/my-data/", {"email": "Guest@Example.org"})
    path = link_mailed()
    page, file, read = client.get(path), have(client, path), have(client, path, "page")

    assert asked.status_code == 200
    assert [address.lower() for address in mail.outbox[-1].to] == ["guest@example.org"]
    assert "A guest’s words." not in page.text
    assert [row["id"] for row in json.loads(file.text_sent)["comments"]] == [guest.pk]
    assert "A guest’s words." in read.text_sent
    for answer in (page, file, read):
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "no-referrer"


def test_the_answer_is_the_same_for_every_address():
    confirmed_guest()
    make_comment(email="typed@example.org")
    make_user("ada")
    answers = [
        Client().post("/my-data/", {"email": address}, REMOTE_ADDR=f"198.51.100.{number}")
        for number, address in enumerate(
            ["guest@example.org", "typed@example.org", "ada@example.org", "nobody@example.org"]
        )
    ]

    assert len({re.sub(r'value="[^"]{64}"', "", answer.text) for answer in answers}) == 1
    assert set(Letter.objects.filter(name="my_data_link").values_list("address", flat=True)) == {
        "guest@example.org",
        "ada@example.org",
    }


def test_whoever_has_an_account_is_led_to_sign_in(client):
    make_user("ada")
    client.post("/my-data/", {"email": "ada@example.org"})

    assert link_mailed() == "/accounts/my-data/"


def test_a_link_gives_nothing_of_an_account_nor_of_an_unproved_identity(client):
    address = "guest@example.org"
    guest = confirmed_guest(address)
    member = make_user("grace")
    EmailAddress.objects.create(user=member, email=address, verified=True)
    make_comment(user=member, text="The member’s words.")
    for verified in (True, False):
        CommenterIdentity.objects.create(provider="x", uid=str(verified), email=address, email_verified=verified)

    person = export_links.person_of(export_links.token_for(address))

    assert person.accounts == ()
    assert [row["id"] for row in exported(person)["comments"]] == [guest.pk]
    assert [row["uid"] for row in exported(person)["identities"]] == ["True"]


def test_one_address_gets_one_link_in_ten_minutes_and_a_network_few(client):
    confirmed_guest()
    answers = [client.post("/my-data/", {"email": "guest@example.org"}).status_code for _ in range(7)]

    assert answers == [200] * mailed_links.BURST + [429] * 2
    assert Letter.objects.filter(name="my_data_link").count() == 1


@pytest.mark.parametrize("typed", ["", "no address", "a@b@c"])
def test_what_is_no_address_is_refused_with_what_was_typed(client, typed):
    refused = client.post("/my-data/", {"email": typed})

    assert refused.status_code == 422
    assert 'data-code="require_valid_email"' in refused.text
    assert f'value="{typed}"' in refused.text


def test_a_link_ends_after_a_day_and_a_forged_one_is_unknown(client):
    confirmed_guest()
    path = reverse("my_data_link", args=[export_links.token_for("guest@example.org")])
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        late = client.get(path)
        assert have(client, path).status_code == 410
    forged = client.get(path[:-2] + "x/")

    assert (late.status_code, 'data-code="data_link_expired"' in late.text) == (410, True)
    assert (forged.status_code, 'data-code="data_link_unknown"' in forged.text) == (404, True)


def test_where_a_guests_comment_came_from_is_told_only_if_its_address_was_confirmed():
    """Anybody can have typed the address."""
    mine = confirmed_guest("grace@example.org")
    ConnectionData.objects.filter(comment=mine).update(address="198.51.100.7")
    make_comment(email="grace@example.org", text="Typed by somebody else.", address="203.0.113.9")

    found = {row["id"]: row["ip_address"] for row in exported(people.of_guest("grace@example.org"))["comments"]}

    assert found.pop(mine.pk) == "198.51.100.7"
    assert list(found.values()) == [""]
