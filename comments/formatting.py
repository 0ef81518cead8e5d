"""A reader's text -> safe HTML; the only place that may call it safe. Rendered once, when it is written.

A subset of CommonMark: emphasis, strike, code, quotes, lists, links; bare links are linked; line breaks stay. A typed
tag is shown as the characters typed. Imported comments may hold HTML: a small allow-list of it survives.
"""

import re

import nh3
from markdown_it import MarkdownIt

# Raised when the output changes, so that old rows can be found and rendered anew.
VERSION = 1
RELATION = "nofollow ugc noopener"

_markdown = (
    MarkdownIt("commonmark", {"linkify": True, "breaks": True, "html": False, "maxNesting": 20})
    .enable(["linkify", "strikethrough"])
    .disable(["image", "heading", "lheading", "reference", "html_block", "html_inline", "hr"])
)
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


def to_html(text: str) -> str:
    """Render what a reader typed."""
    return _written.clean(_markdown.render(text)).strip()


def imported_to_html(text: str) -> str:
    """Render an imported comment, which may hold HTML: allowed tags stay, blank lines become paragraphs."""
    cleaned = _imported.clean(text.strip())
    if _BLOCK.search(cleaned):
        return cleaned
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", cleaned))
    return "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in paragraphs if part)


def count_links(html: str) -> int:
    """Return how many links a reader could click."""
    return html.count("<a ")
