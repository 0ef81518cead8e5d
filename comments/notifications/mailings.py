"""From notices to mails: one for each, or a digest of all that wait, grouped by article.

At once means one mail for each notice. Where there is more than a reader wants to open, six mails within an hour, what
comes then is told in one digest an hour. Mails are built when they are sent, from ids: what is not to be read any more
by then (spam, above all) is left out, and a mail of which nothing is left is not sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from articles.models.article import Article, Correction
from comments.audit.refusal_reasons import sentence_for
from comments.models import Comment, Decision, MailPreferences, Notice
from comments.notifications.sending_times import after_quiet, zone_of
from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.letter import quoted
from newsreader.mailing.models import Letter

AT_ONCE = 6  # mails to one address within HOUR; then a digest
HOUR = dt.timedelta(hours=1)
IN_A_DIGEST = 50  # notices; the others are counted
SHORT, LONG, WHOLE = 280, 1_500, 100_000  # characters of a comment: in a digest, in a mail of its own, a refused one
SOME = 100  # addresses in one transaction
WISH = ("subscription__section", "subscription__author")  # what was asked for, as a mail names it
PREFIX = "reader_"  # how the names of these letters begin
Kind, Status = Notice.Kind, Comment.Status


# --- Into the outbox ----------------------------------------------------------------------------------------------


def send_mail_digests() -> int:
    """Put the mails that are due into the outbox. Returns how many. A job of the worker; safe in several at once.

    Some at a time, with a gap after each: where ten thousand are due, others post meanwhile.
    """
    written, writes = 0, ShortTransactions()
    while True:
        with writes.next():
            some, found = _send_some(timezone.now())
        written += some
        if found < SOME:
            return written


def _send_some(now: dt.datetime) -> tuple[int, int]:
    due = MailPreferences.objects.select_for_update(skip_locked=True, of=("self",)).filter(next_at__lte=now)
    found = list(due.order_by("next_at")[:SOME])
    letters = [letter for row in found for letter in _letters_of(row, now)]
    outbox.enqueue(letters)
    return len(letters), len(found)


def _letters_of(row: MailPreferences, now: dt.datetime) -> list[Letter]:
    """Return what this address is sent now, and note when it is its turn again."""
    letters: list[Letter] = []
    later = _later(row, now)
    if row.stopped_at is None and later is None:
        waiting = list(row.notices.filter(settled_at=None).order_by("created_at", "pk"))
        if waiting and _is_alone(row, waiting, now):
            letters = [_letter(row, PREFIX + notice.kind, "notice", notice.pk) for notice in waiting]
            row.notices.filter(pk__in=[notice.pk for notice in waiting]).update(settled_at=now)
        elif waiting and (later := _next_digest(row, now)) is None:
            row.digests, row.digest_at = row.digests + 1, now
            letters = [_letter(row, PREFIX + "digest", "digest", row.pk, number=row.digests)]
            row.notices.filter(pk__in=[notice.pk for notice in waiting]).update(settled_at=now, digest=row.digests)
    row.next_at = later
    row.save(update_fields=["next_at", "digests", "digest_at"])
    return letters


def _later(row: MailPreferences, now: dt.datetime) -> dt.datetime | None:
    """Return the end of the quiet hours that have begun; None outside of them."""
    at = after_quiet(now, row.quiet_from, row.quiet_until, zone_of(row.zone))
    return at if at > now else None


def _is_alone(row: MailPreferences, waiting: list[Notice], now: dt.datetime) -> bool:
    """Say whether each is told in a mail of its own."""
    if row.frequency != MailPreferences.Frequency.AT_ONCE:
        return False
    return row.notices.filter(settled_at__gt=now - HOUR, digest=0).count() + len(waiting) <= AT_ONCE


def _next_digest(row: MailPreferences, now: dt.datetime) -> dt.datetime | None:
    """Return when the next digest of somebody may be sent who is told at once; None: now."""
    if row.frequency != MailPreferences.Frequency.AT_ONCE or row.digest_at is None:
        return None
    at = row.digest_at + HOUR
    return at if now < at <= now + HOUR else None


def _letter(row: MailPreferences, name: str, about: str, about_id: int, number: int = 0) -> Letter:
    return Letter(name=name, about=about, about_id=about_id, number=number, address=row.address, language=row.language)


# --- When they are sent -------------------------------------------------------------------------------------------


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the templates of these letters need; None for those that are not to be sent any more."""
    found: dict[int, dict[str, Any] | None] = dict.fromkeys((letter.pk for letter in letters), None)
    for letter in letters:
        match letter.about:
            case "preferences":
                found[letter.pk] = _confirming(letter)
            case "notice":
                found[letter.pk] = _alone(letter)
            case "digest":
                found[letter.pk] = _digest(letter)
    return found


