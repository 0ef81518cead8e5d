"""What every page owes its readers: contrast and names that axe accepts, no sideways scrolling, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from articles import pictures, publishing
from articles.models.article import Article, Redirect, SourceAttribution
from articles.models.site import MenuItem, Site
from comments.models import Appeal, AuditEntry, Comment, RefusalReason, ReplyTemplate, Report
from comments.moderation.decisions import decide
from newsreader.accounts import invitations
from newsreader.busy import busy
from newsreader.mailing.models import Letter
from tests.articles.test_pictures import a_picture
from tests.factories import (
    make_article,
    make_author,
    make_ban,
    make_comment,
    make_editor,
    make_rule,
    make_section,
    make_tag,
    make_user,
)
from tests.journeys.axe import wrong
from tests.journeys.targets import small
from tests.journeys.told_pages import at_the_desk, make_told, of_guests, of_readers
from tests.journeys.told_pages import sign_in as enter

pytestmark = pytest.mark.usefixtures("transactional_db")

SMALLEST: ViewportSize = {"width": 320, "height": 640}
WORD = "Donaudampfschifffahrtsgesellschaft" * 5
SCRIPT = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture
def complaints(page: Page, live_server: Any) -> list[str]:
    """What the browser says against our pages: refusals by the policy, and requests that leave the house."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if "Security Policy" in said.text else None)
    page.on("request", lambda sent: None if sent.url.startswith((live_server.url, "data:")) else found.append(sent.url))
    return found


def make_discussion(**values: Any) -> Article:
    """An article with everything that its page can show, and a thread with a removed comment in its middle."""
    article = make_article(section=make_section(), authors=[make_author()], **values)
    article.tags.add(make_tag())
    article.corrections.create(text="The boat left at six, not at five.")
    publishing.note_corrections(article)
    comment = removed = make_comment(article, text="*Well* said: `yes`\n\n> quoted\n\n- one\n- two")
    for _ in range(5):
        comment, removed = make_comment(parent=comment, text=f"{WORD}\n\n    {WORD}", name=WORD), comment
    decide(removed.pk, "trash", reason="made_for_a_test")
    make_comment(article)
    Comment.objects.filter(pk=comment.pk).update(picked_at=timezone.now())
    return article


def refused_reply(page: Page, article: Article) -> None:
    page.goto(f"/articles/{article.pk}/reply/")
    page.locator("#commentform").evaluate("form => { form.noValidate = true; form.submit() }")
    page.wait_for_selector("#refusal")


@pytest.mark.parametrize("step", [2, pytest.param(1, marks=pytest.mark.long)], ids=["every other", "all"])
def test_axe_finds_nothing_wrong(page: Page, complaints: list[str], step: int) -> None:
    article = make_discussion(lead_picture=pictures.add(a_picture(), "boat.jpg", alternative_text="A boat"))
    for number in range(6):
        make_article(section=article.section, headline=f"Ferry {number}")
    imprint = make_article(kind="page", slug="imprint", headline="Imprint")
    lists = [row.get_absolute_url() for row in (article.section, article.tags.get(), article.authors.get(), imprint)]
    root = article.comments.filter(parent=None).earliest("pk")
    public = [
        "/", "/?page=1", article.get_absolute_url(), "/nothing/", *lists, "/search/", "/search/?q=ferry",
        "/search/?q=nothing+at+all", "/search/?since=x", f"/comments/{root.pk}/thread/",
    ]  # fmt: skip
    visits: list[Callable[[], Any]] = [
        *(lambda path=path: page.goto(path) for path in public),
        *(lambda path=path: page.goto(f"/accounts/{path}/") for path in ("login", "signup", "login/code")),
        lambda: refused_reply(page, article),
    ]
    for visit in visits[::step]:
        visit()
        assert not wrong(page)
    assert not complaints


