"""A reader's text -> safe HTML; the only place that may call it safe. Rendered once, when it is written.

A subset of CommonMark: emphasis, strike, code, quotes, lists, links; bare addresses are linked; line breaks stay. A
typed tag is shown as the characters typed. Imported comments may hold HTML: a small allow-list of it survives.

Everything here takes time linear in the text, whoever wrote it: what could take longer is bounded by MARKS and DEEPEST,
and every regular expression starts at few places or ends at the next character it does not know.
"""

import html as entities
import re
import unicodedata
from collections.abc import Iterable, Iterator

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, paragraph
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from newsreader.kit.text import without_invisible

# Raised when the output changes, so that old rows can be found and rendered anew.
VERSION = 1
RELATION = "nofollow ugc noopener"

# Characters that may be markup, and how many of them a text may hold before it is shown as typed. Each costs up to
# 15 microseconds; 65,000 characters of program code hold 3,000 to 5,000.
_MARKUP = re.compile(r"[*_~`<>&\\\[\n]|[-+.)](?=[ \t\n])")
MARKS = 5_000
# How deep quotes, lists (two each) and emphasis go. Deeper markers are shown as typed, deeper emphasis is left out;
# nh3 is quadratic in depth.
DEEPEST = 12
# The same for the elements of an imported comment. 100 levels cost nothing, 20,000 cost 3 s.
DEEPEST_IMPORTED = 100

# What ends an address besides a blank: quotation marks, wide punctuation, invisible and direction marks.
_STOPS = (
    '\\x00-\\x20\\x7f-\\xa0"<>`\\\\«»‹›“”„「」『』【】《》（）。，、；：！？｜'
    "\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff"
)
_LETTER = rf"[^\s!-,./:-@\[-^{{-~…’‘–—{_STOPS}]"
_HOST = rf"(?![-_]){_LETTER}{{1,63}}+(?:\.{_LETTER}{{1,63}}+)*+(?!{_LETTER})"
# Not an address with a name before the host (`http://bank.example@evil.example`).
_ADDRESS = re.compile(rf"{_HOST}(?![^\s/?#@]*+@)(?::\d{{1,5}}+)?(?P<rest>[/?#][^\s{_STOPS}]*+)?")
# Already as it would be normalised, which costs 15 microseconds.
_SIMPLE = re.compile(r"[A-Za-z0-9:/.?&=_#@+~-]*+")
_BRACKET = re.compile(r"[()\[\]{}]")
_OPENER = {")": "(", "]": "[", "}": "{"}
_TRAILING = "?!.,:;'*~([{…’‘"
_SCHEME = re.compile(r"(?<![A-Za-z0-9.+-])[Hh][Tt][Tt][Pp][Ss]?$")
# An email address starts only where a word does, so that no run of letters is walked through twice.
_LOOSE = re.compile(
    r"(?<![A-Za-z0-9.+-])(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?://)"
    rf"|(?<![\w.+\-/@])[Ww]{{3}}\.(?={_LETTER}{{1,63}}+\.{_LETTER})"
    rf"|(?<![\w.+\-/@])[A-Za-z0-9][A-Za-z0-9_.+-]{{0,63}}+@(?P<host>{_HOST})"
)
# `.org`: at least two letters, the first not a digit.
_ENDING = re.compile(r"\.[^\W\d_][^.]+$")

