"""The second factor of staff: the library asks those who have one; the others must set one up.

A session that was opened with a second factor is marked. Without the mark its owner has no rights of the newsroom,
wherever they go, whether the session comes by cookie or by token, and also if its owner became staff later: `acting`
withholds them from the request's user, and `User.has_perm` and `User.acts_as_staff` say no. So no page has to ask. The
admin and the API say why instead of showing what a reader sees.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from newsreader.accounts.models import User
from newsreader.kit.errors import Forbidden

IN_SESSION = "second_factor"
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
CODE = "second_factor_required"
SENTENCE = _("The newsroom asks for a second factor. Please set one up; it takes a minute.")


class SecondFactorRequired(Forbidden):
    """The newsroom's rights are for accounts with a second factor."""

    code, sentence = CODE, SENTENCE


def acting(user: Any, session: Any) -> Any:
    """Return the user of a request with this session, without the newsroom's rights if the second factor is missing."""
    if user.is_authenticated:
        user.rights_withheld = bool(settings.STAFF_SECOND_FACTOR and IN_SESSION not in session)
    return user


def is_set_up(user: User) -> bool:
    """Say whether an account has the second factor that its rights need, for what is done without a session."""
    return not settings.STAFF_SECOND_FACTOR or is_mfa_enabled(user, FACTORS)


def is_missing(user: Any, session: Any) -> bool:
    """Say whether this session lacks the second factor that its owner must have."""
    return bool(settings.STAFF_SECOND_FACTOR and user.is_authenticated and user.is_staff and IN_SESSION not in session)


def _signed_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    request.session.pop(IN_SESSION, None)
    if is_mfa_enabled(user, FACTORS):  # Then the library has already asked for it.
        request.session[IN_SESSION] = True
    acting(user, request.session)


def _added(sender: Any, request: HttpRequest, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type in FACTORS:
        request.session[IN_SESSION] = True
        acting(request.user, request.session)


def listen() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="factor-signed-in")
    authenticator_added.connect(_added, dispatch_uid="factor-added")
