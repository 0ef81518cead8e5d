"""A mail from `templates/letters/<name>/`: subject.txt and body.txt, and the same text as HTML in the site's design."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import formataddr, make_msgid, parseaddr
from functools import partial
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.encoding import punycode
from django.utils.module_loading import import_string
from django.utils.text import Truncator

from newsreader.kit import metrics
from newsreader.kit.languages import spoken
from newsreader.kit.text import tidy_line
from newsreader.mailing.tokens import not_me_url, page_url

LONGEST_LABEL = 40  # characters, of a button
LONGEST_LINK = 90  # of a link in the text
PREVIEW = 120  # of the first paragraph, before all else and invisible: what lists of mails show beside the subject
FOOT = "—"  # A line of its own: below it stands why one gets the mail, and how to stop it.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # embeddings, overrides and isolates of the direction
_CODE = re.compile(r"[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}")


def written(
    name: str, address: str, context: dict[str, Any], *, language: str = "", identity: str = ""
) -> EmailMultiAlternatives:
    """Return a mail to one address, in this language if the site speaks it.

    It is in this language; empty: the site's, with dates as the site writes them. `identity` becomes the Message-ID, by
    which a mail server recognises a mail that it already has; without one it is a new one on our host.
    """
    frame = import_string(settings.FRAME)()
    links = {"not_me_url": partial(not_me_url, address), "page_url": partial(page_url, address)}
    context = {"paper": frame["site"], **links, **context}
    with translation.override(spoken(language) or str(frame["site"].language)):
        said = render_to_string(f"letters/{name}/subject.txt", context)
        subject = tidy_line(f"{settings.MAIL_SUBJECT_PREFIX} {said}")
        text = _tidy(render_to_string(f"letters/{name}/body.txt", context))
        message = EmailMultiAlternatives(subject, text, sender(frame), [address])
        message.attach_alternative(in_frame(subject, text, frame), "text/html")
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    host = punycode(settings.SITE_HOST)
    message.extra_headers["Message-ID"] = f"<{identity}@{host}>" if identity else make_msgid(domain=host)
    return message


def sender(frame: dict[str, Any] | None = None) -> str:
    """Return who mails are from: DEFAULT_FROM_EMAIL, under the name of the paper if it has none of its own."""
    frame = frame or import_string(settings.FRAME)()
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name or tidy_line(str(frame["site"].name)), address))


def hand_over(message: EmailMessage, letter: str) -> None:
    """Give a mail to the mail server, and count how that went. Raises the server's errors."""
    try:
        message.send()
    except Exception:
        metrics.MAILS.labels(letter, "failed").inc()
        raise
    metrics.MAILS.labels(letter, "sent").inc()


def _tidy(text: str) -> str:
    """Return a text without what templates leave over: spaces at the ends of lines, several empty lines in a row.

    Nor can a name turn the sentence that it stands in; a quotation stays as it was written.
    """
    lines = "\n".join((line if line.startswith(">") else _TURNS.sub("", line)).rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def quoted(text: str, length: int | None = None) -> str:
    """Return words as they stand in a mail: each line marked as quoted; shortened between words to so many characters.

    The mark also keeps a stranger's line from looking like a button, a code or the foot of ours.
    """
    whole = text.strip()
    short = Truncator(whole).chars(length) if length else whole
    cut = short.rfind(" ") if length and short != whole else -1
    short = f"{short[:cut].rstrip()}…" if length and cut > length // 2 else short
    return "\n".join(f"> {line}".rstrip() for line in short.splitlines())


def in_frame(subject: str, text: str, frame: dict[str, Any] | None = None) -> str:
    """Return a mail's text as HTML, in the frame of all mails. `frame`: its context, where it is known.

    Only our own addresses become links: a mail can quote a stranger, whose links nobody should follow. An address on a
    line of its own becomes a button; a short line with a colon before it ("Confirm my address:") names it. What stands
    before an address on its line, with a colon, names a link. A code on a line of its own is set large; lines that
    begin with ">" are a quotation, in which nothing is a link; a paragraph in “quotes” is a headline, set bold; what
    comes after a line "—" is the foot. Mail programs list a mail with its first words: those of the text, not our name.
    """
    frame = frame or import_string(settings.FRAME)()
    body, _line, foot = text.replace("\r\n", "\n").strip("\n").partition(f"\n{FOOT}\n")
    parts = _parts(body)
    said = {"subject": subject, "parts": list(_split(parts)), "why": list(_split(_parts(foot)))}
    said["preview"] = Truncator(tidy_line(" ".join(parts[0]))).chars(PREVIEW) if parts else ""
    return render_to_string("letters/frame.html", said | frame)


def _parts(text: str) -> list[list[str]]:
    found = [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    return [[line.rstrip() for line in part.split("\n")] for part in found]


def _split(parts: list[list[str]]) -> Iterator[dict[str, Any]]:
    """Yield paragraphs, quotations, buttons and codes in order. The first button is the one that is meant most."""
    buttons = 0
    for lines in parts:
        waiting: list[list[dict[str, str]]] = []
        for is_quoted, some in groupby(lines, key=lambda line: line.startswith(">")):
            if is_quoted:
                if waiting:
                    yield {"kind": "text", "lines": waiting, "is_before_quote": True}
                waiting = []
                yield {"kind": "quote", "lines": [[{"text": line[1:].removeprefix(" ")}] for line in some]}
                continue
            for line in some:
                kind = "button" if _is_own_address(line) else "code" if _CODE.fullmatch(line.strip()) else ""
                if not kind:
                    waiting.append(_pieces(line))
                    continue
                label = _label(waiting) if kind == "button" else ""
                if waiting:
                    yield {"kind": "text", "lines": waiting}
                waiting = []
                buttons += kind == "button"
                yield {"kind": kind, "text": line.strip(), "label": label, "is_first": buttons == 1}
        if waiting:
            yield {"kind": "text", "lines": waiting, "is_title": lines[0][:1] == "“" and lines[-1][-1:] == "”"}


def _label(waiting: list[list[dict[str, str]]]) -> str:
    """Take the line that names a button from those before it, and return it; empty if none does."""
    said = waiting[-1] if waiting else []
    line = said[0].get("text", "").strip() if len(said) == 1 else ""
    if not line.endswith(":") or len(line) > LONGEST_LABEL:
        return ""
    del waiting[-1]
    return line.removesuffix(":").rstrip()


def _is_own_address(line: str) -> bool:
    return line.strip().startswith(f"{settings.SITE_URL}/") and not re.search(r"\s", line.strip())


def _pieces(line: str) -> list[dict[str, str]]:
    """Split a line into text and our own addresses."""
    own = rf"{re.escape(settings.SITE_URL)}/[^\s<>\"]*[^\s<>\".,;:!?)]"
    if named := re.fullmatch(rf"([^:<>]{{1,{LONGEST_LINK}}}):\s+({own})", line.strip()):
        return [{"url": named[2], "text": named[1]}]
    found = re.split(f"({own})", line)
    return [{"url": piece, "text": piece} if n % 2 else {"text": piece} for n, piece in enumerate(found) if piece]
