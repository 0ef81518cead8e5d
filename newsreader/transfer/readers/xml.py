"""Reading XML from elsewhere: as a stream, without entities, document types or network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from newsreader.transfer.errors import Unreadable

_SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True, "remove_pis": True}
_BLANK = b"\xef\xbb\xbf \t\r\n"
HEAD = 64 * 1024  # bytes; warnings of the exporting site may stand here
_BEGINNINGS = (b"<?xml", b"<rss", b"<!")


def stream(file: BinaryIO, *names: str) -> Iterator[etree._Element]:
    """Yield each element with one of these local names when it is complete; call `forget` once it is read.

    The file must be seekable. Raises Unreadable where it is not well-formed or has a document type.
    """
    start = _first_byte(file)
    try:
        _refuse_document_type(file, start)
        file.seek(start)
        # `huge_tree`: a comment may be longer than the 10 MB that libxml2 allows by default.
        tags = [f"{{*}}{name}" for name in names]
        for _, element in etree.iterparse(file, events=("end",), tag=tags, huge_tree=True, collect_ids=False, **_SAFE):
            yield element
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"not well-formed XML: {' '.join(str(error.msg).split())}") from error


def _first_byte(file: BinaryIO) -> int:
    """Return where the document begins: after blank lines, a byte order mark, or what PHP warned of before it."""
    file.seek(0)
    head = file.read(HEAD)
    start = len(head) - len(head.lstrip(_BLANK))
    if head.startswith(_BEGINNINGS, start):
        return start
    found = [at for mark in (b"<?xml", b"<rss") if (at := head.find(mark)) >= 0]
    return min(found, default=start)


def mentions(file: BinaryIO, *marks: bytes) -> bool:
    """Say whether one of these occurs anywhere in the file."""
    file.seek(0)
    longest, rest = max(map(len, marks)), b""
    while piece := file.read(1024 * 1024):
        rest += piece
        if any(mark in rest for mark in marks):
            return True
        rest = rest[-longest:]
    return False


def text_before(file: BinaryIO) -> str:
    """Return what stands before the document; empty if that is nothing."""
    start = _first_byte(file)
    file.seek(0)
    return file.read(start).strip(_BLANK).decode("utf-8", "replace")


def _refuse_document_type(file: BinaryIO, start: int) -> None:
    """Refuse a file with a document type. Reads with libxml2's own limits, which `huge_tree` would lift."""
    file.seek(start)
    _, root = next(etree.iterparse(file, events=("start",), **_SAFE), (None, None))
    if root is None:
        raise Unreadable("the file is empty")
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("it has a document type, which exports do not need and attacks use")


def forget(element: etree._Element) -> None:
    """Free an element and everything before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


def text_of(element: etree._Element | None) -> str:
    """Return all text inside an element, empty where there is none."""
    return "" if element is None else "".join(element.itertext())
