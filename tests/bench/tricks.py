"""What each trick does to a listed word before and after it is read as it was meant. `python -m tests.bench.tricks`.

Printed as a Markdown table, computed from the tricks of `tests/comments/screening/test_checks.py`: whether a plain search for the
entry finds it, as WordPress' lists search (the second of them once more with the tags taken away), and whether ours
does, which also says how the text is read.
"""

import os
import re
import sys
import unicodedata
from collections.abc import Iterator

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from comments.models import FilterEntry  # noqa: E402
from comments.screening.compiled_entries import CompiledEntry  # noqa: E402
from comments.screening.normalise import APART, Readings, typed_versions  # noqa: E402
from comments.screening.words import _is_in  # noqa: E402
from comments.text import formatting  # noqa: E402
from tests.comments.screening.test_checks import TRICKS, test_an_innocent_text_passes  # noqa: E402

LISTED = "viagra"
(INNOCENT,) = (mark.args[1] for mark in test_an_innocent_text_passes.pytestmark)  # entries, and texts that are fine
_TAG = re.compile(r"<[^>]*>")


def is_found_plainly(text: str, entry: str = LISTED) -> bool:
    """Search as `moderation_keys` does: anywhere, whatever the case, and in generated markup, too."""
    markup = " ".join(_TAG.findall(formatting.to_html(text)))
    return entry.casefold() in f"{text}\n{markup}".casefold()


def is_found_without_tags(text: str) -> bool:
    """Search as `disallowed_keys` does: as above, and in the text without its tags."""
    return is_found_plainly(text) or is_found_plainly(_TAG.sub("", text))


def read(text: str) -> Readings:
    return Readings.of(typed_versions(text, formatting.to_html(text)))


def as_read(readings: Readings) -> str:
    """Return the reading in which the word stands, or what puts it together."""
    texts = [text for text in readings.texts.split(APART) if LISTED in text]
    if texts:
        return texts[0]
    if LISTED in readings.spelt_out:
        return f"spelt out: {LISTED}"
    return f"put together: {LISTED}" if LISTED in readings.words else "numbers and signs read as letters"


def shown(text: str) -> str:
    """Return a text for a table's cell, with what is not seen by its number."""
    seen = "".join(
        c if c in "\n" or (c.isprintable() and not unicodedata.combining(c)) else f"\\u{ord(c):04x}" for c in text
    )
    seen = seen.replace("|", "\\|").replace("\n", "⏎")
    return f"`` {seen} ``" if "`" in seen else f"`{seen}`"


def listed(pattern: str) -> CompiledEntry:
    return CompiledEntry(FilterEntry(pattern=pattern, match=FilterEntry.Match.WORD, action=FilterEntry.Action.HOLD))


def rows() -> Iterator[str]:
    yield "| trick | typed | plain search | plain search without tags | ours | read as |"
    yield "|---|---|---|---|---|---|"
    sums = [0, 0, 0]
    for trick, text in TRICKS.items():
        readings = read(text)
        found = [is_found_plainly(text), is_found_without_tags(text), _is_in(listed(LISTED), readings)]
        sums = [total + one for total, one in zip(sums, found, strict=True)]
        cells = " | ".join("found" if one else "missed" for one in found)
        yield f"| {trick} | {shown(text)} | {cells} | {as_read(readings) if found[2] else ''} |"
    yield f"| **{len(TRICKS)} tricks** | | {' | '.join(f'**{total} found**' for total in sums)} | |"
    plainly = sum(is_found_plainly(text, entry) for entry, text in INNOCENT)
    ours = sum(_is_in(listed(entry), read(text)) for entry, text in INNOCENT)
    yield f"\nOf {len(INNOCENT)} innocent texts the plain search holds {plainly}, ours {ours}."


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
