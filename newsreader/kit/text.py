"""Text as people type it: made storable, and folded so that equal texts compare equal."""

import re
import unicodedata

# Controls other than tab and newline, and lone surrogates: no database or page can carry them.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffe\uffff]")
# What takes no room: zero-width marks, joiners, soft hyphens, direction marks, fillers, variation selectors, tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TAG = re.compile(r"<[^<>]*>")


def tidy(text: str) -> str:
    """Return a text as it is stored: NFC, newlines as `\\n`, nothing that cannot be stored."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("", text))


def tidy_line(text: str) -> str:
    """Return a name or a headline as it is stored: one line, blanks collapsed, no direction marks."""
    return " ".join(_DIRECTION.sub("", tidy(text)).split())


def without_invisible(text: str) -> str:
    """Return the text without characters that show nothing."""
    return _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Say whether nothing is left to read once tags, blanks and invisible characters are gone."""
    return not without_invisible(_TAG.sub("", text)).strip()


def fold(text: str) -> str:
    """Return a key under which texts that look the same to a reader are equal.

    NFKC, case and accents folded, invisible characters removed, blanks collapsed. For comparing, never for showing.
    """
    text = unicodedata.normalize("NFKD", without_invisible(unicodedata.normalize("NFKC", text)).casefold())
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())
