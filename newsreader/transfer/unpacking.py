"""Exports as they are handed out: plain, or in a zip or gzip archive, which may hold the export in several files.

To add a kind of archive, write a function that yields its files, and its line in `_ARCHIVES`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast
from zipfile import BadZipFile, ZipFile

from newsreader.transfer.errors import Unreadable

PIECE = 1024 * 1024  # bytes
# An export shrinks to a tenth or a twentieth. What grows more than this, after the first megabytes, is a bomb.
MOST_GROWTH, FREE = 200, 100 * 1024 * 1024


def unpacked(file: BinaryIO, size: int) -> Iterator[BinaryIO]:
    """Yield the files of an export, each seekable: the file itself, or those of an archive in the order of their names.

    One of them exists at a time, on the disk. Raises Unreadable for an archive that is damaged, locked or a bomb.
    """
    head = file.read(4)
    file.seek(0)
    archive = next((read for mark, read in _ARCHIVES.items() if head.startswith(mark)), None)
    if archive is None:
        yield file
        return
    try:
        yield from archive(file, size)
    except (BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise Unreadable(f"the archive is damaged or of an unknown kind: {error}") from error


def _zipped(file: BinaryIO, size: int) -> Iterator[BinaryIO]:
    with ZipFile(file) as archive:
        names = sorted(info.filename for info in archive.infolist() if _is_export(info.filename))
        if not names:
            raise Unreadable("the archive holds no .xml file")
        for name in names:
            if archive.getinfo(name).flag_bits & 1:
                raise Unreadable("the archive is locked with a password")
            with archive.open(name) as packed, _on_disk(packed, size) as plain:
                yield plain


def _is_export(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() == ".xml" and "__MACOSX" not in path.parts and not path.name.startswith(".")


def _gzipped(file: BinaryIO, size: int) -> Iterator[BinaryIO]:
    with gzip.open(file) as packed, _on_disk(cast(IO[bytes], packed), size) as plain:
        yield plain


@contextmanager
def _on_disk(packed: IO[bytes], size: int) -> Iterator[BinaryIO]:
    """Unpack to a file without a name, since readers go back to the beginning."""
    with TemporaryFile() as plain:
        while piece := packed.read(PIECE):
            if plain.tell() + len(piece) > FREE + MOST_GROWTH * size:
                raise Unreadable("the archive grows without end; unpack it first")
            plain.write(piece)
        plain.seek(0)
        yield cast(BinaryIO, plain)


_ARCHIVES: dict[bytes, Callable[[BinaryIO, int], Iterator[BinaryIO]]] = {b"PK\x03\x04": _zipped, b"\x1f\x8b": _gzipped}
