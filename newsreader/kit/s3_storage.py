"""Storing uploaded files in an S3-compatible bucket, at the same addresses of ours."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from botocore.config import Config
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from newsreader.kit.stored_files import Fill, StoredEntry


class Bucket(S3Storage):
    """The library's storage, with our addresses: `newsreader.views.media` serves the files from the bucket.

    A bucket that does not answer costs one request some seconds, and holds no thread for minutes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        patience = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})  # seconds
        self.client_config: Config = self.client_config.merge(patience)

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        return f"{settings.MEDIA_URL}{quote(name)}"

    def entries(self) -> Iterator[StoredEntry]:
        """Yield every file: a request for each thousand."""
        for item in self.bucket.objects.all():
            if not item.key.endswith("/"):
                yield StoredEntry(item.key, item.size, item.e_tag)

    def put(self, name: str, fill: Fill) -> None:
        """Store under exactly this name what `fill` writes; a bucket knows no half files."""
        with tempfile.TemporaryFile() as file:
            fill(file)
            file.seek(0)
            self._save(name, File(file))
