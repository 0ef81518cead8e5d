"""A CDN in front of the site: what its copies are marked with, and how it is told to drop those of some keys.

Fastly: https://www.fastly.com/documentation/reference/api/purging/ (`Surrogate-Key`, `Surrogate-Control`)
Cloudflare: https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/ (`Cache-Tag`)

To add another, write its form and its line in FORMS.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from django.http.response import HttpResponseBase

PATIENCE = 5.0  # seconds for a connection, and for an answer
SITE = "site"  # the key of every marked answer


class PurgeFailed(Exception):
    """The CDN did not take the request, or did not answer."""


class Request(NamedTuple):
    address: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Fastly:
    token: str = field(repr=False)
    base: str
    service: str
    most = 256  # keys in one request
    host = "api.fastly.com"

    def mark(self, response: HttpResponseBase, keys: Sequence[str], seconds: int) -> None:
        response["Surrogate-Key"] = " ".join(keys)
        if seconds:
            response["Surrogate-Control"] = f"max-age={seconds}"

    def request(self, keys: Sequence[str]) -> Request:
        headers = {"Fastly-Key": self.token, "Accept": "application/json", "Content-Type": "application/json"}
        return Request(f"{self.base}/service/{self.service}/purge", headers, _json(surrogate_keys=keys))


@dataclass(frozen=True)
class Cloudflare:
    token: str = field(repr=False)
    base: str
    service: str  # the zone
    most = 30  # tags in one request
    host = "api.cloudflare.com"

    def mark(self, response: HttpResponseBase, keys: Sequence[str], seconds: int) -> None:
        response["Cache-Tag"] = ",".join(keys)
        if seconds:
            response["Cloudflare-CDN-Cache-Control"] = f"public, max-age={seconds}"

    def request(self, keys: Sequence[str]) -> Request:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return Request(f"{self.base}/client/v4/zones/{self.service}/purge_cache", headers, _json(tags=keys))


Cdn = Fastly | Cloudflare
FORMS: dict[str, type[Cdn]] = {"fastly": Fastly, "cloudflare": Cloudflare}


def _json(**values: Sequence[str]) -> bytes:
    return json.dumps({name: list(value) for name, value in values.items()}).encode()


def mark(response: HttpResponseBase, cdn: Cdn, keys: Iterable[str], seconds: int) -> None:
    """Mark an answer with the keys by which it can be purged. `seconds`: how long the CDN alone may keep it."""
    cdn.mark(response, list(dict.fromkeys([SITE, *keys])), seconds)


def purge(cdn: Cdn, keys: Sequence[str]) -> None:
    """Have the CDN drop what is marked with one of these keys. Raises PurgeFailed."""
    for start in range(0, len(keys), cdn.most):
        _post(cdn.request(keys[start : start + cdn.most]))


def _post(request: Request) -> None:
    parts = urlsplit(request.address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("POST", parts.path, request.body, request.headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as fault:
        raise PurgeFailed(type(fault).__name__) from fault
    finally:
        connection.close()
    if status != 200:
        raise PurgeFailed(f"status {status}")
