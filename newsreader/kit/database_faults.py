"""Telling a database that is away from a question that is wrong: busy, restarted, read-only, full, or not there."""

from __future__ import annotations

import traceback

from django.db import DatabaseError, InterfaceError, OperationalError

# https://www.sqlite.org/rescode.html: nomem, busy, locked, readonly, ioerr, full, cantopen, protocol
_SQLITE = {5, 6, 7, 8, 10, 13, 14, 15}
# https://www.postgresql.org/docs/current/errcodes-appendix.html, by their beginnings: connections, resources, an
# operator or a time limit, the system, read-only, a lock not had, deadlocks and serialization
_POSTGRESQL = ("08", "53", "57", "58", "25006", "55P03", "40")


def is_away(error: BaseException | None) -> bool:
    """Say whether a later attempt of the same may succeed without anybody changing what was asked."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _SQLITE
    if state := getattr(cause, "sqlstate", None):
        return str(state).startswith(_POSTGRESQL)
    # Without a code of the server's there was no server to give one.
    return isinstance(error, OperationalError)


def let_go(error: BaseException | None) -> None:
    """Free what the calls hold that an error has ended, cursors above all, in the thread that it came up in.

    Error and calls hold one another, so garbage collection would free them, in whatever thread it runs. SQLite frees a
    cursor only when its connection has nothing else to do: a reader would wait as long as the next writer.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
