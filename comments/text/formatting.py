"""A reader's text -> safe HTML, rendered once, when it is written. The only module that may call HTML safe.

Readers type a subset of Markdown (comments.text.markdown); HTML tags that they type are shown as text. Imported
comments may hold HTML, of which a small allow-list is kept.

Rendering takes time linear in the text, also for hostile texts: MARKS, LINKS and the two limits of depth bound what
would take longer, and every regular expression can start at few places only or ends at the first character that it does
not know. `tests/bench/rendering.py` measures it.
"""

import html as entities
import re

import nh3

from comments.text import imported, linkify, markdown
from comments.text.linkify import deceptive_host, href_of, is_absolute
from newsreader.kit.text import is_unseen, tame

# Raise this when the HTML of a text changes: comments.posting.rerendering then renders older comments again.
VERSION = 6
RELATION = "nofollow ugc noopener"

# Characters that may be markup, and how many of them a text may hold; with more, it is shown as typed. Each costs up to
# 15 microseconds; 10,000 characters of program code hold 500 to 800.
_MARKUP = re.compile(r"[*_~`<>&\\\[\n]|[-+.)](?=[ \t\n])")
_COSTS = {"[": 1, "://": 5, "@": 5, "www.": 5}  # These count as so many marks more.
# A quote continues in lines without its marker, up to the next blank line. If it does not, all these lines were read
# for nothing. Each such line, and each line after it, counts as a tenth of a mark.
_UNMARKED = re.compile(r"^[ \t*+\-0-9.)]*+>[^\n]*+\n(?![ \t]*+(?:>|$))", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*+\n")
MARKS = 2_500
# How many addresses are linked in such a text, or in an imported one. With more, none is linked.
LINKS = 500
# How deep elements may be nested in an imported comment. nh3 is quadratic in depth: 20,000 levels take 3 s.
DEEPEST_IMPORTED = 100

_BLOCKS = {"p", "br", "pre", "blockquote", "ul", "ol", "li"}
_written = nh3.Cleaner(
    tags=_BLOCKS | {"strong", "em", "s", "code", "a"},
    attributes={"a": {"href", "title"}, "ol": {"start"}, "li": {"value"}, "*": set()},
    url_schemes={"http", "https", "mailto"},
    link_rel=RELATION,
)
_IMPORTED = _BLOCKS | {"strong", "b", "em", "i", "u", "del", "ins", "s", "strike", "code", "q", "cite", "a"}
_IMPORTED |= {"abbr", "acronym", "sub", "sup", "tt"}
_imported = nh3.Cleaner(
    tags=_IMPORTED,
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "blockquote": {"cite"}, "q": {"cite"}, "*": set()}
    | {"abbr": {"title"}, "acronym": {"title"}},
    attribute_filter=lambda tag, name, value: _imported_href(value) if name in {"href", "cite"} else value,
    url_schemes={"http", "https", "mailto"},
    link_rel=RELATION,
)
_TAG = re.compile(r'<(?:[^<>"]++|"[^"]*+")*+>')
_PARTS = re.compile(rf"({_TAG.pattern})")
_VERBATIM = re.compile(
    r'<(?P<closes>/?)(?:a|code|pre|tt)\b(?: (?!href=)[a-z]++="[^"]*+")*+(?: href="(?P<href>[^"]*+)")?'
)
_OPENS_OR_CLOSES = re.compile(r"<(/?)([a-z][a-z0-9]*+)", re.IGNORECASE)
# Elements without an end tag, or whose end tag may be omitted.
_ENDLESS = {"p", "br", "hr", "img", "input", "wbr", "li", "dt", "dd", "tr", "td", "th", "option", "embed", "source"}


def to_html(text: str) -> str:
    """Render what a reader typed. With more than MARKS marks, only paragraphs, line breaks and links are rendered."""
    if marks(text) > MARKS:
        return tame(_paragraphs(_with_links(text)))
    return tame(_written.clean(markdown.render(text)).strip())


def marks(text: str) -> int:
    """Return how many marks the text may hold: an upper bound, found quickly."""
    lowered = text.lower()
    costly = sum(worth * lowered.count(piece) for piece, worth in _COSTS.items())
    return len(_MARKUP.findall(text)) + costly + (_lines_read_again(text) // 10 if ">" in text else 0)


def _lines_read_again(text: str) -> int:
    parts = _BLANK_LINE.split(text)
    return sum(len(_UNMARKED.findall(part)) * part.count("\n") for part in parts)


def imported_to_html(text: str) -> str:
    """Render an imported comment, which may hold HTML: allowed tags stay, blank lines become paragraphs.

    A `<` that begins no tag is text. If tags are nested deeper than DEEPEST_IMPORTED, they are shown as text.
    """
    text = text.strip()
    source = imported.simplified(text, _IMPORTED)
    cleaned = _imported.clean(source) if _depth(source) <= DEEPEST_IMPORTED else _escaped(text)
    return tame(_linked_html(imported.in_paragraphs(cleaned)))


def count_links(html: str) -> int:
    """Return how many links the HTML holds."""
    return html.count("<a ")


def is_blank_html(html: str) -> bool:
    """Say whether nothing can be seen: only blanks, invisible characters, and marks without a letter."""
    return is_unseen(entities.unescape(_TAG.sub("", html)))


def _paragraphs(html: str) -> str:
    parts = (part.strip() for part in re.split(r"\n\s*\n", html))
    return "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in parts if part)


def _with_links(text: str) -> str:
    """Return a plain text as HTML, with its addresses linked unless there are too many."""
    if linkify.count(text) > LINKS:
        return _escaped(text)
    parts = linkify.addresses(text)
    return "".join(linkify.link(part, href, RELATION) if href else _escaped(part) for part, href in parts)


def _escaped(text: str) -> str:
    return entities.escape(text, quote=False).replace("\xa0", "&nbsp;")


def _depth(html: str) -> int:
    """Return how deep elements are nested; an unclosed element counts to the end."""
    depth = deepest = 0
    for closes, name in _OPENS_OR_CLOSES.findall(html):
        if name.lower() not in _ENDLESS:
            depth = max(0, depth + (-1 if closes else 1))
            deepest = max(deepest, depth)
    return deepest


def _imported_href(value: str) -> str | None:
    """Return the href of an imported link: an absolute address, or a path on the site that was imported."""
    href = href_of(f"https:{value.strip()}" if value.strip().startswith("//") else value.strip())
    return href if is_absolute(href) or (href.startswith("/") and not href.startswith("//")) else None


def _linked_html(html: str) -> str:
    """Link the addresses in clean HTML, outside links and code. After a link to a deceptive host, show that host."""
    few = 0 < linkify.count(html) <= LINKS
    if not few and "xn--" not in html:
        return html
    parts, inside, host = [], 0, ""
    for part in _PARTS.split(html):
        if tag := _VERBATIM.match(part):
            inside += -1 if tag["closes"] else 1
            if part == "</a>" and host:
                parts.append(f" ({host})")
            elif part.startswith("<a"):
                host = deceptive_host(entities.unescape(tag["href"] or ""))
        elif few and not inside and not part.startswith("<"):
            part = _with_links(entities.unescape(part))
        parts.append(part)
    return "".join(parts)
