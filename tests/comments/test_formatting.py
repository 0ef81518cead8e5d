"""A reader's text as HTML: what is meant is kept, what is harmful is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from comments.formatting import count_links, imported_to_html, to_html

REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Hello", "<p>Hello</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("*so* **very** ~~not~~", "<p><em>so</em> <strong>very</strong> <s>not</s></p>"),
        ("1 < 2 and 3 > 2", "<p>1 &lt; 2 and 3 &gt; 2</p>"),
        ("<div>as typed</div>", "<p>&lt;div&gt;as typed&lt;/div&gt;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("# no heading", "<p># no heading</p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("see https://a.example/x.", f'<p>see <a href="https://a.example/x" {REL}>https://a.example/x</a>.</p>'),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](https://a.example)", f'<p><a href="https://a.example" {REL}>a</a></p>'),
        ("`https://a.example`", "<p><code>https://a.example</code></p>"),
    ],
)
def test_text_is_shown_as_meant(typed, shown):
    assert to_html(typed) == shown


@given(st.text(alphabet=st.sampled_from("<>&\"'`*_~[]()!#-+=/\\:. \n\tahrefscriptonjv1"), max_size=300))
def test_no_text_brings_a_tag_or_an_address_of_its_own(text):
    """Every element is one of ours, links lead to http, https or mailto, and no attribute runs anything."""
    shown = to_html(text)
    if not shown:
        return
    for element in html.fragment_fromstring(shown, create_parent="div").iter():
        assert element.tag in {
            "div",
            "p",
            "br",
            "strong",
            "em",
            "s",
            "code",
            "pre",
            "blockquote",
            "ul",
            "ol",
            "li",
            "a",
        }
        assert set(element.attrib) <= {"href", "rel", "start"}
        assert element.get("href", "https:").split(":")[0].lower() in {"https", "http", "mailto"} or element.get(
            "href", ""
        ).startswith(("/", "#", ""))


@pytest.mark.parametrize(
    "piece", ["[", "*", "<", "> ", "`", "![", "(", "a@", "- ", "https://a.example ", "~", "_a", "\\", "&"]
)
def test_a_long_repetition_takes_no_longer_than_its_length(piece):
    """Not a benchmark: a quadratic renderer would need minutes for this, a linear one well under a second."""
    start = time.process_time()
    to_html((piece * 64_000)[:64_000])
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("One\n\nTwo <b>bold</b>", "<p>One</p>\n<p>Two <b>bold</b></p>"),
        ("<p>Kept</p>", "<p>Kept</p>"),
        ("<script>x</script>Left", "<p>Left</p>"),
        ('<a href="http://a.example" onclick="x()">a</a>', f'<p><a href="http://a.example" {REL}>a</a></p>'),
        ("", ""),
    ],
)
def test_an_imported_comment_keeps_the_html_it_may(stored, shown):
    assert imported_to_html(stored) == shown


def test_links_are_counted_as_rendered():
    assert count_links(to_html("a@b.org https://c.example www.d.org `https://e.example`")) == 3