def wrong_at_the_desk(page: Page, addresses: list[str]) -> list[str]:
    """What axe has against these addresses below /admin/."""
    found = []
    for address in addresses:
        answer = page.goto(f"/admin/{address}")
        assert answer is not None
        assert (answer.status, page.url.partition("/admin/")[2]) == (200, address)
        page.wait_for_load_state("load")
        expect(page.locator(".select2-selection[aria-labelledby]")).to_have_count(0)
        found += wrong(page, only=["wcag2a", "wcag2aa", "wcag21aa"])
    return found


def sign_in(page: Page, user: Any, url: str) -> None:
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])


@pytest.mark.long
def test_axe_finds_nothing_wrong_at_the_desk(page: Page, live_server: Any) -> None:
    article = make_discussion(lead_picture=pictures.add(a_picture(), "boat.jpg", alternative_text="A boat"))
    waiting = make_comment(article, status="pending")
    rule = make_rule("casino")
    editor, colleague = make_user(group="Editors", is_superuser=True), make_user(group="Authors")
    invitation = invitations.invite("nina@example.org", "Authors", by=editor)
    sign_in(page, editor, live_server.url)
    addresses = [
        "", "articles/article/", "articles/picture/", f"articles/picture/{article.lead_picture_id}/change/",
        "articles/section/", "comments/comment/", f"comments/comment/{waiting.pk}/change/",
        "comments/filterentry/", f"comments/filterentry/{rule.pk}/change/", "comments/filterentry/add/", "comments/filterentry/try/",
        "comments/commentsettings/1/change/", "password_change/",
        "comments/ban/", "comments/ban/add/", f"comments/articlesettings/{article.pk}/change/", "comments/refusalreason/",
        "comments/report/", "comments/auditentry/", f"moderation/{waiting.pk}/", f"moderation/{waiting.pk}/alike/",
        "moderation/figures/", "articles/article/add/?kind=page", "accounts/invitation/", "accounts/invitation/add/",
        f"accounts/invitation/{invitation.pk}/change/", "accounts/user/", f"accounts/user/{editor.pk}/change/",
        f"accounts/user/{colleague.pk}/leave/",
    ]  # fmt: skip
    found = wrong_at_the_desk(page, addresses)
    assert not found, "\n".join(found)


DIALOGS = {"#keys": "?", "#ask": "jd", "#tools": "jb"}
FRAME = """name => {
    const dialog = document.querySelector(name), { left, right } = dialog.getBoundingClientRect();
    return [left >= 0 && right <= innerWidth && dialog.scrollWidth <= dialog.clientWidth && document.documentElement.scrollWidth <= innerWidth,
        getComputedStyle(dialog).borderTopStyle];
}"""


@pytest.mark.long
@pytest.mark.parametrize("forced", ["none", "active"])
def test_the_desk_s_dialogs_are_whole_on_the_smallest_phone_and_in_forced_colours(
    page: Page, live_server: Any, forced: Any
) -> None:
    waiting = make_comment(make_article(), status="pending", name=WORD[:100], text=WORD)
    sign_in(page, make_editor(), live_server.url)
    found = []
    for name, keys in [*DIALOGS.items(), ("#tools", "")]:
        page.goto("/admin/moderation/")
        page.emulate_media(forced_colors=forced)
        expect(page.locator(".keys")).to_be_visible()
        for key in keys:
            page.keyboard.press(key)
        if not keys:
            page.locator(f'[data-comment="{waiting.pk}"]').get_by_role("link", name="Reply, edit, ban").click()
        expect(page.locator(name)).to_be_visible()
        found += wrong(page, within=name)
        page.set_viewport_size(SMALLEST)
        assert page.evaluate(FRAME, name) == [True, "solid"], f"{name}, after {keys or 'a click'}"
    assert not found, "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("width", [1280, 390])
