"""Removes what word processors and web pages leave around a pasted text: empty and needless elements, but no words.

Works on HTML as nh3 writes it: every element closed, every attribute in double quotes, no `<` or `>` within one. To
support another element, name it in RENAMED.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsreader.kit.text import without_invisible

RENAMED = {
    "h1": "h2", "h5": "h4", "h6": "h4", "strike": "s", "tt": "code", "menu": "ul", "dir": "ul",
    "section": "div", "article": "div", "main": "div", "header": "div", "footer": "div", "nav": "div", "center": "div",
    "address": "div", "details": "div", "summary": "div", "fieldset": "div", "legend": "div", "hgroup": "div",
    "form": "div", "dialog": "div", "search": "div", "marquee": "div", "datalist": "div", "optgroup": "div",
    "option": "div",
}  # fmt: skip
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small",
    "span", "strong", "sub", "sup", "time", "u", "var",
}  # fmt: skip
# Removed when empty: they would show a gap. Empty cells and terms stay, since they have a place.
_GONE_IF_EMPTY = {
    "p", "h2", "h3", "h4", "li", "ul", "ol", "dl", "blockquote", "aside", "figure", "figcaption", "caption", "div",
}  # fmt: skip
_VOID = {"br", "hr", "img"}
_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)([^<>]*)>|[^<]+|<")
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
# Marks of office programs and Google Docs in the HTML that they copy.
_OFFICE = re.compile(r"\bmso-|\bclass=[\"']?Mso|schemas-microsoft-com")
_BOOKMARK = re.compile(r"text-(_Toc|_Hlk|_GoBack|_Ref\d|OLE_LINK|docs-internal-guid)")


@dataclass
class _Open:
    """An element whose end has not been reached, and what has been seen in it."""

    name: str
    attributes: dict[str, str]
    at: int  # its index among the pieces written
    has_text: bool = False  # has text, at any depth
    has_more: bool = False  # has other content, at any depth: a picture, a rule, a cell, an anchor
    has_blocks: bool = False  # has block elements, at any depth
    has_loose: bool = False  # has text or inline elements outside of blocks


def from_office(html: str) -> bool:
    """Say whether a text, as it was sent, comes from a word processor."""
    return bool(_OFFICE.search(html))


def clean(html: str, *, office: bool = False) -> str:
    """Return the text without needless wrappers and empty blocks. Linear.

    `office`: the text comes from a word processor, which marks the language of each run of words.
    """
    pieces: list[str] = []
    stack = [_Open("", {}, 0)]
    for token in _TOKEN.finditer(html):
        closing, name, rest = token[1], token[2], token[3]
        if name is None:
            _note_text(stack[-1], token[0])
            pieces.append(token[0])
        elif closing:
            if len(stack) > 1:
                _close(stack.pop(), stack[-1], pieces)
        else:
            name = RENAMED.get(name, name)
            attributes = _kept(name, dict(_ATTRIBUTE.findall(rest)), office)
            if name not in _VOID:
                stack.append(_Open(name, attributes, len(pieces)))
                pieces.append(_tag(name, attributes))
            elif name != "img" or "src" in attributes:
                stack[-1].has_more |= name != "br"
                stack[-1].has_loose |= name == "img"
                stack[-1].has_blocks |= name == "hr"
                pieces.append(_tag(name, attributes))
    while len(stack) > 1:
        _close(stack.pop(), stack[-1], pieces)
    return "".join(pieces)


def _note_text(inside: _Open, text: str) -> None:
    if without_invisible(text.replace("&nbsp;", " ")).strip():
        inside.has_text = inside.has_loose = True


def _kept(name: str, attributes: dict[str, str], office: bool) -> dict[str, str]:
    if "name" in attributes:  # Old HTML has named anchors instead of ids.
        attributes.setdefault("id", attributes["name"])
        del attributes["name"]
    if _BOOKMARK.match(attributes.get("id", "")) and name != "b":
        del attributes["id"]
    if not attributes.get("class", "x"):
        del attributes["class"]
    if office:
        attributes.pop("lang", None)
    return attributes


def _tag(name: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>"


def _close(element: _Open, parent: _Open, pieces: list[str]) -> None:
    """Write the end of an element, or remove the element, with or without its content."""
    name = element.name
    filled = element.has_text or element.has_more
    if name in _GONE_IF_EMPTY and not filled and "id" not in element.attributes:
        del pieces[element.at :]
        return
    if _says_nothing(element, parent, filled):
        pieces[element.at] = ""
    else:
        if name == "div" and not element.attributes and _is_paragraph(element, parent):
            name = "p"
            pieces[element.at] = "<p>"
        pieces.append(f"</{name}>")
        element.has_blocks |= name not in _INLINE
        element.has_loose = name in _INLINE and (element.has_loose or filled)
        # Link targets and cells count even when empty.
        element.has_more |= "id" in element.attributes or name in {"td", "th", "dt", "dd", "pre"}
    parent.has_text |= element.has_text
    parent.has_more |= element.has_more
    parent.has_blocks |= element.has_blocks
    parent.has_loose |= element.has_loose


def _says_nothing(element: _Open, parent: _Open, filled: bool) -> bool:
    name, attributes = element.name, element.attributes
    if name in {"b", "span"} and _BOOKMARK.match(attributes.get("id", "")):
        return True  # Google Docs wraps everything copied in a `b` that is not bold.
    if name == "a":
        return "href" not in attributes and "id" not in attributes
    if name in _INLINE:
        return "id" not in attributes and (not filled or (name == "span" and not attributes))
    if name == "div" and not attributes:
        return (parent.name != "dl" and not element.has_loose and element.has_blocks) or parent.name == "figure"
    return False


def _is_paragraph(element: _Open, parent: _Open) -> bool:
    return element.has_text and not element.has_blocks and parent.name not in {"dl", "h2", "h3", "h4", "caption"}
