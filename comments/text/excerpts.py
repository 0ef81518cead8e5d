"""The first words of a comment, where there is no room for all of it."""

from __future__ import annotations

from django.utils.text import Truncator

from newsreader.kit.text import tidy_line

LONGEST_WORD = 20  # characters; what has none so short, as Thai or an address, is cut anywhere
_LOOSE = " .,;:…–—-("  # what no sentence that goes on ends with


def excerpt(text: str, length: int = 90) -> str:
    """Return the beginning of a text on one line, cut between words and with an ellipsis. `length`: in characters."""
    whole = tidy_line(text)
    cut = Truncator(whole).chars(length)
    if cut == whole:
        return whole
    words = cut.removesuffix("…")
    begun, _, rest = words.rpartition(" ")
    if begun and len(rest) <= LONGEST_WORD and not whole[len(words) :].startswith(" "):
        words = begun
    return f"{words.rstrip(_LOOSE)}…"