def test_what_may_be_done_with_an_article_stays_in_sight_from_right_to_left(
    page: Page, live_server: Any, settings: Any, width: int
) -> None:
    settings.LANGUAGES, settings.LANGUAGE_CODE = [("en", "English"), ("ar", "Arabic")], "ar"
    article = make_article(state="draft", authors=[make_author()], body="<p>The ferry runs again.</p>" * 50)
    sign_in(page, make_editor(), live_server.url)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/admin/articles/article/{article.pk}/change/")
    page.get_by_role("toolbar").wait_for()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")

    row = page.locator(".writing-row").bounding_box()
    assert row
    assert row["y"] + row["height"] <= 801  # At the foot of the window, over the text.
    page.locator(".writing-more summary").click()
    menu = page.locator(".writing-menu").bounding_box()
    assert menu
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= width
    button = page.get_by_role("button", name="Publish", exact=True).bounding_box()
    assert button
    assert menu["y"] + menu["height"] <= button["y"]  # No button is under it.
    tags = page.locator(".field-tags .related-widget-wrapper").bounding_box()
    side = page.locator(".field-tags").bounding_box()
    assert tags
    assert side
    assert tags["width"] > 0.9 * side["width"]


def test_axe_finds_nothing_wrong_where_moderators_and_editors_are_most(page: Page, live_server: Any) -> None:
    """A page of each kind: the queue, a list, a form, a form of ours, figures. The two tests below look at all."""
    article = make_discussion(lead_picture=pictures.add(a_picture(), "boat.jpg", alternative_text="A boat"))
    SourceAttribution.objects.create(article=article, name="Harbour board", url="https://board.example/")
    make_comment(article, status="pending")
    sign_in(page, make_editor(), live_server.url)
    addresses = [
        "", "comments/comment/", f"articles/article/{article.pk}/change/", "comments/filterentry/add/",
        "moderation/figures/",
    ]  # fmt: skip
    found = wrong_at_the_desk(page, addresses)
    assert not found, "\n".join(found)


@pytest.mark.long
def test_axe_finds_nothing_wrong_with_the_desk_s_forms(page: Page, live_server: Any) -> None:
    """Every form of the admin, each with a row of everything that it can show."""
    editor = make_user(group="Editors", is_superuser=True)
    article = make_discussion(lead_picture=pictures.add(a_picture(), "boat.jpg", alternative_text="A boat"))
    SourceAttribution.objects.create(article=article, name="Harbour board", url="https://board.example/")
    MenuItem.objects.create(site=Site.objects.current(), place="menu", section=article.section)
    comment = article.comments.filter(status="approved").last()
    report = Report.objects.create(comment=comment, reason="abuse", reporter="x")
    decision = comment.decisions.last()
    appeal = Appeal.objects.create(comment=comment, decision=decision, text="Why?")
    mail = Letter.objects.create(
        name="comment_refused", about="decision", about_id=decision.pk, address="a@example.org"
    )
    ban = make_ban()
    rows = [
        article, article.section, article.tags.get(), article.authors.get(), Site.objects.current(),
        Redirect.objects.create(path="/old/", article=article), ban, ban.identity, RefusalReason.objects.first(), report,
        appeal, mail, AuditEntry.objects.first(), ReplyTemplate.objects.create(title="Thanks", text="Thank you."), editor,
        Group.objects.get(name="Editors"), editor.emailaddress_set.get(),
        SocialApp.objects.create(provider="github", name="GitHub", client_id="x"),
    ]  # fmt: skip
    changed = [f"{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/" for row in rows]
    added = ["articles/article/add/", "articles/picture/add/", "accounts/user/add/"]  # The others show less than a row.
    sign_in(page, editor, live_server.url)
    found = wrong_at_the_desk(page, changed + added)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_nothing_makes_a_small_phone_scroll_sideways(page: Page, complaints: list[str], direction: str) -> None:
    row = "<tr>" + "<td>1,234,567</td>" * 12 + "</tr>"
    body = f"<p>{WORD}</p><table>{row}{row}</table><pre>{WORD} {WORD}</pre><ul><li>{WORD}</li></ul>"
    article = make_discussion(headline=WORD, standfirst=WORD, body=body)
    page.set_viewport_size(SMALLEST)
    lists = [row.get_absolute_url() for row in (article.section, article.authors.get())]
    forms = [f"/articles/{article.pk}/reply/", "/accounts/signup/", f"/search/?q={WORD}", "/search/?since=x"]
    for path in ("/", article.get_absolute_url(), *lists, *forms):
        page.goto(path)
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true })")
        whole, seen = page.evaluate(SCRIPT)
        assert whole <= seen, f"{path} is {whole} pixels wide"
    assert not complaints


