"""A request -> a draft: reading only, no rules."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.http import HttpRequest

from comments.drafts import Author, Draft, Visit
from comments.models import Comment
from comments.posting.guest_cookie import recall
from newsreader.accounts.identities import identity_of
from newsreader.kit.client_address import client_address
from newsreader.kit.clock import SLACK

BEGAN = "comments.forms.began"  # salt


def beginning() -> str:
    """Return the value of the form's field `began`: the present time, signed."""
    return signing.dumps(round(time.time(), 1), salt=BEGAN)


def _seconds_since(began: str) -> float | None:
    """Return the seconds since then; None if the field is missing, tampered with, or from a clock since set back."""
    if not began:
        return None
    try:
        took = time.time() - float(signing.loads(began, salt=BEGAN))
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return max(took, 0) if took > -SLACK.total_seconds() else None


def author_of(request: HttpRequest, typed: Mapping[str, Any]) -> Author:
    """Return who is replying: the session's identity, whatever was typed, or else a guest as typed."""
    if request.user.is_authenticated:
        return Author(identity=identity_of(request), user=request.user)
    name, email, website = (str(typed.get(field) or "") for field in ("name", "email", "website"))
    return Author(name, email, website)


def visit_of(request: HttpRequest, typed: Mapping[str, Any]) -> Visit:
    remembered = recall(request)
    return Visit(
        address=client_address(request),
        user_agent=request.headers.get("User-Agent", ""),
        browser=remembered.browser,
        comments=remembered.comments,
        trap=str(typed.get("homepage") or ""),
        took=_seconds_since(str(typed.get("began") or "")),
    )


def draft_of(
    request: HttpRequest, article_id: int, typed: Mapping[str, Any], *, key: str, channel: str = Comment.Channel.PAGE
) -> Draft:
    """Return the draft that a form or a JSON body holds. Unknown fields are ignored."""
    parent = typed.get("parent")
    return Draft(
        article_id=article_id,
        text=str(typed.get("text") or ""),
        author=author_of(request, typed),
        parent="" if parent is None else str(parent),
        key=key,
        visit=visit_of(request, typed),
        channel=channel,
        notify=str(typed.get("notify") or ""),
    )
