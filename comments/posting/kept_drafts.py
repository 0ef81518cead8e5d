"""Drafts that are kept on the server while their authors sign in.

A signed cookie holds a random id that finds them. It is not part of the session, so drafts are still there after
signing in, which begins a new session.

Limited in size, number and age, since anybody can have one kept. Nobody pushes out the draft of somebody who is signing
in just now: what makes room is, of one browser, its own oldest; of one network and its neighbourhood, the oldest of
them, but none that is younger than a sign-in takes; and of the whole site the oldest of those who hold the most. Where
that leaves no room, the new one is refused, with its words on the page.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets

from django.core import signing
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.drafts import keyed
from comments.models import CommentSettings, KeptDraft
from newsreader.kit import cookies
from newsreader.kit.client_address import client_address, neighbourhood, network
from newsreader.kit.clock import ahead
from newsreader.kit.errors import FieldError, Invalid, TooMany
from newsreader.kit.text import tidy

COOKIE, SALT = cookies.named("draft"), "comments.keeping"
LIFE = dt.timedelta(days=1)
IN_USE = dt.timedelta(minutes=20)  # So long a sign-in may take: a provider's answer is awaited for ten.
PER_BROWSER, PER_NETWORK, PER_NEIGHBOURHOOD = 10, 100, 400
IN_ALL, BYTES_IN_ALL = 20_000, 256 * 1024 * 1024
OTHERS = 4_000  # bytes in UTF-8 of the fields beside the text, which may have four for each of its characters
FIELDS = ("text", "name", "email", "website", "parent", "key", "remember", "notify", "from", "began")
_DETAILS = {"text", "name", "email", "website", "remember", "notify"}
_CHANNEL = re.compile(r"[A-Za-z0-9-]{8,64}")


def browser_of(request: HttpRequest) -> str:
    """Return the random id in this browser's cookie; empty if there is none or it was tampered with."""
    if not (signed := request.COOKIES.get(COOKIE, "")):
        return ""
    try:
        return str(signing.loads(signed, salt=SALT, max_age=LIFE))
    except signing.BadSignature:
        return ""


class TooManyDrafts(TooMany):
    code = "too_many_drafts"
    sentence = _("Too many people are signing in just now. Your text is still below: please try again a little later.")


@transaction.atomic
def keep(request: HttpRequest, article: Article, provider: str) -> KeptDraft:
    """Keep what the form holds, and how to return to it. Raises Invalid if it is too long, TooManyDrafts."""
    typed = {name: tidy(request.POST[name]) for name in FIELDS if name in request.POST}
    if before := newest(request, article, typed.get("parent", "")):
        # Not every step shows every field: keep the values of those that this one does not show.
        typed = {name: value for name, value in before.typed.items() if name in _DETAILS} | typed
    size, address = _size(typed), client_address(request)
    if size > 4 * CommentSettings.objects.current().text_limit + OTHERS:
        sentence = _("Your comment is too long to be kept while you sign in. Please shorten it.")
        raise Invalid([FieldError("text", "comment_content_column_length", sentence)])
    channel, back = request.POST.get("channel", ""), request.POST.get("back", "")
    if back == KeptDraft.Back.WINDOW and not _CHANNEL.fullmatch(channel):
        back = KeptDraft.Back.PAGE
    draft = KeptDraft(
        browser=browser_of(request) or secrets.token_urlsafe(16),
        network=keyed("network", network(address)),
        neighbourhood=keyed("neighbourhood", neighbourhood(address)),
        size=size,
        article=article,
        typed=typed,
        provider=provider,
        back=back if back in KeptDraft.Back.values else KeptDraft.Back.PAGE,
        channel=channel if back == KeptDraft.Back.WINDOW else "",
    )
    _make_room(draft)
    draft.save(force_insert=True)
    return draft


def _size(typed: dict[str, str]) -> int:
    return sum(len(name) + len(value.encode()) for name, value in typed.items())


