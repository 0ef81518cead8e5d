"""The language of an answer to a form: settled once it turns out to be a page. A redirect needs neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from django.utils import translation

from newsreader.kit.request_attributes import RequestAttribute

_IS_OPEN: RequestAttribute[bool] = RequestAttribute("language_is_open")


@contextmanager
def left_open(request: HttpRequest) -> Iterator[None]:
    """Let a page that is written meanwhile settle its language. Afterwards the thread has its own again."""
    _IS_OPEN.set(request, True)
    with translation.override(translation.get_language()):
        yield


@contextmanager
def settled(request: HttpRequest, language: str) -> Iterator[None]:
    """Write everything in one language, whoever asks."""
    _IS_OPEN.set(request, False)
    with translation.override(language):
        yield


def is_open(request: HttpRequest | None) -> bool:
    return bool(request and _IS_OPEN.get(request))


def settle(request: HttpRequest, language: str) -> None:
    """Write what is still to be written in this language. For where a page begins, if `is_open`."""
    _IS_OPEN.set(request, False)
    translation.activate(language)
