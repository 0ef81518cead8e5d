"""Editors' HTML: structure stays, what runs goes, what word processors leave around a text goes; no word of it does."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from articles.formatting import plain, sanitise
from tests import browser_reading
from tests.comments.visible import letters

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><title>Minutes</title>
<style>p.MsoNormal {mso-style-parent:""; margin:0cm}</style>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]--></head>
<body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->
<h1 style='mso-list:none'><a name="_Toc42"></a>The mole<o:p></o:p></h1>
<p class=MsoNormal style='margin:0cm;mso-pagination:none'><b style='mso-bidi-font-weight:normal'><span lang=EN-US
style='font-family:"Arial",sans-serif;mso-fareast-language:EN-US'>Nine weeks</span></b><span lang=EN-US> in dock.<o:p></o:p></span></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal><span style='mso-spacerun:yes'> </span>Then <i>out</i>.</p>
<!--EndFragment--></body></html>"""

GOOGLE = (
    '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-7f"><p dir="ltr" style="line-height:1.4">'
    '<span style="font-size:11pt;font-weight:400">The </span><span style="font-weight:700">boat</span></p><br />'
    '<ul style="margin-top:0"><li dir="ltr" aria-level="1"><p role="presentation"><span>one</span></p></li></ul></b>'
)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<p>Plain</p>", "<p>Plain</p>"),
        ("<h2 id='comment-7'>x</h2>", '<h2 id="text-comment-7">x</h2>'),
        ('<a href="#note">1</a>', '<a href="#text-note" rel="noopener">1</a>'),
        ('<a name="note">1</a>', '<a id="text-note" rel="noopener">1</a>'),
        ('<p style="color:red" onclick="x()" class="a">x</p>', "<p>x</p>"),
        ("<script>alert(1)</script><style>p{}</style>left", "left"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<img src="https://a.example/a.jpg" alt="A" onerror="x()">', '<img src="https://a.example/a.jpg" alt="A">'),
        (
            '<iframe src="https://a.example"></iframe>x',
            '<p><a href="https://a.example" rel="noopener">https://a.example</a></p>x',
        ),
        ('<iframe src="javascript:alert(1)"></iframe>x', "x"),
        ("<noscript><img src='/a.jpg'></noscript>", '<img src="/a.jpg">'),
        ("1<2 and x<y but z>1", "1&lt;2 and x&lt;y but z&gt;1"),
        ("<form>a</form><dialog>b</dialog>", "<p>a</p><p>b</p>"),
        ("<td>a</td><td>b</td>", "<p>a</p><p>b</p>"),
        ("<form action='/x'><input name='y'></form>", ""),
        ("<blockquote class='pull-quote big'>x</blockquote>", '<blockquote class="pull-quote">x</blockquote>'),
        ("<blockquote class='big'>x</blockquote>", "<blockquote>x</blockquote>"),
        ("<p class='pull-quote'>x</p>", "<p>x</p>"),
    ],
)
def test_structure_stays_and_what_runs_goes(sent, kept):
    assert sanitise(sent) == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<h1>a</h1><h5>b</h5><strike>c</strike>", "<h2>a</h2><h4>b</h4><s>c</s>"),
        ("<p>a</p><p>&nbsp;</p><p><br></p><p><b> </b></p><p>\u200b</p><p>b</p>", "<p>a</p><p>b</p>"),
        ("<p>a<b> </b>b <span>c</span></p>", "<p>a b c</p>"),
        ("<ul><li>a</li><li> </li></ul><ul><li></li></ul>", "<ul><li>a</li></ul>"),
        ("<section><div>a</div></section><article><p>b</p></article>", "<p>a</p><p>b</p>"),
        ("<section>a<div>b</div></section>c", "<div>a<p>b</p></div>c"),
        ("<div>a<br>b</div>c", "<p>a<br>b</p>c"),
        ("<div lang=fr>a</div>", '<div lang="fr">a</div>'),
        ("<dl><div><dt>a</dt><dd>b</dd></div></dl>", "<dl><div><dt>a</dt><dd>b</dd></div></dl>"),
        ("<table><tr><td></td></tr></table>", '<table tabindex="0"><tbody><tr><td></td></tr></tbody></table>'),
        ('<p id="a"></p><p><a id="b"></a></p>', '<p id="text-a"></p><p><a id="text-b" rel="noopener"></a></p>'),
        ('<img alt="x"><img src="data:image/png;base64,AA"><img src="file:///C:/a.png">y', "y"),
        ('<figure><div><img src="/m/a.jpg"></div></figure>', '<figure><img src="/m/a.jpg"></figure>'),
        ("<p><span lang=fr>mot</span></p>", '<p><span lang="fr">mot</span></p>'),
    ],
)
def test_what_says_nothing_goes_and_what_says_something_stays(sent, kept):
    assert sanitise(sent) == kept


