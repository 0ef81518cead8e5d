"""Drafts that are kept on the server while their authors sign in.

A signed cookie holds a random id that finds them. It is not part of the session, so drafts are still there after
signing in, which begins a new session. Limited in size, number and age.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets

from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.drafts import keyed
from comments.models import KeptDraft
from newsreader.kit import cookies
from newsreader.kit.client_address import client_address, network
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.text import tidy

COOKIE, SALT = cookies.named("draft"), "comments.keeping"
LIFE = dt.timedelta(days=1)
PER_BROWSER, PER_NETWORK = 10, 200
LARGEST = 65_000  # characters: of the text, and of the other fields together
FIELDS = ("text", "name", "email", "website", "parent", "key", "remember", "notify", "from", "began")
_DETAILS = {"text", "name", "email", "website", "remember", "notify"}
_CHANNEL = re.compile(r"[A-Za-z0-9-]{8,64}")


def browser_of(request: HttpRequest) -> str:
    """Return the random id in this browser's cookie; empty if there is none or it was tampered with."""
    try:
        return str(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFE))
    except signing.BadSignature:
        return ""


@transaction.atomic
def keep(request: HttpRequest, article: Article, provider: str) -> KeptDraft:
    """Keep what the form holds, and how to return to it. Raises Invalid if it is longer than any reply may be."""
    typed = {name: tidy(request.POST[name]) for name in FIELDS if name in request.POST}
    if before := newest(request, article, typed.get("parent", "")):
        # Not every step shows every field: keep the values of those that this one does not show.
        typed = {name: value for name, value in before.typed.items() if name in _DETAILS} | typed
    text = typed.get("text", "")
    if len(text) > LARGEST or sum(len(value) for value in typed.values()) - len(text) > LARGEST:
        sentence = _("Your comment is too long to be kept while you sign in. Please shorten it.")
        raise Invalid([FieldError("text", "comment_content_column_length", sentence)])
    channel, back = request.POST.get("channel", ""), request.POST.get("back", "")
    if back == KeptDraft.Back.WINDOW and not _CHANNEL.fullmatch(channel):
        back = KeptDraft.Back.PAGE
    draft = KeptDraft.objects.create(
        browser=browser_of(request) or secrets.token_urlsafe(16),
        network=keyed("network", network(client_address(request))),
        article=article,
        typed=typed,
        provider=provider,
        back=back if back in KeptDraft.Back.values else KeptDraft.Back.PAGE,
        channel=channel if back == KeptDraft.Back.WINDOW else "",
    )
    for most, mine in ((PER_BROWSER, {"browser": draft.browser}), (PER_NETWORK, {"network": draft.network})):
        rows = KeptDraft.objects.filter(**mine).order_by("-created_at", "-token")
        if too_many := list(rows.values_list("token", flat=True)[most:]):
            KeptDraft.objects.filter(token__in=too_many).delete()
    return draft


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


def forget_old() -> int:
    """Delete drafts that have become too old. Returns how many."""
    return KeptDraft.objects.filter(created_at__lt=timezone.now() - LIFE).delete()[0]


def _mine(request: HttpRequest) -> QuerySet[KeptDraft]:
    return KeptDraft.objects.filter(browser=browser_of(request) or "-", created_at__gt=timezone.now() - LIFE)
