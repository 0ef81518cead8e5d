"""What people type without meaning markup stays what they typed."""

import pytest

from comments.text.formatting import to_html
from tests.comments.visible import words


@pytest.mark.parametrize(
    "typed",
    [
        "a**hole said, her children's l**ves",
        "I*D*I*O*T*S and 2*3*4 and हि*न्*दी",
        "10~~20~~30",
        "__init__ and self.__class__.__name__ == '__main__', snake_case_too",
        "def f(*args, **kwargs)",
        "¯\\_(ツ)_/¯",
        "C:\\_private\\_too, \\\\server\\share, \\d+\\.\\*, \\(x\\), \\[y\\], 2 \\* 3",
        "at the end \\\nof a line",
        "don`t you see that it can`t be",
        "https://user:pa_ss@example.org/_path_ and ftp://a:b@c.example",
        "git@example.org:someone/some_thing.git",
        ">90% of them\n>=5 and >:(",
    ],
)
def test_what_only_looks_like_markup_is_shown_as_typed(typed):
    shown = to_html(typed)

    assert shown.count("<") == shown.count("<p>") * 2 + shown.count("<br>")
    assert words(shown) == typed


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("One.\n\n\tTwo, indented as in a letter.", "<p>One.</p>\n<p>Two, indented as in a letter.</p>"),
        ("    One\n    two", "<p>One<br>\n&nbsp;&nbsp;&nbsp;&nbsp;two</p>"),
        ("if x:\n\treturn", "<p>if x:<br>\n&nbsp;&nbsp;&nbsp;&nbsp;return</p>"),
        ("See <pre>a   b</pre>", "<p>See &lt;pre&gt;a&nbsp;&nbsp;&nbsp;b&lt;/pre&gt;</p>"),
        (
            "<pre>a   b\n\n  *c*</pre> and *d*",
            "<pre><code>&lt;pre&gt;a   b\n\n  *c*&lt;/pre&gt;</code></pre>\n<p>and <em>d</em></p>",
        ),
        ("<pre>a\n\nb", "<p>&lt;pre&gt;a</p>\n<p>b</p>"),
        ("> <pre>a\n\n</pre>", "<blockquote>\n<p>&lt;pre&gt;a</p>\n</blockquote>\n<p>&lt;/pre&gt;</p>"),
    ],
)
def test_blanks_stay_where_they_say_something(typed, shown):
    assert to_html(typed) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("**「強調」**です", "<strong>「強調」</strong>です"),
        ("これは**重要。**次、**「二」**と", "これは<strong>重要。</strong>次、<strong>「二」</strong>と"),
        ("中文**“引用”**中文，*（注）*完", "中文<strong>“引用”</strong>中文，<em>（注）</em>完"),
        ("**마크다운(Markdown)**은 ~~「가」~~를", "<strong>마크다운(Markdown)</strong>은 <s>「가」</s>를"),
        ('ดู**"คำ"**นี้', 'ดู<strong>"คำ"</strong>นี้'),
        (
            "*so* (**very**) __quite good__ _x_",
            "<em>so</em> (<strong>very</strong>) <strong>quite good</strong> <em>x</em>",
        ),
        ("\\*not\\* \\*\\*this\\*\\* and \\`x\\`", "*not* **this** and `x`"),
        ("1\\. a", "1. a"),
        ("\\[a](b) \\[c\\](d)", "[a](b) [c](d)"),
        ("`code`s", "<code>code</code>s"),
    ],
)
def test_what_is_clearly_meant_is_markup(typed, shown):
    assert to_html(typed) == f"<p>{shown}</p>"
