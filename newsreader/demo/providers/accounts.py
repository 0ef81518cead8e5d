"""The people whom the played providers know."""

from __future__ import annotations

from zlib import crc32

from django.conf import settings

from newsreader.demo.providers.people import Person
from newsreader.provider_settings import portrait_at

_NAMES = {"ada": "Ada Marsh", "yusuf": "Yusuf Lind", "mei": "Mei Halloran", "jonas": "Jonas Okafor"}


def people_at(provider: str) -> dict[str, Person]:
    """Return who has an account there, by username. Each account has an address of its own, as in life."""
    return {
        first: Person(
            uid=f"10{number}",
            name=name,
            email=f"{first}@{provider}.example",
            username=first,
            picture=portrait_at(settings.SITE_URL, first),
            profile=f"https://{provider}.example/{first}",
        )
        for number, (first, name) in enumerate(_NAMES.items(), 1)
    }


def uid_of(name: str) -> str:
    """Return the number of the account that somebody of this name has, wherever it is."""
    return f"2{crc32(name.encode()):010}"
