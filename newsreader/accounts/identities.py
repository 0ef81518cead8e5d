"""The identity behind a signed-in reader: an account of this site (`email`), or one at a login provider.

Whoever signs in by a provider comments under what that provider said then. The session remembers which identity it
is; a form never does.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from newsreader.accounts.models import CommenterIdentity, User
from newsreader.accounts.pictures import fetch_picture
from newsreader.kit.request_attributes import RequestAttribute
from newsreader.kit.text import is_unseen, tidy_name

IN_SESSION = "identity"
TOKEN_SESSION: RequestAttribute[SessionBase] = RequestAttribute("token_session")  # of a program (accounts.tokens)


def signed_in_user(request: HttpRequest) -> User:
    """Return the account that this request is signed in to. Raises PermissionDenied for a visitor without one."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def identity_of(request: Any) -> CommenterIdentity | None:
    """Return under which identity this request comments; None for a guest."""
    user = request.user
    if not user.is_authenticated:
        return None
    # Programs bring their session with a header instead of a cookie (see kit.rest).
    session = TOKEN_SESSION.get(request) or request.session
    if chosen := session.get(IN_SESSION):
        if identity := CommenterIdentity.objects.filter(pk=chosen, user=user).select_related("user").first():
            return identity
    return own_identity(user)


def own_identity(user: User) -> CommenterIdentity:
    """Return the identity of an account of this site, brought up to date with the account."""
    address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk").first()
    identity, _ = CommenterIdentity.objects.get_or_create(
        provider=CommenterIdentity.OWN, uid=str(user.pk), defaults={"user": user, "display_name": user.shown_name}
    )
    identity.user = user
    return _update(
        identity,
        user_id=user.pk,
        display_name=user.shown_name,
        email=address.email if address else "",
        email_verified=bool(address),
    )


def take_over(login: SocialLogin, user: User) -> CommenterIdentity:
    """Write down what a provider says about somebody who has just come back from it.

    A name that is missing (Apple sends it once) leaves the one known; there is always some name.
    """
    account = login.account
    told = login.provider.wrap_account(account)
    name = told_name(login)
    address = next(iter(login.email_addresses), None)
    identity, created = CommenterIdentity.objects.get_or_create(
        provider=public_name(account.provider), uid=account.uid, defaults={"user": user}
    )
    changes: dict[str, Any] = {
        "user_id": user.pk,
        "display_name": name or identity.display_name or user.shown_name,
        "profile_url": _text(told.get_profile_url())[:500],
        "avatar_source": _text(picture_of(login))[:2000],
    }
    if address or created:
        changes |= {"email": address.email if address else "", "email_verified": bool(address and address.verified)}
    known_source, wanted_source = identity.avatar_source, changes["avatar_source"]
    identity = _update(identity, **changes)
    if wanted_source and (wanted_source != known_source or not identity.avatar):
        transaction.on_commit(partial(fetch_picture.enqueue, identity_id=identity.pk, source=wanted_source))
    return identity


def _update(identity: CommenterIdentity, **wanted: Any) -> CommenterIdentity:
    if "email_verified" in wanted:
        verified = wanted["email_verified"]
        same = verified and identity.email == wanted["email"] and identity.verified_at
        wanted["verified_at"] = identity.verified_at if same else timezone.now() if verified else None
    if changed := {name: value for name, value in wanted.items() if getattr(identity, name) != value}:
        for name, value in changed.items():
            setattr(identity, name, value)
        identity.save(update_fields=list(changed))
    return identity


def public_name(provider: str) -> str:
    """Return our name of a provider for allauth's (`x` for `twitter_oauth2`)."""
    names = {known.allauth: known.name for known in settings.SIGN_IN_WITH}
    return names.get(provider, provider)


def label_of(provider: str) -> str:
    """Return what readers call a provider; empty for accounts of this site."""
    return next((known.label for known in settings.SIGN_IN_WITH if known.name == provider), "")


def told_name(login: SocialLogin) -> str:
    """Return the name a provider told, as it may be shown; empty where it told none."""
    said = login.account.extra_data
    fields = login.provider.extract_common_fields(said)
    full = [part for part in (fields.get("first_name"), fields.get("last_name")) if isinstance(part, str)]
    told = (fields.get("name"), said.get("name"), said.get("displayName"), " ".join(full), fields.get("username"))
    return next((name for each in told if (name := shown_name(each))), "")


def shown_name(told: Any) -> str:
    """Return a name as it may be shown: tidied, 245 characters at most; empty where nothing is seen of it."""
    name = tidy_name(told)[:245].strip() if isinstance(told, str) else ""
    return "" if is_unseen(name) else name


def picture_of(login: SocialLogin) -> Any:
    """Return the address of the picture where the provider told one."""
    said = login.account.extra_data
    match public_name(login.account.provider):
        case "facebook":
            picture = said.get("picture")
            data = picture.get("data") if isinstance(picture, dict) else None
            return data.get("url") if isinstance(data, dict) and not data.get("is_silhouette") else ""
        case "oidc":
            return (said.get("userinfo") or said.get("id_token") or {}).get("picture")
    return login.provider.wrap_account(login.account).get_avatar_url()


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def verified_address(user: User) -> str:
    """Return the address at which this person may be mailed, or an empty string."""
    address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk").first()
    return address.email if address else ""
