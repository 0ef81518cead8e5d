"""Who may send large bodies to the newsroom: staff, by a cookie that is verified before anybody is asked.

A body is read before a thread is taken for it, and nothing there can ask the database whose session it is. So staff get
a pass with a page of the newsroom: the time, signed together with a hash of their session's key. It holds for that
session alone, goes when that goes, and permits nothing but to send: what the body asks for is decided as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from newsreader.kit import cookies
from newsreader.kit.hashes import keyed

COOKIE = cookies.named("uploads")
LIFE = 24 * 3600  # seconds
RENEWED = 3600  # A form that has been open for all of a day but this still sends its picture.
_signer = signing.TimestampSigner(salt="newsreader.accounts.upload_pass")


def is_carried(carried: Mapping[str, str], *, seconds: int = LIFE) -> bool:
    """Say whether a request with these cookies has a pass of its own session, not older than so many seconds."""
    try:
        whose = _signer.unsign(carried.get(COOKIE, ""), max_age=seconds)
        return constant_time_compare(whose, _hash(carried.get(settings.SESSION_COOKIE_NAME, "")))
    except (signing.BadSignature, ValueError):  # The latter of characters that are none.
        return False


def _hash(session_key: str) -> str:
    return keyed("upload", session_key)


class UploadPass:
    """Gives staff the pass with a page of the newsroom, once an hour, and takes it back at sign-out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Elsewhere nobody has asked yet who this is, and it stays so.
        if request.path.startswith(("/admin/", "/accounts/")) and response.status_code < 500:
            user: Any = request.user
            if not user.is_authenticated:
                if COOKIE in request.COOKIES:
                    cookies.drop(response, COOKIE)
            elif user.is_active and user.acts_as_staff and not self._is_fresh(request):
                cookies.put(response, COOKIE, _signer.sign(_hash(request.session.session_key or "")), seconds=LIFE)
        return response

    def _is_fresh(self, request: HttpRequest) -> bool:
        """Say whether the pass still suffices, also if the session has got another key just now."""
        now = request.COOKIES | {settings.SESSION_COOKIE_NAME: request.session.session_key or ""}
        return is_carried(now, seconds=RENEWED)
