"""Addresses that are secrets themselves, such as `/comments/12/status/<token>/`, as they may stand in a log.

What is a secret follows from the names of the parameters in the addresses: one that is in neither list below fails a
test. Values of a query are all left out: signing in puts codes there, and what somebody searches for is their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

SECRET = frozenset({"token", "key", "uidb36"})
# Numbers and words of which knowing them allows nothing.
PLAIN = frozenset({
    "app_label", "article_id", "ban_id", "batch", "comment_id", "content_type_id", "day", "form", "id", "month",
    "object_id", "path", "pk", "provider_id", "report_id", "slug", "url", "way", "year",
})  # fmt: skip
MASK = "***"
_NAMED = re.compile(r"\(\?P<(\w+)>")
_QUERY = re.compile(r"([?&][\w.\-\[\]%]{1,64}=)[^&\s\"'<>#]+")
_routes: re.Pattern[str] | None = None


def load() -> None:
    """Learn the addresses; a process that answers requests or writes mails does it as it starts.

    Not when the first line is logged: importing the addresses then, with the log locked, could wait for ever.
    """
    global _routes
    begins = {_beginning(route) for route in routes(get_resolver().url_patterns) if SECRET & set(_NAMED.findall(route))}
    _routes = re.compile(rf"(/(?:{'|'.join(sorted(begins))}))[^\s?#\"'<>]+") if begins else None


def masked(text: str) -> str:
    """Return a text of the log without the secrets of our addresses and the values of any query."""
    if "/" in text and _routes is not None:
        text = _routes.sub(rf"\1{MASK}", text)
    return _QUERY.sub(rf"\1{MASK}", text) if "=" in text else text


def masked_path(path: str) -> str:
    """Return the path of a request without its secret, and without whatever follows that."""
    if _routes is not None and (found := _routes.match(path)):
        return f"{found[1]}{MASK}"
    return path


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Yield every address as a regular expression, without its first slash."""
    for pattern in patterns:
        route = before + pattern.pattern.regex.pattern.removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def _beginning(route: str) -> str:
    """Return what stands before the first secret of an address."""
    first = next(found for found in _NAMED.finditer(route) if found[1] in SECRET)
    return _NAMED.sub("(?:", route[: first.start()])
