"""Storing uploaded files in an S3-compatible bucket, at the same addresses of ours.

A bucket that does not answer costs some requests some seconds, never the site: at most half of a process's threads wait
for it, nobody else while one of these has waited long, and for some seconds after a fault it is not asked at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from newsreader.kit.errors import StorageAway
from newsreader.kit.logs import OnceAMinute
from newsreader.kit.stored_files import Fill, StoredEntry

log = OnceAMinute(logging.getLogger(__name__))
LONG = 1.0  # seconds after which who waits for the bucket is the last one to do so
TURN = 0.25  # seconds that others wait until it is their turn
PAUSE = 5.0  # seconds after a fault until the bucket is asked again


class Turns:
    """Who may wait for the bucket: so many at once, and nobody while it does not answer. Of one process."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._since: dict[int, float] = {}  # by thread, when its question was asked
        self._away_until = 0.0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Take a turn for one question. Raises StorageAway where there is none, or where the bucket fails."""
        now = time.monotonic()
        is_slow = any(now - since > LONG for since in list(self._since.values()))
        if now < self._away_until or not self._free.acquire(timeout=0 if is_slow else TURN):
            raise StorageAway
        try:
            self._since[threading.get_ident()] = time.monotonic()
            yield
        except (BotoCoreError, ClientError, Boto3Error) as fault:
            if not _is_refusal(fault):
                self._away_until = time.monotonic() + PAUSE
            log.warning("The bucket with uploaded files is away", fault)
            raise StorageAway from fault
        finally:
            self._since.pop(threading.get_ident(), None)
            self._free.release()


def _is_refusal(fault: Exception) -> bool:
    """Say whether the bucket did answer, about this one file."""
    return isinstance(fault, ClientError) and fault.response["ResponseMetadata"].get("HTTPStatusCode", 500) < 500


class Bucket(S3Storage):
    """The library's storage, with our addresses: `newsreader.views.media` serves the files from the bucket.

    Raises StorageAway where the bucket does not answer.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        patience = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})  # seconds
        self.client_config: Config = self.client_config.merge(patience)
        self.turns = Turns(max(1, settings.WEB_THREADS // 2))

    def _open(self, name: str, mode: str = "rb") -> Any:
        with self.turns.take():
            file = super()._open(name, mode)
            if "r" in mode:
                file.open()  # Fetches it; the library would later, wherever it is read.
            return file

    def _save(self, name: str, content: Any) -> str:
        with self.turns.take():
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with self.turns.take():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with self.turns.take():
            return bool(super().exists(name))

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        return f"{settings.MEDIA_URL}{quote(name)}"

    def entries(self) -> Iterator[StoredEntry]:
        """Yield every file: a request for each thousand."""
        for item in self.bucket.objects.all():
            if not item.key.endswith("/"):
                yield StoredEntry(item.key, item.size, item.e_tag, item.last_modified)

    def put(self, name: str, fill: Fill) -> None:
        """Store under exactly this name what `fill` writes; a bucket knows no half files."""
        with TemporaryFile() as file:
            fill(file)
            file.seek(0)
            self._save(name, File(file))
