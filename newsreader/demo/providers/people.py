"""Who signs in at a played provider, and what each provider says of them, in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    """Any JSON value will do; the test suite has odd ones. `picture` and `profile` are addresses."""

    uid: Any = "4711"
    name: Any = "Grace Hopper"
    email: Any = "grace@id.example"
    verified: Any = True
    username: Any = "grace"
    picture: Any = ""
    profile: Any = "https://id.example/grace"


def told(provider: str, person: Person) -> dict[str, Any]:
    """Return what a provider says of somebody."""
    uid, name, email, verified = person.uid, person.name, person.email, person.verified
    first, last = halves(name)
    number = int(uid) if isinstance(uid, str) and uid.isdecimal() else uid
    claims = {"sub": uid, "name": name, "picture": person.picture, "email": email, "email_verified": verified}
    match provider:
        case "wordpress":
            return {
                "ID": number,
                "display_name": name,
                "username": person.username,
                "email": email,
                "email_verified": verified,
                "verified": True,  # Of the account, not of the address.
                "avatar_URL": person.picture,
                "profile_URL": person.profile,
            }
        case "facebook":
            image = {"url": person.picture, "height": 256, "width": 256, "is_silhouette": False}
            words = {"first_name": first, "last_name": last, "verified": True, "picture": {"data": image}}
            return {"id": uid, "name": name, "email": email} | words
        case "google":
            return claims | {"given_name": first, "family_name": last, "id": uid, "verified_email": verified}
        case "apple":
            return {"sub": uid, "email": email, "email_verified": verified}
        case "x":
            words = {"profile_image_url": person.picture, "verified": True, "created_at": "2013-12-14T04:35:55.000Z"}
            return {"id": uid, "name": name, "username": person.username} | words
        case "github":
            words = {"login": person.username, "avatar_url": person.picture, "html_url": person.profile}
            return {"id": number, "name": name, "email": email} | words
        case "microsoft":
            names = {"displayName": name, "givenName": first, "surname": last, "mailNickname": person.username}
            return {"id": uid, "mail": email, "userPrincipalName": email, "verified": verified} | names
    return claims | {"preferred_username": person.username, "profile": person.profile}


def halves(name: Any) -> tuple[Any, Any]:
    """Return first and last name."""
    if not isinstance(name, str):
        return name, name
    first, _, last = name.partition(" ")
    return first, last
