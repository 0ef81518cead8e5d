"""Words for full-text search, split in one way for every index and every query.

Databases find words between blanks. Chinese, Japanese, Thai and others write none between words, and Korean adds
endings to them. So such a run is indexed as overlapping pairs of letters, its last letter alone: 選挙が is
`選挙 挙が が`. What is looked for in it is pairs next to each other, which are much rarer than single letters.

Vowel signs and tones, which some databases take for the end of a word, are written as digits.

To add a script without blanks, add its range to UNSPACED.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from newsreader.kit.text import fold, without_invisible

# First and last code points of scripts that do not part words by blanks, and of Korean. Source: Unicode's Scripts.txt.
UNSPACED = [
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),  # Burmese
    (0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xFFA0, 0xFFDC),  # Hangul
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF), (0x1A20, 0x1AAF), (0xAA80, 0xAADF),  # Tai
    (0x1B00, 0x1B7F), (0xA980, 0xA9DF),  # Balinese, Javanese
    (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0x20000, 0x323AF),  # Han
    (0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9D), (0x1AFF0, 0x1B16F),  # Kana
    (0x3100, 0x312F), (0x31A0, 0x31BF),  # Bopomofo
    (0xA000, 0xA4CF),  # Yi
]  # fmt: skip
_LAST_MARK = 0xFFFF  # Regular expressions look those beyond up one by one, and they are hardly ever written.


def _class(codes: Iterable[int]) -> str:
    """Return characters as the inside of a character class, in ranges."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)


def _is(code: int, kinds: str) -> bool:
    return unicodedata.category(chr(code))[0] in kinds


class _Patterns(NamedTuple):
    accent: re.Pattern[str]  # accents, and the vowel points of Hebrew and Arabic, which are often left out
    mark: re.Pattern[str]  # vowel signs and others that tell words apart
    letter: re.Pattern[str]  # of UNSPACED, with its vowel signs and tones
    piece: re.Pattern[str]  # a run of letters of UNSPACED, as group 1, or any other word
    word: re.Pattern[str]  # what databases take for a word; it may hold several pieces
    special: re.Pattern[str]  # what databases split otherwise


@cache
def _patterns() -> _Patterns:
    """Return them, made when the first text is split: that takes 80 ms, and most commands split none."""
    marks = _class(code for code in range(0x300, _LAST_MARK) if _is(code, "M"))
    letters = _class(code for first, last in sorted(UNSPACED) for code in range(first, last + 1) if _is(code, "LN"))
    accents = _class(code for code in range(0x300, 0x900) if unicodedata.combining(chr(code)))
    accents += r"\u1ab0-\u1abd\u1abf-\u1aff\u1dc0-\u1dff\u20d0-\u20dc\u20e1\u20e5-\u20f0\ufe20-\ufe2f"
    return _Patterns(
        accent=re.compile(f"[{accents}]"),
        mark=re.compile(f"[{marks}]"),
        letter=re.compile(f"[{letters}][{marks}]*"),
        piece=re.compile(rf"((?:[{letters}][{marks}]*)+)|(?:(?![{letters}])[^\W_]|[{marks}])+"),
        word=re.compile(rf"(?:[^\W_]|[{marks}])+"),
        special=re.compile(f"[{letters}{marks}]"),
    )


_PLAIN = re.compile(r"[^\W_]+()")  # The same as a piece for most texts, in a quarter of the time.
_UNMARKED = re.compile(r"[^\W_]+")
_NOT_LOWER = re.compile("[^\x00-@[-\x7f]")  # what folding may change
_NOWHERE = "\0"  # instead of a letter that has no letter in its place; no text holds it


class Sought(NamedTuple):
    """What is looked for: words next to each other, folded, and the tokens that stand for them in an index.

    `goes_on`: the last token may be the beginning of another one, since it is a single letter of a run.
    """

    words: tuple[str, ...]
    tokens: tuple[str, ...]
    goes_on: bool = False


def folded(text: str) -> str:
    """Return a text folded for search: as `fold` does, but marks that make another word of it stay."""
    if text.isascii():
        return fold(text)
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", without_invisible(text)).casefold())
    return " ".join(unicodedata.normalize("NFC", _patterns().accent.sub("", text)).split())


def indexed(text: str) -> str:
    """Return a whole text as it is indexed."""
    text = folded(text)
    if not _patterns().special.search(text):
        return text
    return _patterns().piece.sub(
        lambda piece: f" {' '.join(_tokens(piece))} " if piece[1] else _written(piece[0]), text
    )


def words(text: str) -> Iterator[re.Match[str]]:
    """Yield what databases take for the words of a text."""
    return _patterns().word.finditer(text)


def pieces(text: str) -> Iterator[re.Match[str]]:
    """Yield the words of a text; each run of UNSPACED is one, with a group 1."""
    return (_patterns().piece if is_special(text) else _PLAIN).finditer(text)


def in_place(text: str) -> str | None:
    """Return a text with each letter folded in its place; None if one is folded to several, or a word is special."""
    if text.isascii():
        return text.lower()
    text = _NOT_LOWER.sub(lambda letter: _letter_in_place(letter[0]), text)
    return None if _NOWHERE in text else text


def starting(beginning: str, text: str) -> Iterator[re.Match[str]]:
    """Yield the words that start so in a text folded in its place."""
    at = text.find(beginning)
    while at >= 0:
        if not (at and text[at - 1].isalnum()) and (word := _UNMARKED.match(text, at)):
            yield word
        at = text.find(beginning, at + 1)


@cache
def _letter_in_place(letter: str) -> str:
    if is_special(letter):
        return _NOWHERE
    if not letter.isalnum():  # Between words.
        return letter
    one = folded(letter)
    return one if len(one) == 1 and one.isalnum() else _NOWHERE


def special(text: str) -> str:
    """Return, as they are indexed, those words of a text that databases would split otherwise; empty for most texts."""
    if not is_special(text):
        return ""
    found = (word[0] for word in words(folded(text)) if is_special(word[0]))
    return " ".join(token for word in found for piece in pieces(word) for token in _tokens(piece))


def is_special(word: str) -> bool:
    """Say whether databases would split this word otherwise."""
    return not word.isascii() and bool(_patterns().special.search(word))


def is_run(word: str) -> bool:
    """Say whether a word is a run of letters that has no blanks between its words."""
    return bool(_patterns().letter.match(word))


def sought(text: str) -> Sought | None:
    """Return what is looked for by these words, in this order; None if there is no word."""
    found = list(pieces(folded(text)))
    if not found:
        return None
    *first, last = found
    tokens = [token for piece in first for token in _tokens(piece)]
    letters = _letters(last) if last[1] else []
    # What follows the last letter in an index is not known, so pairs end with it.
    tokens += list(_pairs(letters)) if len(letters) > 1 else _tokens(last)
    return Sought(tuple(piece[0] for piece in found), tuple(tokens), goes_on=len(letters) == 1)


def _tokens(piece: re.Match[str]) -> list[str]:
    if not piece[1]:
        return [_written(piece[0])]
    letters = _letters(piece)
    return [*_pairs(letters), letters[-1]]


def _letters(piece: re.Match[str]) -> list[str]:
    return [_written(letter) for letter in _patterns().letter.findall(piece[0])]


def _pairs(letters: list[str]) -> Iterator[str]:
    return (first + second for first, second in pairwise(letters))


def _written(word: str) -> str:
    """Return a word with its vowel signs and tones as digits."""
    return _patterns().mark.sub(lambda mark: str(ord(mark[0])), word)
