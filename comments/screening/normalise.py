"""A text in all the ways in which it can be read, so that disguised words still match filter entries.

A text is read as typed, with entities decoded, and without tags and Markdown. Each of these is reduced to plain
letters: no invisible characters, accents, full-width forms or capitals; letters of other scripts become the Latin
letters that they look like; reversed and upside-down text is turned round. Words that are split by symbols, blanks or
line breaks are also joined, and numbers are also read as letters. Generated markup is never searched. All this is
linear in the text.
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

APART = "\x1f"  # Between two readings: no entry holds it, so none matches across.
TORN = (
    6  # letters: words are joined across blanks only from this length on, since short ones would often match by chance.
)

_TAG = re.compile(r"</?[A-Za-z!?][^<>]*+>")
_BREAK = re.compile(r"<(?:br|/?p|/?li|/?ul|/?ol|/?pre|/?blockquote)\b[^<>]*+>")
# Quotation marks, apostrophes and dashes -> the ASCII characters that editors type in entries.
_SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u0060\u00b4\u2032\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
_CHUNK = re.compile(r"\S+")
_NO_LETTER = re.compile(r"[\W_]+")
_SPELT_OUT = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]{1,3}+){2,}[^\W_](?![^\W_])")
# Numbers and symbols -> the letters that they replace; i becomes l, since 1 and ! can be either.
_STANDS_FOR = str.maketrans("0134578@$!|i", "oleastbaslll")
# Characters that look like upside-down letters, and those of them that no Latin script uses otherwise.
_UPSIDE_DOWN = str.maketrans("ɐqɔpǝɟƃɥıɾʞlɯuodbɹʇnʌʍʎ", "abcdefghijklmnopqrtuvwy")
_UPSIDE_DOWN_ALONE = re.compile("[ɐɔǝɟƃɥɾʞɯɹʇʌʍʎ]")
_FROM_THE_RIGHT = "\u202e"  # right-to-left override: reverses the text after it
_NUMBERS = frozenset("0134578@$!|")
_CAPITAL_I = str.maketrans("\u0399\u0406", "II")  # Greek and Cyrillic; `latin` reads them as l.
_MIXED = re.compile(r"(?=\S*[^\W\d_])(?=\S*[0-9@$!|])\S+")


def plain(text: str, *, accents: bool = False) -> str:
    """Return a text in plain letters, with blanks collapsed; with `accents`, accents are kept."""
    if text.isascii():  # The same result, many times faster.
        return " ".join(text.replace("`", "'").lower().split())
    text = without_invisible(unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    return latin(" ".join(text.casefold().split()) if accents else fold(text))


def has_accents(text: str) -> bool:
    """Say whether an entry has accents: then only text with them matches."""
    return plain(text, accents=True) != plain(text)


def mixed(text: str) -> str:
    """Return a word in plain letters with numbers read as letters."""
    return _NO_LETTER.sub("", text.translate(_STANDS_FOR))


def typed_versions(text: str, rendered: str = "") -> Iterator[str]:
    """Yield a text as typed and as it reads: entities decoded (twice, since some are encoded twice), without markup."""
    decoded = html.unescape(html.unescape(text))
    yield from (text, decoded, _TAG.sub("", text), _TAG.sub("", decoded))
    # A Greek Ν looks like N, but ν like v: so capitals are also read before they become lower case.
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
        # Twice: text that is shown as typed may itself look like a tag.
        yield from (visible, _TAG.sub("", visible))


@dataclass(frozen=True)
class Readings:
    """All ways in which some texts can be read, in plain letters; `texts` holds them one after another."""

    texts: str

    @classmethod
    def of(cls, versions: Iterable[str], *, accents: bool = False) -> Readings:
        read = dict.fromkeys(plain(version, accents=accents) for version in dict.fromkeys(versions))
        bare = dict.fromkeys(_NO_LETTER.sub(" ", text).strip() for text in read)
        return cls(APART.join(["", *dict.fromkeys([*read, *bare]), ""]))

    def may_hold(self, letters: str, mixed: str) -> bool:
        """Say quickly whether the texts hold these letters in sequence at all, as they are or with numbers for letters.

        If not, joining words cannot find them either.
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
        """All words, and those that were split by symbols or blanks, joined again."""
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
        """Words that are spelt letter by letter, joined: `v-i-a-g-r-a`."""
        runs = (_SPELT_OUT.findall(text) for text in self.texts.split(APART))
        return APART.join(_NO_LETTER.sub("", spelt) for each in runs for spelt in each)

    @cached_property
    def joined_words(self) -> str:
        return APART.join(sorted(self.words))


# Scripts without blanks between words: there a word is found inside longer text.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def stands_in(entry: str, texts: str) -> bool:
    """Say whether these texts hold an entry as whole words, not inside longer ones. Both in plain letters."""
    start = texts.find(entry)
    while start >= 0:
        end = start + len(entry)
        if not _joins(texts[start - 1 : start], entry[0]) and not _joins(entry[-1], texts[end : end + 1]):
            return True
        start = texts.find(entry, start + 1)
    return False


def stands_mixed_in(phrase: str, texts: str) -> bool:
    """Say whether these texts hold a phrase of several words with numbers for letters: `ch34p p1lls`."""
    letters, wanted = texts.translate(_STANDS_FOR), phrase.translate(_STANDS_FOR)
    start = letters.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        # Only numbers and symbols can replace i or l: `fall` does not match `fail`.
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
