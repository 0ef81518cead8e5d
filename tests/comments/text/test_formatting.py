"""A reader's text as HTML: what is meant is kept, what is harmful is not."""

import re
import sys
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from comments.text import formatting
from comments.text.formatting import MARKS, count_links, imported_to_html, is_blank_html, to_html
from comments.text.markdown import DEEPEST
from newsreader.kit.text import tidy
from newsreader.settings import BASE_DIR
from tests import browser_reading
from tests.bench.rendering import IMPORTED_PIECES, NESTINGS, PIECES, UNMARKED_QUOTES, recipes, rendered_times
from tests.comments.visible import is_within, letters, parsed, said, stray, words

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


# What readers and attackers type, in pieces that mean something together.
SYNTAX = st.sampled_from(
    [*"<>&\"'`*_~[]()!#-+=/\\:. \n\t|{}^$%;?1", "\n\n", "> ", "- ", "1. ", "    ", "```\n", "~~", "**", "](", "[a](", "]()"]
    + ["https://", "https://a.example/", "http://é.b", "http://\u0430pple.com", "www.", "javascript:", "data:", "//", "&#x3a;", "&lt;"]
    + ["<a href=", "<script>", "<img src=x onerror=", "<!--", "-->", "onclick=", "rel=", "title=", "a@b.example", "mailto:"]
    + ["\u202e", "\u2066", "\u200b", "\u0301", "中", "é", "a", "bc", "👍🏽"]
)  # fmt: skip
TYPED = st.lists(SYNTAX | st.text(max_size=3), max_size=60).map("".join)


@given(TYPED)
def test_no_text_brings_a_tag_or_an_address_of_its_own(text):
    """Every element and attribute is one of ours, links lead to http, https or mailto and are vouched for by nobody."""
    shown = to_html(text)

    assert stray(shown) == []
    assert formatting._written.clean(shown).strip() == shown  # Nothing that the sanitiser would still take away.
    assert to_html(text) == shown


@given(TYPED)
def test_no_letter_is_lost(text):
    """All letters typed are to be read, in their order, or in where a link leads; but for the one name of a language."""
    text = tidy(text)
    assume(not re.search(r"(?:`{3}|~{3}).*\S", text))
    assume(not re.search(r"://[^\s/]*@|&#|&\w", text))  # A name before a host hides it. Entities have letters.

    assert is_within(letters(text), letters(said(to_html(text))))


@given(st.text(max_size=200))
def test_no_text_is_an_error_and_without_markup_all_of_it_is_shown(text):
    plain = re.sub(r"[*_~`<>&\\\[\]()#+.@:/\d-]|\s+", " ", tidy(text)).strip()
    to_html(text)

    assert words(to_html(plain)).split() == formatting.tame(plain).split()


def links(text):
    """What is linked, with its address where that says more than the words."""
    linked = parsed(to_html(text)).iter("a")
    return [a.text if a.get("href") == a.text else (a.text, a.get("href")) for a in linked]


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
        ("    https://a.example", ["https://a.example"]),
        ("https://u:p@a.example/_x_ ftp://u:p_w@b.example/c_d git@c.example:d/e.git", []),
        ("`see` http://u@a.example, https://b.example", ["https://b.example"]),
        ("example.org, www.a, a@b, a@b.1, http://, http://-, xhttp://a.example, ftp://www.a.example", []),
        ("http\\://a.example javascript://a.example", []),
        ("http://bank.example@evil.example/", []),
        ("http://" + "a" * 64 + ".example", []),
    ],
)  # fmt: skip
def test_addresses_are_linked_as_meant(typed, linked):
    assert links(typed) == linked


def steps(render, text):
    """Return how many lines of Python run for this text: a measure that no busy machine changes.

    What one regular expression does is not seen; tests/bench/rendering.py takes times.
    """
    count = 0

    def step(*_):
        nonlocal count
        count += 1
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        render(text)
    finally:
        sys.settrace(before)
    return count


def growth(render, short, long):
    """Return how much more of steps than of text there is in the longer one. Linear: 1, quadratic: 2 for twice as much."""
    render(short)  # What is read or compiled once is not counted.
    return steps(render, long) / steps(render, short) / (len(long) / len(short))


@pytest.mark.parametrize("piece", PIECES)
def test_a_repetition_takes_as_many_steps_as_it_is_long(piece, monkeypatch):
    monkeypatch.setattr(formatting, "MARKS", 10_000)  # The bound would hide a slow rule.

    assert growth(to_html, *[(piece * size)[:size] for size in (500, 1_000)]) < 1.05


@pytest.mark.parametrize("grown", NESTINGS.values(), ids=NESTINGS)
def test_what_nests_takes_as_many_steps_as_it_is_long(grown, monkeypatch):
    monkeypatch.setattr(formatting, "MARKS", 10_000)

    assert growth(to_html, grown(500), grown(1_000)) < 1.05


