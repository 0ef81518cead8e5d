"""Every letter about a comment, read back by a parser of mail."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any

from articles.models.article import Article
from comments.models import Report
from newsreader.kit.text import tidy
from newsreader.mailing import letter as letters
from tests.attack.planting import Planting
from tests.attack.stage import Stage, missing

_HEADERS = {
    "Content-Type",
    "MIME-Version",
    "Content-Transfer-Encoding",
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "Auto-Submitted",
}


def mails(stage: Stage, planting: Planting, surface: str) -> None:
    """Every letter about a comment, with the text as headline, name and body, read back by a parser of mail."""
    for attack, comment in planting.comments.values():
        article = Article(pk=planting.article.pk, headline=attack.text[:300])
        context = {
            "comment": comment,
            "words": letters.quoted(comment.body),
            "article": article,
            "comment_url": "http://testserver/c/",
            "article_url": "http://testserver/a/",
            "moderation_url": "http://testserver/m/",
            "confirmation_url": "http://testserver/confirm/",
        }
        for name in ("comment_waiting", "comment_published", "comment_refused", "comment_confirm"):
            message = letters.written(name, "reader@example.org", context)
            stage.tally.tried(surface, attack.list)
            if wrong := wrong_with(message, "reader@example.org", "" if "confirm/" in message.body else comment.body):
                stage.tally.fault("broke out", surface, attack.list, wrong, attack.text)


def wrong_with(message: Any, address: str, body: str = "") -> str:
    """Say what is wrong with a mail as it would be sent; empty where nothing is."""
    read = message_from_bytes(message.message().as_bytes(linesep="\r\n"), policy=default)
    if message.recipients() != [address] or read["To"] != address:
        return f"to {message.recipients()} and {read['To']}"
    if extra := set(read.keys()) - _HEADERS or [name for name in set(read.keys()) if len(read.get_all(name)) != 1]:
        return f"headers {sorted(extra)}"
    if any(c in str(read["Subject"]) for c in "\r\n\x00\u2028\u2029\x85") or read.defects:
        return f"subject {str(read['Subject'])[:80]!r} {read.defects}"
    if any(header.defects for header in read.values() if hasattr(header, "defects")):
        return f"defects {[header.defects for header in read.values()]}"
    plain = read.get_body(("plain",))
    text = plain.get_content() if plain else ""
    if plain is None or missing(body, text):
        return f"body without {missing(body, text)[:5]}"
    return ""


def moderation_mails(stage: Stage, planting: Planting, surface: str) -> None:
    """The letters to whoever reported or objected, and the refusal, with the text as headline and as editors' reason."""
    for attack, comment in planting.comments.values():
        reason = tidy(attack.text).strip()
        context = {
            "comment": comment,
            "article": Article(pk=planting.article.pk, headline=attack.text[:300]),
            "reason": reason,
            "report": Report(reason="illegal", outcome="kept", detail=reason, law=attack.text[:200], name=comment.name),
            "report_url": "http://testserver/reports/1/x/",
            "status_url": "http://testserver/s/",
            "article_url": "http://testserver/a/",
        }
        for name, told in _OF_MODERATION.items():
            message = letters.written(name, "reader@example.org", context)
            stage.tally.tried(surface, attack.list)
            if wrong := wrong_with(message, "reader@example.org", reason if told else ""):
                stage.tally.fault("broke out", surface, attack.list, f"{name}: {wrong}", attack.text)


_OF_MODERATION = {  # whether they tell the reason
    "comment_refused": True,
    "comment_report_received": False,
    "comment_report_settled": True,
    "comment_appeal_rejected": True,
    "comment_objection_settled": True,
}
