"""Mails in the look of the paper: the same text, and no way out for what a stranger typed."""

import pytest
from django.core import mail
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from articles.models.site import Site
from comments.posting.submission import post_comment
from newsreader.mailing.letter import in_frame, quoted
from newsreader.mailing.outbox import send_due
from tests.factories import make_draft, make_moderator, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def links(page):
    return html.fromstring(page).xpath("//a/@href")


def test_our_addresses_are_links_and_one_on_its_own_is_a_button():
    text = "Look at http://testserver/a/, please.\n\nhttp://testserver/confirm/x-y/\n\nABC-123\n"

    page = in_frame("Subject", text)

    assert links(page) == ["http://testserver/", "http://testserver/a/", "http://testserver/confirm/x-y/"]
    assert html.fromstring(page).xpath("//a[@class='button']/@href") == ["http://testserver/confirm/x-y/"]
    assert "monospace" in page
    assert ">ABC-123<" in page


def test_a_short_line_before_an_address_names_its_button():
    text = "Was it you?\n\nConfirm my address:\nhttp://testserver/y/\nOr do\nhttp://testserver/z/\n"

    page = html.fromstring(in_frame("Subject", text))

    assert [button.text_content() for button in page.xpath("//a[@class='button']")] == [
        "Confirm my address",
        "Open the page",
    ]
    assert page.text_content().count("Confirm my address") == 1
    assert "Or do" in page.text_content()


def test_in_a_quotation_nothing_is_a_link_a_button_a_code_or_the_foot():
    said = "Confirm my address:\nhttp://testserver/y/\n\nABC-123\nThe article: http://testserver/z/\n—\nNo foot"

    page = html.fromstring(in_frame("Subject", f"Ada wrote:\n\n{quoted(said)}\n\n—\nYou get this.\n"))

    assert page.xpath("//a/@href") == ["http://testserver/"]
    (quotation,) = page.xpath("//p[@class='quote']")
    assert quotation.text_content() == said.replace("\n", "")
    assert page.xpath("string(//div[@class='soft']/p)") == "You get this."


def test_what_stands_before_an_address_on_its_line_names_the_link():
    page = html.fromstring(in_frame("Subject", "Hello.\n\n—\nChoose your emails: http://testserver/mail/x/\n"))

    (link,) = page.xpath("//a[@class='link']")
    assert (link.text, link.get("href")) == ("Choose your emails", "http://testserver/mail/x/")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.none() | st.integers(20, 200))
def test_a_quotation_loses_no_word_and_every_line_of_it_is_marked(text, length):
    lines = quoted(text, length).splitlines()

    assert all(line == ">" or line.startswith("> ") for line in lines)
    if length is None:
        assert "".join("".join(line[1:] for line in lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "typed",
    [
        "http://evil.example/ and https://testserver.evil.example/",
        "http://testserver@evil.example/",
        "http://testserverx/",
        "www.evil.example",
        '<a href="http://evil.example/">x</a><script>alert(1)</script>',
        "[x](http://evil.example/)",
    ],
)
def test_what_a_stranger_typed_is_text(typed):
    page = in_frame("Subject", f"Somebody wrote:\n\n{typed}\n")

    assert links(page) == ["http://testserver/"]
    assert typed in html.fromstring(page).text_content()
    assert "<script" not in page


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=200))
def test_no_text_adds_an_element_or_is_lost(text):
    page = html.fromstring(in_frame("Subject", f"A {text} Z"))

    assert {element.tag for element in page.iter() if isinstance(element.tag, str)} <= {
        "html", "head", "meta", "title", "style", "body", "div", "p", "a", "br", "span", "bdi",
    }  # fmt: skip
    seen = "".join(page.xpath("//body")[0].text_content().split())
    assert "".join(f"A{text}Z".split()) in seen


def test_a_letter_carries_both(client):
    Site.objects.current()
    Site.objects.update(name="The Courier & Sons")
    set_rules(mail_confirmations=False)
    make_moderator()
    post_comment(make_draft(text="One <b>two</b>\nthree"))

    send_due.call()
    (message,) = mail.outbox
    (page,) = (part.content for part in message.alternatives)

    assert "> One <b>two</b>\n> three\n" in message.body
    assert "One &lt;b&gt;two&lt;/b&gt;<br>three" in page
    assert "The Courier &amp; Sons" in page
    first = "".join(html.fromstring(page).xpath("//body")[0].itertext()).strip()
    assert first.startswith(message.body.partition("\n")[0])  # What lists of mails show is no name of ours.


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("he", "rtl")])
def test_our_sentences_run_as_the_language_of_the_letter_does(language, direction):
    """Whatever they begin with, such as somebody's name. Mail programs drop what <html> says."""
    text = "Ada השאירה\n\n> שלום\n\n1234-ABCD\n\n“The Ferry”\n\n—\nשלום or hello"
    with translation.override(language):
        page = html.fromstring(in_frame("Subject", text))

    (letter,) = page.xpath("//div[@role='main']")
    assert (letter.get("dir"), letter.get("lang")) == (direction, language)
    own = [each for each in letter.xpath(".//p") if "Ada" in each.text_content() or "hello" in each.text_content()]
    assert [each.get("dir") for each in own] == [None, None]
    of_others = letter.xpath(".//p[@dir='auto']")
    assert [each.text_content().strip() for each in of_others] == ["שלום", "“The Ferry”"]
    # In Hebrew text its halves would change places.
    assert [each.text for each in letter.xpath(".//*[@dir='ltr']")] == ["1234-ABCD"]
