"""The part of CommonMark that readers can use: emphasis, strikethrough, code, quotes, lists, links; line breaks stay.

Headings, images, thematic breaks, references, indented code and HTML tags are shown as typed, and so is everything that
`comments.text.as_typed` names; bare addresses are linked. To change this, enable or disable rules of the library at the
end of this file.

Linear in the text, since `comments.text.formatting` limits the number of marks, and this module limits their depth.
"""

import html as entities
import re
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from markdown_it import MarkdownIt, helpers
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, hr, paragraph
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from comments.text import as_typed, linkify
from comments.text.linkify import LOGIN, address_end, can_be_followed, deceptive_host, href_of
from newsreader.kit.text import is_unseen

# How deep quotes, lists (two levels each) and emphasis can be nested. Deeper markers are shown as typed, deeper
# emphasis is left out: nh3 is quadratic in depth.
DEEPEST = 12

# Runs of characters with which no inline rule begins. They include colons, except in addresses, and line breaks without
# blanks around them. A closing bracket ends the run while a link's end is looked for.
_PLAIN = re.compile(r"(?:[^\n\\`~*_\[<&:]|(?<! )\n(?![ \t])|:(?!//)|(?<![Hh][Tt][Tt][Pp])(?<![Hh][Tt][Tt][Pp][Ss]):)++")
_PLAIN_IN_BRACKETS = re.compile(r"[^\n\\`~*_\[\]<&]++")
# A link's destination: `<...>`, or text without blanks and with balanced brackets, three deep.
_CHARACTER = r"[^\x00-\x20\x7f()\\]|\\[^\x00-\x20]?"
_PAIR = rf"\((?:{_CHARACTER})*+\)"
_PAIR = rf"\((?:{_CHARACTER}|{_PAIR})*+\)"
_PAIR = rf"\((?:{_CHARACTER}|{_PAIR})*+\)"
_DESTINATION = re.compile(rf"<(?:[^<>\n\\]|\\.)*+>|(?!<)(?:{_CHARACTER}|{_PAIR})++")
_SCHEME = re.compile(r"(?<![A-Za-z0-9.+-])[Hh][Tt][Tt][Pp][Ss]?$")


def render(text: str) -> str:
    """Return the text as HTML that is still to be sanitised."""
    return str(_markdown.render(text))


def _plain(state: StateInline, silent: bool) -> bool:
    """Inline rule: take plain text in one step. The library's own rule stops at every character of any syntax."""
    match = (_PLAIN_IN_BRACKETS if silent else _PLAIN).match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.append_pending(match[0])
    state.pos = match.end()
    return True


def _destination(text: str, start: int, end: int) -> Any:
    """Have the library parse a link's destination, but only up to its end: else 1,000 openings are quadratic."""
    match = _DESTINATION.match(text, start, end)
    return helpers.parseLinkDestination(text, start, match.end() if match else start)