_written = nh3.Cleaner(
    tags={"p", "br", "strong", "em", "del", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=RELATION,
)
_imported = nh3.Cleaner(
    tags={
        "p",
        "br",
        "strong",
        "b",
        "em",
        "i",
        "u",
        "del",
        "ins",
        "s",
        "strike",
        "code",
        "pre",
        "blockquote",
        "q",
        "cite",
    }
    | {"ul", "ol", "li", "a", "abbr", "acronym", "sub", "sup", "tt"},
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "abbr": {"title"}, "acronym": {"title"}, "blockquote": {"cite"}, "q": {"cite"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=RELATION,
)
_BLOCK = re.compile(r"<(?:p|pre|ul|ol|blockquote)\b", re.IGNORECASE)
_TAG = re.compile(r'<(?:[^<>"]++|"[^"]*+")*+>')
_OPENS_OR_CLOSES = re.compile(r"<(/?)([a-z][a-z0-9]*+)", re.IGNORECASE)
# Elements without an end, or whose end may be left out and follows from the next one.
_ENDLESS = {"p", "br", "hr", "img", "input", "wbr", "li", "dt", "dd", "tr", "td", "th", "option", "embed", "source"}


def to_html(text: str) -> str:
    """Render what a reader typed. With more than MARKS characters of markup only paragraphs, breaks and links are."""
    # An opening bracket costs twice what the others do.
    readable = len(_MARKUP.findall(text)) + text.count("[") <= MARKS
    return _written.clean(_markdown.render(text) if readable else _as_typed(text)).strip()


def imported_to_html(text: str) -> str:
    """Render an imported comment, which may hold HTML: allowed tags stay, blank lines become paragraphs.

    Nested more than DEEPEST_IMPORTED deep, its tags are shown as text.
    """
    text = text.strip()
    cleaned = _imported.clean(text if _depth(text) <= DEEPEST_IMPORTED else entities.escape(text, quote=False))
    if _BLOCK.search(cleaned):
        return cleaned
    return _paragraphs(cleaned)


def count_links(html: str) -> int:
    """Return how many links a reader could click."""
    return html.count("<a ")


def is_blank_html(html: str) -> bool:
    """Say whether nothing is left to see: no character but blanks, invisible ones and marks without a letter."""
    text = without_invisible(entities.unescape(_TAG.sub("", html)))
    return all(c.isspace() or unicodedata.category(c).startswith("M") for c in text)


def _depth(html: str) -> int:
    """Return how deep elements are nested at most; an unclosed one counts to the end."""
    depth = deepest = 0
    for closes, name in _OPENS_OR_CLOSES.findall(html):
        if name.lower() not in _ENDLESS:
            depth = max(0, depth + (-1 if closes else 1))
            deepest = max(deepest, depth)
    return deepest


def _as_typed(text: str) -> str:
    """Return paragraphs, breaks and links, and nothing else for markup."""
    shown = "".join(
        f'<a href="{entities.escape(href)}">{entities.escape(part)}</a>' if href else entities.escape(part, quote=False)
        for part, href in _addresses(text)
    )
    return _paragraphs(shown)


def _paragraphs(html: str) -> str:
    parts = (part.strip() for part in re.split(r"\n\s*\n", html))
    return "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in parts if part)


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a plain text in order, each with what it leads to if it is an address."""
    done = position = 0
    while match := _LOOSE.search(text, position):
        start, position = match.span()
        if match["host"]:
            scheme, end = "mailto:", position if _ENDING.search(match["host"]) else None
        else:
            scheme, end = "" if match["scheme"] else "https://", _address_end(text, position, text[start - 1 : start])
        if end is None:
            continue
        yield text[done:start], ""
        yield text[start:end], _href(scheme + text[start:end])
        done = position = end
    yield text[done:], ""


def _href(address: str) -> str:
    """Return the address in ASCII: punycode for the host, percent signs for the rest."""
    return address if _SIMPLE.fullmatch(address) else _markdown.normalizeLink(address)


def _address_end(text: str, start: int, before: str) -> int | None:
    """Return where the address ends whose host begins at `start`, or None if none does.

    Punctuation at the end and brackets opened outside do not belong to it; nor does an underscore if one stands
    `before` the whole.
    """
    match = _ADDRESS.match(text, start)
    if match is None:
        return None
    end = match.end()
    opened = []
    for bracket in _BRACKET.finditer(text, start, end):
        if bracket[0] not in _OPENER:
            opened.append(bracket[0])
        elif opened and opened[-1] == _OPENER[bracket[0]]:
            opened.pop()
        else:
            end = bracket.start()
            break
    trailing = _TRAILING + ("_" if before == "_" or match["rest"] is None else "")
    return start + len(text[start:end].rstrip(trailing))


def _link(text: str, href: str) -> list[Token]:
    return [
        Token("link_open", "a", 1, {"href": href}),
        Token("text", "", 0, content=text),
        Token("link_close", "a", -1),
    ]


def _web_address(state: StateInline, silent: bool) -> bool:
    """Inline rule: link `https://...` before its underscores and stars can be taken for emphasis."""
    colon = state.pos
    if silent or state.linkLevel or not state.src.startswith("://", colon):
        return False
    scheme = _SCHEME.search(state.pending[-6:])
    if scheme is None:
        return False
    start = colon - len(scheme[0])
    end = _address_end(state.src, colon + 3, state.src[start - 1 : start])
    if end is None:
        return False
    state.pending = state.pending[: -len(scheme[0])]
    address = state.src[start:end]
    state.push("link_open", "a", 1).attrs = {"href": _href(address)}
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)
    state.pos = end
    return True


def _loose_addresses(state: StateCore) -> None:
    """Core rule: link `www.` and email addresses outside links and code; leave out what is nested too deep."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_linked(t for t in block.children if t.level < DEEPEST or not t.nesting))


def _linked(tokens: Iterable[Token]) -> Iterator[Token]:
    inside = 0
    for token in tokens:
        if token.type in {"link_open", "link_close"}:
            inside += token.nesting
        if inside or token.type != "text":
            yield token
            continue
        for part, href in _addresses(token.content):
            yield from _link(part, href) if href else [Token("text", "", 0, content=part)]


def _too_deep(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """Block rule, first of all: below DEEPEST everything is a paragraph. The library would leave it out."""
    return state.level >= DEEPEST and paragraph(state, line, end, silent)


_markdown = (
    MarkdownIt("commonmark", {"breaks": True, "html": False})
    .enable(["strikethrough"])
    .disable(["image", "heading", "lheading", "reference", "html_block", "html_inline", "hr"])
)
_markdown.block.ruler.before("code", "too_deep", _too_deep)
_markdown.inline.ruler.push("web_address", _web_address)
_markdown.core.ruler.after("inline", "loose_addresses", _loose_addresses)
