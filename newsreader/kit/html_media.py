"""Pictures, videos and frames in HTML: what a script would load, or a browser without script would show, is put there.

Pictures get the address that readers would see; what is embedded becomes a link. The result is still to be sanitised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from newsreader.kit.html_source import BLOCKS, TABLE_PARTS, Tag, tokens, written

_PICTURES = {"img", "image", "amp-img", "amp-anim"}
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-url")  # where scripts find a picture
_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_DOTS = {"0", "1"}  # the width and height of a picture that counts visitors
_UNWRAPPED = {"noembed", "noframes", "template"}  # Their content is for other browsers, or for scripts.
_EMBEDDED = {"iframe", "embed", "object", "video", "audio", "applet"}
_PARTS = {"source", "param", "embed"}
_DEEPEST = 20  # embedded elements in each other
_NOWHERE = re.compile(r"\s*(?:data|blob|about|javascript|vbscript):", re.IGNORECASE)
# Addresses of players that have a page for readers.
_PLAYER = re.compile(
    r"(?:https?:)?//(?:(?:www\.)?(?P<tube>youtube)(?:-nocookie)?\.com/embed/|player\.vimeo\.com/video/)(?P<id>[\w-]++)"
)


def readable(html: str) -> list[Tag | str]:
    """Return the tags and the text of an HTML text, with its pictures, and with links to what is embedded."""
    return _Reading().of(tokens(html))


class _Reading:
    def __init__(self) -> None:
        self.done: list[Tag | str] = []
        self.tables = self.hidden = 0  # how many tables and `noscript` elements are open
        # Index of a picture with nothing but blanks after it, and whether it is the copy for browsers without script.
        self.near, self.near_is_copy = -1, False
        self.lazy: dict[str, int] = {}  # address -> index of a picture that a script loads
        self.loaded: set[int] = set()  # the indexes in it
        self.embedded: list[tuple[str, str]] = []  # open elements, and the address of what they show

    def of(self, source: Iterable[Tag | str]) -> list[Tag | str]:
        for token in source:
            if isinstance(token, str):
                self.near = self.near if token.isspace() else -1
                self.done.append(token)
            elif token.name in _PICTURES:
                self._picture(token)
            elif token.name == "noscript":
                self.hidden = max(0, self.hidden + (-1 if token.closing else 1))
            elif token.name in _EMBEDDED or (token.name in _PARTS and self.embedded):
                self._embed(token)
            elif token.name not in _UNWRAPPED:
                self._plain(token)
        while self.embedded:
            self._leave()
        return self.done

    def _plain(self, tag: Tag) -> None:
        if tag.name not in {"picture", "source"}:
            self.near = -1
        if tag.name == "table":
            self.tables = max(0, self.tables + (-1 if tag.closing else 1))
        elif tag.name in TABLE_PARTS and not self.tables:
            tag = Tag("p", "</p>" if tag.closing else "<p>", tag.closing)
        elif tag.name == "listing":
            tag = Tag("pre", "</pre>" if tag.closing else "<pre>", tag.closing)
        self.done.append(tag)

    def _picture(self, tag: Tag) -> None:
        """Add a picture once: a script's placeholder and its copy in `noscript`, side by side, are one."""
        attributes = tag.attributes
        lazy = tag.name.startswith("amp-") or any(attributes.get(name) for name in _LAZY)
        if tag.closing or (attributes.get("width") in _DOTS and attributes.get("height") in _DOTS):
            return
        address = address_of(attributes)
        if address and (address != attributes.get("src") or tag.name != "img"):
            kept = {"src": address}
            kept |= {name: value for name, value in attributes.items() if name in {"alt", "title", "width", "height"}}
            tag = Tag("img", written("img", kept), attributes=kept)
        beside = self.near if self.near_is_copy != bool(self.hidden) else -1
        if self.hidden:
            placeholder = beside if beside in self.loaded else self.lazy.get(address, -1)
            if placeholder >= 0:
                self.done[placeholder] = tag
                return
        elif lazy and beside >= 0:
            return
        self.near, self.near_is_copy = len(self.done), bool(self.hidden)
        if lazy:
            self.lazy[address] = self.near
            self.loaded.add(self.near)
        self.done.append(tag)

    def _embed(self, tag: Tag) -> None:
        address = address_of(tag.attributes) or tag.attributes.get("data", "")
        if tag.name in _PARTS and self.embedded:
            if tag.name == "param":
                address = tag.attributes.get("value", "") if tag.attributes.get("name") in {"movie", "src"} else ""
            name, known = self.embedded[-1]
            self.embedded[-1] = name, known or address
        elif not tag.closing and len(self.embedded) < _DEEPEST:
            self.embedded.append((tag.name, address))
            if tag.name in {"iframe", "embed"}:  # They have no content.
                self._leave()
        elif any(name == tag.name for name, _ in self.embedded):
            while self._leave() != tag.name:
                pass

    def _leave(self) -> str:
        """Close an embedded element. Link what it shows, unless its content for older browsers does."""
        name, address = self.embedded.pop()
        self.near = -1
        if found := _PLAYER.match(address):
            address = f"https://{'www.youtube.com/watch?v=' if found['tube'] else 'vimeo.com/'}{found['id']}"
        address = f"https:{address}" if address.startswith("//") else address
        linked = any(isinstance(token, Tag) and token.attributes.get("href") == address for token in self.done[-4:])
        if address and not linked and not _NOWHERE.match(address):
            link: list[Tag | str] = [Tag("a", written("a", {"href": address}), attributes={"href": address})]
            if self.done and isinstance(self.done[-1], str) and not self.done[-1][-1].isspace():
                self.done.append(" ")
            link += [escape(address, quote=False), Tag("a", "</a>", closing=True)]
            if self._between_blocks():
                link = [Tag("p", "<p>"), *link, Tag("p", "</p>", closing=True)]
            self.done += link
        return name

    def _between_blocks(self) -> bool:
        for token in reversed(self.done):
            if isinstance(token, Tag):
                return token.closing and token.name in BLOCKS
            if not token.isspace():
                return False
        return True


def address_of(attributes: dict[str, str]) -> str:
    """Return the address of a picture or frame: that which a script would put in, before any placeholder's."""
    if lazy := next((attributes[name] for name in _LAZY if attributes.get(name)), ""):
        return lazy.strip()
    given = attributes.get("src", "")
    if given and not _NOWHERE.match(given):
        return given
    sets = next((attributes[name] for name in _SETS if attributes.get(name)), "")
    candidates = [candidate.split() for candidate in re.split(r",\s+", sets) if candidate.strip()]
    return max(candidates, key=_size)[0] if candidates else given


def _size(candidate: list[str]) -> float:
    """Return how large a candidate of a `srcset` is: its width, or its density."""
    try:
        return float(candidate[1][:-1])
    except (IndexError, ValueError):
        return 1
