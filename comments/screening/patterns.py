"""The regular expressions of filter entries, which take time linear in the text, whatever they are.

The engine is RE2: it has no look-around and no back-references, and never backtracks. The time for each character
depends on the size of a pattern, limited by `STEPS`, and on their number, limited by `MOST` and `MOST_STEPS`. Case is
ignored.

Each pattern is searched for separately. In a comment of 10,000 characters, 500 patterns of the usual size (25 steps)
take 20 ms, and 500 with gaps between words (400 steps) no longer. Gaps after a class of letters are slow, such as
`[a-m].{0,110}[n-z]`: some 16 µs a step, so `MOST_STEPS` limits all patterns together to two seconds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import re2

from comments.errors import TooManyPatterns
from comments.screening.normalise import APART, Readings
from newsreader.kit.text import without_invisible

LONGEST = 200  # characters of a pattern
STEPS = 2_500  # of the compiled program: `\\pL{2,5}` has 6,000
MOST = 500  # patterns in force together
MOST_STEPS = 100_000  # of all of them
MEMORY = 1 << 18  # bytes for each pattern
_ANY_TEXT = ["a", "Z", "5", ".", "ж"]  # No useful pattern matches all of these.
_SOME_TEXT = "A text, of 3 lines.\nOr so"

Compiled = Any  # re2 has no types


def compiled(pattern: str) -> Compiled | None:
    """Return the compiled pattern; None if it is invalid or too large."""
    try:
        return _compile(pattern)
    except (re2.error, UnicodeError):
        return None


def fault(pattern: str) -> tuple[str, str]:
    """Return a code for what is wrong with a pattern, and the engine's message; both empty if nothing is.

    Codes: `pattern_invalid`, `pattern_too_large`, `pattern_finds_nothing` (it matches empty text),
    `pattern_finds_everything`.
    """
    try:
        regex = _compile(pattern)
    except UnicodeError:
        return "pattern_invalid", ""
    except re2.error as error:
        said = error.args[0] if error.args else b""
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return ("pattern_too_large" if "too large" in said else "pattern_invalid"), said[:100]
    if regex is None:
        return "pattern_too_large", ""
    if regex.search("") or any(not match.group() for match in regex.finditer(_SOME_TEXT)):
        return "pattern_finds_nothing", ""
    if all(regex.search(text) for text in _ANY_TEXT):
        return "pattern_finds_everything", ""
    return "", ""


def check_room(regexes: Collection[Compiled]) -> None:
    """Raise TooManyPatterns if these are too many, or together too large."""
    if len(regexes) > MOST or sum(regex.programsize for regex in regexes) > MOST_STEPS:
        raise TooManyPatterns(MOST)


def _compile(pattern: str) -> Compiled | None:
    options = re2.Options()
    options.case_sensitive, options.never_capture, options.log_errors = False, True, False
    options.max_mem = MEMORY
    regex = re2.compile(pattern, options)
    return regex if len(pattern) <= LONGEST and regex.programsize <= STEPS else None


def pieces(versions: Iterable[str]) -> list[bytes]:
    """Return the texts to search, each once: as typed, without invisible characters, and in plain letters."""
    typed = list(dict.fromkeys(versions))
    seen = [without_invisible(unicodedata.normalize("NFKC", text)) for text in typed]
    texts = dict.fromkeys([*typed, *seen, *Readings.of(typed).texts.split(APART)])
    return [text.encode(errors="replace") for text in texts if text]


def is_found(regex: Compiled, texts: Sequence[bytes]) -> bool:
    """Say whether a pattern matches one of these `pieces`."""
    return any(regex.search(text) for text in texts)
