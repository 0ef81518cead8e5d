"""Storing uploaded files in an S3-compatible bucket, at the same addresses of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from storages.backends.s3 import S3Storage


class Bucket(S3Storage):
    """The library's storage, with our addresses: `newsreader.views.media` serves the files from the bucket."""

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        return f"{settings.MEDIA_URL}{quote(name)}"
