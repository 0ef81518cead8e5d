"""Text as people type it: made storable, safe to show among other text, and folded for comparing."""

import html
import re
import unicodedata

# Control characters other than tab and newline, and lone surrogates: databases and pages cannot hold them.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffe\uffff]")
# Characters without a shape: zero-width marks, joiners, soft hyphens, direction marks, fillers, variation selectors.
_SHAPELESS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_SHAPELESS}]")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Those that change the direction of the text after them. The others act like a letter without a shape.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Of these, names need the joiners between letters other than Latin (Persian, Hindi) and between emoji, and the two
# selectors that choose between the shape of an emoji and of a letter.
_NO_NAME_NEEDS = re.compile(rf"(?![\u200c\u200d\ufe0e\ufe0f])[{_SHAPELESS}]")
_JOINED = r"[^\x00-\u02ff\s\u200c\u200d]"
_LOOSE_JOINERS = re.compile(rf"(?<!{_JOINED})[\u200c\u200d]++|(?<![\u200c\u200d])[\u200c\u200d]++(?!{_JOINED})")
STACKED = 4  # marks on a letter; no script needs more. Source: UTS #39, 5.4
_UNSEEN = {"Mn", "Mc", "Me", "Cc", "Cf", "Cs"}
_TAG = re.compile(r"<[^<>]*>")


def tidy(text: str) -> str:
    """Return a text as it is stored: NFC, newlines as `\\n`, nothing that cannot be stored."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("", text))


def tidy_line(text: str) -> str:
    """Return a line as it is stored: no line breaks, blanks collapsed, no direction marks, no stacks of accents.

    A line of which nothing can be seen is empty.
    """
    line = " ".join(without_stacks(tidy(_DIRECTION.sub("", text))).split())
    return "" if is_unseen(line) else line


def tidy_name(text: str) -> str:
    """Return a name as it is stored: a tidy line without invisible characters, except what scripts and emoji need."""
    return tidy_line(_LOOSE_JOINERS.sub("", _NO_NAME_NEEDS.sub("", tidy_line(text))))


def tame(text: str) -> str:
    """Return a text that does not affect what is around it: no change of direction, no accents that reach other lines.

    Direction marks and joiners stay: scripts need them, and they only affect their place. HTML keeps its structure if
    its attributes are ASCII. Linear.
    """
    return without_stacks(_TURNS.sub("", text))


def without_stacks(text: str) -> str:
    """Return the text with at most STACKED marks on a letter, and none twice in a row.

    Invisible characters and tags between two marks do not start a new stack: browsers ignore them, too.
    """
    if text.isascii():
        return text
    marks = {character for character in set(text) if _stacks(character)}
    if not marks:
        return text
    one = f"[{''.join(sorted(marks))}]"
    return re.sub(f"{one}(?:{one}|[{_SHAPELESS}]|<[^<>]*>)+", lambda stack: _lowered(stack[0], marks), text)


def _stacks(character: str) -> bool:
    """Say whether this is a combining mark, without a width of its own."""
    return unicodedata.category(character) in {"Mn", "Me"} and not _INVISIBLE.match(character)


def _lowered(stack: str, marks: set[str]) -> str:
    """Return the first marks of a stack, and everything that is between marks."""
    kept, last, left = [], "", STACKED
    for character in stack:
        if character in marks:
            if character == last or not left:
                continue
            last, left = character, left - 1
        kept.append(character)
    return "".join(kept)


def without_invisible(text: str) -> str:
    """Return the text without invisible characters."""
    return _INVISIBLE.sub("", text)


def is_unseen(text: str) -> bool:
    """Say whether nothing can be seen: only blanks, invisible characters, and marks without a letter.

    A character that this version of Unicode does not know counts as visible: it may be a new emoji.
    """
    return all(c.isspace() or unicodedata.category(c) in _UNSEEN for c in without_invisible(text))


def is_blank(text: str) -> bool:
    """Say whether nothing is left without tags, blanks and invisible characters, however they are written."""
    return not without_invisible(html.unescape(_TAG.sub("", text))).strip()


def fold(text: str) -> str:
    """Return a key that is equal for texts that readers take for the same.

    NFKC; case and accents folded; invisible characters removed; blanks collapsed. For comparing, never for showing.
    """
    if text.isascii():  # The same result, several times as fast.
        return " ".join(without_invisible(text).lower().split())
    text = unicodedata.normalize("NFKD", without_invisible(unicodedata.normalize("NFKC", text)).casefold())
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())