@pytest.mark.parametrize("piece", UNMARKED_QUOTES)
def test_what_is_not_linear_is_rendered_only_while_it_is_short(piece):
    times = rendered_times(piece)

    assert "<blockquote>" in to_html(piece * times)
    assert steps(to_html, piece * times) < 1_500_000  # about 25 ms
    assert "<blockquote>" not in to_html(piece * 2 * times)


@pytest.mark.parametrize("piece", IMPORTED_PIECES)
def test_an_imported_repetition_takes_as_many_steps_as_it_is_long(piece):
    assert growth(imported_to_html, *[piece * (size // len(piece)) for size in (500, 1_000)]) < 1.1


def test_the_recipes_of_the_shared_material_are_harmless(shared):
    made = dict(recipes())

    assert len(made) > 10
    for text in made.values():
        assert stray(to_html(text)) == stray(to_html(text[:2_000])) == []


def test_quotes_deeper_than_shown_keep_their_words():
    shown = to_html("> " * 30 + "deep\n\nand on")

    assert shown.count("<blockquote>") == DEEPEST
    assert "deep</p>" in shown
    assert "<p>and on</p>" in shown


def test_a_text_of_nothing_but_markup_is_shown_as_typed_with_its_links():
    shown = to_html("one\ntwo & <b>\n\n" + "*" * (MARKS + 1) + " https://a.example/x_y.")

    assert shown.startswith("<p>one<br>\ntwo &amp; &lt;b&gt;</p>\n<p>***")
    assert shown.endswith(f'*** <a href="https://a.example/x_y" {REL}>https://a.example/x_y</a>.</p>')


@pytest.mark.parametrize(
    "typed",
    ["", "&#8203;", "&nbsp;", "&#x301;", "\u0301", "\u2800", ">", "- ", "1.\n2.", "```\n```", "~~~"],
)  # fmt: skip
def test_a_text_of_which_nothing_is_seen_is_blank(typed):
    assert is_blank_html(to_html(typed))


@pytest.mark.parametrize(
    "typed",
    [
        "a",
        "&lt;b&gt;",
        "<b>",
        "1 <",
        "`.`",
        "**",
        "e\u0301",
        "&amp;nbsp;",
        "👍🏽",
        "\U0001fae8",
        "[.](http://x.org)",
        "[](http://x.org)",
    ],
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
        ("1<2 and x<y but z>1", "<p>1&lt;2 and x&lt;y but z&gt;1</p>"),
        ("a <!-- b", "<p>a &lt;!-- b</p>"),
        ('a <b title="b>c</b> d', '<p>a &lt;b title="b&gt;c d</p>'),
        ('<img src="http://a.example/c.jpg" alt="cat">', f'<p><a href="http://a.example/c.jpg" {REL}>cat</a></p>'),
        ('Hi <img class="wp-smiley" src="http://a.example/s.gif" alt=":)">', "<p>Hi :)</p>"),
        (
            '<a href="http://a.example"><p>b</p><p>c</p></a>',
            f'<p><a href="http://a.example" {REL}>b<br>\nc</a></p>',
        ),
    ],
)
def test_an_imported_comment_keeps_the_html_it_may(stored, shown):
    assert imported_to_html(stored) == shown


def test_an_imported_comment_may_be_blank():
    assert is_blank_html(imported_to_html('<p title="a>b">&nbsp;<br></p><img src="x">'))


def test_links_are_counted_as_rendered():
    assert count_links(to_html("a@b.org https://c.example www.d.org `https://e.example`")) == 3


@given(st.text(st.characters(categories=["L", "N"]), max_size=60), st.text(max_size=60))
def test_an_imported_text_is_clean_and_keeps_its_words(word, rest):
    shown = imported_to_html(f"{word} {rest}")

    assert imported_to_html(shown) == shown
    assert "".join(word.split()) in "".join(words(shown).split())


@given(browser_reading.HTML)
@settings(derandomize=True)
def test_an_imported_text_loses_no_letter_that_a_browser_shows(text):
    # Counted: a browser moves what stands loose in a table before it.
    assert Counter(letters(browser_reading.seen(text.strip()))) <= Counter(letters(said(imported_to_html(text))))


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
        ("a\n* * *\nb", "<p>a</p>\n<p>* * *</p>\n<p>b</p>"),
        ("[a](/x) [b](#c) [d]()", "<p>[a](/x) [b](#c) [d]()</p>"),
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


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("[](https://a.example/é)", ["https://a.example/%C3%A9"]),
        ("![](https://a.example/p.png)", ["!", "https://a.example/p.png"]),
        ("[&nbsp;](http://\u0430pple.com)", ["http://xn--pple-43d.com"]),
        ("```some words\nand more```", ["some words", "and more```"]),
        ("```more\nwords", ["more", "words"]),
        ("```two words\na\n```", ["two words", "a"]),
        ("```python\na\n```", ["a"]),
        ("~~~ python\n\n~~~", []),
        ("> ```python\n> a\n> ```", ["a"]),
        ("[a](https://a.example 'b')", ["a"]),
    ],
)
def test_no_words_are_lost_where_people_do_not_know_the_syntax(typed, shown):
    assert [line.strip() for line in words(to_html(typed)).replace("!", "!\n").splitlines() if line.strip()] == shown


