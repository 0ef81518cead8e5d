"""The addresses of pictures in a text: which of them are on other sites, where readers' browsers load nothing."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import default_storage

from articles.records import Origin

_PICTURE = re.compile(r"<img [^<>]*>")
_SOURCE = re.compile(r' src="([^"]*)"')
_ALTERNATIVE = re.compile(r' alt="([^"]*)"')
TYPE = "address"  # `origin_type` of a picture that was fetched; its `origin_id` is the address in the text


def foreign(html: str) -> dict[str, str]:
    """Return the addresses of pictures on other sites in a sanitised text, in order, with their alternative texts."""
    found: dict[str, str] = {}
    for tag in _PICTURE.findall(html):
        address, alternative = source(tag), _ALTERNATIVE.search(tag)
        if is_foreign(address):
            found.setdefault(address, unescape(alternative[1]) if alternative else "")
    return found


def source(tag: str) -> str:
    """Return the address in the tag of a picture."""
    match = _SOURCE.search(tag)
    return unescape(match[1]) if match else ""


def is_foreign(address: str) -> bool:
    """Say whether a picture is on another site, or on a storage that is not ours."""
    if address.startswith((f"{settings.SITE_URL}/", default_storage.url("pictures/"))):
        return False
    return address.startswith("//") or "://" in address.partition("?")[0]


def origin_of(address: str) -> Origin:
    return Origin.of("", TYPE, address)


def host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
