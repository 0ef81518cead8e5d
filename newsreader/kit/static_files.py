"""Files for browsers, collected and compressed by `manage.py collectstatic`: each content once, and only if it is new.

The library compresses every file twice, under its own name and under the one with its hash, source maps too: a minute
for what takes five seconds here. What a page loads is as small as there. Our own sheets and scripts, which are those
outside any folder, leave their comments behind: a quarter of what readers would load.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import brotli
from django.core.files.base import ContentFile, File
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

LARGE = 640 * 1024  # bytes; what is larger belongs to the API's documentation, and the best compression takes seconds
# In a sheet comments wherever they stand but for licences (`/*!`); what is quoted is passed over. In a script only what
# fills whole lines: to find the others one has to parse it. No template string of ours spans lines.
_COMMENTS = {
    ".css": re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|/\*(?!!).*?\*/\s*""", re.DOTALL),
    ".js": re.compile(r"()^[ \t]*(?:/\*(?!!)(?:[^*]|\*(?!/))*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE),
}
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


def without_comments(name: str, text: str) -> str:
    """Return a sheet or script of ours as readers load it; what is somebody else's, or neither, as it is."""
    return _COMMENTS[Path(name).suffix].sub(r"\1", text) if _is_ours(name) else text


def _is_ours(name: str) -> bool:
    return "/" not in name and Path(name).suffix in _COMMENTS


class Collected(CompressedManifestStaticFilesStorage):
    def save(self, name: str | None, content: File[Any], max_length: int | None = None) -> str:
        """Copy a file here, as readers load it."""
        if name and _is_ours(name):
            content = ContentFile(without_comments(name, content.read().decode()).encode())
        return super().save(name, content, max_length)

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """As the library does, but from the copies of our own files, not from what they were copied from."""
        paths = {name: (self, name) if _is_ours(name) else source for name, source in paths.items()}
        yield from super().post_process(paths, dry_run, **options)

    def create_compressor(self, **options: Any) -> Compressor:
        return Thrifty(**options)
