"""What has to be known when somebody comes back from a login provider: in a signed cookie, as long as they are nobody.

Whoever is not signed in and has no session gets none for setting out: anybody can set out any number of times, and each
session is a row. A cookie for each trip, for ten minutes; two tabs do not disturb each other. Of somebody who has a
session the library keeps it there. `allauth_internals` tells the library; `middleware.Sessions` writes the cookies.
"""

from __future__ import annotations

import re
import time
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse

from newsreader.kit import cookies
from newsreader.kit.request_attributes import RequestAttribute

PREFIX, SALT = cookies.named("trip-"), "accounts.trips"
SECONDS = 600
AT_ONCE = 5  # trips of one browser; the oldest gives way
LONGEST = 1_000  # characters of the address to return to; with a longer one, they return to the front page
_STATE = re.compile(r"[A-Za-z0-9]{8,40}")
# What the answer sets: a cookie's value by its name; None deletes it.
CHANGED: RequestAttribute[dict[str, str | None]] = RequestAttribute("changed_trips")


def begin(request: HttpRequest, state_id: str, provider: str, state: dict[str, Any]) -> None:
    """Have the answer carry what is to be known when this browser comes back with `state_id`."""
    if len(str(state.get("next") or "")) > LONGEST:
        state = {name: value for name, value in state.items() if name != "next"}
    known = sorted(
        (name for name in request.COOKIES if name.startswith(PREFIX)), key=lambda name: _since(request, name)
    )
    for name in known[: max(0, len(known) + 1 - AT_ONCE)]:
        _changed(request)[name] = None
    value = signing.dumps([provider, state, time.time()], salt=SALT, compress=True)
    _changed(request)[PREFIX + state_id] = value


def end(request: HttpRequest, state_id: str, provider: str) -> dict[str, Any] | None:
    """Return what is known of a trip to this provider, which is over then; None if this browser made no such one."""
    found = _read(request, state_id)
    if found is None or found[0] != provider:
        return None
    _changed(request)[PREFIX + state_id] = None
    return found[1]


def under_way(request: HttpRequest, state_id: str) -> dict[str, Any] | None:
    """Return what is known of a trip, which goes on; None if this browser made no such one."""
    found = _read(request, state_id)
    return found[1] if found else None


def cancel(request: HttpRequest) -> None:
    """Forget all trips of this browser: answers to them are refused."""
    _changed(request).update({name: None for name in request.COOKIES if name.startswith(PREFIX)})


def write(request: HttpRequest, response: HttpResponse) -> None:
    """Set and delete cookies as this request has it."""
    for name, value in (CHANGED.get(request) or {}).items():
        if value is None:
            cookies.drop(response, name)
        else:
            cookies.put(response, name, value, seconds=SECONDS)


def _read(request: HttpRequest, state_id: str) -> tuple[str, dict[str, Any]] | None:
    name = PREFIX + state_id
    if not _STATE.fullmatch(state_id) or name in _changed(request):
        return None
    kept = _kept(request, name)
    return (kept[0], kept[1]) if kept else None


def _since(request: HttpRequest, name: str) -> float:
    kept = _kept(request, name)
    return kept[2] if kept else 0.0


def _kept(request: HttpRequest, name: str) -> tuple[str, dict[str, Any], float] | None:
    try:
        provider, state, since = signing.loads(request.COOKIES.get(name, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    return provider, state, since


def _changed(request: HttpRequest) -> dict[str, str | None]:
    changed = CHANGED.get(request)
    if changed is None:
        CHANGED.set(request, changed := {})
    return changed
