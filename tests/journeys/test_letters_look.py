"""Every letter as it reaches a mailbox: sent over SMTP, read as bytes, and opened on a phone, by day and by night."""

from __future__ import annotations

import re
from collections import defaultdict
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import html

from newsreader.mailing import outbox, tokens
from newsreader.mailing.letter_titles import TITLES
from newsreader.mailing.models import Letter
from tests.bench.mailbox import Mailbox
from tests.journeys.axe import BRIEFLY, LOOK
from tests.mailing.every_letter import every_letter, names

pytestmark = pytest.mark.django_db
HOME = "http://testserver/"
PHONE = {"width": 390, "height": 844}
# What its reader has asked for, or can decline: only these end by the button of a mail program.
ENDED_BY_ONE_CLICK = {"comment_published", "comment_refused"}
ASKED_BY_ANYBODY = {
    "account_confirm_email", "account_exists", "account_login_code", "account_reset_password", "account_unknown",
    "comment_confirm", "reader_confirm",
}  # fmt: skip


@pytest.fixture
def received(settings) -> dict[str, list[EmailMessage]]:
    """What a mail server got of every letter, by its name."""
    mailbox = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
    settings.MAIL_SUBJECT_PREFIX = "[Post]"
    outbox.enqueue(every_letter(), wake=False)
    outbox.send_due.call()
    mailbox.shutdown()
    mailbox.server_close()
    unsent = Letter.objects.filter(sent_at=None).values_list("name", "failure")
    assert not list(unsent)
    sent = {f"{row.pk}.": row.name for row in Letter.objects.all()}
    found = defaultdict(list)
    for address, message in mailbox.letters:
        read = message_from_bytes(message.as_bytes(), policy=policy.default)
        assert [each.addr_spec for each in read["To"].addresses] == [address]
        found[sent[read["Message-ID"][1:].partition(".")[0] + "."]].append(read)
    return found


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def page_of(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def links_of(page: str) -> set[str]:
    return set(html.fromstring(page).xpath("//a/@href"))


def kinds_of(page: str) -> set[str]:
    """Return what a letter shows: each element in its parent, both with all that they say of themselves but addresses."""

    def kind(element) -> str:
        if element is None:
            return ""
        return " ".join([element.tag, *(f"{name}={value}" for name, value in element.items() if name != "href")])

    return {f"{kind(element.getparent())} > {kind(element)}" for element in html.fromstring(page).iter("*")}


@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.long)], ids=["each kind", "each"])
def test_every_letter_arrives_whole_and_is_readable_on_a_phone(received, browser, settings, each):
    """By axe only where a letter shows something of a kind that no letter before it showed, or `each`."""
    assert set(received) == names() == set(TITLES)

    page = browser.new_page(viewport=PHONE, java_script_enabled=True)
    page.route("**", lambda route: pytest.fail(f"a letter asks for {route.request.url}"))
    wrong, known = [], set()
    for name, messages in sorted(received.items()):
        for message in messages:
            wrong += [f"{name}: {fault}" for fault in [*headers(name, message), *parts(name, message)]]
            source = page_of(message)
            is_new = each or not kinds_of(source) <= known
            known |= kinds_of(source)
            wrong += [f"{name}: {fault}" for fault in on_a_phone(page, source, by_axe=is_new)]
    page.close()

    assert not wrong, "\n".join(wrong)


def headers(name: str, message: EmailMessage):
    """Yield what is wrong with the headers."""
    (sender,) = message["From"].addresses
    if sender.addr_spec != "newsroom@testserver" or not sender.display_name.startswith("The “Harbour” Post"):
        yield f"From: {message['From']}"
    if message["Auto-Submitted"] != "auto-generated" or message["Bcc"] or len(message.get_all("Subject")) != 1:
        yield "headers"
    if not re.fullmatch(r"<\S+@testserver>", message["Message-ID"]):
        yield f"Message-ID: {message['Message-ID']}"
    subject = message["Subject"].strip()  # It may be folded before its first word.
    if not subject.startswith("[Post] ") or re.search(r"[\r\n\u202a-\u202e]|\s\s", subject):
        yield f"Subject: {subject!r}"
    can_end = name in ENDED_BY_ONE_CLICK or (name.startswith("reader_") and name != "reader_confirm")
    (address,) = message["To"].addresses
    expected = f"<{tokens.page_url(address.addr_spec)}>" if can_end else ""
    if (message["List-Unsubscribe"] or "").strip() != expected or bool(message["List-Unsubscribe-Post"]) != can_end:
        yield f"List-Unsubscribe: {message['List-Unsubscribe']}"


def parts(name: str, message: EmailMessage):
    """Yield what is wrong with the text and its HTML, which have to say the same."""
    text, page = text_of(message), page_of(message)
    (address,) = message["To"].addresses
    said = "\n".join(line for line in text.split("\n") if not line.startswith(">"))
    own = set(re.findall(r"http://testserver/[^\s<>\"]*[^\s<>\".,;:!?)]", said))
    if links_of(page) != own | {HOME}:
        yield f"links differ: {links_of(page) ^ (own | {HOME})}"
    if any(not link.startswith("http://testserver/") for link in links_of(page)):
        yield "a link leads elsewhere"
    if re.search(r"\n{3}|[ \t]\n", text) or text != text.strip() + "\n":
        yield f"spaces at ends of lines, or too many empty ones: {text!r}"
    if "\u202e" in said:
        yield "a name turns the sentence"
    _body, line, foot = text.rpartition("\n—\n")
    if not line or len(foot.strip()) < 20:
        yield "its foot does not say why one gets it"
    if name.startswith("reader_") and name != "reader_confirm" and tokens.page_url(address.addr_spec) not in foot:
        yield "its foot does not say how to end it"
    if (tokens.not_me_url(address.addr_spec) in foot) != (name in ASKED_BY_ANYBODY):
        yield "“this was not me” is where it should not be, or is missing"


def on_a_phone(page, source: str, *, by_axe: bool):
    """Yield what is wrong with a letter on a screen of 390 pixels, in light and dark."""
    page.set_content(source)
    if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:  # By night only colours are others.
        yield "scrolls sideways"
    if not by_axe:
        return
    page.evaluate(Axe().axe_script)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # Names, roles and structure are the same by night; colours are not.
        options = BRIEFLY if scheme == "light" else BRIEFLY | {"runOnly": ["color-contrast"]}
        for rule in page.evaluate(LOOK, [None, options]):
            yield f"{scheme}: {rule['id']}: {[node['html'][:150] for node in rule['nodes']][:2]}"
