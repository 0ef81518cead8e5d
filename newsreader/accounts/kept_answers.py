"""A POST over REST that is sent again with the same `Idempotency-Key` is answered as the first time, and done once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone

from newsreader.accounts.models import KeptAnswer
from newsreader.kit import field_keys
from newsreader.kit.client_address import client_address, network
from newsreader.kit.errors import KeyReused
from newsreader.kit.hashes import keyed
from newsreader.kit.idempotency import HEADER, KEY_LENGTH
from newsreader.kit.text import tidy_line

if TYPE_CHECKING:  # The worker forgets answers, and needs nothing of REST for it.
    from rest_framework.request import Request
    from rest_framework.response import Response

KEPT = dt.timedelta(days=1)
SEALED = "sealed"  # the only name in the body of an answer that is kept encrypted
HEADERS = ("ETag", "Location")  # of an answer
Action = Callable[..., HttpResponse]


def once_per_key(action: Action) -> Action:
    """Do what a view's action does once for each key of a person; sent again, answer with the first answer.

    Nothing is kept of a refusal. The same key with anything else raises KeyReused, and so does one that is too long.
    An answer that holds a secret says so by `is_secret`; it is kept encrypted.
    """
    from rest_framework.renderers import JSONRenderer

    @wraps(action)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key = tidy_line(request.headers.get(HEADER, ""))
        if not key:
            return action(view, request, *args, **kwargs)
        if len(key) > KEY_LENGTH:
            raise KeyReused()
        sent = _fingerprint(request)
        with transaction.atomic():
            kept, is_new = KeptAnswer.objects.get_or_create(
                person=_person(request), key=key, defaults={"fingerprint": sent}
            )
            if not is_new:
                return _again(kept, sent)
            response = action(view, request, *args, **kwargs)
            body = JSONRenderer().render(response.data) if hasattr(response, "data") else response.content
            kept.status, kept.body = response.status_code, body.decode()
            if getattr(response, "is_secret", False):
                kept.body = json.dumps({SEALED: field_keys.encrypt(kept.body)})
            kept.headers = {name: response[name] for name in HEADERS if response.has_header(name)}
            kept.save()
            return response

    answer.once_per_key = True  # type: ignore[attr-defined]
    return answer


def _person(request: Request) -> str:
    if request.user.is_authenticated:
        return keyed("account", str(request.user.pk))
    return keyed("network", network(client_address(request._request)))


def _fingerprint(request: Request) -> str:
    sent = json.dumps(request.data, sort_keys=True, ensure_ascii=False)
    return keyed("rest", request.path, request.META.get("QUERY_STRING", ""), sent)


def _again(kept: KeptAnswer, sent: str) -> Response:
    if kept.fingerprint != sent:
        raise KeyReused()
    from rest_framework.response import Response

    body = json.loads(kept.body)
    if sealed := _sealed(body):
        try:
            body = json.loads(field_keys.decrypt(sealed))
        except field_keys.Unreadable:  # Its key is gone. What was done must not be done again.
            raise KeyReused from None
    return Response(body, status=kept.status, headers=kept.headers)


def _sealed(body: Any) -> str:
    """Return what is encrypted of an answer; empty where it is in plain text."""
    return str(body[SEALED]) if isinstance(body, dict) and set(body) == {SEALED} else ""


def renew_secrets() -> int:
    """Encrypt anew the answers that an older key has encrypted. Returns how many."""
    changed = 0
    for kept, sealed in _with_old_secrets():
        try:
            renewed = field_keys.renewed(sealed)
        except field_keys.Unreadable:
            continue
        changed += KeptAnswer.objects.filter(pk=kept.pk).update(body=json.dumps({SEALED: renewed}))
    return changed


def secrets_left() -> int:
    """Return how many encrypted answers the newest key cannot read."""
    return len(_with_old_secrets())


def _with_old_secrets() -> list[tuple[KeptAnswer, str]]:
    rows = KeptAnswer.objects.filter(body__startswith=json.dumps({SEALED: ""})[:-2]).only("body")
    found = [(row, _sealed(json.loads(row.body))) for row in rows.iterator()]
    return [(row, sealed) for row, sealed in found if sealed and not field_keys.is_current(sealed)]


def old() -> QuerySet[KeptAnswer]:
    """Return the answers that are older than a day."""
    return KeptAnswer.objects.filter(created_at__lt=timezone.now() - KEPT)
