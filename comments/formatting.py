"""A reader's text -> safe HTML; the only place that may call it safe. Rendered once, when it is written.

A subset of CommonMark: emphasis, strike, code, quotes, lists, links; bare addresses are linked; line breaks stay. A
typed tag is shown as the characters typed. Imported comments may hold HTML: a small allow-list of it survives.

Everything here takes time linear in the text, whoever wrote it: what could take longer is bounded by MARKS, LINKS and
DEEPEST, and every regular expression starts at few places or ends at the next character it does not know.
`tests/bench/rendering.py` measures it.
"""

import html as entities
import re
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import nh3
from markdown_it import MarkdownIt, helpers
from markdown_it.rules_block import StateBlock, paragraph
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from comments import addresses
from comments.addresses import address_end, deceptive_host, href_of, is_absolute
from newsreader.kit.text import is_unseen, tame

# Raised when the output changes, so that old rows can be found and rendered anew (comments.rerendering).
VERSION = 2
RELATION = "nofollow ugc noopener"

# Characters that may be markup, and how many of them a text may hold before it is shown as typed. Each costs up to
# 15 microseconds; 10,000 characters of program code hold 500 to 800.
_MARKUP = re.compile(r"[*_~`<>&\\\[\n]|[-+.)](?=[ \t\n])")
_COSTS = {"[": 1, "://": 5, "@": 5, "www.": 5}  # How many marks more these are worth.
MARKS = 2_500
# How many addresses are linked in such a text, or in an imported one: with more, none.
LINKS = 500
# How deep quotes, lists (two each) and emphasis go. Deeper markers are shown as typed, deeper emphasis is left out;
# nh3 is quadratic in depth.
DEEPEST = 12
# The same for the elements of an imported comment. 100 levels cost nothing, 20,000 cost 3 s.
DEEPEST_IMPORTED = 100

# Runs of what no inline rule begins with: all but the colon of an address, and breaks between lines without blanks at
# their ends. A link's closing bracket counts where one is looked for.
_PLAIN = re.compile(r"(?:[^\n\\`~*_\[<&:]|(?<! )\n(?![ \t])|:(?!//)|(?<![Hh][Tt][Tt][Pp])(?<![Hh][Tt][Tt][Pp][Ss]):)++")
_PLAIN_IN_BRACKETS = re.compile(r"[^\n\\`~*_\[\]<&]++")
# Where a link leads: `<...>`, or no blank and brackets in pairs, three deep.
_CHARACTER = r"[^\x00-\x20\x7f()\\]|\\[^\x00-\x20]?"
_PAIR = rf"\((?:{_CHARACTER})*+\)"
_PAIR = rf"\((?:{_CHARACTER}|{_PAIR})*+\)"
_PAIR = rf"\((?:{_CHARACTER}|{_PAIR})*+\)"
_DESTINATION = re.compile(rf"<(?:[^<>\n\\]|\\.)*+>|(?!<)(?:{_CHARACTER}|{_PAIR})++")
_SCHEME = re.compile(r"(?<![A-Za-z0-9.+-])[Hh][Tt][Tt][Pp][Ss]?$")

_BLOCKS = {"p", "br", "pre", "blockquote", "ul", "ol", "li"}
_written = nh3.Cleaner(
    tags=_BLOCKS | {"strong", "em", "s", "code", "a"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=RELATION,
)
_imported = nh3.Cleaner(
    tags=_BLOCKS
    | {"strong", "b", "em", "i", "u", "del", "ins", "s", "strike", "code", "q", "cite", "a"}
    | {"abbr", "acronym", "sub", "sup", "tt"},
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "abbr": {"title"}, "acronym": {"title"}, "blockquote": {"cite"}, "q": {"cite"}},
    attribute_filter=lambda tag, name, value: _imported_href(value) if name in {"href", "cite"} else value,
    url_schemes={"http", "https", "mailto"},
    link_rel=RELATION,
)
_BLOCK = re.compile(r"<(?:p|pre|ul|ol|blockquote)\b", re.IGNORECASE)
_TAG = re.compile(r'<(?:[^<>"]++|"[^"]*+")*+>')
_PARTS = re.compile(rf"({_TAG.pattern})")
_VERBATIM = re.compile(r'<(?P<closes>/?)(?:a|code|pre|tt)\b(?: href="(?P<href>[^"]*)")?')
_OPENS_OR_CLOSES = re.compile(r"<(/?)([a-z][a-z0-9]*+)", re.IGNORECASE)
# Elements without an end, or whose end may be left out and follows from the next one.
_ENDLESS = {"p", "br", "hr", "img", "input", "wbr", "li", "dt", "dd", "tr", "td", "th", "option", "embed", "source"}


def to_html(text: str) -> str:
    """Render what a reader typed. With more than MARKS characters of markup only paragraphs, breaks and links are."""
    if marks(text) > MARKS:
        return tame(_paragraphs(_with_links(text)))
    return tame(_written.clean(_markdown.render(text)).strip())


def marks(text: str) -> int:
    """Return how much markup a text may hold."""
    lowered = text.lower()
    return len(_MARKUP.findall(text)) + sum(worth * lowered.count(piece) for piece, worth in _COSTS.items())


def imported_to_html(text: str) -> str:
    """Render an imported comment, which may hold HTML: allowed tags stay, blank lines become paragraphs.

    Nested more than DEEPEST_IMPORTED deep, its tags are shown as text.
    """
    text = text.strip()
    cleaned = _imported.clean(text) if _depth(text) <= DEEPEST_IMPORTED else _escaped(text)
    return tame(_linked_html(cleaned if _BLOCK.search(cleaned) else _paragraphs(cleaned)))


def count_links(html: str) -> int:
    """Return how many links a reader could click."""
    return html.count("<a ")