def _text(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Render rule: keep line breaks inside a text."""
    return _escaped(tokens[index].content).replace("\n", "<br>\n")


def _fence(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Render rule: text after the opening backticks is the first line of the code, unless it is a language.

    Many people start writing right there, and their words would be lost.
    """
    token = tokens[index]
    words, code = token.info.strip(), token.content
    if words and not (_is_closed(token) and len(words.split()) == 1):
        code = f"{words}\n{code}"
    return f"<pre><code>{_escaped(code)}</code></pre>\n"


def _is_closed(token: Token) -> bool:
    """Say whether a code block that is not empty has a closing line of backticks."""
    first, end = token.map or [0, 0]
    lines = token.content.count("\n") + (not token.content.endswith("\n"))
    return end - first - lines == 2


def _escaped(text: str) -> str:
    return entities.escape(text, quote=False)


def _link(address: str, href: str) -> list[Token]:
    return [
        Token("link_open", "a", 1, {"href": href}, info="auto"),
        Token("text", "", 0, content=linkify.shown(address, href)),
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
    if end is None and (login := LOGIN.match(state.src, colon + 3)):
        state.append_pending(state.src[colon : login.end()])
        state.pos = login.end()
        return True
    if end is None:
        return False
    address = state.src[start:end]
    state.pending = state.pending[: -len(scheme[0])]
    state.pos = end
    if not can_be_followed(href := href_of(address)):
        state.append_pending(address)
        return True
    for token in _link(address, href):
        pushed = state.push(token.type, token.tag, token.nesting)
        pushed.attrs, pushed.content, pushed.info = token.attrs, token.content, token.info
    return True


def _loose_addresses(state: StateCore) -> None:
    """Core rule: link `www.` and email addresses outside links and code; drop emphasis that is nested too deep."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            shallow = (t for t in block.children if t.level < DEEPEST or not t.nesting or t.tag == "a")
            block.children = list(_linked(_without_empty_links(shallow)))


def _without_empty_links(tokens: Iterable[Token]) -> Iterator[Token]:
    """Show `[words]()`, which links to nothing, as typed. The library does not validate an empty link."""
    empty = False
    for token in tokens:
        if token.type == "link_open":
            empty = not token.attrs["href"]
        if empty and token.type in {"link_open", "link_close"}:
            yield Token("text", "", 0, content="[" if token.nesting == 1 else "]()")
        else:
            yield token


def _linked(tokens: Iterable[Token]) -> Iterator[Token]:
    opened, has_words = None, False
    for token in tokens:
        if token.type == "link_open":
            opened, has_words = token, False
        elif token.type == "link_close" and opened:
            yield from _behind(opened, has_words=has_words)
            opened = None
        elif opened:
            has_words = has_words or not is_unseen(token.content)
        if opened or token.type != "text" or not linkify.count(token.content):
            yield token
            continue
        for part, href in linkify.addresses(token.content):
            yield from _link(part, href) if href else [Token("text", "", 0, content=part)]


def _as_numbered(state: StateCore) -> None:
    """Core rule: an ordered list keeps a gap that was typed (2, 5); `1.` before every item just counts on."""
    numbers: list[int] = []
    for token in state.tokens:
        if token.type == "ordered_list_open":
            numbers.append(int(token.attrs.get("start", 1)) - 1)
        elif token.type == "bullet_list_open":
            numbers.append(-1)
        elif token.type in {"ordered_list_close", "bullet_list_close"}:
            numbers.pop()
        elif token.type == "list_item_open" and token.info.isdigit():
            numbers[-1] += 1
            if int(token.info) > numbers[-1]:
                numbers[-1] = int(token.info)
                token.attrSet("value", str(numbers[-1]))


def _behind(opened: Token, *, has_words: bool) -> Iterator[Token]:
    """Yield what to show after a link's text: its address if there is no text, or a deceptive host."""
    href = str(opened.attrs["href"])
    if not has_words:
        yield Token("text", "", 0, content=href)
    elif not opened.info and (host := deceptive_host(href)):
        yield Token("text", "", 0, content=f" ({host})")


def _too_deep(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """Block rule, the first: below DEEPEST everything is a paragraph. The library would drop it."""
    return state.level >= DEEPEST and paragraph(state, line, end, silent)


def _thematic_break(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """Block rule: show `* * *` as typed, as a paragraph. Without this rule it would become three lists."""
    if not hr(state, line, end, True):
        return False
    if not silent:
        typed = state.getLines(line, line + 1, 0, False).strip()
        state.line = line + 1
        state.push("paragraph_open", "p", 1).map = [line, state.line]
        inline = state.push("inline", "", 0)
        inline.map, inline.content = [line, state.line], typed
        state.push("paragraph_close", "p", -1)
    return True


class _Markdown(MarkdownIt):
    """The library, with our treatment of addresses: links are absolute (so no `/x`) and show their true host."""

    def normalizeLink(self, url: str) -> str:
        return href_of(url)

    def validateLink(self, url: str) -> bool:
        return can_be_followed(url)

    def normalizeLinkText(self, link: str) -> str:
        return linkify.shown(link, href_of(link if ":" in link else f"mailto:{link}"))


_markdown = (
    _Markdown("commonmark", {"breaks": True, "html": False})
    .enable(["strikethrough"])
    .disable(["image", "heading", "lheading", "reference", "code", "html_block", "html_inline"])
)
_markdown.helpers = ModuleType("helpers")
vars(_markdown.helpers).update(vars(helpers) | {"parseLinkDestination": _destination})
_markdown.block.ruler.before("code", "too_deep", _too_deep)
_BREAKS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
_markdown.block.ruler.before("blockquote", "typed_pre", as_typed.typed_pre_block, _BREAKS)
_markdown.block.ruler.at("blockquote", as_typed.quote, _BREAKS)
_markdown.block.ruler.at("hr", _thematic_break, _BREAKS)
_markdown.inline.ruler.at("text", _plain)
_markdown.inline.ruler.after("text", "web_address", _web_address)
_markdown.inline.ruler.at("newline", as_typed.line_end)
_markdown.inline.ruler.at("escape", as_typed.backslash)
_markdown.inline.ruler.at("backticks", as_typed.code)
_markdown.inline.ruler.at("strikethrough", as_typed.pairs)
_markdown.inline.ruler.disable(["emphasis"])
_markdown.inline.ruler.before("autolink", "typed_pre", as_typed.typed_pre)
_markdown.core.ruler.after("inline", "loose_addresses", _loose_addresses)
_markdown.core.ruler.push("as_numbered", _as_numbered)
_markdown.add_render_rule("text", _text)
_markdown.add_render_rule("fence", _fence)
