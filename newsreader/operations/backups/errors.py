"""Why there is no copy, or why it cannot be restored, in one line."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from django.db import DatabaseError

from newsreader.kit.errors import StorageAway


class BackupError(Exception):
    """One line for the operator. It names what is wrong, and holds no secret."""


@contextmanager
def told_in_one_line(what: str) -> Iterator[None]:
    """Turn the faults of disks, databases and buckets into a BackupError. `what` was not done because of them."""
    try:
        yield
    except (DatabaseError, sqlite3.Error) as fault:
        if "disk is full" in str(fault):
            raise BackupError(f"No space is left on the disk. {what}") from fault
        raise BackupError(f"The database: {_first_line(fault)}. {what}") from fault
    except OSError as fault:
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise BackupError(f"No space is left on the disk. {what}") from fault
        where = f"{fault.filename}: " if fault.filename else ""
        raise BackupError(f"{where}{fault.strerror or _first_line(fault)}. {what}") from fault
    except (BotoCoreError, ClientError, StorageAway) as fault:
        raise BackupError(f"The bucket: {_first_line(fault.__cause__ or fault)}. {what}") from fault


def _first_line(fault: BaseException) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0].rstrip(".")
