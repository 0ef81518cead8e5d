"""Who has been erased, kept without the person: so that a copy of the site that still knows them is put right.

A line of JSON for each erasure, in `erasures.jsonl` beside the copies, on the site's log and in the audit log. It holds
a salted digest for each address and account, which says nothing to whoever does not have the key; the key is in the
database (`DigestKey`). After a restore, whatever the copy holds is compared with the erasures that came after it.

The cost is bounded. With a salt for each, every address of the site would have to be hashed for every erasure. So each
digest has a tag, 16 bits of a keyed hash without salt: one hash for each address finds the few that may match.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import hmac
import json
import logging
import os
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction
from django.utils import timezone

from comments.models import AuditEntry, ConnectionData, Report
from newsreader.accounts.models import CommenterIdentity, Invitation, User
from newsreader.mailing.models import Letter
from newsreader.personal_data.models import CopiesFolder, DigestKey
from newsreader.personal_data.people import lowered

logger = logging.getLogger(__name__)

FILE = "erasures.jsonl"
RECORD = "person_erased"  # the kind of the audit entry that holds the line, in its facts
TAG = 4  # hexadecimal digits
# How much earlier than a copy an erasure may have been, by the clock, and be missing in it: it was not yet committed.
MARGIN = dt.timedelta(minutes=2)

Line = dict[str, Any]  # {"id", "at", "text", "key", "people": [{"tag", "salt", "digest"}, …]}


def line_for(keys: Iterable[str], *, keep_text: bool) -> Line:
    """Return the line of an erasure. `keys` are `Person.keys`."""
    key = _key()
    return {
        "id": secrets.token_hex(8),
        "at": timezone.now().isoformat(),
        "text": "keep" if keep_text else "remove",
        "key": _name_of(key),
        "people": [
            {"tag": _tag(key, each), "salt": (salt := secrets.token_hex(16)), "digest": _digest(key, salt, each)}
            for each in keys
        ],
    }


def _key() -> bytes:
    row = DigestKey.objects.order_by("pk").first() or DigestKey.objects.create()
    return bytes.fromhex(row.key)


def _name_of(key: bytes) -> str:
    """Return by which two keys are told apart, and nothing else is learnt."""
    return hashlib.sha256(b"name of key" + key).hexdigest()[:12]


def _tag(key: bytes, text: str) -> str:
    return hmac.digest(key, f"tag\0{text}".encode(), "sha256").hex()[:TAG]


def _digest(key: bytes, salt: str, text: str) -> str:
    return hmac.digest(key, f"{salt}\0{text}".encode(), "sha256").hex()


# --- Keeping them -------------------------------------------------------------------------------------------------


def tell(line: Line) -> None:
    """Put an erasure on the log, and beside the copies in every folder that is known and here."""
    logger.info("A person was erased: %s", json.dumps(line))
    for folder in CopiesFolder.objects.values_list("path", flat=True):
        try:
            append(Path(folder), [line])
        except OSError as fault:  # Another host's, another account's, or not mounted.
            logger.warning("The erasure %s is not in %s before the next backup: %s", line["id"], folder, fault.strerror)


def append(folder: Path, lines: Collection[Line]) -> None:
    """Add these lines to the file in a folder of copies, and to the disk. Raises OSError."""
    if not lines:
        return
    handle = os.open(folder / FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"  # Somebody was cut short while writing.
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        os.write(handle, f"{chr(10) if torn else ''}{text}".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read(folder: Path) -> list[Line]:
    """Return the erasures of a folder of copies, in order; what is no line of ours is left out, and logged."""
    try:
        text = (folder / FILE).read_text("utf-8", "replace")
    except FileNotFoundError:
        return []
    lines: dict[str, Line] = {}
    for number, each in enumerate(text.splitlines(), 1):
        try:
            line = json.loads(each)
            dt.datetime.fromisoformat(line["at"])
            lines[line["id"]] = line
        except (ValueError, KeyError, TypeError):
            if each.strip():
                logger.warning("Line %d of %s is no erasure, and is left out", number, folder / FILE)
    return sorted(lines.values(), key=lambda line: dt.datetime.fromisoformat(line["at"]))


def remember(folder: Path) -> None:
    """Note that copies of the site are in this folder. Does nothing where the database is not migrated yet."""
    try:
        with transaction.atomic():
            path = str(folder.resolve())
            CopiesFolder.objects.update_or_create(path=path, defaults={"used_at": timezone.now()})
    except DatabaseError:
        logger.warning("The database does not know its folders of copies yet: run `manage.py migrate`")


def bring_up_to_date(folder: Path) -> None:
    """Add the erasures that the audit log knows and the folder does not. Raises OSError."""
    known = {line["id"] for line in read(folder)}
    recorded = AuditEntry.objects.filter(kind=RECORD).order_by("pk").values_list("facts", flat=True)
    lines = [facts["erasure"] for facts in recorded.iterator() if "erasure" in facts]
    append(folder, [line for line in lines if line["id"] not in known])


# --- Finding them again -------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """Somebody whom the database knows and a line names: the key (see `Person.keys`), and what was chosen."""

    key: str
    keep_text: bool


class Matches(NamedTuple):
    """Who is to be erased again, and how many lines were written with a key that this database does not have."""

    found: list[Found]
    unknown: int


def since(folder: Path, at: dt.datetime) -> list[Line]:
    """Return the erasures of a folder that a copy made at this time may not have."""
    return [line for line in read(folder) if dt.datetime.fromisoformat(line["at"]) >= at - MARGIN]


def matches(lines: Collection[Line]) -> Matches:
    """Compare everybody whom the database knows with these lines. One hash for each address and account."""
    key = _key()
    mine = [line for line in lines if line["key"] == _name_of(key)]
    wanted: dict[str, list[tuple[dict[str, str], Line]]] = defaultdict(list)
    for line in mine:
        for person in line["people"]:
            wanted[person["tag"]].append((person, line))
    found: dict[str, Found] = {}
    for each in _everybody() if wanted else ():
        for person, line in wanted.get(_tag(key, each), ()):
            if hmac.compare_digest(person["digest"], _digest(key, person["salt"], each)):
                found[each] = Found(each, line["text"] == "keep")
    return Matches(list(found.values()), len(lines) - len(mine))


def _everybody() -> Iterator[str]:
    """Yield a key for each address and account that the database knows; the same address may come several times."""
    for pk in User.objects.values_list("pk", flat=True).iterator():
        yield f"account:{pk}"
    columns = [
        (User, "email"), (EmailAddress, "email"), (CommenterIdentity, "email"), (Invitation, "email"),
        (ConnectionData, "email"), (Report, "email"), (Letter, "address"),
    ]  # fmt: skip
    for model, column in columns:
        rows = model._default_manager.exclude(**{column: ""}).order_by().values_list(column, flat=True).distinct()
        for email in rows.iterator():
            yield f"email:{lowered(email)}"
