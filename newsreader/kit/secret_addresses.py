"""Addresses that are secrets themselves, such as `/comments/12/status/<token>/`, as they may stand in a log.

What is a secret follows from the names of the parameters in the addresses: one that is in neither list below fails a
test. Values of a query are all left out: signing in puts codes there, and what somebody searches for is their own.
"""

from __future__ import annotations

import re

SECRET = frozenset({"token", "key", "uidb36"})
# Numbers and words of which knowing them allows nothing.
PLAIN = frozenset({
    "app_label", "article_id", "ban_id", "batch", "comment_id", "content_type_id", "correction", "day", "form",
    "hook_id", "id", "month", "object_id", "path", "pk", "provider", "provider_id", "report_id", "request_id", "scope",
    "slug", "url", "way", "year",
})  # fmt: skip
# What stands before the first secret of an address. Written here and compared by a test with all addresses, since
# whoever learned them from these would import every page of the site: the worker, which answers none.
BEGINNINGS = (
    "accounts/invitation/",
    "accounts/password/reset/key/",
    "bans/(?:[0-9]+)/",
    "comments/(?:[0-9]+)/confirm/",
    "comments/(?:[0-9]+)/status/",
    "erasure/(?:[0-9]+)/",  # Before the next, so that the number is shown.
    "erasure/",
    "mail/",
    "moderation/link/",
    r"my\-data/",
    "reports/(?:[0-9]+)/",
)
MASK = "***"
_ADDRESS = re.compile(rf"(/(?:{'|'.join(BEGINNINGS)}))[^\s?#\"'<>]+")
_QUERY = re.compile(r"([?&][\w.\-\[\]%]{1,64}=)[^&\s\"'<>#]+")


def masked(text: str) -> str:
    """Return a text of the log without the secrets of our addresses and the values of any query."""
    if "/" in text:
        text = _ADDRESS.sub(rf"\1{MASK}", text)
    return _QUERY.sub(rf"\1{MASK}", text) if "=" in text else text


def masked_path(path: str) -> str:
    """Return the path of a request without its secret, and without whatever follows that."""
    if found := _ADDRESS.match(path):
        return f"{found[1]}{MASK}"
    return path
