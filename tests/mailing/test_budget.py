"""Mails that nobody signed in asked for: so many to one address and from one network, in all ways together."""

import datetime as dt
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from newsreader.kit.hashes import keyed
from newsreader.mailing import budget, suppression
from newsreader.mailing.models import AskedLetter, Suppression
from tests.factories import make_article, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
NOON = "2026-11-29T12:00:00Z"


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


# --- The operation ------------------------------------------------------------------------------------------------


def test_an_address_gets_three_an_hour_and_eight_a_day(clock):
    sent = []
    for minute in range(0, 24 * 60, 5):
        if budget.allows("ann@example.org", "", known=True):
            sent.append(minute)
        clock.shift(5 * MINUTE)

    assert sent == [0, 5, 10, 60, 65, 70, 120, 125]
    assert budget.allows("ann@example.org", "", known=True)  # A day after the first.


def test_case_does_not_make_another_address():
    for address in ("Ann@example.org", "ann@EXAMPLE.org", "ANN@example.org"):
        assert budget.allows(address, "", known=True)

    assert not budget.allows("ann@example.org", "", known=True)


def test_what_follows_a_plus_does_not_make_another_mailbox():
    """Mail to all of these lies with one reader, who would get three for each otherwise."""
    addresses = ("anna+1@example.org", "anna+2@example.org", '"anna+news"@example.org', "Anna@example.org.")
    assert [budget.allows(address, "", known=False) for address in addresses] == [True, True, True, False]
    assert budget.allows("+1@example.org", "", known=False)


def test_a_domain_is_one_however_it_is_written():
    for address in ("ann@exämple.org", "ann@xn--exmple-cua.org", "ann@EXÄMPLE.org"):
        assert budget.allows(address, "", known=True)

    assert not budget.allows("ann@exämple.org", "", known=True)
    assert budget.allows("ann@example.org", "", known=True)  # Its owner is somebody else.


@pytest.mark.ci_both
def test_not_me_holds_for_the_mailbox():
    suppression.suppress("anna+1@example.org", Suppression.Reason.NOT_ME)

    assert not budget.allows("anna+2@example.org", "", known=False)
    assert suppression.lift(["anna@example.org"], [Suppression.Reason.NOT_ME]) == 1
    assert budget.allows("anna+2@example.org", "", known=False)


