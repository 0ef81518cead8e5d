"""What an article's stored text only points to: footnotes, shared blocks, pictures of a gallery. Put in its place."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

DEEPEST = 5  # shared blocks within shared blocks
_BLOCK = re.compile(r"<!-- wp:block (\{[^{}]*\}) /-->")
_FOOTNOTES = re.compile(r"<!-- wp:footnotes(?: \{[^{}]*\})? /-->")
_GALLERY = re.compile(r"\[gallery(\s[^\[\]]*)?\]")
_IDS = re.compile(r"""\b(?:ids|include)=["']?([\d,\s]+)""")


@dataclass
class Parts:
    """Shared blocks and pictures of a site, by their number there."""

    blocks: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, tuple[str, str]] = field(default_factory=dict)  # address, title
    attached: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # an article's own pictures


def put_in(text: str, parts: Parts, footnotes: str, number: str = "") -> tuple[str, list[str]]:
    """Return the text with its parts in their places, and the codes of remarks about those that are missing.

    `number` is the article's in the file: a gallery without a list shows what is attached to it.
    """
    missing: list[str] = []
    text = _with_blocks(text, parts, missing, DEEPEST)
    notes = _notes(footnotes)
    text = _replaced(_FOOTNOTES, text, lambda found: notes, missing, "footnotes_missing")
    own = parts.attached.get(number, [])
    text = _replaced(
        _GALLERY, text, lambda found: _gallery(found[1] or "", parts, own, missing), missing, "gallery_missing"
    )
    return text, list(dict.fromkeys(missing))


def _replaced(
    pattern: re.Pattern[str], text: str, part: Callable[[re.Match[str]], str], missing: list[str], code: str
) -> str:
    def put(found: re.Match[str]) -> str:
        put_in = part(found)
        if not put_in:
            missing.append(code)
        return put_in or found[0]

    return pattern.sub(put, text)


def _with_blocks(text: str, parts: Parts, missing: list[str], depth: int) -> str:
    def block(found: re.Match[str]) -> str:
        try:
            shared = parts.blocks.get(str(json.loads(found[1]).get("ref")), "")
        except ValueError:
            return ""
        return _with_blocks(shared, parts, missing, depth - 1) if depth else ""

    return _replaced(_BLOCK, text, block, missing, "block_missing")


def _notes(footnotes: str) -> str:
    """Return a list of the notes, each with a link back; its source is a list of `content` (HTML) and `id`."""
    try:
        rows = [(str(row["id"]), str(row["content"])) for row in json.loads(footnotes or "[]")]
    except (ValueError, TypeError, KeyError):
        return ""
    items = (f'<li id="{escape(id)}">{content} <a href="#{escape(id)}-link">↩︎</a></li>' for id, content in rows)
    return f"<ol>{''.join(items)}</ol>" if rows else ""


def _gallery(options: str, parts: Parts, own: list[str], missing: list[str]) -> str:
    """Return a gallery as figures, of the pictures that are in the file; empty where none is."""
    found = _IDS.search(options)
    ids = [id.strip() for id in found[1].split(",") if id.strip()] if found else own
    here = [parts.pictures[id] for id in ids if id in parts.pictures]
    if len(here) < len(ids):
        missing.append("gallery_missing")
    return "\n\n".join(f'<figure><img src="{escape(url)}" alt="{escape(title)}"></figure>' for url, title in here)
