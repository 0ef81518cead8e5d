"""Texts that look alike: a key under which a word and its imitations are equal. For comparing, never for showing.

The data is Unicode's table of confusable characters as the package confusable-homoglyphs keeps it, with what it lacks
below. To call two more characters alike, add them to `_MORE`.
"""

import json
import unicodedata
from functools import cache
from importlib.resources import files

from newsreader.kit.text import fold

# What the table tells apart and a hurried reader does not: `I` is in it, `i` is not; small capitals stand alone.
_MORE = (
    dict(zip("i1|05ð", "lllosd", strict=True))
    | dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghljklmnopqrstuvwyz", strict=True))
    | dict(zip("ĸʍ", "km", strict=True))  # What Cyrillic к and м are in the table.
    | {chr(first + place): chr(ord("a") + place) for first in (0x1F150, 0x1F170) for place in range(26)}  # 🅐 and 🅰
)
_DIRECTION = "\u200e"  # The table puts it around letters of scripts that run from right to left.
_ROUNDS = 8  # Chains of alikeness are shorter; a circle would end here.


def skeleton(text: str) -> str:
    """Return a key that is equal for texts that look alike: `Editor`, `Еd1tor`, `E d i t o r` and `ＥＤＩＴＯＲ`.

    Letters and numbers alone count: blanks, punctuation, symbols, accents and invisible characters are dropped, so a
    text of nothing else has an empty key. The key of a key is itself. Linear; the first call reads the table (50 ms).
    Source: the skeleton of UTS #39, made coarser.
    """
    text = _mapped(text, _table())
    return text.replace("rn", "m").replace("vv", "w")


def latin(text: str) -> str:
    """Return the text with letters of other scripts that look like a Latin one replaced by it; all else stays.

    Finer than `skeleton`: i, l and 1 remain three. A capital may look like another letter than its small form does, so
    whoever wants both asks before and after folding. Linear; the first call reads the table.
    """
    return text if text.isascii() else text.translate(_letters())


@cache
def _letters() -> dict[int, str]:
    alike = _alike()
    strange = {ord(entry): _prototype(entry, alike) for entry in alike if _is_one(entry) and not entry.isascii()}
    strange |= {ord(entry): letter for entry, letter in _MORE.items() if not entry.isascii()}
    strange[ord("ɪ")] = "i"  # Which is l above.
    ends = {prototype: _end(prototype, strange).replace("rn", "m") for prototype in set(strange.values())}
    return {
        code: ends[seen]
        for code, seen in strange.items()
        if len(ends[seen]) == 1 and ends[seen].isascii() and (_counts(chr(code)) or chr(code) in _MORE)
    }


def _mapped(text: str, table: dict[int, str]) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFD", text)
    # Twice: a capital may look like another letter than its small form does (Ν like N, ν like v), and letters that
    # are not in the table may be once they are folded.
    text = fold(text.translate(table)).translate(table)
    if text.isascii():
        return "".join(filter(str.isalnum, text))
    dropped = {ord(character): None for character in set(text) if not _counts(character)}
    return text.translate(dropped)


def _counts(character: str) -> bool:
    kind = unicodedata.category(character)
    # Vowel signs of Indic scripts are marks, too, and tell names apart; unlike accents they combine with class 0.
    return kind[0] in "LNM" and kind != "Me" and not unicodedata.combining(character)


@cache
def _table() -> dict[int, str]:
    """Return what each character looks like, in small letters, for `str.translate`."""
    alike = _alike()
    steps = {ord(entry): _prototype(entry, alike) for entry in alike if _is_one(entry)}
    steps |= {ord(entry): letter for entry, letter in _MORE.items()}
    # What ends as nothing stays what it is: י looks like an apostrophe, which is dropped, and is a letter.
    ends = {prototype: _end(prototype, steps) for prototype in set(steps.values())}
    return {code: ends[seen] for code, seen in steps.items() if ends[seen] and _may_be(chr(code), seen)}


def _alike() -> dict[str, list[str]]:
    data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
    return {
        entry.strip(_DIRECTION): [other["c"].strip(_DIRECTION) for other in others] for entry, others in data.items()
    }


def _end(text: str, steps: dict[int, str]) -> str:
    """Return where a chain leads: О looks like O, which is o in small letters."""
    for _ in range(_ROUNDS):
        before, text = text, _mapped(text, steps)
        if text == before:
            break
    return text


def _is_one(entry: str) -> bool:
    """Say whether this is one character, and no accented letter: those are taken apart before."""
    return len(entry) == 1 and unicodedata.normalize("NFD", entry) == entry


def _may_be(entry: str, prototype: str) -> bool:
    """Say whether this is a letter, or a mark that looks like a plain one: | like l; but ® is no r, and — is no ー."""
    return _counts(entry) or (len(prototype) == 1 and prototype.isascii())


def _prototype(entry: str, alike: dict[str, list[str]]) -> str:
    """Return what stands for the entry's class: the middle of its star; of two alone the plainer one."""
    others = alike[entry]
    if len(others) != 1:
        return entry
    other = others[0]
    if len(alike.get(other, ())) > 1:
        return other
    return min(entry, other, key=lambda text: (not fold(text).isascii(), len(text), text))
