"""Names, headlines and addresses that strangers choose do no harm in a mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.utils import getaddresses

import pytest
from django.core import mail
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles.models.article import Article
from articles.models.site import Site
from comments.models import Comment
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from tests.bench.mailbox import Mailbox
from tests.factories import make_comment

pytestmark = pytest.mark.django_db
NASTY = [
    "\r\nBcc: eve@example.org",
    "\n\nHello",
    '"',
    ",",
    ";",
    "<eve@example.org>",
    "‮",
    "\u2067",
    "\u200f",
    "\x85",
    "\u2028",
    "=?utf-8?q?x?=",
]
names = (
    st.lists(st.sampled_from(NASTY) | st.text(max_size=12), max_size=5)
    .map("".join)
    .filter(lambda text: "\0" not in text)
)
TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.fixture
def comment():
    return make_comment(status="pending")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, headline=names, paper=names)
def test_no_name_adds_a_header_a_recipient_or_turns_the_subject(comment, name, headline, paper):
    make_letter_and_look(comment, name, headline, paper)


@pytest.mark.parametrize("piece", NASTY)
def test_each_nasty_piece_in_each_place(comment, piece):
    make_letter_and_look(comment, f"Ada{piece}Byron", f"The ferry{piece}sinks", f"Post{piece}Ltd")


def test_a_mail_server_is_told_of_one_recipient_whatever_the_names_are(settings):
    mailbox = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
    settings.MAIL_SUBJECT_PREFIX = "[Post\r\nBcc: eve@example.org]"
    Site.objects.current()
    Site.objects.update(name="".join(NASTY)[:80])
    comment = make_comment(status="pending")
    Comment.objects.filter(pk=comment.pk).update(name="".join(NASTY)[:80], body=".\r\nMAIL FROM:<eve@example.org>\r\n.")
    Article.objects.filter(pk=comment.article_id).update(headline="".join(NASTY)[:150])
    about = comment.decisions.first().pk

    outbox.enqueue([Letter(name="comment_waiting", about="decision", about_id=about, address="ada@example.org")])

    mailbox.shutdown()
    mailbox.server_close()
    ((address, letter),) = mailbox.letters
    assert address == "ada@example.org"
    assert letter["Bcc"] is None
    assert letter["Message-ID"].endswith("@testserver>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text = letter.get_payload()[0].get_payload(decode=True).decode()
    assert "MAIL FROM:<eve@example.org>" in text


def make_letter_and_look(comment: Comment, name: str, headline: str, paper: str) -> None:
    Site.objects.current()
    Site.objects.update(name=paper[:80] or "Post")
    Comment.objects.filter(pk=comment.pk).update(name=name[:80])
    Article.objects.filter(pk=comment.article_id).update(headline=headline[:150])
    mail.outbox.clear()

    about = comment.decisions.first().pk
    Letter.objects.all().delete()  # Of the same comment, with other names.
    outbox.enqueue([Letter(name="comment_waiting", about="decision", about_id=about, address="ada@example.org")])

    (message,) = mail.outbox
    raw = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert message.recipients() == ["ada@example.org"]
    assert [address for _name, address in getaddresses([raw["To"]])] == ["ada@example.org"]
    assert [address for _name, address in getaddresses([str(raw["From"])])][-1:] == ["newsroom@testserver"]
    assert raw["From"].addresses[0].addr_spec == "newsroom@testserver"
    assert len(raw["From"].addresses) == 1
    assert set(raw.keys()) == {
        "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Auto-Submitted", "Message-ID",
    }  # fmt: skip
    assert not TURNS & set(message.subject)
    assert not set("\r\n\u2028\u2029\x85") & set(message.subject)
