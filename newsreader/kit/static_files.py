"""Files for browsers, collected and compressed by `manage.py collectstatic`: each content once, and only if it is new.

The library compresses every file twice, under its own name and under the one with its hash, source maps too: a minute
for what takes five seconds here. What a page loads is as small as there.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

LARGE = 640 * 1024  # bytes; what is larger belongs to the API's documentation, and the best compression takes seconds
# Only who looks into a library's code loads maps of it.
LEFT_ALONE = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")


def _brotli(data: bytes) -> bytes:
    packed: bytes = brotli.compress(data, quality=9 if len(data) > LARGE else 11)  # 9: a tenth larger, in a tenth
    return packed


class Thrifty(Compressor):
    """Keeps what an earlier run has compressed, if it is the same content."""

    forms: tuple[tuple[str, Callable[[bytes], bytes], Callable[[bytes], bytes]], ...] = (
        (".br", _brotli, brotli.decompress),
        (".gz", Compressor.compress_gzip, gzip.decompress),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"extensions": LEFT_ALONE})
        self._lock = Lock()
        self._packed: dict[tuple[bytes, str], bytes] = {}  # by content and form

    def compress(self, path: str) -> list[str]:
        """Write a file's compressed forms beside it, as far as they are smaller. Returns their paths."""
        data, written = Path(path).read_bytes(), []
        for ending, pack, unpack in self.forms:
            # The same file comes twice, perhaps at once; whoever is second finds it done.
            with self._lock:
                key = sha256(data).digest(), ending
                packed = self._packed.get(key) or _kept(Path(path + ending), data, unpack) or pack(data)
                self._packed[key] = packed
            if not self.is_compressed_effectively(ending, path, len(data), packed):
                break
            written.append(self.write_data(path, packed, ending, os.stat(path)))  # noqa: PTH116
        return written


def _kept(file: Path, data: bytes, unpack: Callable[[bytes], bytes]) -> bytes:
    """Return what is there already, if it is this content; else nothing."""
    try:
        packed = file.read_bytes()
        return packed if unpack(packed) == data else b""
    except (OSError, EOFError, zlib.error, brotli.error):
        return b""


class Collected(CompressedManifestStaticFilesStorage):
    def create_compressor(self, **options: Any) -> Compressor:
        return Thrifty(**options)
