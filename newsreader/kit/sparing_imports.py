"""Libraries as a web process imports them: without what they import for others, and nothing here uses.

Each of these imports is optional to the library that makes it, or for one rare call. Together they are 8 MiB and 0.1 s
of each start on SQLite, 4 MiB on PostgreSQL, and 5 MiB more where the tools of development are installed. They are left
out of one import each: whatever else imports these modules finds them.

What few requests need is imported with the first of them: 19 MiB and 0.1 s.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from threading import Lock
from types import ModuleType
from typing import Any

from django.conf import settings

# What the log would draw tracebacks with; ours are plain.
_TRACEBACKS = ("rich", "better_exceptions")
_THREADS = ("greenlet",)  # of a kind that we have none of
# For pages of the framework's own, which we do not show.
_PAGES = ("pygments", "markdown")


def import_libraries() -> None:
    """Import them so, those that are not imported yet."""
    _later("allauth.mfa.webauthn.internal.auth")  # Passkeys, with fido2 and cryptography: 15 MiB.
    # The encoding of a text that does not say it: no answer that we ask others for is read so. 4 MiB.
    _later("charset_normalizer", __version__=version("charset-normalizer"))
    with _without("chardet"):
        import_module("requests")
    with _without(*_TRACEBACKS, *_THREADS):
        import_module("structlog")
    # Fields that models on SQLite do not have: with them comes PostgreSQL's driver.
    with _without(*_PAGES, *(["django.contrib.postgres"] if settings.SQLITE else [])):
        import_module("rest_framework.compat")
    with _as(_tests()):
        import_module("drf_spectacular.plumbing")


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Have these modules be missing, unless they are imported already."""
    left_out = [name for name in names if name not in sys.modules]
    sys.modules |= dict.fromkeys(left_out)  # type: ignore[arg-type]  # As the language has it: None is not found.
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


@contextmanager
def _as(module: ModuleType) -> Iterator[None]:
    """Have this module stand for the one of its name, unless that is imported already."""
    if module.__name__ in sys.modules:
        yield
        return
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]


class _Later(ModuleType):
    """A module that is imported once something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # So does asking what kind of module it is, which lists of modules are searched by.
            raise AttributeError(name)
        with _taking_place:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


_taking_place = Lock()


def _later(name: str, **known: str) -> None:
    """Have this module imported when it is used first, unless it is imported already."""
    if name not in sys.modules:
        sys.modules[name] = module = _Later(name)
        vars(module).update(known)


def _tests() -> ModuleType:
    """Return what stands for REST framework's tools for tests, of which making the API's schema uses one."""
    module = ModuleType("rest_framework.test")
    vars(module)["APIRequestFactory"] = _factory
    return module


def _factory(*args: Any, **kwargs: Any) -> Any:
    return import_module("rest_framework.test").APIRequestFactory(*args, **kwargs)
