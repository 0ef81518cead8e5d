"""REST authentication for programs: what they say who they are with, and the session of an app's user."""

from __future__ import annotations

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from newsreader.accounts import second_factor
from newsreader.accounts.identities import TOKEN_SESSION

# Schemes that a server in front may ask of browsers, which then send them with every request. We know of none.
_OF_SERVERS = {"basic", "digest", "negotiate", "ntlm"}


def refuse_unknown_credentials(request: HttpRequest) -> None:
    """Raise AuthenticationFailed for an `Authorization` that opens nothing here, such as a wrong Bearer token.

    Whoever sends one means to be somebody, and is not silently taken for a stranger. Only for reading, and only if it
    may be for a server in front, it is ignored.
    """
    given = request.headers.get("Authorization")
    if given is None or (request.method in SAFE_METHODS and given.split(" ")[0].lower() in _OF_SERVERS):
        return
    raise AuthenticationFailed("This `Authorization` opens nothing here. Use X-Session-Token or a session cookie.")


class SessionToken(XSessionTokenAuthentication):
    """The session of an app's user, sent as `X-Session-Token`.

    An invalid token is refused, so that a member's comment does not silently become a guest's.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        refuse_unknown_credentials(request._request)
        if not self.get_session_token(request):
            return None
        found = super().authenticate(request)
        if found is None:
            raise AuthenticationFailed("This session token is invalid, or its session has ended.")
        if second_factor.is_missing(*found):
            raise PermissionDenied(str(second_factor.SENTENCE), code=second_factor.CODE)
        TOKEN_SESSION.set(request._request, found[1])
        return second_factor.acting(*found), found[1]

    def authenticate_header(self, request: Request) -> str:
        return "Session"  # Makes DRF answer 401, not 403, to somebody who is not signed in.
