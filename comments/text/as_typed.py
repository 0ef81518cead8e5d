"""What people type without meaning markup: stars inside words, backslashes, blanks, numbers after `>`.

Rules for the library that `comments.text.markdown` uses. Each keeps characters that CommonMark would take for markup.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial

from markdown_it.rules_block import StateBlock, blockquote
from markdown_it.rules_inline import StateInline, backtick, emphasis, newline, strikethrough
from markdown_it.rules_inline.state_inline import Scanned

# Scripts without blanks between words, or whose endings follow a quotation directly, and wide punctuation.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\ufe30-\ufe4f\uff01-\uffef\U00020000-\U0003ffff]"
)
_NEAR = 200  # characters: as far as a second mark is looked for
# A backslash is taken away where it keeps a pair of marks, a link or the marker of a line from being read as such.
_ESCAPES = re.compile(
    rf"(?<![\w\\*~`])(?P<first>\\(?P<mark>[*_~`])(?:\\(?P=mark))*+)(?=[^\s\\])"
    rf"(?P<between>[^\n\\]{{1,{_NEAR}}}+)(?<=\S)(?P<last>(?P=first))(?![\w*~`])"
    rf"|(?P<link>\\\[)(?=[^\n\[\]]{{0,{_NEAR}}}+\]\()|(?P<end>\\\])(?=\()"
    r"|(?:(?<=\n)|^)[ \t]*+[0-9]{0,9}+(?P<line>\\[#>*+.)-])(?=#*+[ \t])"
)
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
# `__init__`: between such marks, one word is a name.
_NAME = re.compile(r"__[A-Za-z][A-Za-z0-9]*+(?:_[A-Za-z0-9]++)*+__(?!\w)")
_TYPED_PRE = re.compile(r"<pre(?:\s[^<>]*+)?>", re.IGNORECASE)
_PRE_END = re.compile(r"</pre\s*>", re.IGNORECASE)
_BLANKS = re.compile(r"(?<=\n)[ \t]+|[ \t]{2,}|\t")
_NOT_QUOTED = re.compile(r">(?:[0-9=:;._<$€£¥%]|[+-](?![ \t]))")  # >90 %, >=5, >:(
TAB = 4  # blanks


# --- Stars and other pairs ----------------------------------------------------------------------------------------


def pairs(state: StateInline, silent: bool) -> bool:
    """Inline rule: emphasis and strikethrough, with `_scanned` saying where they may begin and end."""
    marker = state.src[state.pos]
    if marker not in "*_~":
        return False
    name = _NAME.match(state.src, state.pos) if marker == "_" else None
    if name and not _is_letter(state.src[max(0, state.pos - 1) : state.pos]):
        return _take(state, name[0], silent)
    vars(state).setdefault("scanDelims", partial(_scanned, state))
    return (strikethrough.tokenize if marker == "~" else emphasis.tokenize)(state, silent)


def _scanned(state: StateInline, start: int, splits_words: bool) -> Scanned:
    """Return whether the marks at `start` can open and close, as CommonMark says, with two differences.

    Stars between two letters are letters, except in scripts without blanks. Beside a character of these scripts,
    punctuation inside the marks is no obstacle (`**「あ」**は`).
    """
    marker, end = state.src[start], start
    while end < state.posMax and state.src[end] == marker:
        end += 1
    before = state.src[start - 1] if start else " "
    after = state.src[end] if end < state.posMax else " "
    if marker != "_" and _is_letter(before) and _is_letter(after):
        return Scanned(False, False, end - start)
    marks_before, marks_after = _is_mark(before), _is_mark(after)
    opens = not after.isspace() and (
        not marks_after or before.isspace() or marks_before or bool(_UNSPACED.match(before))
    )
    closes = not before.isspace() and (
        not marks_before or after.isspace() or marks_after or bool(_UNSPACED.match(after))
    )
    if splits_words:
        return Scanned(opens, closes, end - start)
    return Scanned(opens and (not closes or marks_before), closes and (not opens or marks_after), end - start)


def _is_letter(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LNM" and not _UNSPACED.match(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def code(state: StateInline, silent: bool) -> bool:
    """Inline rule: code between backticks, but no backtick inside a word opens it: many take it for an apostrophe."""
    src, at = state.src, state.pos
    if src[at] == "`" and at and _is_letter(src[at - 1]) and _is_letter(src[at + 1 : at + 2]):
        return _take(state, "`", silent)
    return backtick(state, silent)


# --- Backslashes and blanks ---------------------------------------------------------------------------------------


def backslash(state: StateInline, silent: bool) -> bool:
    """Inline rule: the character after a backslash is no markup. The backslash stays, unless it was meant for that."""
    if state.src[state.pos] != "\\":
        return False
    following = state.src[state.pos + 1 : state.pos + 2]
    if state.pos + 1 >= state.posMax or following not in _PUNCTUATION:
        return _take(state, "\\", silent)
    if not silent:
        token = state.push("text_special", "", 0)
        token.content = following if state.pos in _meant(state) else f"\\{following}"
        token.markup, token.info = f"\\{following}", "escape"
    state.pos += 2
    return True


def _meant(state: StateInline) -> set[int]:
    """Return the positions of the backslashes that are not shown."""
    if "meant" not in vars(state):
        found: set[int] = set()
        for match in _ESCAPES.finditer(state.src):
            for part in ("first", "last"):
                found.update(range(match.start(part), match.end(part), 2) if match[part] else ())
            found.update(match.start(part) for part in ("link", "end", "line") if match[part])
        vars(state)["meant"] = found
    return vars(state)["meant"]


def line_end(state: StateInline, silent: bool) -> bool:
    """Inline rule: a line that is indented stays so."""
    start = state.pos
    if not newline(state, silent):
        return False
    indent = state.src[start + 1 : state.pos].expandtabs(TAB)
    if not silent and len(indent) > 1:
        state.append_pending("\xa0" * len(indent))
    return True


def typed_pre(state: StateInline, silent: bool) -> bool:
    """Inline rule: between typed `<pre>` and `</pre>`, blanks stay."""
    opening = _TYPED_PRE.match(state.src, state.pos)
    end = _PRE_END.search(state.src, opening.end(), state.posMax) if opening else None
    if end is None:
        return False
    typed = state.src[state.pos : end.end()]
    return _take(state, typed, silent, shown=_BLANKS.sub(lambda found: "\xa0" * len(found[0].expandtabs(TAB)), typed))


def typed_pre_block(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Block rule: a typed `<pre>` that begins a line is preformatted as far as its `</pre>`, with both tags shown."""
    start = state.bMarks[line] + state.tShift[line]
    if not _TYPED_PRE.match(state.src, start):
        return False
    end_line, end = line, None
    while end_line < last and state.sCount[end_line] >= state.blkIndent:
        end = _PRE_END.search(state.src, max(start, state.bMarks[end_line]), state.eMarks[end_line])
        if end:
            break
        end_line += 1
    if end is None:
        return False
    if not silent:
        token = state.push("fence", "code", 0)
        rest = state.src[end.end() : state.eMarks[end_line]].strip()
        lines = state.getLines(line, end_line + 1, state.blkIndent, False)
        token.content = lines[: len(lines) - (state.eMarks[end_line] - end.end())].lstrip(" \t")
        token.map = [line, end_line + 1]
        state.line = end_line + 1
        if rest:
            state.push("paragraph_open", "p", 1).map = token.map
            inline = state.push("inline", "", 0)
            inline.map, inline.content, inline.children = token.map, rest, []
            state.push("paragraph_close", "p", -1)
    return True


def quote(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Block rule: `>` begins a quote, but not before a number or a smiley."""
    if _NOT_QUOTED.match(state.src, state.bMarks[line] + state.tShift[line]):
        return False
    return blockquote(state, line, last, silent)


def _take(state: StateInline, typed: str, silent: bool, shown: str = "") -> bool:
    """Move past these characters; they are text."""
    if not silent:
        state.append_pending(shown or typed)
    state.pos += len(typed)
    return True
