"""What a mail server's refusal says of an address: that there is no such mailbox, or nothing for good.

Servers say so by an enhanced status code (RFC 3463), which most send, or in words. A refusal of us (spam, policy, a
relay that does not know us), of what we wrote, or for now says nothing about the address.
"""

from __future__ import annotations

import re
from smtplib import SMTPDataError, SMTPRecipientsRefused

# No such mailbox, no such domain, no such syntax, it has moved, its domain takes no mail; it is closed.
GONE = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
_STATUS = re.compile(rb"\s*5\.(\d{1,3})\.(\d{1,3})\b")
# Of servers that send no such code; each names the mailbox.
_WORDS = re.compile(
    rb"(user|mailbox|recipient|account) (is )?(unknown|not found|does not exist|doesn't exist)"
    rb"|(unknown|no such) (user|mailbox|recipient|account)",
    re.IGNORECASE,
)


def is_gone(error: Exception) -> bool:
    """Say whether a mail could not be handed over because its only recipient does not exist."""
    answers: list[tuple[int, bytes | str]]
    if isinstance(error, SMTPRecipientsRefused):
        answers = list(error.recipients.values())
    elif isinstance(error, SMTPDataError):  # Some servers look for the mailbox only once they have the mail.
        answers = [(error.smtp_code, error.smtp_error)]
    else:
        return False
    return len(answers) == 1 and _is_gone(*answers[0])


def _is_gone(code: int, answer: bytes | str) -> bool:
    said = answer.encode(errors="replace") if isinstance(answer, str) else answer
    if not 500 <= code <= 599:
        return False
    status = _STATUS.match(said)
    return (int(status[1]), int(status[2])) in GONE if status else bool(_WORDS.search(said))
