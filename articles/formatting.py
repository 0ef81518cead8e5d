"""Editors' HTML -> safe HTML, on every way in: admin, API and import alike."""

import html as entities
import re

import nh3
from django.conf import settings

from articles import paste_cleanup
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
PULL_QUOTE = "pull-quote"  # the only class that a text may give


def _cleaner(tags: set[str], attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags={"script", "style", "title", "xml"},
        attributes=attributes,
        allowed_classes={"aside": {PULL_QUOTE}, "blockquote": {PULL_QUOTE}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener",
        # A wide table scrolls in its box, and who has no pointer must be able to get there.
        set_tag_attribute_values={"table": {"tabindex": "0"}},
        attribute_filter=lambda tag, name, value: _own_anchor(name, value),
    )


_strict = _cleaner(_TAGS, _ATTRIBUTES)
# What articles.paste_cleanup makes something of: it never gets past the strict one.
_wide = _cleaner(_TAGS | paste_cleanup.RENAMED.keys(), _ATTRIBUTES | {"a": {"href", "hreflang", "name"}})


# A tag with attributes as nh3 writes it.
_TAG = re.compile(r'<[a-z][^<>"]*+(?:"[^"]*+"[^<>"]*+)++>')
_ROUNDS = 5  # What one round unwraps may let the next unwrap more; nobody's text has needed more than two.
_ANY_TAG = re.compile(r"<[^<>]*>")
_OWN = re.compile(r' (src|href|cite)="/(?!/)')


def _own_anchor(name: str, value: str) -> str:
    """An editor's id must not take the place of one of ours (`respond`, `comment-7`); links to it follow."""
    if name in {"id", "name"} and not value.startswith("text-"):
        return f"text-{value}"
    if name == "href" and value.startswith("#") and not value.startswith("#text-"):
        return f"#text-{value[1:]}"
    return value


def sanitise(html: str) -> str:
    """Return an article's text as it may be stored and shown: structure, links and pictures; no script, no style.

    Cleaning twice is cleaning once. Whatever Word, Google Docs or a web page has wrapped it in is gone, no word of it.
    """
    html = tidy(html)  # Parsers disagree about characters that are none.
    cleaned = _once(html, office=paste_cleanup.from_office(html))
    for _ in range(_ROUNDS):
        before, cleaned = cleaned, _once(cleaned)
        if cleaned == before:
            break
    return cleaned


def _once(html: str, *, office: bool = False) -> str:
    # What an entity stands for is read by now, control characters among it, which browsers pass over in a scheme.
    return tidy(_strict.clean(paste_cleanup.clean(_wide.clean(html), office=office)))


def with_absolute_links(html: str) -> str:
    """Return a sanitised text as it is shown elsewhere, as in a feed: what lies on this site is named in full."""
    return _TAG.sub(lambda tag: _OWN.sub(rf' \1="{settings.SITE_URL}/', tag[0]), html)


def plain(html: str) -> str:
    """Return the words of a text, without markup."""
    return " ".join(entities.unescape(_ANY_TAG.sub(" ", html)).split())


def reading_time(html: str) -> int:
    """Return how many minutes a text takes, at 230 words a minute; at least one."""
    return max(1, round(len(plain(html).split()) / 230))