def test_a_link_keeps_its_title():
    assert to_html("[a](https://a.example 'b')") == f'<p><a href="https://a.example" title="b" {REL}>a</a></p>'


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        ('<a title="b" href="http://\u0430pple.com/">Apple</a>', "Apple (xn--pple-43d.com)"),
        ('<a href="http://\u0430pple.com/">A<code>pp</code>le</a>', "Apple (xn--pple-43d.com)"),
        ('<a href="http://\u0430pple.com/">a</a><a>b</a>', "a (xn--pple-43d.com)b"),
        ("<b>http://\u0430pple.com</b> " * 501, "http://\u0430pple.com " * 501),
    ],
)
def test_an_imported_link_names_the_host_however_it_is_written(stored, seen):
    assert words(imported_to_html(stored)) == seen.strip()


@pytest.mark.parametrize(
    "typed",
    ["http://1.2.3.256/", "http://a.example:99999/", "http://xn--a.example", "[a](http://[::g]/)", "[a](http://a.example:99999)"]
    + ["http://a.example/" + "b" * 2_000],
)  # fmt: skip
def test_an_address_that_no_browser_would_follow_is_text(typed):
    assert to_html(typed) == f"<p>{typed}</p>"


def test_an_imported_element_keeps_no_attribute_of_others():
    typed = '<p lang="en" title="a">b</p><a title="c" href="https://a.example" class="d">e</a>'

    assert imported_to_html(typed) == f'<p>b</p><p><a title="c" href="https://a.example" {REL}>e</a></p>'


def test_wherever_a_template_shows_such_a_text_its_direction_is_its_own():
    """The element around a reader's text says `dir="auto"`, whichever page that is on."""
    shown = re.compile(r"<(\w+)([^<>]*)>(?:<p[^>]*>[^<]*</p>)?\{\{ [\w.]+\.html\|safe \}\}")
    around = [
        (template.name, tag[2])
        for template in (BASE_DIR / "newsreader" / "templates").rglob("*.html")
        for tag in shown.finditer(template.read_text())
    ]
    raw = sum(t.read_text().count(".html|safe") for t in (BASE_DIR / "newsreader" / "templates").rglob("*.html"))

    assert len(around) == raw >= 6
    assert [name for name, attributes in around if 'dir="auto"' not in attributes] == []


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("19) a\n20) b\n22) c\n23) d", [None, None, "22", None]),
        ("1. a\n1. b\n1. c", [None, None, None]),
        ("3. a\n2. b\n9. c", [None, None, "9"]),
        ("- a\n- b", [None, None]),
    ],
)
def test_a_gap_in_a_numbered_list_stays_and_ones_count_on(typed, values):
    assert [item.get("value") for item in parsed(to_html(typed)).iter("li")] == values


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        ("One", "<p>One</p>"),
        (" One\ntwo ", "<p>One<br>\ntwo</p>"),
        ("One \n\n  two", "<p>One</p>\n<p>two</p>"),
        ("One\n \n\t\n\n\ntwo\n\n", "<p>One</p>\n<p>two</p>"),
        ("<p>One</p>\n\ntwo", "<p>One</p>\n<p>two</p>"),
        ("<p>One\ntwo</p>", "<p>One<br>\ntwo</p>"),
        ("One<br />\ntwo<br>three", "<p>One<br>\ntwo<br>three</p>"),
        ("<blockquote>q</blockquote>\n\none\n\ntwo", "<blockquote><p>q</p></blockquote>\n<p>one</p>\n<p>two</p>"),
        ("<b>One\n\ntwo</b>", "<p><b>One</b></p>\n<p><b>two</b></p>"),
        ("<ul>\n<li>One\ntwo</li>\n</ul>\nthree", "<ul>\n<li>One\ntwo</li>\n</ul>\n<p>three</p>"),
        ("<pre>a\n\n  b</pre>c", "<pre>a\n\n  b</pre><p>c</p>"),
        ("<div>One</div><div>two</div>", "<p>One</p>\n<p>two</p>"),
        ("<h2>One</h2>two<table><tr><td>a</td><td>b</td></tr></table>", "<p>One</p>\n<p>two</p>\n<p>a b</p>"),
        ("<i><p>One</p><p>two</p></i>", "<p><i>One</i></p><p><i>two</i></p>"),
    ],
)
def test_blank_lines_of_an_import_part_its_paragraphs(typed, made):
    assert formatting.imported_to_html(typed) == made
