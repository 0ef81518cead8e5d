"""What may come of a fault: how readers and posters may be answered, how long they may wait, when all is well again."""

from __future__ import annotations

from dataclasses import dataclass

# In place of a status, where no answer came.
LOST = 0  # The request was sent, and the connection ended.
REFUSED = -1  # There was no connection; whoever asks knows that nothing was done.

_WORDS = {LOST: "lost", REFUSED: "refused"}

ANSWERED = frozenset({200})
POSTED = frozenset({303})
BUSY = frozenset({503})


@dataclass(frozen=True)
class Limits:
    """Times are in seconds; `well` and `work` count from the end of the fault."""

    readers: frozenset[int] = ANSWERED
    programs: frozenset[int] = ANSWERED  # readers over REST
    reader_wait: float = 1.0
    posts: frozenset[int] = POSTED
    post_wait: float = 5.0
    well: float = 15.0  # until everything answers and every process is there
    work: float = 45.0  # until every task is done and every mail sent


def named(status: int) -> str:
    return _WORDS.get(status, str(status))
