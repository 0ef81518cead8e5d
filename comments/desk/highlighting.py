"""Marking the words in a comment that a rule found, however they were disguised.

Only for display: comments are judged by `comments.screening`. The HTML was made by `comments.text.formatting`.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Collection, Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from comments.screening.normalise import mixed, plain

LONGEST = 20_000  # characters of HTML that are searched
_PART = re.compile(r"(<[^>]*>)")
_CHUNK = re.compile(r"\S+")
_NO_LETTER = re.compile(r"[\W_]+")
Span = tuple[int, int]


def highlighted(html: str, words: Collection[str]) -> SafeString:
    """Return a comment's HTML with these words in `<mark>`, even where punctuation or blanks split them."""
    wanted = {letters for word in words for letters in (_letters(word), mixed(plain(word))) if len(letters) > 1}
    if not wanted or len(html) > LONGEST:
        return mark_safe(html)
    parts = (part if part.startswith("<") else _mark(part, wanted) for part in _PART.split(html))
    return mark_safe("".join(parts))  # Safe: all text is escaped again.


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", plain(text))


def _mark(part: str, wanted: set[str]) -> str:
    text, spans = entities.unescape(part), list[Span]()
    chunks = [match.span() for match in _CHUNK.finditer(text)]
    for reading in (_letters, lambda chunk: mixed(plain(chunk))):
        read = [reading(text[start:end]) for start, end in chunks]
        spans += _found(chunks, read, wanted)
    if not spans:
        return part
    pieces, last = [], 0
    for start, end in _merged(spans):
        pieces += [escape(text[last:start]), "<mark>", escape(text[start:end]), "</mark>"]
        last = end
    return "".join([*pieces, escape(text[last:])])


def _found(chunks: list[Span], read: list[str], wanted: set[str]) -> Iterator[Span]:
    """Yield the chunks that hold a word. The letters of all chunks form one string, in which each chunk has a range."""
    joined, starts, owner = "".join(read), set[int](), list[int]()
    for number, letters in enumerate(read):
        starts.add(len(owner))
        owner += [number] * len(letters)
    for word in wanted:
        at = joined.find(word)
        while at >= 0:
            first, last = owner[at], owner[at + len(word) - 1]
            if first == last or at in starts:  # Inside one chunk, or starting where a chunk starts.
                yield chunks[first][0], chunks[last][1]
            at = joined.find(word, at + 1)


def _merged(spans: list[Span]) -> Iterator[Span]:
    start, end = min(spans)
    for next_start, next_end in sorted(spans):
        if next_start > end:
            yield start, end
            start, end = next_start, next_end
        end = max(end, next_end)
    yield start, end
