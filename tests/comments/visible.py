"""What is left to read of a text that was rendered, to compare it with what was typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import html as lxml_html

from comments.text.formatting import RELATION

# What each element may have.
ALLOWED = {tag: set() for tag in ("p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul")} | {
    "ol": {"start"},
    "li": {"value"},
    "a": {"href", "title", "rel"},
}


def parsed(html: str) -> lxml_html.HtmlElement:
    return lxml_html.fragment_fromstring(html, create_parent="div")


def words(html: str) -> str:
    """Return what a reader sees."""
    return parsed(html).text_content() if html else ""


def said(html: str) -> str:
    """Return what a reader can find out: the words and, behind those of each link, where it leads and its title."""
    return "".join(_said(parsed(html))) if html else ""


def _said(element: lxml_html.HtmlElement) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield from _said(child)
        yield child.tail or ""
    yield _decoded(unquote(element.get("href", "")))
    yield element.get("title", "")


def _decoded(address: str) -> str:
    """Return an address with its host as it was typed."""
    return re.sub(r"xn--([a-z0-9_-]+)", lambda label: label[1].encode().decode("punycode"), address)


def letters(text: str) -> str:
    """Return the letters alone, without accents and in small: how hosts are spelled does not matter."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if unicodedata.category(character)[0] == "L")


def is_within(part: str, whole: str) -> bool:
    """Say whether all characters of one text stand in another, in the same order."""
    rest = iter(whole)
    return all(character in rest for character in part)


def stray(html: str) -> list[str]:
    """Return what is in the HTML of a reader's text and should not be: elements, attributes, addresses."""
    found = []
    for element in parsed(html).iterdescendants() if html else ():
        if element.tag not in ALLOWED:
            found.append(str(element.tag))
        found.extend(f"{element.tag} {name}" for name in set(element.attrib) - ALLOWED.get(element.tag, set()))
        if element.tag == "a":
            scheme, colon, _ = element.get("href", "").partition(":")
            if not colon or scheme.lower() not in {"http", "https", "mailto"} or element.get("rel") != RELATION:
                found.append(f"a {dict(element.attrib)}")
    return found