def is_blank_html(html: str) -> bool:
    """Say whether nothing is left to see: no character but blanks, invisible ones and marks without a letter."""
    return is_unseen(entities.unescape(_TAG.sub("", html)))


# --- Without Markdown ---------------------------------------------------------------------------------------------


def _paragraphs(html: str) -> str:
    parts = (part.strip() for part in re.split(r"\n\s*\n", html))
    return "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in parts if part)


def _with_links(text: str) -> str:
    """Return a plain text as HTML with its addresses linked, if they are not too many."""
    if addresses.count(text) > LINKS:
        return _escaped(text)
    parts = addresses.addresses(text)
    return "".join(addresses.link(part, href, RELATION) if href else _escaped(part) for part, href in parts)


def _escaped(text: str) -> str:
    return entities.escape(text, quote=False).replace("\xa0", "&nbsp;")


def _depth(html: str) -> int:
    """Return how deep elements are nested at most; an unclosed one counts to the end."""
    depth = deepest = 0
    for closes, name in _OPENS_OR_CLOSES.findall(html):
        if name.lower() not in _ENDLESS:
            depth = max(0, depth + (-1 if closes else 1))
            deepest = max(deepest, depth)
    return deepest


def _imported_href(value: str) -> str | None:
    """Return what an imported link leads to: an absolute address, or a place on the site that came along with it."""
    href = href_of(f"https:{value.strip()}" if value.strip().startswith("//") else value.strip())
    return href if is_absolute(href) or (href.startswith("/") and not href.startswith("//")) else None


def _linked_html(html: str) -> str:
    """Link the addresses in clean HTML outside links and code; behind a link, name a host that deceives."""
    if "xn--" not in html and not 0 < addresses.count(html) <= LINKS:
        return html
    parts, inside, host = [], 0, ""
    for part in _PARTS.split(html):
        if tag := _VERBATIM.match(part):
            inside += -1 if tag["closes"] else 1
            if host and part == "</a>":
                parts.append(f" ({host})")
            host = deceptive_host(entities.unescape(tag["href"] or ""))
        elif not inside and not part.startswith("<"):
            part = _with_links(entities.unescape(part))
        parts.append(part)
    return "".join(parts)


# --- With Markdown ------------------------------------------------------------------------------------------------


def _plain(state: StateInline, silent: bool) -> bool:
    """Inline rule: what is no markup is text, in one step; the library's stops at all that some syntax might mean."""
    match = (_PLAIN_IN_BRACKETS if silent else _PLAIN).match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.append_pending(match[0])
    state.pos = match.end()
    return True


def _destination(text: str, start: int, end: int) -> Any:
    """Let the library read a link's destination, but no further than it goes: 1,000 that begin would all be read."""
    match = _DESTINATION.match(text, start, end)
    return helpers.parseLinkDestination(text, start, match.end() if match else start)


def _text(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Render rule: line breaks inside a text stay."""
    return entities.escape(tokens[index].content, quote=False).replace("\n", "<br>\n")


def _link(address: str, href: str) -> list[Token]:
    return [
        Token("link_open", "a", 1, {"href": href}, info="auto"),
        Token("text", "", 0, content=addresses.shown(address, href)),
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
    end = address_end(state.src, colon + 3, state.src[start - 1 : start])
    if end is None:
        return False
    state.pending = state.pending[: -len(scheme[0])]
    for token in _link(state.src[start:end], href_of(state.src[start:end])):
        pushed = state.push(token.type, token.tag, token.nesting)
        pushed.attrs, pushed.content, pushed.info = token.attrs, token.content, token.info
    state.pos = end
    return True


def _loose_addresses(state: StateCore) -> None:
    """Core rule: link `www.` and email addresses outside links and code; leave out what is nested too deep."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_linked(t for t in block.children if t.level < DEEPEST or not t.nesting))


def _linked(tokens: Iterable[Token]) -> Iterator[Token]:
    opened = None
    for token in tokens:
        if token.type == "link_open":
            opened = token
        elif token.type == "link_close" and opened:
            host = "" if opened.info else deceptive_host(str(opened.attrs["href"]))
            opened = None
            if host:
                yield Token("text", "", 0, content=f" ({host})")
        if opened or token.type != "text" or not addresses.count(token.content):
            yield token
            continue
        for part, href in addresses.addresses(token.content):
            yield from _link(part, href) if href else [Token("text", "", 0, content=part)]


def _too_deep(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """Block rule, first of all: below DEEPEST everything is a paragraph. The library would leave it out."""
    return state.level >= DEEPEST and paragraph(state, line, end, silent)


class _Markdown(MarkdownIt):
    """The library, with our addresses: a link says where it leads (so no `/x`), and hides nothing of it."""

    def normalizeLink(self, url: str) -> str:
        return href_of(url)

    def validateLink(self, url: str) -> bool:
        return is_absolute(url)

    def normalizeLinkText(self, link: str) -> str:
        return addresses.shown(link, href_of(link if ":" in link else f"mailto:{link}"))


_markdown = (
    _Markdown("commonmark", {"breaks": True, "html": False})
    .enable(["strikethrough"])
    .disable(["image", "heading", "lheading", "reference", "html_block", "html_inline", "hr"])
)
_markdown.helpers = SimpleNamespace(**vars(helpers) | {"parseLinkDestination": _destination})  # type: ignore[assignment]
_markdown.block.ruler.before("code", "too_deep", _too_deep)
_markdown.inline.ruler.at("text", _plain)
_markdown.inline.ruler.after("text", "web_address", _web_address)
_markdown.core.ruler.after("inline", "loose_addresses", _loose_addresses)
_markdown.add_render_rule("text", _text)
