"""What of an HTML text is a tag and what is text."""

import pytest

from newsreader.kit.html_source import Tag, tokens


def read(html):
    """Return the text as it would be sanitised, its tags in square brackets."""
    return "".join(f"[{token.source[1:-1]}]" if isinstance(token, Tag) else token for token in tokens(html))


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("1<2 and x<y but z>1", "1&lt;2 and x&lt;y but z>1"),
        ("see <http://a.example/x> or <me@a.example>", "see &lt;http://a.example/x> or &lt;me@a.example>"),
        ("a<b and c>d, if i<s then", "a&lt;b and c>d, if i&lt;s then"),
        ("List<String> <rant>no</rant> </sarcasm>", "List&lt;String> &lt;rant>no&lt;/rant> &lt;/sarcasm>"),
        ("<?php echo 1; ?> <!weird> </ x>", "&lt;?php echo 1; ?> &lt;!weird> &lt;/ x>"),
        ("a<!-- b --> c <!--> d <!-- e", "a c  d &lt;!-- e"),
        ("<p", "&lt;p"),
        ('<a href="x>b</a> c', '&lt;a href="x>b[/a] c'),
        ('<a href="x>b</a> <a href="y">c</a>', '&lt;a href="x>b[/a] [a href="y"]c[/a]'),
        ('<p class="a>b</p><p class="c">d', '&lt;p class="a>b[/p][p class="c"]d'),
        ('<p title="a>b">c', '[p title="a>b"]c'),
        ('<img alt="a "b" c" src=d>', '[img alt="a "b" c" src=d]'),
        ("<B ID=a DATA-X>b</B><input disabled>", "[B ID=a DATA-X]b[/B][input disabled]"),
        ("<o:p>a</o:p><g-emoji>b</g-emoji><c-d>", "[o:p]a[/o:p][g-emoji]b[/g-emoji]&lt;c-d>"),
        ("<![if !vml]>a<![endif]><!DOCTYPE html><?xml version='1'?>b", "ab"),
        ("<script>a<b></script>c<style>d", "c&lt;style>d"),
        ("<b <script>a</script>", "&lt;b &lt;script>a"),
        ("<textarea>a<b></textarea><xmp><i></xmp>", "a&lt;b>[pre]&lt;i&gt;[/pre]"),
        ("<plaintext>a<b></plaintext>", "[pre]a&lt;b&gt;&lt;/plaintext&gt;[/pre]"),
        ("<![CDATA[a<b>]]>c", "a&lt;b&gt;c"),
        ("<svg><title>a</title><path d='x'/><text>b</text></svg> <path>", "b  &lt;path>"),
        ("<math><mi>a</mi></math><svg>b", "ab"),
    ],
)
def test_a_character_that_begins_no_known_tag_is_text_and_nothing_after_it_is_lost(html, kept):
    assert read(html) == kept
