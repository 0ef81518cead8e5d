"""REST authentication for apps: the token of a session that was opened at `/_allauth/app/v1/`."""

from __future__ import annotations

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from newsreader.accounts import second_factor
from newsreader.accounts.identities import TOKEN_SESSION


class SessionToken(XSessionTokenAuthentication):
    """The session of an app's user, sent as `X-Session-Token`.

    An invalid token is refused, so that a member's comment does not silently become a guest's. For the same reason, an
    unknown `Authorization` is refused for changes. For reading it is ignored: it may be for a server in front.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        token = self.get_session_token(request)
        if not token:
            if "Authorization" in request.headers and request.method not in SAFE_METHODS:
                raise AuthenticationFailed(
                    "This authentication method is not supported. Use X-Session-Token or a session cookie."
                )
            return None
        found = super().authenticate(request)
        if found is None:
            raise AuthenticationFailed("This session token is invalid, or its session has ended.")
        if second_factor.is_missing(*found):
            raise PermissionDenied(str(second_factor.SENTENCE), code=second_factor.CODE)
        TOKEN_SESSION.set(request._request, found[1])
        return found
