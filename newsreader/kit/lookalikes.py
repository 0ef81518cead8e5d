"""Texts that look alike: a key that is equal for a word and its imitations. For comparing, never for showing.

The data is Unicode's table of confusable characters, from the package confusable-homoglyphs, with additions below. To
treat two more characters as alike, add them to `_MORE`.
"""

import json
import unicodedata
from functools import cache
from importlib.resources import files

from newsreader.kit.text import fold

# What the table keeps apart and a hurried reader does not: it has `I` but not `i`, and no small capitals.
_MORE = (
    dict(zip("i1|05ð", "lllosd", strict=True))
    | dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghljklmnopqrstuvwyz", strict=True))
    | dict(zip("ĸʍ", "km", strict=True))  # What Cyrillic к and м are in the table.
    | {chr(first + place): chr(ord("a") + place) for first in (0x1F150, 0x1F170) for place in range(26)}  # 🅐 and 🅰
)
_DIRECTION = "\u200e"  # The table has it around letters of right-to-left scripts.
_ROUNDS = 8  # Chains of similar characters are shorter; this ends a cycle.


def skeleton(text: str) -> str:
    """Return a key that is equal for texts that look alike: `Editor`, `Еd1tor`, `E d i t o r` and `ＥＤＩＴＯＲ`.

    Only letters and numbers count: blanks, punctuation, symbols, accents and invisible characters are dropped, so a
    text of only these has an empty key. The key of a key is the key itself. Linear; the first call reads the table
    (50 ms).
    Source: the skeleton of UTS #39, made coarser.
    """
    text = _mapped(text, _table())
    return text.replace("rn", "m").replace("vv", "w")


def latin(text: str) -> str:
    """Return the text with letters of other scripts replaced by the Latin letters that they look like.

    Finer than `skeleton`: i, l and 1 stay different. A capital can look like another letter than its lower case does:
    to cover both, call this before and after folding. Linear; the first call reads the table.
    """
    return text if text.isascii() else text.translate(_letters())


@cache
def _letters() -> dict[int, str]:
    alike = _alike()
    strange = {ord(entry): _prototype(entry, alike) for entry in alike if _is_one(entry) and not entry.isascii()}
    strange |= {ord(entry): letter for entry, letter in _MORE.items() if not entry.isascii()}
    strange[ord("ɪ")] = "i"  # It is l in the table above.
    ends = {prototype: _end(prototype, strange).replace("rn", "m") for prototype in set(strange.values())}
    return {
        code: ends[seen]
        for code, seen in strange.items()
        if len(ends[seen]) == 1 and ends[seen].isascii() and (_counts(chr(code)) or chr(code) in _MORE)
    }


def _mapped(text: str, table: dict[int, str]) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFD", text)
    # Twice: a capital can look like another letter than its lower case does (Ν like N, ν like v), and a letter that is
    # not in the table can be in it once it is folded.
    text = fold(text.translate(table)).translate(table)
    if text.isascii():
        return "".join(filter(str.isalnum, text))
    dropped = {ord(character): None for character in set(text) if not _counts(character)}
    return text.translate(dropped)


def _counts(character: str) -> bool:
    kind = unicodedata.category(character)
    # Vowel signs of Indic scripts are marks, too, but distinguish names; unlike accents, they have combining class 0.
    return kind[0] in "LNM" and kind != "Me" and not unicodedata.combining(character)


@cache
def _table() -> dict[int, str]:
    """Return what each character looks like, in lower case, for `str.translate`."""
    alike = _alike()
    steps = {ord(entry): _prototype(entry, alike) for entry in alike if _is_one(entry)}
    steps |= {ord(entry): letter for entry, letter in _MORE.items()}
    # A character stays if it would become empty: י looks like an apostrophe, which is dropped, but is a letter.
    ends = {prototype: _end(prototype, steps) for prototype in set(steps.values())}
    return {code: ends[seen] for code, seen in steps.items() if ends[seen] and _may_be(chr(code), seen)}


def _alike() -> dict[str, list[str]]:
    data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
    return {
        entry.strip(_DIRECTION): [other["c"].strip(_DIRECTION) for other in others] for entry, others in data.items()
    }


def _end(text: str, steps: dict[int, str]) -> str:
    """Return the end of a chain: О looks like O, which is o in lower case."""
    for _ in range(_ROUNDS):
        before, text = text, _mapped(text, steps)
        if text == before:
            break
    return text


def _is_one(entry: str) -> bool:
    """Say whether this is one character, and not an accented letter: those are decomposed before."""
    return len(entry) == 1 and unicodedata.normalize("NFD", entry) == entry


def _may_be(entry: str, prototype: str) -> bool:
    """Say whether this is a letter, or a symbol that looks like an ASCII one: | like l, but not — like ー."""
    return _counts(entry) or (len(prototype) == 1 and prototype.isascii())


def _prototype(entry: str, alike: dict[str, list[str]]) -> str:
    """Return the representative of the entry's class: the one that all others are listed with; of two, the plainer."""
    others = alike[entry]
    if len(others) != 1:
        return entry
    other = others[0]
    if len(alike.get(other, ())) > 1:
        return other
    return min(entry, other, key=lambda text: (not fold(text).isascii(), len(text), text))