def test_what_comes_back_while_the_site_is_busy_is_all_in_sight_on_the_smallest_phone(
    page: Page, live_server: Any, rf: RequestFactory
) -> None:
    sent = rf.post("/articles/7/reply/", {"text": f"We were on that boat. {WORD}", "name": "Ada"})
    page.route("**/busy", lambda route: route.fulfill(body=busy(sent).content.decode(), content_type="text/html"))
    page.set_viewport_size(SMALLEST)
    page.goto("/busy")

    whole, seen = page.evaluate(SCRIPT)
    box = page.get_by_label("Comment", exact=True).bounding_box()

    assert whole <= seen
    assert box
    assert box["height"] >= 150
    assert not wrong(page)


def test_the_standfirst_of_a_page_stands_apart_from_its_text(page: Page) -> None:
    imprint = make_article(kind="page", standfirst="Who we are.", body="<p>A newspaper.</p>")
    page.goto(imprint.get_absolute_url())

    above, below = page.locator(".standfirst").bounding_box(), page.locator(".article-text p").bounding_box()

    assert above
    assert below
    assert below["y"] - (above["y"] + above["height"]) >= 16


def test_what_approves_can_be_read_under_the_mouse_in_a_dialog_too(page: Page, live_server: Any) -> None:
    make_comment(status="pending")
    sign_in(page, make_user(group="Editors"), live_server.url)
    page.goto("/admin/moderation/")
    page.get_by_text("Reply, edit, ban, more").click()
    button = page.locator("dialog[open] .deed-approve")
    button.hover()

    colours = button.evaluate("button => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color]")

    assert colours == ["rgb(58, 63, 70)", "rgb(255, 255, 255)"]


def wrong_with_told_pages(page: Page, visits: Iterable[tuple[str, Callable[[], Any]]], widths: list[int]) -> list[str]:
    """What is wrong with these pages: axe, small targets, and what scrolls sideways, from both sides."""
    found = []
    for name, go in visits:
        go()
        found += wrong(page)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            found += small(page)
            for direction in ("rtl", "ltr"):
                page.evaluate("direction => { document.documentElement.dir = direction }", direction)
                whole, seen = page.evaluate(SCRIPT)
                found += [f"{name} is {whole} pixels wide at {width}, {direction}"] if whole > seen else []
    return found


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.long)], ids=["every sixth", "all"])
def test_pages_about_mails_and_one_s_data_are_well_made(
    page: Page, live_server: Any, complaints: list[str], settings: Any, step: int
) -> None:
    settings.SITE_URL = live_server.url
    told = make_told(WORD)
    widths = [320] if step > 1 else [320, 390]

    found = wrong_with_told_pages(page, [*of_guests(page, told)][::step], widths)
    enter(page, told.reader, live_server.url)
    found += wrong_with_told_pages(page, [*of_readers(page, told)][::step], widths)

    assert not found, "\n".join(found)
    assert not complaints


@pytest.mark.long
def test_axe_finds_nothing_wrong_where_mails_chats_and_times_are_set(page: Page, live_server: Any) -> None:
    told = make_told()
    enter(page, told.editor, live_server.url)

    found = wrong_at_the_desk(page, list(at_the_desk(told).values()))

    assert not found, "\n".join(found)
