"""Mails in the audit log: who has sent one again that was given up."""

from __future__ import annotations

from typing import Any

from comments.audit import audit_log
from newsreader.mailing.models import Letter
from newsreader.mailing.signals import sent_again


def listen() -> None:
    sent_again.connect(_was_sent_again, dispatch_uid="audit-mail-sent-again")


def _was_sent_again(letter: Letter, by: Any, **_: Any) -> None:
    audit_log.note("mail_sent_again", f"mail:{letter.pk}", by=by, facts={"mail": letter.name})
