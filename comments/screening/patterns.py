"""Regular expressions of the editors' lists, in linear time whatever they say.

The engine is RE2: no look-around and no back-references, and no text on which it takes for ever. What is left is how
large a pattern becomes (`STEPS`), which bounds the time for each character, and how many there are (`MOST`,
`MOST_STEPS`). Letters of any case are the same.

Each is looked for by itself. 500 of a usual size (25 steps) cost 20 ms for a comment of 10,000 characters, 500 with
gaps between words (400 steps) no more. What costs are gaps behind a class of letters, `[a-m].{0,110}[n-z]`: some 16 µs
a step, which `MOST_STEPS` bounds to two seconds for all.
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
MOST = 500  # patterns that are looked for together
MOST_STEPS = 100_000  # of all of them
MEMORY = 1 << 18  # bytes for each pattern
_ANY_TEXT = ["a", "Z", "5", ".", "ж"]  # Nothing sensible is found in each of these.
_SOME_TEXT = "A text, of 3 lines.\nOr so"

Compiled = Any  # re2 has no types


def compiled(pattern: str) -> Compiled | None:
    """Return a pattern ready to be looked for, None where it is none or too large."""
    try:
        return _compile(pattern)
    except (re2.error, UnicodeError):
        return None


def fault(pattern: str) -> tuple[str, str]:
    """Return the code of what makes a pattern unfit for the list, and what the engine says; both empty for none.

    `pattern_invalid`, `pattern_too_large`, `pattern_finds_nothing` (it matches where nothing stands) and
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
    """Raise TooManyPatterns where these are too many, or too large, to be looked for together."""
    if len(regexes) > MOST or sum(regex.programsize for regex in regexes) > MOST_STEPS:
        raise TooManyPatterns(MOST)


def _compile(pattern: str) -> Compiled | None:
    options = re2.Options()
    options.case_sensitive, options.never_capture, options.log_errors = False, True, False
    options.max_mem = MEMORY
    regex = re2.compile(pattern, options)
    return regex if len(pattern) <= LONGEST and regex.programsize <= STEPS else None


def pieces(versions: Iterable[str]) -> list[bytes]:
    """Return every text in which patterns are looked for, each once: as typed, without what is not seen, and plain."""
    typed = list(dict.fromkeys(versions))
    seen = [without_invisible(unicodedata.normalize("NFKC", text)) for text in typed]
    texts = dict.fromkeys([*typed, *seen, *Readings.of(typed).texts.split(APART)])
    return [text.encode(errors="replace") for text in texts if text]


def is_found(regex: Compiled, texts: Sequence[bytes]) -> bool:
    """Say whether a pattern is found in one of these `pieces`."""
    return any(regex.search(text) for text in texts)
