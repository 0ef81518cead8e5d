"""What a browser shows of an HTML text, to compare it with what is left of it here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import html5lib
from hypothesis import strategies as st

# What no browser shows, or what is shown elsewhere. `noscript` is read as it is without script.
UNSEEN = {"script", "style", "title", "template", "iframe", "noembed", "noframes"}

_PIECES = [
    "<",
    "<y ",
    "< ",
    "</",
    "<!--",
    "-->",
    "<!",
    "<?x",
    "<![CDATA[",
    "]]>",
    "<a href=",
    "<p class=",
    "<b ",
    "<img src=x alt=",
]
_PIECES += [
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<svg>",
    "</svg>",
    "<text>",
    "<math>",
    "</math>",
    "<textarea>",
    "</textarea>",
]
_PIECES += [
    "<noscript>",
    "</noscript>",
    "<iframe>",
    "</iframe>",
    "<plaintext>",
    "<xmp>",
    "</xmp>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
]
_PIECES += [
    "<select>",
    "<option>",
    "</select>",
    "<div>",
    "</div>",
    "<p>",
    "</p>",
    "<li>",
    "<pre>",
    "</pre>",
    "<a>",
    "</a>",
    "<b>",
    "</b>",
]
_PIECES += [
    '"',
    "'",
    "=",
    ">",
    "/>",
    " ",
    "\n",
    "\n\n",
    "&lt;",
    "&amp;",
    "word",
    "1<2 and x<y but z>1",
    "<http://a.example/x>",
]
HTML = st.lists(st.sampled_from(_PIECES) | st.sampled_from("abcdefg"), max_size=25).map("".join)


def seen(html: str) -> str:
    """Return the text that a browser shows."""
    builder = html5lib.getTreeBuilder("etree")
    parser = html5lib.HTMLParser(builder, namespaceHTMLElements=False)
    return "".join(_seen(parser.parseFragment(html, container="div")))


def _seen(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else "script"  # A comment.
        if name not in UNSEEN:
            yield from _seen(child)
        yield child.tail or ""
