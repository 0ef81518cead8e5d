"""An imported comment's HTML before and after it is sanitised: its blocks, pictures and blank lines become paragraphs.

As WordPress shows its comments: a blank line parts two paragraphs and a line break stays, whatever tags there are.
"""

from __future__ import annotations

import re
from html import escape

from newsreader.kit.html_media import readable
from newsreader.kit.html_source import BLOCKS, Tag, written

_TOKEN = re.compile(r'<(?P<slash>/?)(?P<name>[a-z][a-z0-9]*+)(?P<rest>(?:[^<>"]++|"[^"]*+")*+)>|[^<]++|<')
_ROOMS = {"", "blockquote"}  # where loose text needs a paragraph around it
_BLOCKS = {"blockquote", "ul", "ol", "li", "pre"}


def simplified(html: str, allowed: set[str]) -> str:
    """Return the HTML of a comment with allowed tags only: other blocks become blank lines, pictures links."""
    pieces, preformatted = [], 0
    for token in readable(html):
        if isinstance(token, str):
            pieces.append(token)
        elif token.name in allowed:
            preformatted = max(0, preformatted + (-1 if token.closing else 1)) if token.name == "pre" else preformatted
            pieces.append(token.source)
        elif token.name == "img":
            pieces.append(_as_link(token))
        elif token.name in {"td", "th", "dt", "dd"}:
            pieces.append("\n" if token.name in {"dt", "dd"} else " " if token.closing else "")
        elif token.name in BLOCKS:
            pieces.append("\n" if preformatted else "\n\n")
    return "".join(pieces)


def _as_link(picture: Tag) -> str:
    """Return a picture as a link with its alternative text; a smiley as the characters that it stands for."""
    address, words = picture.attributes.get("src", ""), picture.attributes.get("alt", "").strip()
    if not re.match(r"https?://", address) or "smil" in picture.attributes.get("class", ""):
        return escape(words, quote=False)
    return f"{written('a', {'href': address})}{escape(words or address, quote=False)}</a>"


def in_paragraphs(html: str) -> str:
    """Return sanitised HTML with its loose text in paragraphs. What is so already stays the same."""
    return _Walk().of(html)


class _Walk:
    """One pass. Tags inside a paragraph are written when text comes, so each paragraph closes and opens its own."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.blocks: list[str] = []
        self.wanted: list[tuple[str, str]] = []  # open inline elements: name, attributes
        self.opened: list[tuple[str, str]] = []  # those that are written
        self.in_paragraph = self.explicit = False  # `explicit`: between <p> and </p>
        self.lines = 0  # line ends that wait for text after them

    def of(self, html: str) -> str:
        for match in _TOKEN.finditer(html):
            name, closing = match["name"], bool(match["slash"])
            if name is None:
                self._text(match[0])
            elif name == "br":
                self._break()
            elif name == "p" or name in _BLOCKS:
                self._block(name, match[0], closing)
            elif not closing:
                self.wanted.append((name, match["rest"]))
            else:
                self._end_inline(name)
        self._end_paragraph()
        return "".join(self.done)

    @property
    def _holds_attributes(self) -> bool:
        """Whether an element is written that cannot be parted in two, such as a link."""
        return any(rest for _, rest in self.opened)

    def _text(self, text: str) -> None:
        inside = self.blocks[-1] if self.blocks else ""
        if inside == "pre":
            self._open_inline()
            self.done.append(text)
        elif inside not in _ROOMS and not self.explicit:
            if text.strip() or self.opened:
                self._open_inline()
            self.done.append(text)
        else:
            for number, line in enumerate(text.split("\n")):
                self.lines += number > 0
                self._line(line)

    def _line(self, line: str) -> None:
        if not line.strip(" \t"):
            if line and self.in_paragraph and not self.lines:
                self.done.append(" ")
            return
        if self.lines > 1 and self.in_paragraph and not self._holds_attributes:
            self._end_paragraph()
            self.lines = 1
        if not self.in_paragraph:
            self.done.append("\n" if self.lines and self.done else "")
            self.done.append("<p>")
            self.in_paragraph = True
            line = line.lstrip(" \t")
        elif self.lines:
            self.done.append("\n" if self.done[-1] == "<br>" else "<br>\n")
            line = line.lstrip(" \t")
        self.lines = 0
        self._open_inline()
        self.done.append(line)

    def _break(self) -> None:
        inside = self.blocks[-1] if self.blocks else ""
        if self.in_paragraph or (inside not in _ROOMS and not self.explicit):
            self.lines = 0
            self.done.append("<br>")

    def _block(self, name: str, source: str, closing: bool) -> None:
        if self._holds_attributes and self.wanted:  # Inside a link, a block is a line.
            self.lines = max(self.lines, 1)
            return
        self._end_paragraph()
        if name == "p":
            self.explicit = not closing
            return
        self.done.append("\n" if self.lines and self.done else "")
        self.lines, self.explicit = 0, False
        if not closing:
            self.blocks.append(name)
            self.done.append(source)
        elif name in self.blocks:
            while self.blocks:
                last = self.blocks.pop()
                self.done.append(f"</{last}>")
                if last == name:
                    break

    def _open_inline(self) -> None:
        for element in self.wanted[len(self.opened) :]:
            self.opened.append(element)
            self.done.append(f"<{element[0]}{element[1]}>")

    def _end_inline(self, name: str) -> None:
        if self.wanted and self.wanted[-1][0] == name:
            if len(self.opened) == len(self.wanted):
                self.opened.pop()
                self.done.append(f"</{name}>")
            self.wanted.pop()

    def _end_paragraph(self) -> None:
        """Close what is written of the paragraph. Trailing blanks go."""
        if self.in_paragraph and not self.opened:
            self.done[-1] = self.done[-1].rstrip(" \t")
        self.done += [f"</{name}>" for name, _ in reversed(self.opened)]
        self.opened.clear()
        if self.in_paragraph:
            self.done.append("</p>")
            self.in_paragraph = False
