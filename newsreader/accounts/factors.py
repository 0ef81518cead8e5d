"""The second factor of staff: whoever has one is asked for it by the library; whoever has none sets one up.

The session of somebody who signed in without carries a mark, and until a factor is there it opens neither the
editors' site nor the API's decisions.
"""

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest

from newsreader.accounts.models import User

MISSING = "second_factor_missing"
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def is_missing(request: HttpRequest) -> bool:
    """Say whether this session was opened without the second factor that its owner must have."""
    return bool(request.user.is_authenticated and request.session.get(MISSING) and settings.STAFF_SECOND_FACTOR)


def _signed_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    request.session.pop(MISSING, None)
    if settings.STAFF_SECOND_FACTOR and user.is_staff and not is_mfa_enabled(user, FACTORS):
        request.session[MISSING] = True


def _added(sender: Any, request: HttpRequest, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type in FACTORS:
        request.session.pop(MISSING, None)


def listen() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="factor-signed-in")
    authenticator_added.connect(_added, dispatch_uid="factor-added")
