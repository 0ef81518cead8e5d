"""How many disguised words evade the lists, and that patterns take linear time. `python -m tests.bench.evading`.

Printed as Markdown. Each word of LISTED in each of TRICKS, in a sentence and in the real spam of
`../shared/data/comments/spam`; found by a plain search in the small letters of what was typed, and by ours. Then what
both hold of that folder's honest comments, and how long patterns take that stop other engines.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator

import django

from tests.machine import SHARED

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from comments.drafts import Draft  # noqa: E402
from comments.models import FilterEntry  # noqa: E402
from comments.screening import patterns  # noqa: E402
from comments.screening.compiled_entries import CompiledEntries  # noqa: E402
from comments.screening.words import found_anywhere  # noqa: E402
from comments.text import formatting  # noqa: E402

SPAM = SHARED / "data" / "comments" / "spam"
LISTED = [
    *("viagra", "cialis", "levitra", "xanax", "tramadol", "phentermine", "amoxicillin", "furosemide", "prednisone"),
    *("synthroid", "zoloft", "casino", "roulette", "poker", "gambling", "jackpot", "bitcoin", "forex", "payday loan"),
    *("replica watches", "cheap pills", "porn", "escort", "ringtones"),
]
LOOK_ALIKE = str.maketrans("aceiopsxyj", "асеіорѕхуј")  # Cyrillic
CAPITALS = str.maketrans("abeiklmnoptxyz", "ΑΒΕΙΚLΜΝΟΡΤΧΥΖ")  # Greek where it has one
SMALL_CAPITALS = str.maketrans("abcdefghijklmnoprtuvwz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡᴢ")
NUMBERS, SIGNS = str.maketrans("aeio", "4310"), str.maketrans("ais", "@!$")
UPSIDE_DOWN = str.maketrans("abcdefghijklmnopqrtuvwy", "ɐqɔpǝɟƃɥıɾʞlɯuodbɹʇnʌʍʎ")


def _moved(first: int) -> Callable[[str], str]:
    """Return a trick that takes the letters from another place in Unicode, where they stand in the same order."""
    return lambda word: "".join(chr(first + ord(c) - ord("a")) if c.isalpha() else c for c in word)


def _between(sign: str) -> Callable[[str], str]:
    """Return a trick that puts something between all letters of each word."""
    return lambda word: " ".join(sign.join(part) for part in word.split())


def _inside(left: str, right: str = "") -> Callable[[str], str]:
    """Return a trick that puts something around the middle of a word, or into it."""

    def trick(word: str) -> str:
        half = len(word) // 2
        return f"{word[: half - 1]}{left}{word[half - 1 : half + 1]}{right}{word[half + 1 :]}"

    return trick


TRICKS: dict[str, Callable[[str], str]] = {
    "none": str,
    "capitals": str.upper,
    "zero-width blanks": _between("\u200b"),
    "soft hyphens": _inside("\u00ad"),
    "Cyrillic letters": lambda word: word.translate(LOOK_ALIKE),
    "Greek capitals": lambda word: word.translate(CAPITALS).upper(),
    "full-width letters": _moved(0xFF41),
    "mathematical letters": _moved(0x1D4EA),
    "circled letters": _moved(0x24D0),
    "squared letters": _moved(0x1F170),
    "small capitals": lambda word: word.translate(SMALL_CAPITALS),
    "numeric entities": lambda word: "".join(f"&#{ord(c)};" if c.isalpha() else c for c in word),
    "doubled entities": lambda word: "".join(f"&amp;#{ord(c)};" if c.isalpha() else c for c in word),
    "tags inside": _inside("<b>", "</b>"),
    "comment inside": _inside("<!-- x -->"),
    "emphasis inside": _inside("**", "**"),
    "strike inside": _inside("~~", "~~"),
    "code inside": _inside("`", "`"),
    "link inside": _inside("[", "](https://a.example)"),
    "hyphen inside": _inside("-"),
    "dots between": _between("."),
    "stars between": _between("*"),
    "emoji between": _between("★"),
    "spelt out": _between(" "),
    "torn by a blank": _inside(" "),
    "torn by a line break": _inside("\n"),
    "hyphen at a line break": _inside("-\n"),
    "numbers for letters": lambda word: word.translate(NUMBERS),
    "signs for letters": lambda word: word.translate(SIGNS),
    "accents": lambda word: unicodedata.normalize("NFC", re.sub(r"([aeiou])", "\\1\u0308", word)),
    "marks on every letter": lambda word: re.sub(r"([a-z])", "\\1\u0335\u0301", word),
    "underlined": lambda word: f"_{word}_",
    "quoted": lambda word: f"“{word}”",
    "direction turned": lambda word: f"\u202e{word[::-1]}\u202c",
    "upside down": lambda word: word.translate(UPSIDE_DOWN)[::-1],
    "a letter doubled": lambda word: word[:3] + word[2] + word[3:],
    "a letter left out": lambda word: word[:2] + word[3:],
}
EVIL = [r"(a+)+$", r"(a*)*b", r"(a|a)*c", r"(a|b)*a(a|b){20}c", r"(.*)*(.*)*!", r"(\w{1,30} ){1,9}!"]


def is_found_plainly(text: str, words: list[str]) -> bool:
    return any(word in text.lower() for word in words)


def is_found(text: str, book: CompiledEntries) -> bool:
    return bool(found_anywhere(Draft(0, text), book))


def book_of(words: list[str]) -> CompiledEntries:
    return CompiledEntries(
        [FilterEntry(pattern=word, match=FilterEntry.Match.WORD, action=FilterEntry.Action.HOLD) for word in words]
    )


def table(title: str, cases: Callable[[Callable[[str], str]], list[tuple[str, list[str]]]]) -> Iterator[str]:
    """Yield a row for each trick: of how many texts the plain search and ours miss how many."""
    yield f"| {title} | texts | evade a plain search | evade ours |"
    yield "|---|--:|--:|--:|"
    books: dict[tuple[str, ...], CompiledEntries] = {}
    sums = [0, 0, 0]
    for name, trick in TRICKS.items():
        row = [0, 0, 0]
        for text, words in cases(trick):
            book = books.setdefault(tuple(words), book_of(words))
            row = [row[0] + 1, row[1] + (not is_found_plainly(text, words)), row[2] + (not is_found(text, book))]
        sums = [total + one for total, one in zip(sums, row, strict=True)]
        yield f"| {name} | {row[0]} | {row[1]} | {row[2]} |"
    yield f"| **all** | **{sums[0]}** | **{sums[1]}** ({sums[1] / sums[0]:.0%}) | **{sums[2]}** ({sums[2] / sums[0]:.1%}) |"
    yield ""


def sentences(trick: Callable[[str], str]) -> list[tuple[str, list[str]]]:
    return [(f"Buy {trick(word)} here", [word]) for word in LISTED]


def real(trick: Callable[[str], str]) -> list[tuple[str, list[str]]]:
    """Return real spam that names a listed word, with every listed word in it disguised."""
    any_listed = re.compile("|".join(map(re.escape, LISTED)), re.IGNORECASE)
    texts = [re.sub(r"<[^>]*>", "", text) for text in lines("wp-pharma-campaigns-1.dev.jsonl.gz")]
    return [(any_listed.sub(lambda m: trick(m[0].lower()), t), LISTED) for t in texts if any_listed.search(t)]


def lines(name: str) -> list[str]:
    with gzip.open(SPAM / name, "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def honest() -> Iterator[str]:
    texts, book = lines("wp-ham.dev.jsonl.gz"), book_of(LISTED)
    plainly = sum(is_found_plainly(text, LISTED) for text in texts)
    ours = [text for text in texts if is_found(text, book)]
    yield f"Of {len(texts)} honest comments the plain search holds {plainly}, ours {len(ours)}."
    yield ""


def linear() -> Iterator[str]:
    yield "| pattern | 8,125 | 16,250 | 32,500 | 65,000 characters, ms | a comment of 65,000 with all its readings, ms |"
    yield "|---|--:|--:|--:|--:|--:|"
    for pattern in EVIL:
        regex = patterns.compiled(pattern)
        took = [_milliseconds(regex, [("a" * size + "\n").encode()]) for size in (8_125, 16_250, 32_500, 65_000)]
        whole = _whole(pattern)
        yield f"| `{pattern.replace('|', chr(92) + '|')}` | {' | '.join(f'{ms:.2f}' for ms in took)} | {whole:.0f} |"
    yield ""


def _milliseconds(regex: patterns.Compiled, texts: list[bytes]) -> float:
    patterns.is_found(regex, texts)  # The engine builds its tables at first use.
    start = time.perf_counter()
    patterns.is_found(regex, texts)
    return (time.perf_counter() - start) * 1000


def _whole(pattern: str) -> float:
    text = "аa<b>&amp;" * 6_500  # Not ASCII, with tags and entities: every reading is another.
    draft = Draft(0, text, html=formatting.to_html(text))
    book = CompiledEntries(
        [FilterEntry(pattern=pattern, match=FilterEntry.Match.REGEX, action=FilterEntry.Action.HOLD)]
    )
    start = time.perf_counter()
    found_anywhere(draft, book)
    return (time.perf_counter() - start) * 1000


def told() -> Iterator[str]:
    yield from table("words in a sentence", sentences)
    if SPAM.is_dir():
        yield from table("real spam", real)
        yield from honest()
    yield from linear()


if __name__ == "__main__":
    for line in told():
        sys.stdout.write(line + "\n")
