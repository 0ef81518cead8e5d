"""Compares the books of a load with the database and the mailbox: what is lost, what is there twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.faults.books import Books
from tests.faults.stand import Stand

UNFINISHED = "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status IN ('READY', 'RUNNING')"
FAILED = "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status = 'FAILED'"
NOTICES = "SELECT count(*) FROM comments_waitingnotice"
UNSENT = "SELECT count(*) FROM mailing_letter WHERE sent_at IS NULL AND given_up_at IS NULL"
TEXTS = "SELECT body FROM comments_comment"
MAILS = "SELECT id FROM mailing_letter WHERE failure <> 'Outdated'"
UNTOLD = """
    SELECT count(*) FROM comments_comment WHERE status = 'pending' AND id NOT IN (
        SELECT comments_decision.comment_id FROM comments_decision JOIN mailing_letter
        ON about = 'decision' AND about_id = comments_decision.id WHERE name = 'comment_waiting'
    )
"""


@dataclass(frozen=True)
class Ledger:
    lost: int  # replies that were typed and are nowhere
    doubled: int
    tasks: int  # lost ones
    mails: int  # lost ones

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.tasks or self.mails)


def is_worked_off(stand: Stand) -> bool:
    """Say whether no task and no mail is left to do."""
    return not any(_count(stand, question) for question in (UNFINISHED, NOTICES, UNSENT))


def compare(stand: Stand, books: Books) -> Ledger:
    """Compare once all is done: what is not done by now counts as lost."""
    assert stand.database is not None
    there = Counter(text for (text,) in stand.database.rows(TEXTS))
    typed = books.accepted | set(books.open)
    arrived = {identity.strip("<>").partition(".")[0] for _address, letter in list(stand.mailbox.letters)
               if (identity := letter["Message-ID"])}  # fmt: skip
    missing = sum(str(number) not in arrived for (number,) in stand.database.rows(MAILS))
    missing += len(set(books.written_to) - {address for address, _letter in list(stand.mailbox.letters)})
    return Ledger(
        # What was never answered with success is not lost while its author still has it, but it did not get in either.
        lost=sum(text not in there for text in typed),
        doubled=sum(there[text] > 1 for text in typed),
        tasks=_count(stand, UNFINISHED) + _count(stand, FAILED),
        mails=missing + _count(stand, UNTOLD),
    )


def _count(stand: Stand, question: str) -> int:
    assert stand.database is not None
    return int(stand.database.rows(question)[0][0])
