"""The pages about mails, one's data and being erased, each in every state, for those who look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from articles import publishing
from articles.models.article import Article
from comments.desk.teamwork import pick
from comments.models import CommentSettings
from comments.moderation.decisions import decide
from comments.notifications import chat, subscriptions
from comments.notifications.subscriptions import Reader, Wish
from comments.posting.submission import post_comment
from newsreader.accounts.models import Retention, User
from newsreader.mailing import suppression
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import token_for
from newsreader.personal_data import export_links, requests
from tests.accounts.test_second_factor import confirm
from tests.factories import (
    make_article,
    make_author,
    make_draft,
    make_editor,
    make_moderator,
    make_section,
    make_user,
    set_rules,
)

Visit = tuple[str, Callable[[], Any]]
GUEST, NEW, STOPPED = "ada.lovelace@example.org", "charles@example.org", "mary@example.org"


@dataclass
class Told:
    """Somebody who is told things, who left comments, and everything around them."""

    reader: User
    editor: User
    article: Article
    status_url: str
    letter: Letter
    hook: Any


def make_told(word: str = "") -> Told:
    """A site on which every page of these has something to show. `word`: a long one, in names and headlines."""
    set_rules(flood_seconds=0, hold_first_comment=False, mail_moderators=False, mail_confirmations=False)
    reader, editor, moderator = make_user(f"grace{word[:40]}"), make_editor(is_superuser=True), make_moderator()
    section, author = make_section(f"Harbour {word}".strip()), make_author(name=f"Nell Quay {word}".strip())
    article = make_article(headline=f"The ferry runs again {word}".strip(), section=section, authors=[author])
    article.corrections.create(text="The boat left at six, not at five.")
    publishing.note_corrections(article)
    mine, refused, published = (
        post_comment(make_draft(article, user=reader, text=text)) for text in ("One.", "Two.", "Three.")
    )
    decide(published.pk, "pending", by=moderator)
    post_comment(make_draft(article, parent=str(mine.pk), name=f"Bob {word}".strip()[:100], text="It was calm."))
    pick(mine.pk, on=True, by=moderator)
    decide(refused.pk, "trash", by=moderator, reason="off_topic")
    decide(published.pk, "approved", by=moderator)
    guest = post_comment(make_draft(article, email=GUEST, notify="all", text="The sea was calm."))
    wishes = [
        Wish("corrections", article_id=article.pk), Wish("section", section_id=section.pk),
        Wish("author", author_id=author.pk),
    ]  # fmt: skip
    *_, ended = subscriptions.subscribe(Reader(GUEST), *wishes)
    subscriptions.confirm(GUEST)
    subscriptions.end(GUEST, ended.pk)
    subscriptions.subscribe(Reader(NEW), wishes[1])
    subscriptions.stop(STOPPED)
    suppression.suppress(STOPPED, "not_me")
    suppression.suppress("old@example.org", "bounced")
    letter = Letter.objects.create(
        name="comment_published", about="decision", about_id=guest.decisions.get().pk, address=GUEST, attempts=6,
        given_up_at=timezone.now(), failure="SMTPServerDisconnected",
    )  # fmt: skip
    hook, _ = chat.add(name=f"Desk {word}"[:100], address="https://hooks.example.com/services/T0/B0/xyz")
    return Told(reader, editor, article, guest.status_url, letter, hook)


def sign_in(page: Page, user: User, url: str) -> Client:
    """Go on in the browser as somebody who has just given their password."""
    client = Client()
    client.force_login(user)
    confirm(client)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    return client


def of_guests(page: Page, told: Told) -> Iterator[Visit]:
    """Pages for people without an account, as (name, way there)."""
    article, mail = told.article, f"/mail/{token_for(GUEST)}/"
    section, author = article.section, article.authors.get()
    assert section
    row = requests.ask_by_link(requests.link_token(GUEST), text="keep")

    def press(path: str, name: str, **fields: str) -> None:
        page.goto(path)
        for field, text in fields.items():
            page.locator(f"main form [name={field}]").last.fill(text)
        page.locator("main form").last.evaluate("form => { form.noValidate = true }")
        page.get_by_role("button", name=name, exact=True).last.click()
        page.wait_for_selector(".refusal, [role=status], [data-code]")

    def unfold(path: str) -> None:
        page.goto(path)
        page.locator("details.follow").first.evaluate("details => { details.open = true }")

    paths = {
        "reply form": f"/articles/{article.pk}/reply/",
        "status": told.status_url,
        "mail": mail,
        "mail, said": f"{mail}?said=saved",
        "mail, unconfirmed": f"/mail/{token_for(NEW)}/",
        "mail, stopped": f"/mail/{token_for(STOPPED)}/",
        "mail, unknown": f"/mail/{token_for('nobody@example.org')}/",
        "not me": f"/mail/{token_for(GUEST)}/not-me/",
        "not me, stopped": f"/mail/{token_for(STOPPED)}/not-me/",
        "follow": f"/follow/section/{section.pk}/",
        "follow corrections": f"/follow/corrections/{article.pk}/",
        "my data, guest": "/my-data/",
        "my data, link": f"/my-data/{export_links.token_for(GUEST)}/",
        "erasure": "/erasure/",
        "erasure, link": f"/erasure/{requests.link_token(GUEST)}/",
        "erasure, request": requests.page_of(row),
        "erasure, gone": "/erasure/1-none/",
    }
    for name, path in paths.items():
        yield name, lambda path=path: page.goto(path)
    yield "article", lambda: page.goto(article.get_absolute_url())
    for name, path in {"section": section.get_absolute_url(), "author": author.get_absolute_url()}.items():
        yield name, lambda path=path: unfold(path)
    follow = f"/follow/author/{author.pk}/"
    yield "follow, refused", lambda: press(follow, "Follow", address="ada@nowhere")
    yield "follow, done", lambda: press(follow, "Follow", address="ada@example.org")
    yield "erasure, refused", lambda: press("/erasure/", "Email me a link", email="ada")
    yield "erasure, sent", lambda: press("/erasure/", "Email me a link", email="ada@example.org")
    yield "my data, refused", lambda: press("/my-data/", "Email me a link", email="ada")
    yield "my data, sent", lambda: press("/my-data/", "Email me a link", email="ada@example.org")
    yield "mail, refused", lambda: press(mail, "Save", quiet_from="22:00")


def of_readers(page: Page, told: Told) -> Iterator[Visit]:
    """Pages of somebody who is signed in."""

    def read() -> None:
        page.goto("/accounts/my-data/")
        page.get_by_role("button", name="Read as a page").click()
        page.wait_for_selector("h2")

    def asked() -> None:
        page.goto("/accounts/erase/")
        page.locator("main [type=submit]").first.click()
        page.wait_for_selector("[data-action=cancel-erasure]")

    section = told.article.section
    assert section
    paths = {
        "reply form, signed in": f"/articles/{told.article.pk}/reply/",
        "my comments": "/accounts/comments/",
        "my mail": "/accounts/mail/",
        "my data": "/accounts/my-data/",
        "erase": "/accounts/erase/",
        "follow, signed in": f"/follow/section/{section.pk}/",
    }
    for name, path in paths.items():
        yield name, lambda path=path: page.goto(path)
    yield "my data, read", read
    yield "erase, asked", asked
    yield "my page, to be erased", lambda: page.goto("/accounts/")


def at_the_desk(told: Told) -> dict[str, str]:
    """Addresses below /admin/, by name."""
    CommentSettings.objects.current()
    Retention.objects.current()
    return {
        "my emails": "moderation/mails/",
        "mails": "mailing/letter/",
        "mail given up": f"mailing/letter/{told.letter.pk}/change/",
        "suppression": "mailing/suppression/",
        "chat": "comments/chathook/",
        "chat form": f"comments/chathook/{told.hook.pk}/change/",
        "chat new": "comments/chathook/add/",
        "retention": "accounts/retention/1/change/",
        "comment settings": "comments/commentsettings/1/change/",
        "article with corrections": f"articles/article/{told.article.pk}/change/",
    }
