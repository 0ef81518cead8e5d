"""An editor at work in a browser: writing, pasting, choosing a picture, looking at it, publishing."""

from __future__ import annotations

import io
import random
import re
from typing import Any

import pytest
from django.test import Client
from lxml import html as lxml_html
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from articles import pictures
from articles.formatting import sanitise
from articles.models.article import Article, SourceAttribution
from newsreader.accounts.models import User
from tests.factories import load_newsroom, make_article, make_author, make_editor, make_section, make_tag, make_user
from tests.journeys.axe import wrong

pytestmark = pytest.mark.usefixtures("transactional_db")

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">
<head><title>Minutes of the harbour board</title><style>p.MsoNormal {mso-style-parent:""}</style>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]--></head>
<body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->
<p class=MsoTitle><span lang=EN-US>What the board said<o:p></o:p></span></p>
<p class=MsoNormal style='margin-bottom:0cm;mso-pagination:none'><b style='mso-bidi-font-weight:normal'><span lang=EN-US
style='font-size:11.0pt;font-family:"Calibri",sans-serif'>Nine weeks</span></b><span lang=EN-US> in
dock,<span style='mso-spacerun:yes'>&nbsp;&nbsp; </span>then <span style='font-style:italic'>out</span>.<o:p></o:p></span></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>&middot;<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;
</span></span></span><![endif]>A new engine<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='margin-left:72.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span
style='font-family:"Courier New"'><span style='mso-list:Ignore'>o<span>&nbsp;&nbsp; </span></span></span><![endif]>from Kiel<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><![if !supportLists]><span><span
style='mso-list:Ignore'>&middot;<span>&nbsp; </span></span></span><![endif]>Fresh paint<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='mso-list:l1 level1 lfo2'><![if !supportLists]><span><span
style='mso-list:Ignore'>1.<span>&nbsp; </span></span></span><![endif]>First trip<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='mso-list:l1 level1 lfo2'><![if !supportLists]><span><span
style='mso-list:Ignore'>2.<span>&nbsp; </span></span></span><![endif]>Second trip<o:p></o:p></p>
<table class=MsoTableGrid border=1 style='border-collapse:collapse;mso-yfti-tbllook:1184'><tr style='mso-yfti-irow:0'>
<td width=301 valign=top style='width:225.4pt'><p class=MsoNormal>Monday<o:p></o:p></p></td>
<td width=301><p class=MsoNormal>06:00<o:p></o:p></p></td></tr></table>
<p class=MsoNormal>See <a href="https://board.example/minutes"><span style='color:blue'>the minutes</span></a>.</p>
<!--EndFragment--></body></html>"""
WORD_CLEANED = """<h2>What the board said</h2>
<p><strong>Nine weeks</strong> in dock, then <em>out</em>.</p>
<ul><li>A new engine<ul><li>from Kiel</li></ul></li><li>Fresh paint</li></ul>
<ol><li>First trip</li><li>Second trip</li></ol>
<table><tbody><tr><td>Monday</td><td>06:00</td></tr></tbody></table>
<p>See <a href="https://board.example/minutes">the minutes</a>.</p>"""
GOOGLE = (
    '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-7f"><h1 dir="ltr"><span style="font-size:20pt">Trips</span></h1>'
    '<p dir="ltr"><span style="font-weight:400">The </span><span style="font-weight:700">boat</span></p><br />'
    '<ul style="margin-top:0"><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span>one</span></p></li></ul></b>'
)
GOOGLE_CLEANED = "<h2>Trips</h2>\n<p>The <strong>boat</strong></p>\n<ul><li>one</li></ul>"
WEB = (
    '<div class="post" style="color:red"><div><span class="x">A line</span></div><div><br></div><p>Another <font color=red>one</font>'
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><script>alert(1)</script> <a href="javascript:alert(1)">there</a> '
    '<a href="https://www.google.com/url?q=https://a.example/b&amp;sa=D">here</a></p></div>'
)
WEB_CLEANED = '<p>A line</p>\n<p>Another one there <a href="https://a.example/b">here</a></p>'


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser says against our pages: mistakes in scripts, and refusals by the policy."""
    found: list[str] = []
    page.on("pageerror", lambda said: found.append(str(said)))
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    return found


