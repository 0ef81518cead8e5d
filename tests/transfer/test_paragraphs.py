"""WordPress' stored text -> paragraphs."""

import time

import pytest

from newsreader.transfer.readers.paragraphs import to_html
from newsreader.transfer.readers.parts import Parts, put_in


@pytest.mark.parametrize(
    ("stored", "html"),
    [
        ("", ""),
        ("One.\n\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("One.\r\n\r\n\r\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("A line\nand another", "<p>A line<br>\nand another</p>"),
        ("A line<br />\nand another", "<p>A line<br>\nand another</p>"),
        ("<p>Whole</p>", "<p>Whole</p>"),
        ("<p>Open\n\nand closed</p>", "<p>Open</p>\n<p>and closed</p>"),
        ("Before<h2>Head</h2>after", "<p>Before</p>\n<h2>Head</h2>\n<p>after</p>"),
        ("<h1>Top</h1><h6>Small</h6>", "<h2>Top</h2>\n<h4>Small</h4>"),
        ("<ul>\n<li>One</li>\n<li>Two</li>\n</ul>", "<ul><li>One</li>\n<li>Two</li>\n</ul>"),
        ("<blockquote>Said\n\nso</blockquote>", "<blockquote><p>Said</p>\n<p>so</p>\n</blockquote>"),
        ("<pre>a\n\n  b &lt;</pre>", "<pre>a\n\n  b &lt;</pre>"),
        ("<code>one</code> word", "<p><code>one</code> word</p>"),
        ("<code>one\n\ntwo</code>", "<pre><code>one\n\ntwo</code></pre>"),
        ("Short<!--more-->long", "<p>Shortlong</p>"),
        ("<!-- wp:paragraph -->\n<p>Set\nby hand</p>\n<!-- /wp:paragraph -->", "<p>Set\nby hand</p>"),
        ("&nbsp;\n\nText", "<p>Text</p>"),
        ("a < b", "<p>a < b</p>"),
        ("<a\nhref='x'>y</a>", "<p><a href='x'>y</a></p>"),
        ("<script>one\n\ntwo</script>Text", "<p>Text</p>"),
        ("<script>never closed", "<p>&lt;script&gt;never closed</p>"),
        ("https://video.example/7", '<p><a href="https://video.example/7">https://video.example/7</a></p>'),
        (
            '<iframe src="//video.example/7?a=1&amp;b=2"></iframe>',
            '<p><a href="//video.example/7?a=1&amp;b=2">//video.example/7?a=1&amp;b=2</a></p>',
        ),
        (
            '[caption width="3"]<a href="b"><img src="s"></a> The <em>mole</em>[/caption]',
            '<figure><a href="b"><img src="s"></a><figcaption>The <em>mole</em></figcaption></figure>',
        ),
        (
            '[caption caption="Old &amp; new"]<img src="s">[/caption]',
            '<figure><img src="s"><figcaption>Old &amp; new</figcaption></figure>',
        ),
        ('[sourcecode language="php"]\n<?php "a";\n[/sourcecode]', '<pre><code>&lt;?php "a";</code></pre>'),
        ("an [code] alone", "<p>an [code] alone</p>"),
        ("see [1] and [sic] and [c]", "<p>see [1] and [sic] and [c]</p>"),
        (
            '[python]\nif a < b:\n    print("<b>")\n[/python]',
            '<pre><code>if a &lt; b:\n    print("&lt;b&gt;")</code></pre>',
        ),
        ("[c#]\n  List<int> a;\n[/c#]", "<pre><code>  List&lt;int&gt; a;</code></pre>"),
        (
            "[embed]https://video.example/w?v=1&amp;t=2[/embed]",
            '<p><a href="https://video.example/w?v=1&amp;t=2">https://video.example/w?v=1&amp;t=2</a></p>',
        ),
        (
            '[audio src="https://x.example/a.mp3"] and [video mp4="https://x.example/v.mp4"][/video]',
            '<p><a href="https://x.example/a.mp3">https://x.example/a.mp3</a></p>\n<p>and</p>\n'
            '<p><a href="https://x.example/v.mp4">https://x.example/v.mp4</a></p>',
        ),
        ("[youtube=https://y.example/1]", '<p><a href="https://y.example/1">https://y.example/1</a></p>'),
        ("[audio] and [video]x[/video]", "<p>[audio] and [video]x[/video]</p>"),
    ],
)
def test_stored_text_becomes_paragraphs(stored, html):
    assert to_html(stored) == html


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        '<a "',
        "<!--",
        "[caption x]",
        "[audio]",
        "[embed]x",
        "[c]",
        "<code>",
        "<script>",
        "<div>",
        "</p>",
        "<p>",
        "\n",
        "a\n\n",
    ],
)
def test_the_time_grows_with_the_length_and_not_faster(piece):
    text = piece * (200_000 // len(piece))
    start = time.process_time()

    to_html(text)

    assert time.process_time() - start < 3  # seconds; it takes less than a tenth of one


def test_parts_are_put_in_their_places_and_missing_ones_are_told():
    parts = Parts(
        blocks={"77": "<p>Shared</p>", "78": '<!-- wp:block {"ref":78} /-->'},
        pictures={"5": ("https://a.example/5.jpg", 'A "boat"')},
        attached={"9": ["5"]},
    )
    notes = '[{"id":"aa","content":"From <em>X</em>."}, {"id":"bb","content":"Y"}]'

    text, missing = put_in(
        'A <!-- wp:block {"ref":77} /--> B <!-- wp:footnotes /--> [gallery ids="5"] [gallery]', parts, notes, "9"
    )
    picture = '<figure><img src="https://a.example/5.jpg" alt="A &quot;boat&quot;"></figure>'
    assert text == (
        'A <p>Shared</p> B <ol><li id="aa">From <em>X</em>. <a href="#aa-link">↩︎</a></li>'
        f'<li id="bb">Y <a href="#bb-link">↩︎</a></li></ol> {picture} {picture}'
    )
    assert missing == []

    gone = '<!-- wp:block {"ref":1} /--> <!-- wp:block {"ref":78} /--> <!-- wp:footnotes /--> [gallery ids="6"]'
    text, missing = put_in(gone, parts, "no json")
    assert "[gallery" in text
    assert missing == ["block_missing", "footnotes_missing", "gallery_missing"]
