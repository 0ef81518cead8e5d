"""The script-readable cookie `known`: `1` while somebody is signed in or asked to be remembered, and nothing else.

It tells a public page that asking for the private fragment is worth a request. `newsreader.middleware.Known` writes it.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

COOKIE = "known"


def remember(request: HttpRequest, known: bool) -> None:
    """Have the answer to this request set the cookie, or remove it."""
    request.known = known  # type: ignore[attr-defined]


def _signed_in(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        remember(request, True)


def _signed_out(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        remember(request, False)


def listen() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="known-signed-in")
    user_logged_out.connect(_signed_out, dispatch_uid="known-signed-out")