def test_a_text_out_of_word_is_clean():
    text = " ".join(sanitise(WORD).split())

    assert text == "<h2>The mole</h2> <p><b>Nine weeks</b> in dock.</p> <p> Then <i>out</i>.</p>"


def test_a_text_out_of_google_docs_is_clean():
    assert sanitise(GOOGLE) == '<p dir="ltr">The boat</p><br><ul><li dir="ltr"><p>one</p></li></ul>'


def test_cleaning_twice_is_cleaning_once():
    text = sanitise('<table><tr><td id="a">1</td></tr></table><a href="#a">x</a>')

    assert sanitise(text) == text
    assert 'tabindex="0"' in text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('<p><a href="java&#1;&#2;&#8;script:alert(1)">x</a></p>', "<p>x</p>"),
        ("<p>[x](java&#xfffe;script:alert(1))</p>", "<p>[x](javascript:alert(1))</p>"),
        ("<p>a&#0;b</p>", "<p>a\ufffdb</p>"),
    ],
)
def test_what_an_entity_hides_is_seen_at_the_first_time(sent, kept):
    assert sanitise(sent) == kept
    assert sanitise(kept) == kept


@given(st.text(alphabet=st.sampled_from("<>/='\"& abhrefsctiponmgdyl:();!-[]x1"), max_size=200))
def test_no_text_brings_anything_that_runs(text):
    shown = sanitise(text)
    for element in html.fragment_fromstring(shown, create_parent="div").iter("*"):
        assert element.tag not in {
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "svg",
            "math",
            "base",
        }
        assert not any(name.startswith("on") or name == "style" for name in element.attrib)


TAGS = [
    "p", "div", "section", "span", "b", "i", "a", "a href='#x'", "a name='n'", "h1", "h2", "ul", "li", "ol", "table", "tr",
    "td", "caption", "dl", "dt", "dd", "figure", "figcaption", "blockquote", "blockquote class='pull-quote'", "aside",
    "p id='k'", "span lang='fr'", "b id='docs-internal-guid-1'", "pre", "o:p", "font", "strike", "details", "summary",
]  # fmt: skip
_opened = st.sampled_from(TAGS).map(lambda tag: f"<{tag}>")
_closed = st.sampled_from(TAGS).map(lambda tag: f"</{tag.split()[0]}>")
_between = st.sampled_from([" ", "\n", "&nbsp;", "<br>", "<hr>", "<img src='/m/a.jpg'>", "<!-- x -->", "<![if !x]>"])
_word = st.integers(0, 99).map(lambda number: f"w{number}w")


def _element(inner):
    return st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(
        lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0].split()[0]}>"
    )


nested = st.lists(st.recursive(_word | _between, _element, max_leaves=20), max_size=4).map("".join)
soup = st.lists(_opened | _closed | _between | _word, max_size=30).map("".join)


@given(nested | soup)
def test_no_word_is_lost_and_cleaning_twice_is_cleaning_once(text):
    shown = sanitise(text)

    assert sanitise(shown) == shown
    kept = html.fragment_fromstring(shown, create_parent="div").text_content()
    whole = html.fragment_fromstring(text, create_parent="div").text_content()
    # Sorted: a browser, and so the sanitiser, moves what stands loose in a table before it.
    assert sorted(words(kept)) == sorted(words(whole))
    assert shown.count("<img") == text.count("<img")


@given(browser_reading.HTML)
@settings(derandomize=True)
def test_no_letter_is_lost_that_a_browser_shows(text):
    shown = sanitise(text)

    # Sorted: what stands loose in a table goes before it.
    assert Counter(letters(browser_reading.seen(text))) <= Counter(letters(browser_reading.seen(shown)))
    assert sanitise(shown) == shown


def words(text):
    return [word for word in text.replace("w", " ").split() if word]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Is <strong>1 &lt; 2</strong>?</p><p>Yes.</p>", "Is 1 < 2? Yes."),
        ('<p>har<em>bour</em> 選<a href="/x">挙</a>区 CO<sub>2</sub></p>', "harbour 選挙区 CO2"),
        ("<ul><li>one</li><li>two</li></ul>a<br>b<sup>1</sup>c", "one two a b 1 c"),
        ("<blockquote>one</blockquote><pre>two</pre><aside>three</aside>", "one two three"),
    ],
)
def test_without_markup_words_stay_whole_and_blocks_apart(html, text):
    assert plain(html) == text