def _make_room(draft: KeptDraft) -> None:
    """Delete what has to go for one more. Raises TooManyDrafts. Two at the same moment may overshoot by one."""
    mine = KeptDraft.objects.filter(browser=draft.browser).order_by("-created_at", "-token")
    if too_many := list(mine.values_list("token", flat=True)[PER_BROWSER - 1 :]):
        KeptDraft.objects.filter(token__in=too_many).delete()
    _drop_oldest(KeptDraft.objects.filter(network=draft.network), PER_NETWORK)
    _drop_oldest(KeptDraft.objects.filter(neighbourhood=draft.neighbourhood), PER_NEIGHBOURHOOD)
    while _is_full(draft.size):
        done = KeptDraft.objects.filter(_older_than(IN_USE))
        shares = done.values("neighbourhood").annotate(held=Sum("size"), number=Count("pk"))
        largest = shares.order_by("-number", "-held").first()
        if largest is None:
            raise TooManyDrafts(int(IN_USE.total_seconds()))
        theirs = done.filter(neighbourhood=largest["neighbourhood"]).order_by("created_at", "token")
        some = max(1, largest["number"] // 10)
        KeptDraft.objects.filter(token__in=list(theirs.values_list("token", flat=True)[:some])).delete()


def _drop_oldest(rows: QuerySet[KeptDraft], most: int) -> None:
    """Delete the oldest of these, so that there is room for one more. Raises TooManyDrafts if they are all in use."""
    number = rows.count() + 1 - most
    if number <= 0:
        return
    done = rows.filter(_older_than(IN_USE)).order_by("created_at", "token")
    tokens = list(done.values_list("token", flat=True)[:number])
    if len(tokens) < number:
        raise TooManyDrafts(int(IN_USE.total_seconds()))
    KeptDraft.objects.filter(token__in=tokens).delete()


def _is_full(more: int) -> bool:
    kept = KeptDraft.objects.aggregate(number=Count("pk"), held=Sum("size", default=0))
    return bool(kept["number"] >= IN_ALL or kept["held"] + more > BYTES_IN_ALL)


def note(response: HttpResponse, draft: KeptDraft) -> HttpResponse:
    """Set the cookie with which this browser finds the draft again."""
    cookies.put(response, COOKIE, signing.dumps(draft.browser, salt=SALT), seconds=int(LIFE.total_seconds()))
    return response


def find(request: HttpRequest, token: str) -> KeptDraft | None:
    """Return this browser's draft with that token, if it exists."""
    return _mine(request).filter(token=token).select_related("article").first()


def newest(request: HttpRequest, article: Article, parent: str | None = None) -> KeptDraft | None:
    """Return this browser's newest draft under this article, if any; with `parent`, the newest reply to that."""
    if not browser_of(request):
        return None
    waiting = _mine(request).filter(article=article).order_by("-created_at")
    return next((draft for draft in waiting if parent is None or draft.typed.get("parent", "") == parent), None)


def drop(request: HttpRequest, article: Article, parent: str) -> None:
    """Delete the drafts of a reply that has been posted."""
    if browser_of(request):
        done = [draft.pk for draft in _mine(request).filter(article=article) if draft.typed.get("parent", "") == parent]
        KeptDraft.objects.filter(pk__in=done).delete()


def old(age: dt.timedelta = LIFE) -> QuerySet[KeptDraft]:
    """Return drafts that have become too old."""
    return KeptDraft.objects.filter(_older_than(age))


def _older_than(age: dt.timedelta) -> Q:
    """What was kept so long ago, or by a clock that was ahead: it would be in use until the clock has caught up."""
    now = timezone.now()
    return Q(created_at__lt=now - age) | Q(created_at__gt=ahead(now))


def _mine(request: HttpRequest) -> QuerySet[KeptDraft]:
    return KeptDraft.objects.filter(browser=browser_of(request) or "-", created_at__gt=timezone.now() - LIFE)
