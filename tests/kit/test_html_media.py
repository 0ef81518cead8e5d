"""Pictures that a script would load, and what is embedded."""

import pytest

from newsreader.kit.html_media import readable

DOT = "data:image/gif;base64,AAAA"


def read(html):
    return "".join(token if isinstance(token, str) else token.source for token in readable(html))


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (f'<figure><img src="{DOT}" data-src="/r.jpg"><noscript><img src="/r.jpg" alt="dog"></noscript></figure>', '<figure><img src="/r.jpg" alt="dog"></figure>'),
        (f'<noscript><img src="/r.jpg?w=9"></noscript>\n<img src="{DOT}" data-lazy-src="/r.jpg">', '<img src="/r.jpg?w=9">\n'),
        (f'<a href="/r"><img src="{DOT}" data-original="/r.jpg"></a><noscript><a><img src="/r.jpg"></a></noscript>', '<a href="/r"><img src="/r.jpg"></a><a></a>'),
        ('<img data-src="/a.jpg" alt="A &amp; B" width="5"><img data-src="/b.jpg">', '<img src="/a.jpg" alt="A &amp; B" width="5"><img src="/b.jpg">'),
        (f'<img src="{DOT}" srcset="/s.jpg 300w, /l.jpg 900w">', '<img src="/l.jpg">'),
        ("<noscript><p>a</p><img src=/b.jpg></noscript>", "<p>a</p><img src=/b.jpg>"),
        ("<amp-img src=/a.jpg><noscript><img src=/a.jpg></noscript></amp-img>", "<img src=/a.jpg>"),
        ('<img src="https://count.example/" width=1 height=1>', ""),
        ("<img src=/a.jpg><img src=/b.jpg>", "<img src=/a.jpg><img src=/b.jpg>"),
        ("<noembed>a</noembed><template><b>b</b></template>", "a<b>b</b>"),
    ],
)  # fmt: skip
def test_a_picture_is_shown_once_with_the_address_that_readers_see(html, kept):
    assert read(html) == kept


def link(address):
    return f'<a href="{address}">{address}</a>'


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ('<iframe src="https://www.youtube-nocookie.com/embed/a-B_1?x=2"></iframe>', f"<p>{link('https://www.youtube.com/watch?v=a-B_1')}</p>"),
        ('<p>a</p><iframe src="about:blank" data-src="//player.vimeo.com/video/7">b</iframe>', f"<p>a</p><p>{link('https://vimeo.com/7')}</p>"),
        ("<p>See <audio src='/a.mp3'></audio></p>", f"<p>See {link('/a.mp3')}</p>"),
        ("<figure><video><source src=/a.mp4><source src=/a.webm></video></figure>", f"<figure>{link('/a.mp4')}</figure>"),
        ('<video src=/a.mp4><a href="/a.mp4">a</a></video>', '<a href="/a.mp4">a</a>'),
        ("<object><param name=movie value=/a.swf>old <embed src=/a.swf></object>", f"old {link('/a.swf')}"),
        ("<iframe src='javascript:alert(1)'></iframe><iframe srcdoc=a></iframe>b", "b"),
        ("<table><tr><td>a</td></tr></table><td>b<td>c", "<table><tr><td>a</td></tr></table><p>b<p>c"),
    ],
)  # fmt: skip
def test_what_is_embedded_becomes_a_link(html, kept):
    assert read(html) == kept
