"""The examples of the CommonMark specification, for the part of it that readers have: ours says the same.

Left out, by rule: what needs headings, pictures, rules, raw HTML or references, none of which a reader has. A place on
the example's own site stands on a host of its own here, since a reader's link says where it leads. Seen through: line
breaks stay, links say that nobody vouches for them, and no class names a language.
"""

import json
import re
from html import unescape

import pytest

from comments.text.formatting import to_html
from tests.comments.visible import is_within, letters, said, stray
from tests.machine import SHARED

SPEC = SHARED / "data" / "attacks" / "markdown" / "commonmark-0.31-spec.json"
OURS = "p|br|strong|em|s|code|pre|blockquote|ul|ol|li|a"
TAG = re.compile(r"</?([a-z][a-z0-9]*)", re.IGNORECASE)
HOST = "https://site.example/"
ABSOLUTE = "(?i:https?://|mailto:)"

# Examples that differ on purpose.
BLANK_QUOTE = "a quote of nothing has no line break in it"
WORDS_OF_A_FENCE = "words behind the opening fence are kept as the first line, unless they name a language"
BARE_ADDRESS = "a bare address is linked"
EMPTY_LINK = "a link without words shows where it leads"
INDENTED = "an indented line is a line, with its blanks"
INSIDE_WORDS = "stars inside words are letters, and so are the underscores around a name"
BACKSLASH = "a backslash stays, unless it keeps a pair of marks, a link or a line's marker from being read"
DIFFERENT = {
    **dict.fromkeys(
        [
            1,
            2,
            3,
            5,
            6,
            7,
            8,
            18,
            36,
            48,
            49,
            69,
            70,
            87,
            107,
            110,
            111,
            112,
            113,
            114,
            116,
            117,
            118,
            134,
            137,
            225,
            227,
            233,
            238,
            240,
            254,
            255,
            256,
            259,
            266,
            272,
            273,
            274,
            275,
            276,
            280,
            288,
            289,
            290,
            291,
            292,
            315,
            639,
            640,
        ],
        INDENTED,
    ),
    **dict.fromkeys([357, 358, 372, 383, 391, 398, 401, 408, 413, 417, 418, 419, 427, 431, 464], INSIDE_WORDS),
    **dict.fromkeys([12, 15, 16, 106, 439, 442, 451, 454, 495, 608, 637, 642], BACKSLASH),
    **dict.fromkeys([143, 144, 146], WORDS_OF_A_FENCE),
    **dict.fromkeys([241, 242], BLANK_QUOTE),
    486: EMPTY_LINK,
    **dict.fromkeys([520, 521, 604, 610, 613, 614], BARE_ADDRESS),
}

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the shared specification is absent")


def examples():
    return json.loads(SPEC.read_text()) if SPEC.exists() else []


def placed(example):
    """Return the example's text and HTML with the links on a host."""
    markdown, html = example["markdown"], example["html"]
    if re.search(rf'<a href="(?!{ABSOLUTE})', html):
        markdown = re.sub(rf"(\]\(\s*<?)(?!{ABSOLUTE})", rf"\g<1>{HOST}", markdown)
        html = re.sub(rf'(<a href=")(?!{ABSOLUTE})', rf"\g<1>{HOST}", html)
    return markdown, html


def is_ours(example):
    """Say whether a reader has everything that this example needs."""
    markdown, html = example["markdown"], example["html"]
    tags = {tag.lower() for tag in TAG.findall(html)}
    raw = example["section"] in {"HTML blocks", "Raw HTML"} or re.search(r"<!--|<a ", markdown)
    unplaced = re.search(rf'<a href="(?!{ABSOLUTE})[^"]*:|<a href=""', html)
    return tags <= set(OURS.split("|")) and not raw and not unplaced and "]:" not in markdown


def seen(html):
    """Return HTML without the ways in which ours is written otherwise and means the same."""
    html = re.sub(r' (?:rel|class)="[^"]*"', "", html)
    html = re.sub(r"<br ?/?>\n", "\n", html)
    return html.replace("&quot;", '"').replace("&nbsp;", "\xa0").strip()


def test_every_example_for_what_readers_have_shows_the_same():
    used, differing = set(), {}
    for example in filter(is_ours, examples()):
        markdown, html = placed(example)
        used.add(example["section"])
        if seen(to_html(markdown)) != seen(html):
            differing[example["example"]] = (markdown, to_html(markdown))

    assert {number: shown for number, shown in differing.items() if number not in DIFFERENT} == {}
    assert set(DIFFERENT) == set(differing)  # None is excused that need not be.
    assert {"Emphasis and strong emphasis", "Lists", "Code spans", "Block quotes", "Links", "Autolinks"} <= used


def test_the_rule_leaves_out_no_more_than_it_says():
    ours = [example["section"] for example in examples() if is_ours(example)]

    assert len(ours) == 404  # of 655
    assert ours.count("Emphasis and strong emphasis") == 129  # of 132
    assert ours.count("Code spans") == 20  # of 22
    assert ours.count("Fenced code blocks") == 28  # of 29
    assert ours.count("Block quotes") == 19  # of 25
    assert ours.count("List items") + ours.count("Lists") == 70  # of 74
    assert ours.count("Links") == 36  # of 90, of which 45 are references
    assert ours.count("Autolinks") == 15  # of 19


def test_of_what_readers_do_not_have_every_letter_is_shown():
    """No heading, picture, rule or tag comes of any example, and what was typed for one is still to be read."""
    for example in examples():
        markdown, shown = example["markdown"], to_html(example["markdown"])
        names_language = re.search(r"^ {0,3}(?:`{3,}|~{3,}) *\S", markdown, re.MULTILINE)
        assert stray(shown) == [], example
        assert names_language or is_within(letters(unescape(markdown)), letters(unescape(said(shown)))), example
