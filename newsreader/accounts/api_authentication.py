"""How a program brings the session that it opened for its reader at `/_allauth/app/v1/`."""

from __future__ import annotations

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from newsreader.accounts import second_factor
from newsreader.accounts.identities import TOKEN_SESSION


class SessionToken(XSessionTokenAuthentication):
    """The session of an app's reader, brought along in `X-Session-Token`.

    A token that opens nothing is refused, so that nobody's comment becomes a guest's unnoticed; so is a change that
    comes with an `Authorization` we know nothing of. Reading may, as a server in front may ask for a password itself.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        token = self.get_session_token(request)
        if not token:
            if "Authorization" in request.headers and request.method not in SAFE_METHODS:
                raise AuthenticationFailed("This way to sign in is unknown here.")
            return None
        found = super().authenticate(request)
        if found is None:
            raise AuthenticationFailed("This session token is unknown, or its session has ended.")
        if second_factor.is_missing(*found):
            raise PermissionDenied(str(second_factor.SENTENCE), code=second_factor.CODE)
        TOKEN_SESSION.set(request._request, found[1])
        return found
