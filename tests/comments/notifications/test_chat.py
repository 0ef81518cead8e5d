"""Chat rooms are told over real HTTP: signed, in time, again when they fail, and nothing that somebody could abuse."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core import mail
from django.db import connection

from comments.models import AuditEntry, ChatHook, ChatMessage
from comments.moderation.decisions import decide
from comments.notifications import chat, chat_delivery, sound_alarm, tell_moderators
from comments.notifications.chat_delivery import deliver
from comments.objections.reports import Reporter, report
from comments.posting.submission import post_comment
from newsreader.kit.errors import Invalid
from newsreader.mailing.outbox import send_due
from tests.factories import make_article, make_comment, make_draft, make_editor, make_moderator, make_section, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


class Room(ThreadingHTTPServer):
    """A chat that answers with `status`, and checks the signature of what it gets as docs/contract.md says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status, self.slow, self.location = 200, 0.0, ""
        self.secret = ""
        self.got: list[dict] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/services/T0/B0/secret"

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.got]


class _Answer(BaseHTTPRequestHandler):
    server: Room

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers.items())))
        given = dict(part.split("=", 1) for part in self.headers["X-Newsreader-Signature"].split(","))
        wanted = hmac.new(self.server.secret.encode(), given["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        if self.server.secret and not hmac.compare_digest(wanted, given["v1"]):
            self.send_error(401)
            return
        if self.server.slow:
            self.server.released.wait(self.server.slow)
        if self.server.status == 200:
            self.server.got.append(json.loads(body))
        try:
            self.send_response(self.server.status)
            if self.server.location:
                self.send_header("Location", self.server.location)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
        except OSError:
            pass  # The site has hung up.

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def room(settings) -> Iterator[Room]:
    settings.SITE_HOST = "127.0.0.1"
    server = Room()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    set_rules(mail_confirmations=False, flood_seconds=0, flood_burst=100, surge_control=False, mail_moderators=False)
    return time_machine


@pytest.fixture
def add(room) -> Callable[..., ChatHook]:
    def make(**values) -> ChatHook:
        hook, room.secret = chat.add(**{"name": "Desk", "address": room.url, "events": ["waiting"]} | values)
        return hook

    return make


def fresh(hook):
    return ChatHook.objects.get(pk=hook.pk)


def test_a_held_comment_is_told_signed_in_the_form_that_slack_takes(room, add):
    hook = add()
    comment = post_comment(
        make_draft(make_article(headline="Ferry"), name="Ada", text="A thought.", email="a@x.example")
    )

    (message,) = room.got
    assert message["text"].startswith("Ada left a comment on “Ferry”. It waits for review.\nA thought.\n")
    assert message["text"].endswith(f"/admin/moderation/{comment.pk}/")
    assert {block["type"] for block in message["blocks"]} == {"section"}
    assert "a@x.example" not in json.dumps(message)
    assert comment.connection_data.address not in json.dumps(message)
    (path, headers) = room.asked[0]
    assert path == "/services/T0/B0/secret"
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Newsreader-Delivery"].startswith(f"{hook.pk}-")
    assert fresh(hook).delivered_at
    assert not ChatMessage.objects.exists()


def test_the_signature_is_a_known_one():
    assert chat_delivery.signature("secret", b'{"text":"x"}', 1764417600) == (
        "t=1764417600,v1=" + hmac.new(b"secret", b'1764417600.{"text":"x"}', "sha256").hexdigest()
    )


def test_strangers_words_make_no_link_call_nobody_and_are_short(room, add):
    add()
    text = "<!channel> <https://evil.example|Click> @here & " + "long " * 500
    post_comment(make_draft(make_article(headline="<b> & @all"), name="<@U1>", text=text))

    (message,) = room.got
    shown = [block["text"] for block in message["blocks"]]
    strangers = [each["text"] for each in shown if each["type"] == "plain_text"]
    assert all("<" not in each and ">" not in each for each in strangers)
    assert "<!" not in message["text"]
    assert "<@" not in message["text"]
    assert "@here" not in message["text"]
    assert "&lt;!channel&gt;" in message["text"]
    assert len(message["text"]) < 1500
    assert [each["type"] for each in shown] == ["plain_text", "plain_text", "mrkdwn"]


def test_markdown_makes_no_link_with_false_words_and_loads_no_picture(room, add):
    """Mattermost and Rocket.Chat read `text` as Markdown."""
    add()
    text = "[Open the desk](https://evil.example/) and ![](https://evil.example/seen.png)"
    post_comment(make_draft(make_article(headline="[Log in](https://evil.example/)"), name="[x](y)", text=text))

    (message,) = room.got
    assert "](" not in json.dumps(message)
    assert "Open the desk]" in message["text"]


@pytest.mark.ci_both
def test_neither_address_nor_secret_can_be_read_in_the_database(room, add):
    add()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM comments_chathook")
        row = str(cursor.fetchall())

    assert room.secret not in row
    assert "T0/B0" not in row
    assert chat.secret_of(ChatHook.objects.get()) == room.secret


def test_more_than_the_limit_in_an_hour_is_one_message(room, add, noon):
    add()
    article = make_article()
    for _ in range(34):
        post_comment(make_draft(article))
        noon.shift(MINUTE)
    assert len(room.got) == 6
    noon.shift(26 * MINUTE)
    deliver.call()

    assert len(room.got) == 7
    assert room.texts[6].startswith("28 new comments wait for review.")
    assert "and 18 more" in room.texts[6]
    assert not ChatMessage.objects.exists()
    post_comment(make_draft(article))
    assert len(room.got) == 8


def test_a_room_may_be_told_once_an_hour_only(room, add, noon):
    add(events=["digest"])
    gone = post_comment(make_draft())
    post_comment(make_draft())
    decide(gone.pk, "spam", by=make_moderator())
    assert room.got == []
    noon.shift(HOUR)
    deliver.call()

    (text,) = room.texts
    assert text.startswith("1 new comment waits for review.")


@pytest.mark.ci_both
def test_of_what_was_decided_before_nothing_is_told(room, add, noon):
    add(events=["digest"])
    comment = post_comment(make_draft())
    decide(comment.pk, "approved", by=make_moderator())
    noon.shift(HOUR)
    deliver.call()

    assert room.asked == []
    assert not ChatMessage.objects.exists()


@pytest.mark.ci_both
def test_a_room_of_one_section_hears_of_no_other(room, add):
    town, sport = make_section("Town"), make_section("Sport")
    add(sections=[town])
    for section in (sport, None, town):
        post_comment(make_draft(make_article(section=section, headline=f"In {section}")))

    (text,) = room.texts
    assert "In Town" in text


@pytest.mark.ci_both
def test_reports_and_the_alarm_are_told_where_they_are_chosen(room, add, noon):
    add(events=["alarm", "reports"])
    comment = make_comment(make_article(headline="Ferry"))
    report(comment.pk, reason="abuse", visitor=Reporter(address="198.51.100.1"))
    assert "A reader has reported a comment by Ada on “Ferry”." in room.texts[0]

    make_comment(status="pending")
    noon.shift(25 * HOUR)
    sound_alarm()
    sound_alarm()
    assert len(room.got) == 2
    assert room.texts[1].startswith("The oldest comment has been waiting for 25 hours. 1 comment waits for review.")


@pytest.mark.parametrize("status", [500, 404, 429, 302])
def test_a_room_that_fails_is_asked_again_later_and_then_told_everything(room, add, noon, status):
    hook = add()
    room.status, room.location = status, room.url + "/elsewhere"
    post_comment(make_draft())
    assert fresh(hook).failure == f"status {status}"
    post_comment(make_draft())
    deliver.call()
    assert len(room.asked) == 1  # It waits a minute, whatever else comes; and no redirect is followed.
    room.status, room.location = 200, ""
    noon.shift(MINUTE)
    deliver.call()

    assert len(room.got) == 2
    assert (fresh(hook).failure, fresh(hook).failing_since, fresh(hook).attempts) == ("", None, 0)


def test_the_pauses_grow_to_an_hour_and_no_further(room, add, noon):
    hook = add()
    room.status = 503
    post_comment(make_draft())
    pauses = []
    for _ in range(9):
        pauses.append(int((fresh(hook).due_at - dt.datetime.now(dt.UTC)) / MINUTE))
        noon.shift(pauses[-1] * MINUTE)
        deliver.call()

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("hangs", [False, True])
def test_a_room_that_is_slow_or_hangs_costs_seconds_and_loses_nothing(room, add, monkeypatch, hangs):
    hook = add()
    monkeypatch.setattr(chat_delivery, "SECONDS", 0.4)
    room.slow = 30 if hangs else 0.1
    began = time.perf_counter()
    post_comment(make_draft())

    assert time.perf_counter() - began < 3
    assert fresh(hook).failure == ("timeout" if hangs else "")
    assert ChatMessage.objects.count() == hangs
    assert fresh(hook).leased_until is None


def test_after_three_days_of_failures_it_is_switched_off_and_who_runs_the_site_gets_a_mail(room, add, noon):
    hook, editor = add(), make_editor()
    make_moderator()
    room.status = 500
    post_comment(make_draft())
    for _ in range(24 * 3 - 1):
        noon.shift(HOUR)
        deliver.call()
    assert fresh(hook).is_active
    noon.shift(HOUR)
    deliver.call()
    send_due.call()

    assert not fresh(hook).is_active
    assert not ChatMessage.objects.exists()
    (message,) = mail.outbox
    assert message.to == [editor.email]
    assert message.subject == "The chat webhook “Desk” was switched off"
    assert f"/admin/comments/chathook/{hook.pk}/change/" in message.body
    assert "status 500" in message.body
    assert AuditEntry.objects.filter(kind="chat_switched_off").count() == 1
    asked = len(room.asked)
    post_comment(make_draft())
    assert len(room.asked) == asked


@pytest.mark.ci_both
def test_a_room_that_is_gone_is_switched_off_at_once_and_can_be_used_again(room, add):
    hook, editor = add(), make_editor()
    room.status = 410
    post_comment(make_draft())
    assert not fresh(hook).is_active
    assert [message.to for message in mail.outbox] == [[editor.email]]

    room.status = 200
    chat.change(hook.pk, {"is_active": True})
    post_comment(make_draft())
    assert len(room.got) == 1


@pytest.mark.ci_both
def test_two_workers_do_not_tell_the_same_twice(room, add, monkeypatch, noon):
    hook = add()
    monkeypatch.setattr(type(deliver), "enqueue", lambda self, *args: None)
    post_comment(make_draft())
    tell_moderators.call()
    ChatHook.objects.update(leased_until=dt.datetime.now(dt.UTC) + chat_delivery.LEASE)
    assert deliver.call() == 0
    noon.shift(chat_delivery.LEASE)  # The other worker has died.

    assert deliver.call() == 1
    assert fresh(hook).leased_until is None


@pytest.mark.ci_both
def test_what_is_gathered_while_a_message_goes_out_waits_for_the_next(room, add, noon, monkeypatch):
    hook = add(events=["digest"])
    post_comment(make_draft())
    noon.shift(HOUR)
    before = chat_delivery.safe_http.post

    def post(*args, **kwargs):
        monkeypatch.setattr(chat_delivery.safe_http, "post", before)
        status = before(*args, **kwargs)
        post_comment(make_draft())
        return status

    monkeypatch.setattr(chat_delivery.safe_http, "post", post)
    deliver.call()
    assert len(room.got) == 1
    assert ChatMessage.objects.count() == 1
    assert fresh(hook).gathered_until
    noon.shift(HOUR)
    deliver.call()

    assert len(room.got) == 2


@pytest.mark.ci_both
def test_a_test_message_reaches_a_room_that_is_not_in_use_and_is_not_repeated(room, add):
    hook = add(is_active=False)
    chat.test(hook.pk)
    assert [text.startswith("This is a test message from ") for text in room.texts] == [True]

    room.status = 500
    chat.test(hook.pk)
    assert fresh(hook).failure == "status 500"
    assert not ChatMessage.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.com/x",
        "ftp://hooks.example.com/x",
        "https://hooks.example.com:8443/x",
        "https://user@hooks.example.com/x",
        "https://hooks.example.com/x\r\nX: y",
        "hooks.example.com",
        "",
    ],
)
def test_an_address_that_is_no_public_https_one_is_refused(address):
    with pytest.raises(Invalid) as refusal:
        chat.add(name="Desk", address=address)

    assert refusal.value.errors[0].code == "invalid_address"


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x", "https://localhost/x"]
)
def test_a_machine_of_our_own_is_never_asked(address):
    hook, _ = chat.add(name="Desk", address=address)
    post_comment(make_draft())

    assert fresh(hook).failure == "not_public"


@pytest.mark.parametrize("address", ["http://10.0.0.1:80/x", "http://169.254.169.254/x", "http://hooks.example.com/x"])
def test_a_site_that_is_tried_out_may_ask_loopback_and_nothing_else(room, address):
    with pytest.raises(Invalid):
        chat.add(name="Desk", address=address)


@pytest.mark.ci_both
def test_an_older_key_can_go_once_what_it_encrypted_is_renewed(settings):
    old, new = "old-" + "0123456789abcdef" * 2, "new-" + "0123456789abcdef" * 2
    settings.FIELD_KEYS = [old]
    hook, secret = chat.add(name="Desk", address="https://chat.example/hook")

    settings.FIELD_KEYS = [new, old]
    assert chat.renew_secrets() == 1
    assert chat.renew_secrets() == 0

    settings.FIELD_KEYS = [new]
    hook.refresh_from_db()
    assert chat.secret_of(hook) == secret
