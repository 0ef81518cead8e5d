"""Every letter that the site sends, with rows as they are made for it, and the names that strangers would choose.

A letter that is new has to be added here: tests/journeys/test_letters_look.py says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from articles.models.article import Article, Correction
from articles.models.editorial import EditorialNote
from articles.models.site import Site
from comments.models import ChatHook, Comment, EmailConfirmation, MailPreferences, Notice, Report, Subscription
from comments.moderation.decisions import decide
from newsreader.accounts import letters as of_accounts
from newsreader.accounts.models import Invitation, User
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import folded
from newsreader.personal_data.models import ErasureRequest
from tests.factories import make_article, make_author, make_comment, make_moderator, make_user, set_rules

FOLDERS = settings.BASE_DIR / "newsreader" / "templates" / "letters"
# A right-to-left override, quotes, a line break, another address, and no place to break a line.
PAPER = "The “Harbour” Post,\r\nBcc: eve@example.org <b>& Sons</b>"
NAME = 'Ada \u202egnoL\u202c "Quote" <eve@example.org>, ' + "x" * 30
HEADLINE = (
    "שלום: the “ferry” <i>sinks</i>\r\nSubject: another and Donaudampfschifffahrtselektrizitätenhauptbetriebswerk again"
)
WORDS = (
    "The *ferry* is late.\n\nConfirm my address:\nhttp://testserver/comments/1/\n\nABC-DEF1\n"
    + "https://evil.example/"
    + "y" * 90
)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def names() -> set[str]:
    """Return the names of all letters: their folders."""
    return {path.name for path in Path(FOLDERS).iterdir() if path.is_dir()}


def every_letter() -> list[Letter]:
    """Make the rows that all letters are about, and return the letters: of those with several forms, each form.

    In the transaction of the caller. They are not in the outbox yet, and each goes to an address of its own.
    """
    Site.objects.current()
    Site.objects.update(name=PAPER[:80])
    set_rules(mail_moderators=False, mail_confirmations=False, alarm_hours=2, flood_burst=100, flood_seconds=0)
    rows = list(_of_accounts())
    moderator = make_moderator(name=NAME[:60])
    rows += _of_articles(moderator)
    rows += _of_comments(moderator)
    rows += _of_readers(moderator)
    rows += _of_the_site(moderator)
    number = count(1)
    for row in rows:
        row.address = row.address or f"reader{next(number)}@example.org"
        row.language = "en"
    return rows


def _of_accounts() -> Iterator[Letter]:
    key = "MQ:1tZx3k:" + "k" * 40
    yield of_accounts.letter("account/email/login_code", "", {"code": "WXYZ-2345"})
    yield of_accounts.letter("account/email/email_confirmation", "", {"code": "WXYZ-2345"})
    link = f"{settings.SITE_URL}/accounts/confirm-email/{key}/"
    yield of_accounts.letter("account/email/email_confirmation_signup", "", {"activate_url": link})
    link = f"{settings.SITE_URL}/accounts/password/reset/key/{key}/"
    told = {"password_reset_url": link, "username": "ada.long-name"}
    yield of_accounts.letter("account/email/password_reset_key", "", told)
    yield of_accounts.letter("account/email/account_already_exists", "", {})
    yield of_accounts.letter("account/email/unknown_account", "", {})
    told = {"timestamp": timezone.now(), "user_agent": AGENT, "provider": "Harbour ID"}
    yield of_accounts.letter("socialaccount/email/account_connected", "", told)
    yield of_accounts.letter("account/email/staff_password", "", {"timestamp": timezone.now()})


def _of_articles(by: User) -> Iterator[Letter]:
    article = make_article()
    Article.objects.filter(pk=article.pk).update(headline=HEADLINE)
    for kind, text in (("sent", WORDS), ("sent", ""), ("sent_back", WORDS), ("published", "")):
        note = EditorialNote.objects.create(article=article, kind=kind, by=by, text=text)
        yield Letter(name=f"article_{kind}", about="note", about_id=note.pk)
    late = make_article(state="scheduled", scheduled_for=timezone.now() - dt.timedelta(hours=2))
    Article.objects.filter(pk=late.pk).update(headline=HEADLINE)
    yield Letter(name="article_held_up", about="article", about_id=late.pk)


def _hostile(status: str, **values: Any) -> Comment:
    comment = make_comment(status="pending", **values)
    Comment.objects.filter(pk=comment.pk).update(name=NAME, body=WORDS)
    Article.objects.filter(pk=comment.article_id).update(headline=HEADLINE)
    comment.refresh_from_db()
    return comment


def _of_comments(moderator: User) -> Iterator[Letter]:
    waiting = _hostile("pending")
    decision = waiting.decisions.get()
    yield Letter(name="comment_waiting", about="decision", about_id=decision.pk)
    by_link = {"about": "decision", "about_id": decision.pk, "address": moderator.email}
    yield Letter(name="comment_waiting", **by_link)
    yield Letter(name="comment_handed_over", about="comment", about_id=waiting.pk)
    EmailConfirmation.objects.create(address="a" * 64, network="b" * 64, comment=waiting)
    yield Letter(name="comment_confirm", about="decision", about_id=decision.pk)
    for status, letters in (("approved", ["published"]), ("trash", ["refused", "appeal_rejected"])):
        comment = _hostile("pending")
        decide(comment.pk, status, by=moderator, reason="off_topic" if status == "trash" else "")
        decision = comment.decisions.order_by("-number").first()
        for name in letters:
            yield Letter(name=f"comment_{name}", about="decision", about_id=decision.pk)
    for name in ("report_received", "report_settled", "objection_settled"):
        for outcome in ("",) if name == "report_received" else ("kept", "removed"):
            report = Report.objects.create(
                comment=waiting, reason="abuse", reporter=f"{name}{outcome}", outcome=outcome,
                decision_reason="off_topic" if outcome == "removed" else "",
            )  # fmt: skip
            yield Letter(name=f"comment_{name}", about="report", about_id=report.pk)


def _of_readers(moderator: User) -> Iterator[Letter]:
    for address in ("asked@example.org", "told@example.org"):
        MailPreferences.objects.create(address=address, folded=folded(address), language="en")
    asked = MailPreferences.objects.get(folded="asked@example.org")
    yield Letter(name="reader_confirm", about="preferences", about_id=asked.pk, address=asked.address)
    told = MailPreferences.objects.get(folded="told@example.org")
    MailPreferences.objects.filter(pk=told.pk).update(confirmed_at=timezone.now())
    mine, refused = _hostile("pending"), _hostile("pending")
    decide(mine.pk, "approved", by=moderator)
    decide(refused.pk, "trash", by=moderator, reason="off_topic")
    Comment.objects.filter(pk=mine.pk).update(picked_at=timezone.now())
    article = mine.article
    correction = Correction.objects.create(article=article, text=WORDS)
    of_article = {"scope": "article", "article": article}
    made = [
        ("comment", {"about_id": 1, "comment": mine, "is_reply": True}, {"scope": "replies", "comment": mine}),
        ("comment", {"about_id": 2, "comment": mine}, of_article),
        ("published", {"about_id": 3, "comment": mine}, None),
        ("refused", {"about_id": refused.decisions.last().pk, "comment": refused, "article": refused.article}, None),
        ("picked", {"about_id": 4, "comment": mine}, None),
        ("article", {"about_id": article.pk}, {"scope": "author", "author": make_author(name=NAME[:60])}),
        ("correction", {"about_id": correction.pk}, {"scope": "corrections", "article": article}),
    ]
    for kind, values, wish in made:
        wanted = Subscription.objects.create(preferences=told, **wish) if wish else None
        values = {"preferences": told, "subscription": wanted, "kind": kind, "article": article, "digest": 1} | values
        notice = Notice.objects.create(**values)
        yield Letter(name=f"reader_{kind}", about="notice", about_id=notice.pk, address=told.address)
    yield Letter(name="reader_digest", about="digest", about_id=told.pk, number=1, address=told.address)


def _of_the_site(moderator: User) -> Iterator[Letter]:
    since = (timezone.now() - dt.timedelta(days=1)).isoformat()
    until = (timezone.now() + dt.timedelta(minutes=1)).isoformat()
    first = Comment.objects.filter(status="pending").first()
    first.decisions.update(created_at=timezone.now() - dt.timedelta(hours=5))
    moderators = {"about": "moderator", "about_id": moderator.pk}
    yield Letter(name="comments_waiting", facts={"since": since}, **moderators)
    yield Letter(name="comments_overdue", **moderators)
    writer = make_user(group="Authors")
    own = make_article(authors=[make_author(user=writer)])
    for _ in range(2):
        comment = make_comment(own)
        Comment.objects.filter(pk=comment.pk).update(name=NAME, body=WORDS)
    Article.objects.filter(pk=own.pk).update(headline=HEADLINE)
    yield Letter(name="author_comment", about="comment", about_id=comment.pk)
    facts = {"since": since, "until": until}
    yield Letter(name="author_comments", about="author", about_id=writer.pk, facts=facts)
    hook = ChatHook.objects.create(name=NAME, host="chat.example", failure="http_404", is_active=False)
    yield Letter(name="chat_switched_off", about="chat", about_id=hook.pk)
    faults = [{"number": 7, "detail": "comment:12", "code": "changed"}]
    faults.append({"number": 0, "detail": "comment:3/2", "code": "decision_differs"})
    yield Letter(name="log_alarm", about="log_check", about_id=1, facts={"faults": faults})
    yield Letter(name="mail_alarm", about="mail_surge", about_id=1, facts={"asked": 1234, "limit": 500})
    end = timezone.now() + dt.timedelta(days=1)
    invitation = Invitation.objects.create(
        email="new@example.org", role="moderator", invited_by=moderator, expires_at=end
    )
    yield Letter(name="invitation", about="invitation", about_id=invitation.pk, number=1, address=invitation.email)
    for keeps in (True, False):
        request = ErasureRequest.objects.create(email=f"keeps-{keeps}@example.org", keep_text=keeps, due_at=end)
        yield Letter(name="erasure_asked", about="erasure", about_id=request.pk)
    for has_account in (True, False):
        for name, path in (("erasure_link", "/erase/"), ("my_data_link", "/my-data/")):
            secret = outbox.secretly(link=f"{settings.SITE_URL}{path}{'' if has_account else 'k' * 60 + '/'}")
            yield Letter(name=name, facts={"account": has_account}, secret=secret, ends_at=end)