def test_a_network_asks_for_thirty_addresses_without_an_account_a_day(clock):
    strangers = [budget.allows(f"a{number}@example.org", "192.0.2.7", known=False) for number in range(31)]

    assert strangers == [True] * 30 + [False]
    # Readers behind the same address sign in all the same, and other networks are not concerned.
    assert budget.allows("reader@example.org", "192.0.2.7", known=True)
    assert budget.allows("a31@example.org", "192.0.2.8", known=False)
    clock.shift(24 * HOUR)
    assert budget.allows("a31@example.org", "192.0.2.7", known=False)


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("network", "elsewhere"),
    [("2001:db8:1:{:x}::/64", "2001:db8:2:1::/64"), ("192.0.2.{}", "192.0.3.1")],
    ids=["/48", "/24"],
)
def test_whoever_has_many_networks_asks_for_four_times_as_many(clock, network, elsewhere):
    """A /48 has 65,536 networks, each of which may ask for thirty."""
    asked = [
        budget.allows(f"a{number}@example.org", network.format(number // 25), known=False) for number in range(125)
    ]

    assert asked == [True] * 120 + [False] * 5
    assert not budget.allows("b@example.org", network.format(200), known=False)
    assert budget.allows("b@example.org", elsewhere, known=False)
    assert budget.allows("reader@example.org", network.format(0), known=True)
    clock.shift(24 * HOUR)
    assert budget.allows("b@example.org", network.format(200), known=False)


def test_accounts_do_not_use_up_what_a_network_may_ask_for():
    assert all(budget.allows(f"a{number}@example.org", "192.0.2.7", known=True) for number in range(40))

    assert budget.allows("stranger@example.org", "192.0.2.7", known=False)


def test_an_attempt_that_sent_nothing_does_not_count(clock):
    for _ in range(60):
        budget.allows("ann@example.org", "", known=True)
    clock.shift(HOUR)

    assert budget.allows("ann@example.org", "", known=True)


@pytest.mark.parametrize("back", [MINUTE, HOUR, 24 * HOUR, 400 * 24 * HOUR])
def test_however_far_the_clock_goes_back_nobody_waits_longer_than_a_day(clock, back):
    while budget.allows("ann@example.org", "192.0.2.7", known=False):
        pass
    clock.shift(-back)

    waited = dt.timedelta()
    while not budget.allows("ann@example.org", "192.0.2.7", known=False):
        waited += 10 * MINUTE
        clock.shift(10 * MINUTE)
    assert waited <= HOUR


@pytest.mark.ci_both
def test_only_hashes_are_kept_and_only_for_a_day(clock):
    budget.allows("ann@example.org", "192.0.2.7", known=False)
    budget.allows("ann@example.org", "192.0.2.7", known=True)
    row, known = AskedLetter.objects.order_by("pk")
    assert (row.address, row.network) == (keyed("address", "ann@example.org"), keyed("network", "192.0.2.7"))
    assert row.neighbourhood == keyed("neighbourhood", "192.0.2.0/24")
    assert known.network == known.neighbourhood == ""

    assert budget.old().count() == 0
    clock.shift(24 * HOUR)
    assert budget.old().count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("before", "ask", "left"),
    [
        ([], lambda number: ("ann@example.org", f"192.0.2.{number}", False), 3),
        (
            [f"b{number}@example.org" for number in range(26)],
            lambda number: (f"a{number}@example.org", "::1", False),
            4,
        ),
    ],
    ids=["one address", "one network"],
)
def test_threads_that_ask_at_once_get_no_more_than_one_after_the_other(before, ask, left):
    for address in before:
        assert budget.allows(address, "::1", known=False)
    ready = Barrier(8)

    def asking(number):
        address, network, known = ask(number)
        try:
            connection.ensure_connection()
            ready.wait(timeout=60)
            return budget.allows(address, network, known=known)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(asking, range(8))) == left