def _confirming(letter: Letter) -> dict[str, Any] | None:
    row = MailPreferences.objects.filter(pk=letter.about_id or 0, confirmed_at=None, stopped_at=None).first()
    return {} if row else None


def _alone(letter: Letter) -> dict[str, Any] | None:
    whole = letter.name == PREFIX + Kind.REFUSED  # Its author has the text nowhere else, perhaps.
    entries = _entries(_wanted().filter(pk=letter.about_id or 0), WHOLE if whole else LONG)
    return entries[0] if entries else None


def _digest(letter: Letter) -> dict[str, Any] | None:
    rows = _wanted().filter(preferences=letter.about_id, digest=letter.number).order_by("created_at", "pk")
    entries = _entries(rows, SHORT)
    if not entries:
        return None
    groups: dict[int, dict[str, Any]] = {}
    for entry in entries[:IN_A_DIGEST]:
        article = entry["article"]
        group = groups.setdefault(article.pk, {"article": article, "article_url": entry["article_url"], "entries": []})
        group["entries"].append(entry)
    return {
        "groups": list(groups.values()),
        "count": len(entries),
        "more": max(len(entries) - IN_A_DIGEST, 0),
    }


def _wanted() -> QuerySet[Notice]:
    """Notices whose reader still wants them. Of one that was ended, nothing is told that had been waiting."""
    rows = Notice.objects.filter(preferences__stopped_at=None, preferences__confirmed_at__isnull=False)
    rows = rows.exclude(subscription__ended_at__isnull=False)
    return rows.select_related("article", "comment", *WISH).defer("article__body", "comment__search_terms")


def _entries(notices: Iterable[Notice], length: int) -> list[dict[str, Any]]:
    """Return what is said about each notice that is still to be told, in order."""
    rows = [row for row in notices if row.article.state == Article.State.PUBLISHED and _is_true(row)]
    corrections = Correction.objects.in_bulk([row.about_id for row in rows if row.kind == Kind.CORRECTION])
    reasons = Decision.objects.in_bulk([row.about_id for row in rows if row.kind == Kind.REFUSED])
    found = []
    for row in rows:
        if row.kind == Kind.CORRECTION and row.about_id not in corrections:
            continue
        correction = corrections.get(row.about_id) if row.kind == Kind.CORRECTION else None
        found.append(
            {
                "kind": row.kind,
                "article": row.article,
                "article_url": absolute(row.article.get_absolute_url()),
                "comment": row.comment,
                "is_reply": row.is_reply,
                "wish": row.subscription,
                "words": quoted(_words_of(row, correction), length),
                "url": absolute(_target(row)),
                # Called by the template, so that it is in the language of the mail.
                "reason": partial(sentence_for, reasons.get(row.about_id)) if row.kind == Kind.REFUSED else "",
            }
        )
    return found


def _is_true(row: Notice) -> bool:
    """Say whether what a notice tells is still so. Nobody is told about spam."""
    if row.comment is None:
        return row.kind in {Kind.ARTICLE, Kind.CORRECTION}
    if row.kind == Kind.REFUSED:
        return row.comment.status == Status.TRASH
    if row.kind == Kind.PICKED and row.comment.picked_at is None:
        return False
    return row.comment.status == Status.APPROVED


def _words_of(row: Notice, correction: Correction | None) -> str:
    if correction:
        return correction.text
    return row.comment.words if row.comment else row.article.standfirst


def _target(row: Notice) -> str:
    """Return the one link of a notice."""
    if row.comment is None:
        fragment = "#corrections" if row.kind == Kind.CORRECTION else ""
        return row.article.get_absolute_url() + fragment
    return row.comment.status_url if row.kind == Kind.REFUSED else row.comment.permanent_url
