"""Where uploaded files are kept, if not on a disk: an S3-compatible bucket, behind the same addresses of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from storages.backends.s3 import S3Storage


class Bucket(S3Storage):
    """The library's storage. Readers' browsers never see where the bucket is: `newsreader.views.media` passes on."""

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        return f"{settings.MEDIA_URL}{quote(name)}"
