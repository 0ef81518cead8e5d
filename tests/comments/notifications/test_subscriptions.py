"""Subscribing: an address is asked once, strangers cannot use us against it, and its reader stops it for good."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail

from comments.authors import confirmation
from comments.models import EmailConfirmation, MailPreferences, Subscription
from comments.moderation.decisions import withdraw
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Choice, Reader, Wish
from comments.posting.submission import post_comment
from newsreader.kit.errors import Invalid
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import token_for
from tests.factories import make_article, make_draft, make_rule, make_section, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
ADA = "ada@example.org"


@pytest.fixture(autouse=True)
def _rules():
    set_rules(flood_seconds=0, mail_moderators=False, hold_first_comment=False)


def section() -> Wish:
    return Wish("section", section_id=make_section().pk)


def asked() -> list[str]:
    """To whom went a mail that asks whether the address is theirs."""
    return [letter.to[0] for letter in mail.outbox if "/mail/" in letter.body or "/confirm/" in letter.body]


def active() -> int:
    return Subscription.objects.filter(ended_at=None, preferences__confirmed_at__isnull=False).count()


# --- Asking -------------------------------------------------------------------------------------------------------


def test_a_hundred_wishes_for_a_strangers_address_ask_once():
    for n in range(100):
        subscriptions.subscribe(Reader(ADA.upper() if n % 2 else ADA, network=f"192.0.2.{n}"), section())

    assert asked() == [ADA]
    assert token_for(ADA) in mail.outbox[0].body
    assert active() == 0
    assert Subscription.objects.count() == subscriptions.UNCONFIRMED


def test_a_hundred_comments_under_a_strangers_address_ask_once():
    set_rules(hold_first_comment=True)
    article = make_article()
    for _ in range(20):
        post_comment(make_draft(article, email=ADA, notify="all"))

    assert asked() == [ADA]  # by the mail about the first comment, which asks the same


def test_the_mail_that_asks_repeats_nothing_that_was_typed():
    article = make_article(headline="Ferry")
    post_comment(make_draft(article, email=ADA, name="Buy pills", text="Buy my pills", notify="replies"))

    assert asked() == [ADA]
    assert "pills" not in mail.outbox[0].subject + mail.outbox[0].body


def test_from_one_network_five_addresses_are_asked_in_a_day(time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    for n in range(8):
        subscriptions.subscribe(Reader(f"a{n}@example.org", network="192.0.2.1"), section())

    assert len(asked()) == 5
    time_machine.shift(dt.timedelta(days=1))
    subscriptions.subscribe(Reader("a7@example.org", network="192.0.2.1"), section())
    assert asked()[5:] == ["a7@example.org"]


def days_asked(time_machine, ask) -> list[int]:
    """Want something every day for ten weeks; on which days was the address asked?"""
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    found = []
    for day in range(70):
        before = len(asked())
        ask()
        found += [day] * (len(asked()) - before)
        time_machine.shift(dt.timedelta(days=1))
    return found


def test_whoever_wants_something_again_a_day_later_is_asked_again_and_strangers_less_and_less_often(time_machine):
    """Mails get lost; and a stranger who does that to an address gets no mail a day sent to it."""
    wish = section()
    subscriptions.subscribe(Reader(ADA), wish)
    subscriptions.subscribe(Reader(ADA), section())
    assert asked() == [ADA]
    mail.outbox.clear()
    MailPreferences.objects.all().delete()

    assert days_asked(time_machine, lambda: subscriptions.subscribe(Reader(ADA), wish)) == [0, 1, 3, 7, 15, 31, 61]
    assert {token_for(ADA) in letter.body for letter in mail.outbox} == {True}  # Whichever is found is right.
    assert MailPreferences.objects.count() == 1


@pytest.mark.ci_both
def test_before_a_day_has_passed_it_is_not_asked_again(time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    subscriptions.subscribe(Reader(ADA), section())
    time_machine.shift(dt.timedelta(days=1, seconds=-1))
    subscriptions.subscribe(Reader(ADA), section())
    assert asked() == [ADA]

    time_machine.shift(dt.timedelta(seconds=1))
    subscriptions.subscribe(Reader(ADA), section())
    assert asked() == [ADA, ADA]


@pytest.mark.ci_both
def test_a_question_that_could_not_be_sent_for_a_day_is_replaced_by_the_next(time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    subscriptions.subscribe(Reader(ADA), section())
    Letter.objects.update(sent_at=None, attempts=0)  # The worker was away.
    time_machine.shift(dt.timedelta(days=1))
    subscriptions.subscribe(Reader(ADA), section())

    assert Letter.objects.filter(address=ADA).count() == 1


def test_who_was_asked_with_a_first_comment_is_asked_again_with_another_that_wants_to_be_told(client, time_machine):
    set_rules(hold_first_comment=True)
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    first = post_comment(make_draft(email=ADA, notify="replies"))
    time_machine.shift(dt.timedelta(days=1))
    post_comment(make_draft(email=ADA))
    assert asked() == [ADA]  # Nothing that was to be told: the first link is still right.
    post_comment(make_draft(email=ADA, notify="replies"))

    assert asked() == [ADA, ADA]
    link = f"/comments/{first.pk}/confirm/{EmailConfirmation.objects.get().token}/"
    assert link in client.get(f"/mail/{token_for(ADA)}/").text


def test_who_was_asked_for_mails_is_asked_again_with_a_first_comment_a_day_later(time_machine):
    set_rules(hold_first_comment=True)
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    subscriptions.subscribe(Reader(ADA), section())
    time_machine.shift(dt.timedelta(days=1))
    post_comment(make_draft(email=ADA, notify="replies"))

    assert asked() == [ADA, ADA]


@pytest.mark.ci_both
def test_of_addresses_that_were_not_asked_nothing_is_kept():
    """Anybody could have any number of them kept, by following something with one after the other."""
    for n in range(20):
        assert len(subscriptions.subscribe(Reader(f"a{n}@example.org", network="192.0.2.1"), section())) == (n < 5)

    assert MailPreferences.objects.count() == Subscription.objects.count() == 5


def test_a_comment_keeps_its_wish_where_its_network_has_asked_too_often():
    for n in range(6):
        draft = make_draft(email=f"a{n}@example.org", address="192.0.2.1", notify="replies")
        post_comment(draft)

    assert (len(asked()), Subscription.objects.count()) == (5, 6)


def test_a_confirmed_address_is_never_asked_again():
    subscriptions.subscribe(Reader(ADA), section())
    assert subscriptions.confirm(ADA)
    assert not subscriptions.confirm(ADA)
    subscriptions.subscribe(Reader(ADA), section())

    assert asked() == [ADA]
    assert active() == 2


def test_the_link_about_a_first_comment_confirms_the_address_for_all():
    set_rules(hold_first_comment=True)
    post_comment(make_draft(email=ADA, notify="replies"))
    assert active() == 0

    confirmation.confirm(EmailConfirmation.objects.get())
    assert active() == 1
    subscriptions.subscribe(Reader(ADA), section())
    assert asked() == [ADA]


@pytest.mark.ci_both
def test_who_confirmed_by_such_a_link_before_is_not_asked():
    set_rules(hold_first_comment=True)
    post_comment(make_draft(email=ADA))
    confirmation.confirm(EmailConfirmation.objects.get())
    subscriptions.subscribe(Reader("ADA@example.org"), section())

    assert asked() == [ADA]
    assert active() == 1


def test_an_address_that_differs_in_an_accent_only_is_another_one():
    set_rules(hold_first_comment=True)
    post_comment(make_draft(email="ada@müller.example"))
    confirmation.confirm(EmailConfirmation.objects.get())

    subscriptions.subscribe(Reader("ada@muller.example"), section())
    assert active() == 0


def test_an_account_with_a_verified_address_is_not_asked():
    user = make_user()
    post_comment(make_draft(user=user, notify="all"))

    assert asked() == []
    assert active() == 2
    assert {row.address for row in MailPreferences.objects.all()} == {user.email}


def test_an_account_without_a_verified_address_is_asked():
    user = make_user(verified=False)
    post_comment(make_draft(user=user, notify="replies"))

    assert active() == 0


def test_nobody_is_asked_for_the_sake_of_spam():
    make_rule("pills", action="spam")
    post_comment(make_draft(email=ADA, text="Buy pills now", notify="all"))

    assert mail.outbox == []


@pytest.mark.parametrize("notify", ["", "none", "yes", "ALL", "all ", "\0", "x" * 1000])
def test_anything_else_asks_for_nothing(notify):
    post_comment(make_draft(email=ADA, notify=notify))
    assert not MailPreferences.objects.exists()
    assert mail.outbox == []


@pytest.mark.parametrize("address", ["", "x", "x@localhost", "a@b@c.example"])
def test_what_is_no_address_gets_nothing(address):
    assert subscriptions.subscribe(Reader(address), section()) == []
    assert not MailPreferences.objects.exists()


# --- Ending -------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_the_reader_of_one_address_cannot_touch_anothers():
    mine, theirs = section(), section()
    subscriptions.subscribe(Reader(ADA), mine)
    (row,) = subscriptions.subscribe(Reader("bob@example.org"), theirs)

    with pytest.raises(subscriptions.NotFollowed):
        subscriptions.end(ADA, row.pk)
    with pytest.raises(subscriptions.NotFollowed):
        subscriptions.resume(ADA, row.pk)
    subscriptions.stop(ADA)
    row.refresh_from_db()
    assert row.ended_at is None


@pytest.mark.ci_both
def test_what_was_stopped_no_stranger_starts_again():
    subscriptions.subscribe(Reader(ADA), section())
    subscriptions.confirm(ADA)
    subscriptions.stop(ADA)
    mail.outbox.clear()

    assert subscriptions.subscribe(Reader(ADA), section()) == []
    assert (active(), asked()) == (0, [])
    with pytest.raises(subscriptions.MailsStopped):
        subscriptions.resume(ADA, Subscription.objects.get().pk)
    subscriptions.start_again(ADA)
    subscriptions.resume(ADA, Subscription.objects.get().pk)
    assert active() == 1


@pytest.mark.ci_both
def test_an_address_that_never_subscribed_can_be_stopped():
    subscriptions.stop(ADA)
    assert subscriptions.subscribe(Reader(ADA), section()) == []
    assert subscriptions.not_told_at_once(["ADA@example.org", "bob@example.org"]) == {ADA}


@pytest.mark.ci_both
def test_following_twice_is_one_subscription_and_following_again_begins_it():
    wish = section()
    (first,) = subscriptions.subscribe(Reader(ADA), wish)
    subscriptions.end(ADA, first.pk)
    (again,) = subscriptions.subscribe(Reader(ADA), wish)

    assert again.pk == first.pk
    assert again.ended_at is None


# --- How ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (Choice(frequency="hourly"), "frequency"),
        (Choice(hour=24), "hour"),
        (Choice(hour=-1), "hour"),
        (Choice(quiet_from=dt.time(22)), "quiet_until"),
        (Choice(quiet_until=dt.time(22)), "quiet_from"),
        (Choice(zone="Nowhere/Town"), "zone"),
        (Choice(zone="../../etc/passwd"), "zone"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_field(choice, field):
    with pytest.raises(Invalid) as refused:
        subscriptions.change(ADA, choice)
    assert [error.field for error in refused.value.errors] == [field]


@pytest.mark.ci_both
def test_addresses_that_nobody_confirms_are_forgotten(time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    subscriptions.subscribe(Reader(ADA), section())
    subscriptions.subscribe(Reader("bob@example.org"), section())
    subscriptions.confirm("bob@example.org")
    subscriptions.stop("eve@example.org")
    time_machine.shift(dt.timedelta(days=30))
    assert not subscriptions.unconfirmed()
    time_machine.shift(dt.timedelta(seconds=1))

    assert [row.address for row in subscriptions.unconfirmed()] == [ADA]


# --- One question to one address ----------------------------------------------------------------------------------


def test_who_follows_and_then_comments_as_a_guest_is_asked_once_and_confirms_both(client):
    set_rules(hold_first_comment=True)
    subscriptions.subscribe(Reader(ADA), section())
    comment = post_comment(make_draft(email=ADA.upper(), notify="replies"))

    assert asked() == [ADA]
    page = f"/mail/{token_for(ADA)}/"
    link = f"/comments/{comment.pk}/confirm/{EmailConfirmation.objects.get().token}/"
    assert link in client.get(page).text
    client.post(page, {"action": "confirm"})
    comment.refresh_from_db()
    assert (active(), comment.status) == (2, "pending")  # It may be a stranger's: its own page shows it first.
    assert link in client.get(page).text
    client.post(link)
    comment.refresh_from_db()
    assert comment.status == "approved"
    assert link not in client.get(page).text
    assert asked() == [ADA]


def test_a_comment_that_is_withdrawn_leaves_nothing_to_confirm():
    set_rules(hold_first_comment=True, flood_seconds=0)
    subscriptions.subscribe(Reader(ADA), section())
    comment = post_comment(make_draft(email=ADA))
    withdraw(comment.pk, by=None)
    assert confirmation.pending(ADA) is None

    later = post_comment(make_draft(email=ADA))
    assert confirmation.pending(ADA).comment == later
    assert confirmation.pending("ada@exämple.org") is None
    assert asked() == [ADA]


def test_what_was_asked_for_begins_when_the_address_is_confirmed_by_an_account(
    client, django_capture_on_commit_callbacks
):
    subscriptions.subscribe(Reader(ADA), section())
    typed = {"email": ADA, "username": "ada", "password1": "Oystercatchers"}
    client.post("/accounts/signup/", typed)
    code = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)[0]

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/confirm-email/", {"code": code})

    assert active() == 1
