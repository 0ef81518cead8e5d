"""Host names that readers could take for another."""

import unicodedata
from functools import lru_cache

from confusable_homoglyphs import categories

from newsreader.kit.lookalikes import skeleton

# Scripts that are mixed in one word. All others are not.
_TOGETHER = [
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
]
_ANY_SCRIPT = {"COMMON", "INHERITED"}
# Latin letters that are not an ASCII letter with an accent, and that readers do not mistake for one.
_KNOWN_LATIN = set("ßæœøłđðþħŋə")
_ENCODED = "xn--"


@lru_cache(maxsize=1_000)
def is_deceptive(host: str) -> bool:
    """Say whether a host, in Unicode or punycode, has a label that readers could take for another. Linear.

    Such a label mixes scripts that no language mixes, or has letters or symbols that look like ASCII. Source: what the
    policies of browsers have in common for showing a host in punycode.
    """
    labels = [_decoded(label) for label in host.lower().split(".")]
    return any(_is_deceptive(label, among_ascii=labels[-1].isascii()) for label in labels if not label.isascii())


def _decoded(label: str) -> str:
    if not label.startswith(_ENCODED):
        return label
    try:
        return label.removeprefix(_ENCODED).encode().decode("punycode")
    except UnicodeError:
        return label


def _is_deceptive(label: str, *, among_ascii: bool) -> bool:
    strange = [character for character in label if not character.isascii()]
    if not all(_is_of_words(character) for character in strange):
        return True
    scripts = {categories.alias(character) for character in label} - _ANY_SCRIPT
    if len(scripts) > 1:
        return not any(scripts <= together for together in _TOGETHER)
    if scripts == {"LATIN"}:
        return not all(_is_known(character) for character in strange if categories.alias(character) == "LATIN")
    # A whole word in another script that looks Latin: `сосо` under `.com`.
    alike = skeleton(label)
    return among_ascii and alike != "" and alike.isascii()


def _is_of_words(character: str) -> bool:
    """Say whether this is a letter, mark, number or pictograph; ⁄ and ․ are none and look like / and a full stop."""
    return unicodedata.category(character)[0] in "LMN" or unicodedata.category(character) == "So"


def _is_known(letter: str) -> bool:
    return unicodedata.normalize("NFD", letter)[0].isascii() or letter in _KNOWN_LATIN
