"""Mails in the audit log: who has sent one again that was given up, and has addresses get mail again."""

from __future__ import annotations

from typing import Any

from comments.audit import audit_log
from newsreader.mailing.models import Letter
from newsreader.mailing.signals import lifted, sent_again


def listen() -> None:
    sent_again.connect(_was_sent_again, dispatch_uid="audit-mail-sent-again")
    lifted.connect(_was_lifted, dispatch_uid="audit-suppression-lifted")


def _was_sent_again(letter: Letter, by: Any, **_: Any) -> None:
    audit_log.note("mail_sent_again", f"mail:{letter.pk}", by=by, facts={"mail": letter.name})


def _was_lifted(key: str, reasons: list[str], by: Any, **_: Any) -> None:
    # Not the address: the hash finds the entry for whoever types that.
    audit_log.note("suppression_lifted", f"address:{key[:16]}", by=by, facts={"reasons": reasons})
