"""What somebody typed, read in all the ways in which the editors' lists must not be tricked.

A text is read as typed, with entities decoded, with tags and Markdown taken away; each of these in plain letters: no
invisible characters, no accents, no full-width forms, no capitals, letters of other scripts as the Latin ones they
look like; turned round where somebody has turned it. Words are besides put together again where signs, blanks or line
breaks tear them apart, or numbers stand for letters. Generated markup is never looked at. Linear in the text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from newsreader.kit.lookalikes import latin
from newsreader.kit.text import fold, without_invisible

APART = "\x1f"  # Between two readings: no entry holds it, so nothing is found across.
TORN = 6  # letters: shorter words are not put together across blanks, as innocent ones would often give one.

_TAG = re.compile(r"</?[A-Za-z!?][^<>]*+>")
_BREAK = re.compile(r"<(?:br|/?p|/?li|/?ul|/?ol|/?pre|/?blockquote)\b[^<>]*+>")
# Quotation marks, apostrophes and dashes, however they are written, as a list would have them.
_SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u0060\u00b4\u2032\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
_CHUNK = re.compile(r"\S+")
_NO_LETTER = re.compile(r"[\W_]+")
_SPELT_OUT = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]{1,3}+){2,}[^\W_](?![^\W_])")
# Numbers and signs that stand for letters; i and l are one, since 1 and ! may be either.
_STANDS_FOR = str.maketrans("0134578@$!|i", "oleastbaslll")
# What reads as a small letter when it is turned round, and which of these are nothing else in Latin scripts.
_UPSIDE_DOWN = str.maketrans("ɐqɔpǝɟƃɥıɾʞlɯuodbɹʇnʌʍʎ", "abcdefghijklmnopqrtuvwy")
_UPSIDE_DOWN_ALONE = re.compile("[ɐɔǝɟƃɥɾʞɯɹʇʌʍʎ]")
_FROM_THE_RIGHT = "\u202e"  # turns what follows it
_NUMBERS = frozenset("0134578@$!|")
_CAPITAL_I = str.maketrans("\u0399\u0406", "II")  # Greek, Cyrillic; `latin` takes them for an l.
_MIXED = re.compile(r"(?=\S*[^\W\d_])(?=\S*[0-9@$!|])\S+")


def plain(text: str, *, accents: bool = False) -> str:
    """Return a text in plain letters, blanks collapsed; with `accents`, these stay."""
    if text.isascii():  # The same, and many times faster.
        return " ".join(text.replace("`", "'").lower().split())
    text = without_invisible(unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    return latin(" ".join(text.casefold().split()) if accents else fold(text))


def has_accents(text: str) -> bool:
    """Say whether an entry has accents: then it is meant with them."""
    return plain(text, accents=True) != plain(text)


def mixed(text: str) -> str:
    """Return a word in plain letters as it reads where numbers stand for letters."""
    return _NO_LETTER.sub("", text.translate(_STANDS_FOR))


def typed_versions(text: str, rendered: str = "") -> Iterator[str]:
    """Yield a text as typed and as it reads: entities decoded (twice, as some are doubled), tags and markup gone."""
    decoded = html.unescape(html.unescape(text))
    yield from (text, decoded, _TAG.sub("", text), _TAG.sub("", decoded))
    # A Greek Ν is like N, but ν like v: capitals are read before they are made small, too.
    if not decoded.isascii():
        capitals = unicodedata.normalize("NFKC", decoded)
        yield latin(capitals)
        if (upright := capitals.translate(_CAPITAL_I)) != capitals:
            yield latin(upright)
        if _UPSIDE_DOWN_ALONE.search(decoded):
            yield decoded.translate(_UPSIDE_DOWN)[::-1]
        if _FROM_THE_RIGHT in decoded:
            yield decoded[::-1]
    if rendered:
        visible = html.unescape(_TAG.sub("", _BREAK.sub(" ", rendered)))
        # Twice: what is shown as typed may be a tag.
        yield from (visible, _TAG.sub("", visible))


@dataclass(frozen=True)
class Readings:
    """Every way in which some texts can be read, in plain letters; `texts` holds them one behind the other."""

    texts: str

    @classmethod
    def of(cls, versions: Iterable[str], *, accents: bool = False) -> Readings:
        read = dict.fromkeys(plain(version, accents=accents) for version in dict.fromkeys(versions))
        bare = dict.fromkeys(_NO_LETTER.sub(" ", text).strip() for text in read)
        return cls(APART.join(["", *dict.fromkeys([*read, *bare]), ""]))

    def may_hold(self, letters: str, mixed: str) -> bool:
        """Say, fast, whether these letters follow each other at all, as they are or with numbers for letters.

        Where they do not, no way of putting words together finds them.
        """
        return letters in self._letters or mixed in self._letters_for_numbers

    @cached_property
    def _letters(self) -> str:
        return _NO_LETTER.sub("", self.texts)

    @cached_property
    def _letters_for_numbers(self) -> str:
        return mixed(self.texts)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word, and those that signs, blanks or spelling tore apart, whole again."""
        found: set[str] = set()
        for text in self.texts.split(APART):
            chunks = [_NO_LETTER.sub("", chunk) for chunk in _CHUNK.findall(text)]
            found.update(chunks)
            found.update(_NO_LETTER.split(text))
            for pair in pairwise(chunks):
                found.add("".join(pair) if len(pair[0] + pair[1]) >= TORN else "")
            for three in zip(chunks, chunks[1:], chunks[2:], strict=False):
                found.add("".join(three) if sum(map(len, three)) >= TORN else "")
        return frozenset(found - {""})

    @cached_property
    def mixed_words(self) -> frozenset[str]:
        """Words of letters and numbers, read as letters."""
        found = {mixed(chunk) for chunk in _MIXED.findall(self.texts.replace(APART, " "))}
        return frozenset(found - {""})

    @cached_property
    def spelt_out(self) -> str:
        """What is spelt letter by letter, put together: `v-i-a-g-r-a`."""
        runs = (_SPELT_OUT.findall(text) for text in self.texts.split(APART))
        return APART.join(_NO_LETTER.sub("", spelt) for each in runs for spelt in each)

    @cached_property
    def joined_words(self) -> str:
        return APART.join(sorted(self.words))


# Scripts that put no blanks between words: there a word is found within its neighbours.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def stands_in(entry: str, texts: str) -> bool:
    """Say whether an entry stands in these texts as words of its own, not inside longer ones. Both in plain letters."""
    start = texts.find(entry)
    while start >= 0:
        end = start + len(entry)
        if not _joins(texts[start - 1 : start], entry[0]) and not _joins(entry[-1], texts[end : end + 1]):
            return True
        start = texts.find(entry, start + 1)
    return False


def stands_mixed_in(phrase: str, texts: str) -> bool:
    """Say whether a phrase of several words stands in these texts with numbers for letters: `ch34p p1lls`."""
    letters, wanted = texts.translate(_STANDS_FOR), phrase.translate(_STANDS_FOR)
    start = letters.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        # Only numbers and signs may stand for i or l: `fall` is no `fail`.
        if any(c in _NUMBERS for c in texts[start:end]) and not (
            _joins(letters[start - 1 : start], wanted[0]) or _joins(wanted[-1], letters[end : end + 1])
        ):
            return True
        start = letters.find(wanted, start + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Say whether two neighbouring characters belong to one word."""
    if not (left.isalnum() and right.isalnum()):
        return False
    return not (_UNSPACED.match(left) or _UNSPACED.match(right))
