"""The commenter identity of a signed-in reader: an account of this site (`email`), or one at a login provider.

Somebody who signs in with a provider comments under the name that the provider gave. The session holds which identity
that is; a form never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.request_attributes import RequestAttribute
from newsreader.kit.text import is_unseen, tidy_name

IN_SESSION = "identity"
TOKEN_SESSION: RequestAttribute[SessionBase] = RequestAttribute(
    "token_session"
)  # an app's session (accounts.api_authentication)


def signed_in_user(request: HttpRequest) -> User:
    """Return the account that this request is signed in to. Raises PermissionDenied if there is none."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def identity_of(request: Any) -> CommenterIdentity | None:
    """Return the identity under which this request comments; None for a guest."""
    user = request.user
    if not user.is_authenticated:
        return None
    # Apps send their session with a header instead of a cookie (see accounts.api_authentication).
    session = TOKEN_SESSION.get(request) or request.session
    if chosen := session.get(IN_SESSION):
        if identity := _chosen.first(chosen, user.pk):
            return identity
    return own_identity(user)


_chosen = Compiled(lambda pk, user: CommenterIdentity.objects.filter(pk=pk, user=user).select_related("user"))
_verified = Compiled(lambda user: EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk")[:1])
_own = Compiled(lambda uid: CommenterIdentity.objects.filter(provider=CommenterIdentity.OWN, uid=uid))


def own_identity(user: User) -> CommenterIdentity:
    """Return the identity of an account of this site, updated from the account."""
    address = _verified.first(user.pk)
    identity = (
        _own.first(str(user.pk))
        or CommenterIdentity.objects.get_or_create(
            provider=CommenterIdentity.OWN, uid=str(user.pk), defaults={"user": user, "display_name": user.shown_name}
        )[0]
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
    """Store what a provider says about somebody who has just signed in with it.

    If the name is missing (Apple sends it only once), the known one stays. There is always some name.
    """
    account = login.account
    profile = login.provider.wrap_account(account)
    name = provider_name(login)
    address = next(iter(login.email_addresses), None)
    identity, created = CommenterIdentity.objects.get_or_create(
        provider=public_name(account.provider), uid=account.uid, defaults={"user": user}
    )
    changes: dict[str, Any] = {
        "user_id": user.pk,
        "display_name": name or identity.display_name or user.shown_name,
        "profile_url": _text(profile.get_profile_url())[:500],
        "avatar_source": _text(picture_of(login))[:2000],
    }
    if address or created:
        changes |= {"email": address.email if address else "", "email_verified": bool(address and address.verified)}
    known_source, wanted_source = identity.avatar_source, changes["avatar_source"]
    identity = _update(identity, **changes)
    if wanted_source and (wanted_source != known_source or not identity.avatar):
        from newsreader.accounts.pictures import fetch_picture  # and with it what reads pictures

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
    """Return our name of a provider, given allauth's (`x` for `twitter_oauth2`)."""
    names = {known.allauth: known.name for known in settings.SIGN_IN_WITH}
    return names.get(provider, provider)


def label_of(provider: str) -> str:
    """Return a provider's name for readers; empty for accounts of this site."""
    return next((known.label for known in settings.SIGN_IN_WITH if known.name == provider), "")


def provider_name(login: SocialLogin) -> str:
    """Return the name that a provider gave, in a form that can be shown; empty if there is none."""
    said = login.account.extra_data
    fields = login.provider.extract_common_fields(said)
    full = [part for part in (fields.get("first_name"), fields.get("last_name")) if isinstance(part, str)]
    given = (fields.get("name"), said.get("name"), said.get("displayName"), " ".join(full), fields.get("username"))
    return next((name for each in given if (name := shown_name(each))), "")


def shown_name(given: Any) -> str:
    """Return a name in a form that can be shown: tidied, at most 245 characters; empty if nothing is visible."""
    name = tidy_name(given)[:245].strip() if isinstance(given, str) else ""
    return "" if is_unseen(name) else name


def picture_of(login: SocialLogin) -> Any:
    """Return the address of the picture, if the provider gave one."""
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
    """Return a verified email address of this person; empty if there is none."""
    address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk").first()
    return address.email if address else ""


def verified_addresses(users: Iterable[User]) -> list[tuple[User, str]]:
    """Return those of these people who are active and have a verified email address, with it. One query."""
    people = {user.pk: user for user in users if user.is_active}
    rows = EmailAddress.objects.filter(user__in=people, verified=True).order_by("primary", "-pk")
    known = dict(rows.values_list("user", "email"))  # The last of each one counts.
    return [(people[pk], known[pk]) for pk in sorted(known)]


def has_account(address: str) -> bool:
    """Say whether an account has verified this address."""
    return bool(owners_of(address))


def owners_of(address: str) -> list[bool]:
    """Return for each account that has verified this address whether it is active."""
    return [is_active for (is_active,) in _owners(address.lower())]


@Compiled
def _owners(address: str) -> QuerySet[EmailAddress, tuple[bool]]:
    return EmailAddress.objects.filter(email=address, verified=True).values_list("user__is_active")
