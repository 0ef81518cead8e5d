"""A reader's text as HTML: what is meant is kept, what is harmful is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from comments import formatting
from comments.formatting import DEEPEST, MARKS, count_links, imported_to_html, is_blank_html, to_html

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


def links(text):
    """What is linked, with its address where that says more than the words."""
    shown = html.fragment_fromstring(to_html(text), create_parent="div")
    return [a.text if a.get("href") == a.text else (a.text, a.get("href")) for a in shown.iter("a")]


@pytest.mark.parametrize(
    ("typed", "linked"),
    [
        ("see https://a.example/x.", ["https://a.example/x"]),
        ("(https://en.example/a_(b))", ["https://en.example/a_(b)"]),
        ("[http://a.example], {http://a.example/x}", ["http://a.example", "http://a.example/x"]),
        ("http://a.example/?x=1&y=2#z!", ["http://a.example/?x=1&y=2#z"]),
        ("https://a.example/-_b_c_", ["https://a.example/-_b_c_"]),
        ("_https://a.example/x_ **https://a.example/y**, ok", ["https://a.example/x", "https://a.example/y"]),
        ("https://a.example/x*y https://a.example/x*z", ["https://a.example/x*y", "https://a.example/x*z"]),
        ('"https://a.example/x", „https://a.example/y“', ["https://a.example/x", "https://a.example/y"]),
        ("见https://a.example/c。d", ["https://a.example/c"]),
        ("http://localhost:8000/a http://10.1.2.3", ["http://localhost:8000/a", "http://10.1.2.3"]),
        ("HTTPS://a.example", ["HTTPS://a.example"]),
        ("http://a.example,http://b.example", ["http://a.example", "http://b.example"]),
        ("http://bücher.example/é", [("http://bücher.example/é", "http://xn--bcher-kva.example/%C3%A9")]),
        ("www.a.example/b.", [("www.a.example/b", "https://www.a.example/b")]),
        ("a_b@c.example, d+e@f.example.", [("a_b@c.example", "mailto:a_b@c.example"), ("d+e@f.example", "mailto:d+e@f.example")]),
        ("<https://a.example/x> <a@b.example>", ["https://a.example/x", ("a@b.example", "mailto:a@b.example")]),
        ("[www.a.example](https://b.example) c@d.example", [("www.a.example", "https://b.example"), ("c@d.example", "mailto:c@d.example")]),
        ("`www.a.example` `a@b.example`", []),
        ("    https://a.example", []),
        ("example.org, www.a, a@b, a@b.1, http://, http://-, xhttp://a.example, ftp://www.a.example", []),
        ("http\\://a.example javascript://a.example", []),
        ("http://bank.example@evil.example/", []),
        ("http://" + "a" * 64 + ".example", []),
    ],
)  # fmt: skip
def test_addresses_are_linked_as_meant(typed, linked):
    assert links(typed) == linked


PIECES = [
    *[
        "http://é.b/",
        "www.é.b ",
        "a@é.bc ",
        "http://\u0430pple.com ",
        "<http://é.b>",
        "[a](http://\u0430.com)",
        "[a](http://é@b.c)",
    ],
    *["\u202e", "e\u0301\u0301", "\u0301\u0302\u200d", "<\u0301", "\u0301<", "&#x202e;"],
    *"[]()<>*_~\\`:/.@-#!&\"'a1 \t\n",
    *["[*", "[[]", "![*", "[ ", "[*\n", "](", "[a](", "[a](b", "[a](b)", "[a](<", "[a](b 'c ", '[a](b "'],
    *["*a", "**a", "*a*", "*a_", "a*a_", "~~a", "`a``", "&amp", "&amp;", "&#1", "&#1;", "<a", "<a@b>", "<http:"],
    *[
        "://",
        "http://",
        "http://a",
        "http://a.",
        "http://a.b/(",
        "http://a.b/).",
        "http://é.",
        "http://a:",
        "https://a.b?",
    ],
    *["www.", "www.a.", "www.a.b/", "a@", "a@b.", "a@b.cd.", "-@", "_a@", "mailto:"],
    *["a@b.cd ", "www.a.b ", "http://a.b ", "https://a.b/(x "],
    *[" \n", "a  \n", "a\n", "a\n\n", "a\\\n", "    a\n", "```\n", "~~~ \n"],
    *[
        "> ",
        "> a\n",
        "> > > > a\n",
        "> - ",
        "> - a\n",
        "- ",
        "- - - -\n",
        "- a\n",
        "- a\n ",
        "- a\n\n",
        "-\n",
        "1. ",
        "1. 1. 1. a\n",
    ],
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_repetition_takes_no_longer_than_its_length(piece, monkeypatch):
    """Not a benchmark: a quadratic renderer would need 10 seconds and more for this, ours needs 0.02 to 0.5.

    Once as readers' texts are rendered, once without the bound that would hide a slow rule.
    """
    start = time.process_time()
    to_html((piece * 64_000)[:64_000])
    monkeypatch.setattr(formatting, "MARKS", 64_000)
    to_html((piece * 32_000)[:32_000])
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    "text",
    [
        "*a " * 1_250 + "a* " * 1_250,
        "*" * 2_500 + "a" + "*" * 2_500,
        " ".join("`" * length for length in range(1, 100)),
        " ".join("`" * length for length in range(70, 1, -1)) * 2,
        "> " * 18 + "a\n" * 4_900,
        "- " * 9 + "a\n" * 4_900,
        "\n".join("  " * depth + "- a" for depth in range(300)),
        "[" * 2_000 + "a" + "](b)" * 2_000,
        "[a](" * 100 + "x" * 60_000,
        "[a](http://" + "".join(chr(0x4E00 + n) for n in range(20_000)) + ")",
    ],
)
def test_no_nesting_takes_long(text):
    start = time.process_time()
    to_html(text)
    assert time.process_time() - start < 3


IMPORTED_PIECES = [
    *[
        "<div>",
        "<ul><li>",
        "<p><b><i>",
        "<b>",
        "<",
        "<a ",
        "<p>",
        "<!--",
        "<b></b>",
        "<b>www.a.b",
        "www.a.b ",
        "a@b.cd ",
    ],
    *["http://a.b ", '<a href="http://é.b">é</a>', "<code>http://a.b</code> ", "&nbsp;", "&", "<a title=é>", "<br>"],
    *[
        "<p>www.a.b</p>",
        "http://\u0430pple.com ",
        '<a href="http://\u0430pple.com">a</a>',
        "\u202e",
        "e\u0301\u0301",
        "\n\n",
        "<blockquote cite=/a>",
    ],
]


@pytest.mark.parametrize("piece", IMPORTED_PIECES)
def test_an_imported_repetition_takes_no_longer_than_its_length(piece):
    start = time.process_time()
    imported_to_html(piece * (64_000 // len(piece)))
    assert time.process_time() - start < 3


def test_quotes_deeper_than_shown_keep_their_words():
    shown = to_html("> " * 30 + "deep\n\nand on")

    assert shown.count("<blockquote>") == DEEPEST
    assert "deep</p>" in shown
    assert "<p>and on</p>" in shown


def test_a_text_of_nothing_but_markup_is_shown_as_typed_with_its_links():
    shown = to_html("one\ntwo & <b>\n\n" + "*" * (MARKS + 1) + " https://a.example/x_y.")

    assert shown.startswith("<p>one<br>\ntwo &amp; &lt;b&gt;</p>\n<p>***")
    assert shown.endswith(f'*** <a href="https://a.example/x_y" {REL}>https://a.example/x_y</a>.</p>')


@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1), min_size=1), st.sampled_from([" ", "\n", "\n\n"]))
def test_words_survive(words, blank):
    shown = html.fragment_fromstring(to_html(blank.join(words)), create_parent="div")

    assert "".join(shown.itertext()).split() == words


@pytest.mark.parametrize(
    "typed",
    ["", "&#8203;", "&nbsp;", "&#x301;", "\u0301", "\u2800", ">", "- ", "1.\n2.", "```\n```", "~~~", "[](http://x.org)", '[&nbsp;](http://x.org "<b>")'],
)  # fmt: skip
def test_a_text_of_which_nothing_is_seen_is_blank(typed):
    assert is_blank_html(to_html(typed))


@pytest.mark.parametrize(
    "typed", ["a", "&lt;b&gt;", "<b>", "1 <", "`.`", "**", "e\u0301", "&amp;nbsp;", "👍🏽", "[.](http://x.org)"]
)
def test_a_text_of_which_something_is_seen_is_not_blank(typed):
    assert not is_blank_html(to_html(typed))


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("One\n\nTwo <b>bold</b>", "<p>One</p>\n<p>Two <b>bold</b></p>"),
        ("<p>Kept</p>", "<p>Kept</p>"),
        ("<script>x</script>Left", "<p>Left</p>"),
        ('<a href="http://a.example" onclick="x()">a</a>', f'<p><a href="http://a.example" {REL}>a</a></p>'),
        ("", ""),
        ("<p>One<p>Two<br>" * 101, "<p>One</p><p>Two<br></p>" * 101),
        ("<i>" * 101 + "deep", "<p>" + "&lt;i&gt;" * 101 + "deep</p>"),
    ],
)
def test_an_imported_comment_keeps_the_html_it_may(stored, shown):
    assert imported_to_html(stored) == shown


def test_an_imported_comment_may_be_blank():
    assert is_blank_html(imported_to_html('<p title="a>b">&nbsp;<br></p><img src="x">'))


def test_links_are_counted_as_rendered():
    assert count_links(to_html("a@b.org https://c.example www.d.org `https://e.example`")) == 3


def words(shown):
    return html.fragment_fromstring(shown, create_parent="div").text_content() if shown else ""


@given(st.text(max_size=200))
def test_no_text_is_an_error_and_what_is_shown_is_shown_twice_alike(text):
    shown = to_html(text)

    assert to_html(text) == shown
    assert formatting._written.clean(shown).strip() == shown  # Nothing that the sanitiser would still take away.


@given(st.text(st.characters(categories=["L", "N"]), max_size=60), st.text(max_size=60))
def test_an_imported_text_is_clean_and_keeps_its_words(word, rest):
    shown = imported_to_html(f"{word} {rest}")

    assert imported_to_html(shown) == shown
    assert "".join(word.split()) in "".join(words(shown).split())


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a\u202eb\u202cc", "<p>abc</p>"),
        ("a\u2066b\u2069c", "<p>abc</p>"),
        ("\u200fשלום\u200e", "<p>\u200fשלום\u200e</p>"),
        ("e" + "\u0301\u0302" * 50, "<p>e" + "\u0301\u0302" * 2 + "</p>"),
        ("کتاب\u200cها", "<p>کتاب\u200cها</p>"),
        ("&#x202e;evil", "<p>evil</p>"),
        ("![p](https://a.example/p.png)", f'<p>!<a href="https://a.example/p.png" {REL}>p</a></p>'),
        ("Title\n=====", "<p>Title<br>\n=====</p>"),
        ("***", "<p>***</p>"),
        ("[a]: https://a.example", f'<p>[a]: <a href="https://a.example" {REL}>https://a.example</a></p>'),
    ],
)
def test_what_would_disturb_others_is_tamed_and_what_readers_do_not_have_is_text(typed, shown):
    assert to_html(typed) == shown


@pytest.mark.parametrize("render", [to_html, imported_to_html])
@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("http://\u0430pple.com/x", "xn--pple-43d.com"),
        ("see www.\u0430pple.com", "www.xn--pple-43d.com"),
        ("mail a@\u0430pple.com", "xn--pple-43d.com"),
    ],
)
def test_an_address_that_looks_like_anothers_is_shown_as_what_it_is(render, typed, host):
    shown = render(typed)

    assert host in words(shown)
    assert "\u0430" not in words(shown)


def test_behind_words_a_host_that_looks_like_anothers_is_named():
    assert words(to_html("[Apple](http://\u0430pple.com/)")) == "Apple (xn--pple-43d.com)"
    assert words(imported_to_html('<a href="http://\u0430pple.com/">Apple</a>')) == "Apple (xn--pple-43d.com)"
    assert words(to_html("[Bücher](http://bücher.example/)")) == "Bücher"