@pytest.fixture
def desk(page: Page, live_server: Any) -> Page:
    sign_in(page, make_editor(), live_server.url)
    return page


@pytest.fixture
def picture(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "PNG")
    told = {"alternative_text": 'The "mole"', "caption": "The mole at dawn", "credit": "Ada Harbour"}
    return pictures.add(file.getvalue(), "mole.png", **told)


def sign_in(page: Page, user: Any, url: str) -> None:
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])


def form_of(article: Article) -> str:
    return f"/admin/articles/article/{article.pk}/change/"


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("toolbar").get_by_role("button", name=name, exact=True)


def more(page: Page, name: str) -> None:
    page.locator(".writing-more summary").click()
    page.get_by_role("button", name=name).click()


def page_of_text(page: Page) -> Locator:
    return page.locator(".ProseMirror[role=textbox]")


def written(page: Page) -> str:
    return page.locator("#id_body").input_value()


def paste(page: Page, html: str) -> None:
    page.locator(".ProseMirror").evaluate(
        """(element, html) => {
          const data = new DataTransfer();
          data.setData("text/html", html);
          element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        html,
    )


def test_an_editor_writes_looks_and_publishes(desk: Page, complaints: list[str], picture: Any) -> None:
    make_author(name="Ada")
    make_section("Town")
    desk.goto("/admin/articles/article/add/")
    desk.get_by_label("Headline:").fill("The ferry runs again")
    desk.get_by_label("Section:").select_option("Town")
    text = page_of_text(desk)
    text.click()
    desk.keyboard.type("The boat left ")
    tool(desk, "Bold").click()
    desk.keyboard.type("at six")
    tool(desk, "Bold").click()
    desk.keyboard.type(".\n")
    tool(desk, "Heading").click()
    desk.keyboard.type("What was done\n")
    tool(desk, "List").click()
    desk.keyboard.type("An engine\nSome paint\n\n")
    tool(desk, "Pull quote").click()
    desk.keyboard.type("At last.")
    desk.keyboard.press("Control+End")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    tool(desk, "Picture").click()
    desk.get_by_label("Search pictures").fill("dawn harbour")
    desk.get_by_role("button", name="The mole at dawn").click()
    expect(text.locator("figure img")).to_have_attribute("alt", 'The "mole"')
    desk.keyboard.press("Control+End")
    paste(desk, WORD)
    expect(text.locator("table")).to_be_visible()

    more(desk, "Save and view")
    expect(desk.locator(".banner")).to_contain_text("Preview")
    expect(desk.locator(".article-text strong").first).to_have_text("at six")
    expect(desk.locator(".article-text figcaption")).to_have_text("The mole at dawn Ada Harbour")
    expect(desk.locator(".article-text .pull-quote")).to_have_text("At last.")
    expect(desk.locator(".article-text ol li")).to_have_text(["First trip", "Second trip"])
    article = Article.objects.get()
    assert "mso" not in article.body.lower()
    assert "<span" not in article.body

    desk.goto(form_of(article))
    desk.get_by_role("button", name="Publish", exact=True).click()
    expect(desk.locator("#remarks li")).to_have_text(["No standfirst yet.", "No author or source yet."])
    assert Article.objects.get().state == "draft"
    desk.get_by_role("link", name="No standfirst yet.").click()
    desk.get_by_label("Standfirst:").fill("After nine weeks.")
    desk.get_by_role("button", name="Publish anyway").click()
    expect(desk.locator(".messagelist")).to_contain_text("Published.")
    expect(desk.locator(".messagelist")).to_be_in_viewport()
    desk.get_by_role("link", name="See it on the site").click()
    expect(desk.locator(".article-text h2").first).to_have_text("What was done")
    assert not complaints


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (WORD, WORD_CLEANED),
        pytest.param(GOOGLE, GOOGLE_CLEANED, marks=pytest.mark.long),
        pytest.param(WEB, WEB_CLEANED, marks=pytest.mark.long),
    ],
)
def test_what_is_pasted_comes_out_clean(desk: Page, complaints: list[str], html: str, kept: str) -> None:
    article = make_article(state="draft", body="")
    desk.goto(form_of(article))
    page_of_text(desk).click()

    paste(desk, html)

    assert written(desk) == kept
    assert not complaints


# A text with everything the editor knows, and one with things it does not.
KNOWN = (
    '<p>One <b>two</b> <i>three</i> H<sub>2</sub>O <abbr title="Short">AB</abbr> <span lang="fr">mot</span> <q>said</q></p>\n'
    "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>\n"
    '<figure><img src="/static/icon.svg" alt="q" width="10" height="10"><figcaption>cap <small>cred</small></figcaption></figure>\n'
    '<table tabindex="0"><thead><tr><th scope="col">x</th></tr></thead><tbody><tr><td colspan="1">y</td></tr></tbody></table>\n'
    '<blockquote class="pull-quote"><p>Q</p></blockquote><blockquote cite="https://a.example/"><p>R</p></blockquote>\n'
    '<dl><dt>t</dt><dd>d</dd></dl>\n<ol start="3" type="a"><li>x</li></ol>\n<aside><h3 id="text-k">K</h3><p>box</p></aside>\n'
    '<pre>a\n  b</pre><hr><p lang="fr">l<br>m <a href="https://x.example/" rel="noopener">l</a> <time datetime="2026-01-01">now</time></p>'
)
UNKNOWN = [
    "<table><caption>Trips</caption><tbody><tr><td>1</td></tr></tbody></table>",
    '<figure><img src="/static/icon.svg" alt="a"><img src="/static/icon.svg" alt="b"><figcaption>two</figcaption></figure>',
    '<p><a href="/a/"><img src="/static/icon.svg" alt="a"></a></p>',
    '<p>a <img src="/static/icon.svg" alt="small"> b</p>',
    '<p><a id="text-here" rel="noopener"></a>A place</p>',
]


def test_a_text_the_editor_knows_is_all_there_after_a_change(desk: Page) -> None:
    article = make_article(body=KNOWN)
    desk.goto(form_of(article))
    page_of_text(desk).locator("p").first.click()
    expect(page_of_text(desk)).to_be_focused()
    desk.keyboard.press("Control+Home")
    desk.keyboard.type("X")
    expect(page_of_text(desk).locator("p").first).to_contain_text("XOne")
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.locator(".messagelist")).to_be_visible()

    body = Article.objects.get().body
    same = body.replace("<p>XOne", "<p>One").replace("<strong>", "<b>").replace("</strong>", "</b>")
    same = (
        same.replace("<em>", "<i>")
        .replace("</em>", "</i>")
        .replace("\n", "")
        .replace("<tbody>", "")
        .replace("</tbody>", "")
    )
    before = KNOWN.replace("\n", "").replace(' colspan="1"', "")
    for tag in ("<thead>", "</thead>", "<tbody>", "</tbody>"):
        before = before.replace(tag, "")
    assert same.replace("a  b", "a b") == before.replace("a  b", "a b")


@pytest.mark.parametrize("body", [*UNKNOWN[:2], *(pytest.param(body, marks=pytest.mark.long) for body in UNKNOWN[2:])])
def test_a_text_the_editor_would_harm_stays_as_it_is(desk: Page, body: str) -> None:
    article = make_article(body=body)
    desk.goto(form_of(article))

    expect(desk.locator(".editor-note[role=status]")).to_contain_text("the editor would lose some of it")
    expect(desk.locator(".ProseMirror")).to_have_count(0)
    expect(desk.locator("#id_body")).to_be_visible()
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.locator(".messagelist")).to_be_visible()
    assert Article.objects.get().body == body


BLOCKS = [
    "p",
    "div",
    "h2",
    "ul",
    "li",
    "ol",
    "table",
    "tr",
    "td",
    "th",
    "caption",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "blockquote",
    "aside",
    "pre",
]
INLINE = [
    "b",
    "em",
    "a href='/x'",
    "a id='n'",
    "span lang='fr'",
    "abbr title='t'",
    "small",
    "code",
    "sub",
    "u",
    "q",
    "time datetime='2026'",
]
IN_EDITOR = """async ([texts, kit]) => {
  kit = await import(kit);
  const { extensions } = await import("/static/editor-schema.js");
  const { lost, tidy } = await import("/static/editor-text.js");
  return texts.map((content) => {
    const element = document.createElement("div");
    const editor = new kit.Editor({ element, content, extensions: extensions(kit, {}, { groups: [] }) });
    const html = editor.getHTML();
    editor.destroy();
    return [lost(content, html).length, tidy(html)];
  });
}"""


def some_html(chance: random.Random, depth: int = 4) -> str:
    parts = []
    for _ in range(chance.randint(1, 3)):
        roll = chance.random()
        if depth == 0 or roll < 0.35:
            parts.append(f" word{chance.randint(0, 999)} ")
        elif roll < 0.45:
            parts.append(chance.choice(["<br>", "<hr>", '<img src="/m/a.jpg" alt="a">']))
        else:
            tag = chance.choice(BLOCKS if roll < 0.75 else INLINE)
            parts.append(f"<{tag}>{some_html(chance, depth - 1)}</{tag.split()[0]}>")
    return "".join(parts)


def with_words(text: str, tag: str) -> int:
    """Return how many elements of this name have something to read."""
    return sum(
        "word" in found.text_content() for found in lxml_html.fragments_fromstring(f"<div>{text}</div>")[0].iter(tag)
    )


def test_of_no_text_a_word_or_a_picture_is_lost_unnoticed(desk: Page) -> None:
    chance = random.Random(7)
    texts = [sanitise(some_html(chance)) for _ in range(400)]
    desk.goto(form_of(make_article()))
    page_of_text(desk).wait_for()

    answers = desk.evaluate(IN_EDITOR, [texts, "/static/django_prose_editor/editor.js"])

    opened = 0
    for text, (lost, html) in zip(texts, answers, strict=True):
        if lost:
            continue
        opened += 1
        saved = sanitise(html)
        assert re.findall(r"word\d+", saved) == re.findall(r"word\d+", text), text
        assert saved.count("<img") == text.count("<img"), text
        for tag in ("a", "abbr", "td", "th", "li", "h2", "blockquote", "aside", "dt", "pre"):
            assert with_words(saved, tag) >= with_words(text, tag), (tag, text, saved)
    assert opened > 100


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
def test_opening_and_saving_changes_nothing_in_the_demonstration(desk: Page, step: int) -> None:
    load_newsroom()
    articles = Article.objects.order_by("pk")[::step]
    assert articles
    for article in articles:
        desk.goto(form_of(article))
        expect(desk.locator(".editor-note:not(:empty), .prose-menubar")).to_be_visible()
        note = desk.locator(".editor-note[role=status]").inner_text()
        assert not note, f"{article}: {note}"
        assert written(desk) == article.body


@pytest.mark.long
def test_the_html_is_shown_and_typed_in(desk: Page, complaints: list[str]) -> None:
    article = make_article(body="<p>One</p>")
    desk.goto(form_of(article))
    tool(desk, "Show the HTML").click()
    expect(desk.locator("#id_body")).to_have_value("<p>One</p>")
    desk.locator("#id_body").fill("<p>Two <b>three</b></p>")
    desk.get_by_role("button", name="Back to the editor").click()

    expect(page_of_text(desk).locator("strong")).to_have_text("three")
    assert not complaints


@pytest.mark.long
def test_a_picture_is_described_anew_where_it_stands(desk: Page) -> None:
    article = make_article(
        body='<figure><img src="/static/icon.svg" alt=""><figcaption>c</figcaption></figure><p>x</p>'
    )
    desk.goto(form_of(article))
    desk.locator(".ProseMirror img").click()
    tool(desk, "Picture").click()
    desk.get_by_role("textbox", name="Alternative text").fill("A lantern")
    desk.get_by_role("button", name="Apply").click()

    expect(desk.locator(".ProseMirror img")).to_have_attribute("alt", "A lantern")
    assert 'alt="A lantern"' in written(desk)


DROP = """(element, [name, kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
  const { x, y } = element.getBoundingClientRect();
  const at = { clientX: x + 30, clientY: y + 30, dataTransfer: data, bubbles: true, cancelable: true };
  return !element.dispatchEvent(new DragEvent("drop", at));
}"""


def drop(where: Locator, colour: str = "navy") -> bool:
    """Drop a picture; say whether the page has taken it, so that the window stays."""
    file = io.BytesIO()
    Image.new("RGB", (400, 200), colour).save(file, "PNG")
    return bool(where.evaluate(DROP, ["boat.png", "image/png", list(file.getvalue())]))


PASTE = """(element, [name, kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
  const pasted = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  return !element.dispatchEvent(pasted);
}"""


def test_a_picture_out_of_the_clipboard_comes_into_the_text_or_on_top(desk: Page, complaints: list[str]) -> None:
    file = io.BytesIO()
    Image.new("RGB", (400, 200), "maroon").save(file, "PNG")
    brought = ["image.png", "image/png", list(file.getvalue())]
    article = make_article(state="draft", body="<p>The boat left.</p>")
    desk.goto(form_of(article))
    text = page_of_text(desk)
    text.click()

    assert text.locator("p").first.evaluate(PASTE, brought)
    asked = desk.get_by_role("dialog", name="New picture")
    expect(asked.get_by_label("Alternative text")).to_be_focused()
    desk.keyboard.type("A boat")
    asked.get_by_role("button", name="Put into the text").click()
    expect(text.locator("figure img")).to_have_attribute("alt", "A boat")

    desk.get_by_label("Section:").focus()
    assert desk.get_by_label("Section:").evaluate(PASTE, brought)
    asked.get_by_label("Alternative text").fill("The same boat")
    desk.keyboard.press("Enter")  # In a box of several lines, it is a new line.
    asked.get_by_role("button", name="Use as lead picture").click()
    expect(desk.locator("[data-lead-shown] img")).to_have_attribute("alt", re.compile("The same boat"))

    # Text with a picture of it beside it, as a spreadsheet or a word processor puts it there, is text.
    both = PASTE.replace("const pasted", 'data.setData("text/html", "<p>A table.</p>"); const pasted')
    assert text.locator("p").first.evaluate(both, brought)
    expect(text).to_contain_text("A table.")
    expect(desk.get_by_role("dialog", name="New picture")).to_have_count(0)

    desk.get_by_role("button", name="Save draft").click()
    expect(desk.locator(".messagelist")).to_be_visible()
    article.refresh_from_db()
    assert "A table." in article.body
    assert article.body.count("<img") == 1
    assert article.lead_picture
    with article.lead_picture.file.open() as stored:
        assert Image.open(stored).size == (400, 200)
    assert not complaints


@pytest.mark.ci_both
def test_a_writer_drops_pictures_looks_and_publishes_in_one_go(desk: Page, complaints: list[str], picture: Any) -> None:
    """Clicks: section (2), drop, alternative text and its button (1), preview (1), publish (1), see it (1)."""
    make_section("Town")
    make_author(name="Ada", user=User.objects.get())
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto("/admin/articles/article/add/")
    text = page_of_text(desk)
    text.wait_for()
    expect(desk.get_by_label("Headline:")).to_be_focused()
    desk.keyboard.type("The ferry runs again")
    desk.keyboard.press("Enter")
    desk.keyboard.type("After nine weeks.")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Tab")
    expect(text).to_be_focused()
    desk.keyboard.type("The boat left at six.")

    assert drop(desk.get_by_label("Section:"))
    asked = desk.get_by_role("dialog", name="New picture")
    expect(asked.get_by_label("Alternative text")).to_be_focused()
    desk.keyboard.type("A boat")
    asked.get_by_label("Credit").fill("Ada Harbour")
    seen = asked.locator("[data-focal] img").bounding_box()
    assert seen
    desk.mouse.click(seen["x"] + seen["width"] * 0.25, seen["y"] + seen["height"] * 0.75)
    expect(asked.get_by_label("From the left, %")).to_have_value("25")
    asked.get_by_role("button", name="Use as lead picture").click()
    expect(desk.locator("[data-lead-shown] img")).to_have_attribute("alt", "A boat")

    assert drop(text, "teal")
    asked.get_by_label("Alternative text").fill("A mole")
    asked.get_by_role("button", name="Put into the text").click()
    expect(text.locator("figure img")).to_have_attribute("alt", "A mole")

    desk.get_by_label("Section:").select_option("Town")
    desk.get_by_role("button", name="Preview").click()
    preview = desk.frame_locator(".writing-look iframe")
    expect(preview.locator("h1")).to_have_text("The ferry runs again")
    expect(preview.locator(".lead-picture img")).to_have_attribute("alt", "A boat")
    expect(preview.locator(".bylines")).to_contain_text("Ada")
    assert not Article.objects.exists()
    desk.get_by_label("Headline:").fill("The ferry sails again")
    expect(preview.locator("h1")).to_have_text("The ferry sails again")
    assert not wrong(desk)
    desk.set_viewport_size({"width": 1280, "height": 900})  # Axe has left a phone's, where the preview is on top.
    desk.get_by_role("button", name="Publish", exact=True).click()
    expect(desk.locator("#remarks li")).to_have_text([re.compile("A picture in the text has")])
    desk.get_by_role("button", name="Publish anyway").click()
    desk.get_by_role("link", name="See it on the site").click()
    expect(desk.locator(".lead-picture img")).to_have_attribute("alt", "A boat")

    article = Article.objects.get()
    assert (article.state, article.authors.get().name) == ("published", "Ada")
    assert article.lead_picture
    assert (article.lead_picture.focal_x, article.lead_picture.focal_y) == (25, 75)
    assert not complaints


def test_schedule_asks_for_the_time(desk: Page, complaints: list[str]) -> None:
    """Clicks: schedule, schedule."""
    article = make_article(state="draft", authors=[make_author()], section=make_section())
    desk.goto(form_of(article))
    page_of_text(desk).wait_for()
    desk.get_by_role("button", name="Schedule").click()
    expect(desk.get_by_label("Publish at, date")).to_be_focused()
    desk.get_by_label("Publish at, date").fill("2020-07-01")
    desk.get_by_label("Publish at, time").fill("06:00")
    desk.get_by_role("button", name="Schedule").click()
    expect(desk.locator("#later .errorlist")).to_have_text("This time has passed. Please choose a later one.")

    desk.get_by_label("Publish at, date").fill("2031-07-01")
    desk.get_by_role("button", name="Schedule").click()
    expect(desk.locator(".messagelist")).to_contain_text("Scheduled for July 1, 2031, 6 a.m.")
    desk.get_by_role("toolbar").wait_for()
    expect(desk.locator("#kept-words")).to_be_hidden()  # What was kept is stored.
    assert Article.objects.get().state == "scheduled"
    assert not complaints


def test_words_typed_before_a_session_ended_come_back_in_another_and_are_forgotten_once_stored(
    desk: Page, live_server: Any
) -> None:
    editor = User.objects.get()
    article = make_article(body="<p>harbour</p>")
    tag = make_tag("Boats")
    desk.goto(form_of(article))
    page_of_text(desk).click()
    desk.keyboard.press("Home")
    desk.keyboard.type("The old ")
    desk.get_by_label("Headline:").fill("Mine")
    desk.get_by_role("searchbox", name="Tags").click()
    desk.keyboard.type("Boa")
    desk.get_by_role("option", name="Boats").click()
    expect(desk.locator(".kept")).to_contain_text("Kept in this browser")
    desk.context.clear_cookies()
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.goto("/admin/")
    expect(desk).to_have_url(re.compile("/accounts/login/"))

    sign_in(desk, make_editor(), live_server.url)  # Somebody else sees nothing of it.
    desk.goto(form_of(article))
    page_of_text(desk).wait_for()
    expect(desk.locator("#kept-words")).to_be_hidden()
    sign_in(desk, editor, live_server.url)
    desk.goto(form_of(article))
    page_of_text(desk).wait_for()
    desk.get_by_role("button", name="Bring them back").click()
    expect(page_of_text(desk)).to_have_text("The old harbour")
    expect(desk.get_by_label("Headline:")).to_have_value("Mine")
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.locator(".messagelist")).to_contain_text("Saved.")
    desk.get_by_role("toolbar").wait_for()

    stored = Article.objects.get()
    assert (stored.headline, stored.body, list(stored.tags.all())) == ("Mine", "<p>The old harbour</p>", [tag])
    expect(desk.locator("#kept-words")).to_be_hidden()
    assert desk.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('words:'))") == []


@pytest.mark.long
def test_a_link_without_a_scheme_leads_to_the_web(desk: Page) -> None:
    article = make_article(body="<p>harbour</p>")
    desk.goto(form_of(article))
    page_of_text(desk).click()
    desk.keyboard.press("Control+a")
    desk.keyboard.press("Control+k")
    desk.get_by_label("Address", exact=True).fill("harbour.example/trips")
    desk.keyboard.press("Enter")

    expect(desk.locator(".ProseMirror a")).to_have_attribute("href", "https://harbour.example/trips")
    assert "Ferry" in desk.title()  # Enter in the dialog has not sent the article.


def test_all_tools_are_reached_by_keys(desk: Page) -> None:
    article = make_article(body="<p>harbour</p>")
    desk.goto(form_of(article))
    page_of_text(desk).click()
    desk.keyboard.press("Control+a")
    desk.keyboard.press("Alt+F10")
    for _ in range(4):
        desk.keyboard.press("ArrowRight")
    expect(tool(desk, "Bold")).to_be_focused()
    desk.keyboard.press("Enter")

    assert written(desk) == "<p><strong>harbour</strong></p>"
    expect(tool(desk, "Bold")).to_have_attribute("aria-pressed", "true")


def test_who_leaves_with_something_unsaved_is_asked(desk: Page) -> None:
    article = make_article(body="<p>harbour</p>")
    desk.goto(form_of(article))
    page_of_text(desk).click()
    desk.keyboard.type("More ")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    desk.on("dialog", stay)
    desk.get_by_role("link", name="Comments", exact=True).first.click()
    expect(page_of_text(desk)).to_contain_text("More")
    assert asked == ["beforeunload"]


def test_who_was_signed_out_meanwhile_loses_nothing(desk: Page, live_server: Any) -> None:
    article = make_article(body="<p>harbour</p>")
    desk.goto(form_of(article))
    page_of_text(desk).click()
    desk.keyboard.press("Home")
    desk.keyboard.type("The old ")
    desk.context.clear_cookies()
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.get_by_role("alert")).to_contain_text("You are not signed in any more.")
    expect(page_of_text(desk)).to_have_text("The old harbour")

    sign_in(desk, make_editor(), live_server.url)
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.locator(".messagelist")).to_contain_text("Saved. Readers see your changes now.")
    assert Article.objects.get().body == "<p>The old harbour</p>"


def test_who_is_offline_loses_nothing(desk: Page) -> None:
    article = make_article(body="<p>harbour</p>")
    desk.goto(form_of(article))
    page_of_text(desk).click()
    desk.keyboard.type("!")
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.get_by_role("alert")).to_contain_text("cannot be reached")

    desk.context.set_offline(False)
    desk.get_by_role("button", name="Save changes").click()
    expect(desk.locator(".messagelist")).to_be_visible()
    assert "!" in Article.objects.get().body


def test_without_script_the_text_is_a_box_of_html(browser: Any, live_server: Any, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    context: BrowserContext = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, make_editor(), live_server.url)
    article = make_article(body="<p>One</p>")
    page.goto(form_of(article))
    page.locator("#id_body").fill("<p>Two</p>")
    page.get_by_role("button", name="Save changes").click()

    expect(page.locator(".messagelist")).to_be_visible()
    assert Article.objects.get().body == "<p>Two</p>"
    context.close()


def test_without_script_tags_and_authors_are_typed_and_taken_off(browser: Any, live_server: Any, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    context: BrowserContext = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, make_editor(), live_server.url)
    make_section("Town")
    make_author(name="Ada")
    ben = make_author(name="Ben")
    boats = make_tag("Boats")
    page.goto("/admin/articles/article/add/")
    page.get_by_label("Headline:").fill("The ferry runs again")
    page.get_by_label("Section:").select_option("Town")
    page.get_by_label("Add tags:").fill("Boats, Harbour")
    page.get_by_label("Add authors:").fill("Ada, Nobody")
    page.get_by_role("button", name="Save draft").click()

    expect(page.locator(".typed-names .errorlist")).to_contain_text("No author is called “Nobody”.")
    expect(page.get_by_label("Headline:")).to_have_value("The ferry runs again")
    expect(page.get_by_label("Add tags:")).to_have_value("Boats, Harbour")
    page.get_by_label("Add authors:").fill("ada; Ben")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".messagelist")).to_be_visible()
    article = Article.objects.get()
    assert list(article.tags.values_list("name", flat=True).order_by("name")) == ["Boats", "Harbour"]
    assert [byline.author.name for byline in article.bylines.all()] == ["Ada", "Ben"]

    page.get_by_label("Tags:", exact=True).select_option([str(boats.pk)])  # Only this one stays chosen.
    page.locator("#bylines-0").get_by_label("Delete").check()
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".messagelist")).to_be_visible()
    assert list(article.tags.all()) == [boats]
    assert list(article.authors.all()) == [ben]
    context.close()


def test_axe_finds_nothing_wrong_with_the_form(desk: Page, complaints: list[str], picture: Any) -> None:
    article = make_article(body=KNOWN, state="draft", lead_picture=picture, authors=[make_author()])
    SourceAttribution.objects.create(article=article, name="Harbour board", url="https://board.example/")
    article.tags.add(make_tag())
    desk.emulate_media(reduced_motion="reduce")
    desk.goto(f"{form_of(article)}?lacking=publish")
    desk.get_by_role("toolbar").wait_for()
    assert not wrong(desk)
    desk.locator(".ProseMirror p").first.click()  # In a caption, the tool is for the picture there.
    tool(desk, "Picture").click()
    desk.get_by_role("button", name="The mole at dawn").wait_for()
    assert not wrong(desk)
    assert not complaints


@pytest.mark.long
def test_a_picture_that_is_found_again_stays_where_it_is_and_a_late_answer_hides_no_newer_one(
    desk: Page, picture: Any
) -> None:
    desk.goto(form_of(make_article(state="draft", body="")))
    page_of_text(desk).click()
    tool(desk, "Picture").click()
    shown = desk.locator(".chooser-shown")
    first = shown.get_by_role("button", name="The mole at dawn").element_handle()
    held: list[Any] = []
    desk.route("**/*q=mole+at&*", lambda route: held.append(route))
    search = desk.get_by_label("Search pictures")
    with desk.expect_response("**/*q=dawn&*"):
        search.fill("dawn")
    expect(shown).not_to_have_attribute("aria-busy", "true")
    assert first.evaluate("button => button.isConnected")

    with desk.expect_request("**/*q=mole+at&*"):
        search.fill("mole at")
    search.fill("nothing of the kind")
    expect(shown.get_by_role("button", name="The mole at dawn")).to_have_count(0)
    with desk.expect_event("requestfinished", lambda request: "q=mole+at&" in request.url):
        held[0].continue_()
    # What comes later has been read and a frame drawn, so the late answer would have been, too.
    desk.evaluate("() => fetch('/robots.txt').then((answer) => answer.text())")
    desk.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    assert shown.get_by_role("button", name="The mole at dawn").count() == 0


@pytest.mark.long
def test_an_author_without_the_right_to_publish_writes_too(page: Page, live_server: Any) -> None:
    author = make_author(user=make_user(group="Authors"))
    sign_in(page, author.user, live_server.url)
    page.goto("/admin/articles/article/add/")
    page.get_by_label("Headline:").fill("By me")
    page_of_text(page).click()
    page.keyboard.type("My words.")
    more(page, "Save and view")

    expect(page.locator(".article-text")).to_have_text("My words.")
    expect(page.locator(".bylines")).to_contain_text(author.name)
