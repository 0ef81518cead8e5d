"""Keeps mails in a folder of this checkout (`settings.MAIL_FOLDER`) as a Maildir, and prints them; the oldest go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from email import message_from_binary_file, policy
from email.message import EmailMessage as Parsed
from mailbox import Maildir, NoSuchMailboxError
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import console

MOST = 200  # mails that are kept
_MOMENT = re.compile(r"([0-9]+)\.M([0-9]+)P[0-9]+Q([0-9]+)")


class EmailBackend(console.EmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = opened()
        for message in email_messages:
            folder.add(message.message().as_bytes())
        for key in newest_first(folder)[MOST:]:
            folder.discard(key)
        super().send_messages(email_messages)
        return len(email_messages)


def opened() -> Maildir:
    """Return the folder, which only the owner of the site's files can read."""
    folder: Path = settings.MAIL_FOLDER
    folder.parent.mkdir(exist_ok=True)  # It makes the folder itself, with mode 0700.
    return Maildir(folder, factory=_parsed, create=True)


def newest_first(folder: Maildir) -> list[str]:
    """Return the keys of all mails. They begin with the moment at which each came: seconds, microseconds, a count."""
    return sorted(folder.keys(), key=_moment, reverse=True)


def _moment(key: str) -> tuple[int, ...]:
    parts = _MOMENT.match(key)
    return tuple(map(int, parts.groups())) if parts else ()


def found(key: str) -> Parsed | None:
    """Return a mail; None if it is not there, or no longer."""
    with suppress(KeyError, OSError, NoSuchMailboxError):
        return cast("Parsed", opened()[key])
    return None


def _parsed(file: Any) -> Any:
    return message_from_binary_file(file, policy=policy.default)
