"""HTML as people and programs write it -> tags and text, so that nothing is lost on the way to a sanitiser.

A parser of HTML takes `<y` in `x<y but z>1` for a tag, and an open quotation mark or comment for something that reaches
to the end. Here, a `<` that begins no complete tag that HTML knows is a character. Pictures that a script would load
become pictures; frames, videos and sounds become links.

This module says what is text, not what is harmless: what it returns is still to be sanitised. Linear: every expression
ends at the next `<`, or at the quotation mark after its attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


# Elements whose text stands on lines of its own. Where such a tag is removed, a break has to stay.
BLOCKS = _names(
    "address article aside blockquote body caption center colgroup datalist dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main "
    "marquee menu menuitem nav ol optgroup option p plaintext pre search section summary table tbody td tfoot th thead "
    "title tr ul xmp"
)
# All others of https://html.spec.whatwg.org/#elements-3, the obsolete ones too.
_INLINE = _names(
    "a abbr acronym applet area audio b base basefont bdi bdo bgsound big blink br button canvas cite code col data "
    "del dfn em embed font i iframe image img input ins kbd keygen label link map mark math meta meter nobr noembed "
    "noframes noscript object output param picture progress q rb rp rt rtc ruby s samp script select slot small source "
    "spacer span strike strong style sub sup svg template textarea time track tt u var video wbr"
)
_KNOWN = BLOCKS | _INLINE
TABLE_PARTS = {
    "caption",
    "colgroup",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
}  # nothing without a table around them
_OFFICE = re.compile(r"(?:[mopuvwx]|st\d):[a-z][\w.-]*|xml")  # of word processors
_OWN = re.compile(r"[a-z][a-z0-9]*[:-][a-z][\w.:-]*")  # of one site: `amp-img`, `fb:like`
# Drawings and formulas. Inside, every name is known, and these hold no words for readers.
_FOREIGN = {"svg", "math"}
_NOTES = ("desc", "metadata", "annotation", "annotation-xml")

# Attributes that can be alone in a tag without any value: `<b and c>` is no tag.
_BARE = _names(
    "allowfullscreen async autofocus autoplay checked compact controls declare default defer disabled download "
    "draggable hidden inert ismap itemscope loop multiple muted nohref noshade novalidate nowrap open playsinline "
    "readonly required reversed scoped seamless selected"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’.,!?)]\w*)*")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>=<]++)(?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|"""
    r"""(?P<bare>[^\s>"'<][^\s<>]*+)|(?=>)))?+"""
)
_TAG = re.compile(
    r"""<(?P<slash>/?)(?P<name>[a-zA-Z][^\s/<>]*+)(?P<rest>(?:[\s/]*+[^\s/>=<]++"""
    r"""(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'<][^\s<>]*+|(?=>)))?+)*+)[\s/]*+>"""
)
# A tag as browsers read it, complete or not, with other tags among its attributes.
_LOOSE = re.compile(
    r"""</?[a-zA-Z][^\s/>]*+(?:[\s/]*+[^\s/>][^\s/>=]*+"""
    r"""(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+)?+)*+[\s/]*+(?:>|\Z)"""
    r"|<[!?/][^>]*+"
)
_DECLARED = re.compile(r"<!\[(?:end)?if\b[^<>]*+>|<!doctype\b[^<>]*+>|<\?xml\b[^<>]*+>", re.IGNORECASE)
_DATA = re.compile(r"<!\[CDATA\[[^<\]]*+\]\]>")
_COMMENT_END = re.compile(r"--!?>")
_END = re.compile(r"</([a-zA-Z][^\s/<>]*+)")
# An open quotation mark ends where the next attribute's begins. An address holds no `<`.
_ADDRESSES = {"href", "src", "cite", "data", "poster"}

_UNSEEN = {"script", "style", "title"}
# What browsers do not read as HTML.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in (*_UNSEEN, *_NOTES, "textarea", "xmp", "iframe", "plaintext")
}


@dataclass
class Tag:
    """A tag: its name in small letters, how it is written, and its attributes with entities decoded."""

    name: str
    source: str
    closing: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


def written(name: str, attributes: dict[str, str]) -> str:
    """Return a start tag as HTML."""
    inner = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{inner}>"


def tokens(html: str) -> Iterator[Tag | str]:
    """Yield the tags of an HTML text, and its text as HTML in which no `<` begins anything, in order.

    Scripts, styles, titles and comments are left out. What is no HTML for a browser (`xmp`) is text.
    """
    return _Source(html).tokens()


