"""WordPress' stored text -> paragraphs."""

import time

import pytest

from newsreader.transfer.readers.paragraphs import to_html


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
    ],
)
def test_stored_text_becomes_paragraphs(stored, html):
    assert to_html(stored) == html


@pytest.mark.parametrize(
    "piece", ["<", "<a ", '<a "', "<!--", "[caption x]", "<code>", "<script>", "<div>", "</p>", "<p>", "\n", "a\n\n"]
)
def test_the_time_grows_with_the_length_and_not_faster(piece):
    text = piece * (200_000 // len(piece))
    start = time.process_time()

    to_html(text)

    assert time.process_time() - start < 3  # seconds; it takes less than a tenth of one
