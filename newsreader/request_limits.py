"""How large a request may be, how long it may take to arrive, and how long its answer.

`newsreader.front` asks before it reads, `newsreader.middleware` wherever no front stands (tests, `make dev`), and
`manage.py serve` tells the web server.
"""

from __future__ import annotations

import re

from django.conf import settings

NUL = re.compile(r"\x00|%00")  # in an address; no database can store it
ADDRESS = 8_192  # bytes; a slug of 200 letters takes at most 2,400
HEAD = 64 * 1024  # bytes: the address and all headers, with the cookies
HEAD_SECONDS = 10
CONNECTIONS = 4096  # that a web process holds at once, most of them idle or slow
BODY_SECONDS = 10
ANSWER_SECONDS = 5.0  # within which somebody who posts has an answer, whatever the database does
OWN_SECONDS = 0.5  # of them, for everything but waiting

UPLOAD = 65 * 1024 * 1024  # bytes; editors send pictures, and nobody else so much
PORTRAIT = 6 * 1024 * 1024  # The form itself refuses a portrait that is too large.
SIGN_IN = 64 * 1024  # Parts of it are stored in the session of somebody not signed in yet.
SLOWEST_UPLOAD = 256 * 1024  # bytes per second that an editor's line must carry


def is_newsroom(path: str) -> bool:
    return path.startswith("/admin/")


def largest_body(path: str, *, staff: bool = False) -> int:
    """Return how many bytes may be sent to an address, and by staff (`newsreader.accounts.upload_pass`)."""
    if staff and is_newsroom(path):
        return UPLOAD
    if path == "/accounts/":
        return PORTRAIT
    if path.startswith(("/accounts/", "/_allauth/")):
        return SIGN_IN
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def seconds_for_body(path: str, length: int, *, staff: bool = False) -> float:
    """Return within how many seconds a body has to arrive whole. Only pictures of editors may take longer."""
    return max(BODY_SECONDS, length / SLOWEST_UPLOAD) if staff and is_newsroom(path) else BODY_SECONDS


def seconds_for_database(waited: float) -> float:
    """Return how long a request may wait for the database that has waited for its turn already."""
    least = OWN_SECONDS * 0.8  # Others are writing, and each of them takes a moment.
    return max(least, min(settings.WAIT, ANSWER_SECONDS - OWN_SECONDS - waited))
