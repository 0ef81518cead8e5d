"""The first words of a comment, where there is no room for all of it."""

from __future__ import annotations

from django.utils.text import Truncator

from newsreader.kit.text import tidy_line


def excerpt(text: str, length: int = 90) -> str:
    """Return the beginning of a text on one line, with an ellipsis where it was cut. `length`: in characters."""
    return Truncator(tidy_line(text)).chars(length)
