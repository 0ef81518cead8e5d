"""The examples of the CommonMark specification, for the part of it that readers have: ours says the same.

Left out, by rule: what needs headings, pictures, rules, raw HTML, references or links within a site, none of which a
reader has. Seen through: a line break stays a break, links say that nobody vouches for them, and bare addresses are
linked.
"""

import json
import re
from pathlib import Path

import pytest

from comments.formatting import to_html

SPEC = Path(__file__).parents[3] / "shared" / "data" / "attacks" / "markdown" / "commonmark-0.31-spec.json"
OURS = {"p", "br", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
RAW = {"HTML blocks", "Raw HTML"}

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the shared specification is absent")


def examples():
    return json.loads(SPEC.read_text()) if SPEC.exists() else []


def is_ours(example):
    """Say whether a reader has everything that this example needs."""
    tags = set(re.findall(r"</?([a-z][a-z0-9]*)", example["html"], re.IGNORECASE))
    within = re.search(r'<a href="(?!https?://|mailto:)', example["html"])
    raw = example["section"] in RAW or "<!--" in example["markdown"]
    return tags <= OURS and not within and not raw and "]:" not in example["markdown"]


def seen(html, *, linked):
    html = re.sub(r' (?:rel|title|class)="[^"]*"', "", html)
    html = re.sub(r"<br ?/?>\n?", "\n", html).replace("&quot;", '"').replace("&nbsp;", "\xa0")
    if not linked:
        html = re.sub(r"</?a[^>]*>", "", html)
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", html)).strip()


def test_every_example_for_what_readers_have_shows_the_same():
    differing, used, sections = [], 0, set()
    for example in filter(is_ours, examples()):
        used += 1
        sections.add(example["section"])
        linked = "<a " in example["html"] or not re.search(r"https?://|@", example["html"])
        ours = seen(to_html(example["markdown"]), linked=linked)
        if ours != seen(example["html"], linked=linked):
            differing.append((example["example"], example["markdown"], ours))

    assert differing == []
    assert used > 350
    assert {"Emphasis and strong emphasis", "Lists", "Code spans", "Block quotes", "Links", "Autolinks"} <= sections


def test_what_readers_do_not_have_is_shown_as_typed():
    """No heading, picture, rule or tag comes of any example, and every letter of its tags is still to be read."""
    for example in examples():
        html = to_html(example["markdown"])
        assert not re.search(r"<(?!/?(?:p|br|strong|em|s|code|pre|blockquote|ul|ol|li|a)\b)", html), example
