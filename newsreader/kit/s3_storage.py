"""Storing uploaded files in an S3-compatible bucket, at the same addresses of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from botocore.config import Config
from django.conf import settings
from storages.backends.s3 import S3Storage


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
