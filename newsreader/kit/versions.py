"""Versions of one thing over HTTP: its ETag, and the versions for which a client means its change (RFC 9110, 13.1.1).

An ETag of a thing holds its version and a digest of what was shown. A client's copy is the same only where both are;
for a change only the version counts, so that a new comment under an article is no conflict for its editor.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from django.http import HttpRequest

from newsreader.kit.errors import VersionConflict
from newsreader.kit.http_cache import release
from newsreader.kit.numbers import read_id

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
# What servers and proxies add when they compress. Apache: `-gzip`, before that `;gzip`; Jetty: `--gzip`.
_ENCODING = re.compile(r"(?:(?:--|[-;])(?:gzip|br|zstd|deflate))+$")


def without_encodings(tags: str) -> str:
    """Return a list of ETags, as a header holds it, as the site has sent them: without what compression has added."""
    return _TAG.sub(lambda tag: f'"{_ENCODING.sub("", tag[1])}"', tags)


def etag_of(thing: str, version: int, shown: bytes) -> str:
    """Return the ETag of a thing such as `article-7` that is shown as these bytes."""
    digest = hashlib.sha256(release().encode() + shown).hexdigest()[:16]
    return f'"{thing}.{version}.{digest}"'


def versions_wanted(request: HttpRequest, thing: str, version: int | None = None) -> frozenset[int] | None:
    """Return the versions of the thing for which a change is meant, by `If-Match` and by the body; None: for any."""
    wanted = None if version is None else frozenset([version])
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return wanted
    of_thing = re.compile(rf"{re.escape(thing)}\.([0-9]{{1,10}})\.[0-9a-f]{{16}}")
    named = {found[1] for tag in _TAG.findall(without_encodings(given)) if (found := of_thing.fullmatch(tag))}
    matching = frozenset(map(int, named))
    return matching if wanted is None else matching & wanted


def version_opened(fields: Mapping[str, str]) -> frozenset[int] | None:
    """Return the version that a form was opened with, from its field `version`; None: it does not say."""
    if not (text := fields.get("version", "")):
        return None
    number = read_id(text)
    return frozenset() if number is None else frozenset([number])


def refuse_stale(version: int, wanted: Collection[int] | None) -> None:
    """Raise VersionConflict if a change is meant for other versions than this one. Call it with the row locked."""
    if wanted is not None and version not in wanted:
        raise VersionConflict()