class _Source:
    """A text of HTML, read once from its beginning to its end."""

    def __init__(self, html: str) -> None:
        self.html, self.position = html, 0
        # Where the last end of each element is, so as not to look for what does not come any more.
        self.last = {match[1].lower(): match.start() for match in _END.finditer(html)}
        self.last_comment = max(html.rfind("-->"), html.rfind("--!>"))
        self.foreign = ""  # the element in which every name is known
        self.draws = False  # whether there was one: in it, a tag ends a `style`
        self.inside = 0  # Up to here, browsers read a tag that is none for us: nothing in it begins to hide anything.

    def tokens(self) -> Iterator[Tag | str]:
        while (start := self.html.find("<", self.position)) >= 0:
            if start > self.position:
                yield self.html[self.position : start]
            self.position = start
            if self._passes_comment():
                continue
            if self.html.startswith("<![CDATA[", start):
                end = self.html.find("]]>", start)
                yield escape(self.html[start + 9 : end if end >= 0 else None], quote=False)
                self.position = end + 3 if end >= 0 else len(self.html)
                continue
            tag = self._tag()
            if tag is None:
                yield "&lt;"
                self._note_loose()
                self.position += 1
            else:
                self.position += len(tag.source)
                yield from self._seen(tag)
        if self.position < len(self.html):
            yield self.html[self.position :]

    def _note_loose(self) -> None:
        if self.position >= self.inside and (loose := _LOOSE.match(self.html, self.position)):
            self.inside = loose.end()

    def _passes_comment(self) -> bool:
        """Move past a comment that has an end, or a declaration."""
        if self.position < self.inside:
            return False
        if self.html.startswith("<!--", self.position):
            if self.last_comment < self.position + 2:
                return False
            self.position = _COMMENT_END.search(self.html, self.position + 2).end()  # type: ignore[union-attr]
            return True
        if match := _DECLARED.match(self.html, self.position):
            self.position = match.end()
        return match is not None

    def _tag(self) -> Tag | None:
        """Return the tag that begins here, if it is complete and one that HTML knows."""
        match = _TAG.match(self.html, self.position)
        if match is None:
            return None
        name, closing = match["name"].lower(), bool(match["slash"])
        if not (name in _KNOWN or self.foreign or self._is_foreign_name(name)):
            return None
        attributes: dict[str, str] = {}
        for each in _ATTRIBUTE.finditer(match["rest"]):
            quoted = each["double"] if each["double"] is not None else each["single"]
            value = quoted if quoted is not None else each["bare"]
            after = match["rest"][each.end() : each.end() + 1]
            if quoted is not None and _is_left_open(each["name"].lower(), quoted, after):
                return None
            attributes.setdefault(each["name"].lower(), unescape(value or ""))
        if _are_words(attributes) and "=" not in match["rest"]:
            return None
        if name in _RAW and self.position < self.inside:
            return None  # A browser reads what follows as something else.
        if name in _UNSEEN and not closing and not self._is_closed(name):
            return None  # A browser would take all that follows for script.
        return Tag(name, match[0], closing, attributes)

    def _is_foreign_name(self, name: str) -> bool:
        return bool(_OFFICE.fullmatch(name)) or bool(_OWN.fullmatch(name) and name in self.last)

    def _seen(self, tag: Tag) -> Iterator[Tag | str]:
        """Yield what readers see of a tag, together with what is in it where that is not HTML."""
        if tag.name in _FOREIGN:
            self.draws = True
            if not tag.closing and self._is_closed(tag.name):
                self.foreign = self.foreign or tag.name
            elif tag.closing and tag.name == self.foreign:
                self.foreign = ""
        elif tag.name in _RAW and (tag.name not in _NOTES or self.foreign):
            yield from () if tag.closing else self._raw(tag)
        elif tag.name in _KNOWN or not self.foreign:
            yield tag
        elif tag.closing:  # Labels in a drawing stand apart.
            yield " " if tag.name == "text" else ""

    def _raw(self, tag: Tag) -> Iterator[Tag | str]:
        """Yield a tag whose content is no HTML, and move past that content if it has an end."""
        endless = tag.name == "plaintext" or not self._is_closed(tag.name)
        end = None if endless else _RAW[tag.name].search(self.html, self.position)
        if tag.name == "iframe":
            yield tag
        if end is None and tag.name in {"iframe", *_NOTES}:
            return
        inner = self.html[self.position : end.start() if end else len(self.html)]
        if self.draws and tag.name in {*_UNSEEN, *_NOTES} and "<" in _DATA.sub("", inner):
            return
        self.position += len(inner)
        if tag.name == "textarea":
            yield inner.replace("<", "&lt;")
        elif tag.name in {"xmp", "plaintext"}:
            yield from (Tag("pre", "<pre>"), escape(inner, quote=False), Tag("pre", "</pre>", closing=True))

    def _is_closed(self, name: str) -> bool:
        """Say whether an end tag of this name is still to come."""
        return self.last.get(name, -1) >= self.position


def _is_left_open(name: str, value: str, after: str) -> bool:
    """Say whether the quotation mark that ends this value belongs to something later: its own is missing."""
    if "<" in value and (name in _ADDRESSES or value.rstrip().endswith("=")):
        return True
    return ">" in value and after not in {"", "/"} and not after.isspace()


def _are_words(attributes: dict[str, str]) -> bool:
    return any(name not in _BARE and _WORD.fullmatch(name) for name in attributes)