ASKING = """
import django, sys
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.db import connection
from newsreader.mailing import budget
connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
print(sum(budget.allows("ann@example.org", "", known=True) for _ in range(5)))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.ci_both
def test_processes_that_ask_at_once_get_no_more_than_one_after_the_other():
    command = [sys.executable, "-c", ASKING, str(connection.settings_dict["NAME"])]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * 3
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()

    assert sum(int(process.communicate(timeout=60)[0]) for process in started) == budget.PER_HOUR


# --- Everywhere where a stranger can ask --------------------------------------------------------------------------


def _reply(address, number):
    article = make_article()
    typed = {"text": f"Tide number {number}.", "name": "Ann", "email": address}
    return _browser(number).post(f"/articles/{article.pk}/reply/", typed)


def _reply_code(address, number):
    article = make_article()
    return _browser(number).post(f"/articles/{article.pk}/reply/with/email/", {"text": "Tide.", "email": address})


def _sign_in_code(address, number):
    return _browser(number).post("/accounts/login/code/", {"email": address})


def _reset(address, number):
    return _browser(number).post("/accounts/password/reset/", {"email": address})


def _sign_up(address, number):
    typed = {"email": address, "username": f"stranger{number}", "password1": "Oystercatchers"}
    return _browser(number).post("/accounts/signup/", typed)


def _sign_up_and_resend(address, number):
    browser = _browser(number)
    typed = {"email": address, "username": f"stranger{number}", "password1": "Oystercatchers"}
    browser.post("/accounts/signup/", typed)
    cache.clear()
    return browser.post("/accounts/confirm-email/", {"action": "resend"})


def _app(address, number):
    path, more = [
        ("auth/code/request", {}),
        ("auth/password/request", {}),
        ("auth/signup", {"username": f"app{number}", "password": "Oystercatchers"}),
    ][number % 3]
    body = json.dumps({"email": address} | more)
    return _browser(number).post(f"/_allauth/app/v1/{path}", body, content_type="application/json")


WAYS = [_reply, _reply_code, _sign_in_code, _reset, _sign_up, _sign_up_and_resend, _app]


def _browser(number):
    """A stranger who comes from another network each time."""
    return Client(REMOTE_ADDR=f"198.51.{number}.7")


def ask(way, address, number):
    cache.clear()  # The other limits do not help: this stranger has many networks, and time.
    answer = way(address, number)
    assert answer.status_code < 500
    return answer


@pytest.mark.parametrize("owner", ["nobody", "an account", "an account that is not confirmed"])
def test_a_stranger_who_asks_in_all_ways_sends_three_mails_an_hour_and_eight_a_day(clock, owner):
    if owner != "nobody":
        make_user("ann", verified=owner == "an account")
    sent_at = []
    for number in range(21):
        before = len(mail.outbox)
        ask(WAYS[number % len(WAYS)], "ann@example.org", number)
        sent_at += [timezone.now()] * (len(mail.outbox) - before)
        clock.shift(15 * MINUTE)

    assert len(sent_at) == 8
    assert {message.to[0] for message in mail.outbox} == {"ann@example.org"}
    assert max(sum(at - HOUR < other <= at for other in sent_at) for at in sent_at) == 3


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("owner", ["nobody", "an account"])
def test_each_way_is_counted(clock, way, owner):
    if owner == "an account":
        make_user("ann")
    numbers = range(0, 15, 3) if way is _app else range(5)
    for number in numbers:
        ask(way, "ann@example.org", number)

    assert len(mail.outbox) <= 3
    assert AskedLetter.objects.count() == len(mail.outbox) > 0


def _seen(answer, number):
    text = re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]+"', r"\1", answer.content.decode())
    where = re.sub(r"/\d+/|/status/[^/]+/", "/*/", answer.headers.get("Location", ""))
    text = re.sub(r"comment-\d+|articles/\d+|ferry-runs-again-\d+|Ferry runs again \d+", "", text)
    return answer.status_code, where, re.sub(rf"(?:stranger|app|number ){number}\b|[0-9a-zA-Z_-]{{22,}}", "", text)


@pytest.mark.parametrize("way", [_reply_code, _sign_in_code, _reset, _sign_up, _app], ids=lambda way: way.__name__)
def test_whoever_asks_sees_no_difference(clock, way):
    answers = [_seen(ask(way, "ann@example.org", number), number) for number in range(0, 15, 3)]

    assert len(mail.outbox) == 3
    assert all(answer == answers[0] for answer in answers)


def code_of(message):
    return re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", message.body)[0]


def test_a_code_that_was_mailed_stays_right_in_the_reply_form(client, clock):
    make_user("ann")
    article = make_article()
    for _ in range(5):
        cache.clear()
        client.post(f"/articles/{article.pk}/reply/with/email/", {"text": "Tide.", "email": "ann@example.org"})

    assert len(mail.outbox) == 3
    typed = {"text": "Tide.", "code": code_of(mail.outbox[-1])}
    client.post(f"/articles/{article.pk}/reply/with/code/", typed)
    assert "_auth_user_id" in client.session


def test_a_code_for_another_address_is_not_right_for_one_whose_mail_was_not_sent(client, clock):
    """The stranger has a code for an address of their own, and asks for one that gets no more mail."""
    make_user("ann")
    make_user("eve")
    article = make_article()
    for _ in range(3):
        budget.allows("ann@example.org", "", known=True)
    for address in ("eve@example.org", "ann@example.org"):
        client.post(f"/articles/{article.pk}/reply/with/email/", {"text": "Tide.", "email": address})
    (message,) = mail.outbox

    client.post(f"/articles/{article.pk}/reply/with/code/", {"text": "Tide.", "code": code_of(message)})

    assert "_auth_user_id" not in client.session


def test_a_code_that_was_mailed_stays_right_on_the_sign_in_page(client, clock):
    make_user("ann")
    for _ in range(2):
        budget.allows("ann@example.org", "", known=True)
    client.post("/accounts/login/code/", {"email": "ann@example.org"})
    cache.clear()
    client.post("/accounts/login/code/confirm/", {"action": "resend"})
    assert len(mail.outbox) == 1

    client.post("/accounts/login/code/confirm/", {"code": code_of(mail.outbox[-1])})

    assert "_auth_user_id" in client.session


def leave_the_page(client):
    """The library leads back to a page for a code as long as that is in the session."""
    session = client.session
    session.pop("account_login", None)
    session.save()


@pytest.mark.parametrize("asked", [["eve", "ann"], ["ann", "eve"]])
def test_on_the_sign_in_page_a_code_is_for_its_own_address_alone(client, clock, asked):
    make_user("ann")
    make_user("eve")
    for _ in range(3):
        budget.allows("ann@example.org", "", known=True)
    for name in asked:
        client.cookies.get("sessionid") and leave_the_page(client)
        client.post("/accounts/login/code/", {"email": f"{name}@example.org"})
    (message,) = mail.outbox

    client.post("/accounts/login/code/confirm/", {"code": code_of(message)})

    assert message.to == ["eve@example.org"]
    assert ("_auth_user_id" in client.session) == (asked[-1] == "eve")


def test_a_code_that_was_mailed_confirms_a_sign_up(client, clock):
    typed = {"email": "ann@example.org", "username": "ann", "password1": "Oystercatchers"}
    client.post("/accounts/signup/", typed)
    for _ in range(3):
        budget.allows("ann@example.org", "", known=False)
    cache.clear()
    client.post("/accounts/confirm-email/", {"action": "resend"})
    (message,) = mail.outbox

    client.post("/accounts/confirm-email/", {"code": code_of(message)})

    assert "_auth_user_id" in client.session


def test_a_code_that_was_tried_too_often_is_not_revived(client, clock):
    make_user("ann")
    client.post("/accounts/login/code/", {"email": "ann@example.org"})
    (message,) = mail.outbox
    for _ in range(3):
        cache.clear()
        client.post("/accounts/login/code/confirm/", {"code": "WRNG-WRNG"})
        budget.allows("ann@example.org", "", known=True)
    cache.clear()
    client.post("/accounts/login/code/", {"email": "ann@example.org"})

    client.post("/accounts/login/code/confirm/", {"code": code_of(message)})

    assert len(mail.outbox) == 1
    assert "_auth_user_id" not in client.session


# --- Who is signed in ---------------------------------------------------------------------------------------------


def signed_in(client, user):
    client.post("/accounts/login/", {"login": user.username, "password": "secret"})
    assert "_auth_user_id" in client.session


def test_what_somebody_asks_for_who_is_signed_in_does_not_count(client, clock):
    user = make_user("ann")
    signed_in(client, user)
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    for _ in range(5):
        cache.clear()
        client.post("/accounts/confirm/", {"action": "send"})

    assert len([message for message in mail.outbox if "sign-in code" in message.subject]) == 5
    assert AskedLetter.objects.count() == 0


def test_an_account_is_no_way_to_send_mails_to_strangers(client, clock):
    signed_in(client, make_user("eve"))
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    for _ in range(6):
        cache.clear()
        client.post("/accounts/email/", {"action_add": "", "email": "ann@example.org"})
        client.post("/accounts/confirm-email/", {"action": "resend"})

    assert len([message for message in mail.outbox if message.to == ["ann@example.org"]]) == 3


def test_notices_of_changes_are_sent_when_nothing_else_is(client, clock):
    user = make_user("ann")
    suppression.suppress(user.email, Suppression.Reason.COMPLAINED)
    for _ in range(5):
        budget.allows(user.email, "", known=True)
    signed_in(client, user)

    typed = {"oldpassword": "secret", "password1": "Oystercatchers", "password2": "Oystercatchers"}
    client.post("/accounts/password/change/", typed)

    assert [message.subject for message in mail.outbox] == ["Your password was changed."]


@pytest.mark.ci_both
def test_an_address_that_gets_no_more_mail_now_can_be_asked_to_confirm_itself_later(clock):
    for _ in range(3):
        budget.allows("ann@example.org", "", known=False)
    ask(_reply, "ann@example.org", 1)
    assert mail.outbox == []
    clock.shift(HOUR)

    ask(_reply, "ann@example.org", 2)

    assert [message.to for message in mail.outbox] == [["ann@example.org"]]


def test_whoever_was_asked_is_not_counted_again(clock):
    for number in range(4):
        ask(_reply, "ann@example.org", number)

    assert len(mail.outbox) == AskedLetter.objects.count() == 1
