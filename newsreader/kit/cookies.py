"""Our own cookies: their names, and how they are set.

Over https each name begins with `__Host-`. A browser takes such a cookie from this host alone, over TLS alone, so no
other host of the domain can plant one. That of `accounts.sessions` is not of these: scripts read it, by the name that
the contract gives it.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property


def named(name: str) -> str:
    """Return the name under which browsers know a cookie of ours."""
    return f"{settings.COOKIE_PREFIX}{name}"


def put(response: HttpResponse, name: str, value: str, *, seconds: int | None = None) -> None:
    """Set a cookie that only the server reads. Without `seconds` it ends with the browser's session."""
    response.set_cookie(name, value, max_age=seconds, secure=settings.SECURE, httponly=True, samesite="Lax")


def drop(response: HttpResponse, name: str) -> None:
    response.delete_cookie(name, samesite="Lax")


class MessagesCookie(CookieStorage):
    cookie_name = named("messages")


class Messages(FallbackStorage):
    """Django's storage of what the next page says once, under a name of ours.

    It is made with every request, and what it stores in only where a page asks: that is 2 % of a REST list.
    """

    storage_classes = (MessagesCookie, SessionStorage)

    def __init__(self, request: HttpRequest) -> None:
        BaseStorage.__init__(self, request)
        self._used_storages: set[BaseStorage] = set()

    @cached_property
    def storages(self) -> list[BaseStorage]:
        return [storage(self.request) for storage in self.storage_classes]
