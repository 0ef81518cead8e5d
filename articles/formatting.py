"""Sanitising editors' HTML, the same for admin, API and import."""

import html as entities
import re

import nh3
from django.conf import settings

from articles import paste_cleanup
from newsreader.kit.html_media import readable
from newsreader.kit.text import tidy

_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "strong", "b", "em", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark",
    "abbr", "cite", "q", "code", "pre", "kbd", "samp", "var", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "a",
    "figure", "figcaption", "img", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "time", "bdi",
    "bdo", "span", "div", "aside",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"lang", "dir", "title", "id"},
    "a": {"href", "hreflang"},
    "img": {"src", "alt", "width", "height", "loading"},
    "ol": {"start", "reversed", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "blockquote": {"cite"},
    "q": {"cite"},
}
PULL_QUOTE = "pull-quote"  # the only class allowed in a text


def _cleaner(tags: set[str], attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags={"script", "style", "title"},
        attributes=attributes,
        allowed_classes={"aside": {PULL_QUOTE}, "blockquote": {PULL_QUOTE}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener",
        # A wide table scrolls in its box, which the keyboard has to reach.
        set_tag_attribute_values={"table": {"tabindex": "0"}},
        attribute_filter=lambda tag, name, value: _own_anchor(name, value),
    )


_strict = _cleaner(_TAGS, _ATTRIBUTES)
# Attributes that articles.paste_cleanup needs; the strict cleaner removes them afterwards.
_wide = _cleaner(_TAGS | paste_cleanup.RENAMED.keys(), _ATTRIBUTES | {"a": {"href", "hreflang", "name"}})


# A tag with attributes, as nh3 writes it.
_TAG = re.compile(r'<[a-z][^<>"]*+(?:"[^"]*+"[^<>"]*+)++>')
_ROUNDS = 5  # One round may uncover more for the next. No real text has needed more than two.
_ANY_TAG = re.compile(r"<[^<>]*>")
# Tags inside words and sentences. A raised number is mostly that of a note.
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|time|u|var)(?: [^<>]*)?>"
)
_OWN = re.compile(r' (src|href|cite)="/(?!/)')


def _own_anchor(name: str, value: str) -> str:
    """Prefix an editor's id, so that it cannot take the place of one of ours (`respond`, `comment-7`); links follow."""
    if name in {"id", "name"} and not value.startswith("text-"):
        return f"text-{value}"
    if name == "href" and value.startswith("#") and not value.startswith("#text-"):
        return f"#text-{value[1:]}"
    return value


def sanitise(html: str) -> str:
    """Return an article's text as it is stored and shown: structure, links and pictures; no script, no style.

    Idempotent. Wrappers that Word, Google Docs or a web page put around the text are removed, but no words; what is
    embedded becomes a link.
    """
    html = tidy(html)  # Parsers disagree about invalid characters.
    source = "".join(token if isinstance(token, str) else token.source for token in readable(html))
    cleaned = _once(source, office=paste_cleanup.from_office(html))
    for _ in range(_ROUNDS):
        before, cleaned = cleaned, _once(cleaned)
        if cleaned == before:
            break
    return cleaned


def _once(html: str, *, office: bool = False) -> str:
    # Entities are decoded by now. Some are control characters, which browsers ignore in a scheme.
    return tidy(_strict.clean(paste_cleanup.clean(_wide.clean(html), office=office)))


def with_absolute_links(html: str) -> str:
    """Return a sanitised text for use elsewhere, such as in a feed: links to this site become absolute."""
    return _TAG.sub(lambda tag: _OWN.sub(rf' \1="{settings.SITE_URL}/', tag[0]), html)


def plain(html: str) -> str:
    """Return a text without markup, with blanks between its blocks."""
    return " ".join(entities.unescape(_ANY_TAG.sub(" ", _INLINE_TAG.sub("", html))).split())


def reading_time(html: str) -> int:
    """Return the reading time in minutes, at 230 words a minute; at least one."""
    return max(1, round(len(plain(html).split()) / 230))
