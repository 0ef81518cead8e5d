"""Rows of REST lists that this process keeps as JSON, under all that they show: a list is put together from them.

Of a list that is made anew usually one row has changed. To write out and encode the other nineteen again took a sixth
of an answer with comments, and a quarter of one with articles. The ETag is made of digests that are kept with the rows:
that of all bytes took another twentieth.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from newsreader.kit.kept import Kept
from newsreader.kit.rest import renders_otherwise

_rows: Kept[tuple[bytes, bytes]] = Kept(most=8 * 1024 * 1024)  # bytes
_NONE = b"[]}"  # how an answer without rows ends


def answer(
    request: Request, page: Callable[[list[Any]], dict[str, Any]], rows: Iterable[tuple[Hashable, Callable[[], Any]]]
) -> HttpResponse:
    """Answer with a list: `page` puts rows into what is answered, as its last value.

    `rows` are, for each row, a key that holds all that the row shows and depends on but the site's address and the
    language, and what makes it. The bytes are those that the renderer would write for all of it.
    """
    if renders_otherwise(request):
        return Response(page([make() for _, make in rows]))
    renderer = JSONRenderer()
    frame = renderer.render(page([]))
    if not frame.endswith(_NONE):
        raise ValueError("The rows of a list must be the last of what it shows.")
    everywhere, parts, digests = (settings.SITE_URL, get_language()), [], [_digest(frame)]
    for key, make in rows:
        known = (everywhere, key)
        found = _rows.get(known)
        if found is None:
            part = renderer.render(make())
            found = part, _digest(part)
            _rows.put(known, found, 3 * len(part))  # Its key is about as long, in twice the memory.
        parts.append(found[0])
        digests.append(found[1])
    body = b"".join((frame[: 1 - len(_NONE)], b",".join(parts), _NONE[1:]))
    response = HttpResponse(body, content_type=renderer.media_type)
    response["ETag"] = f'"{_digest(b"".join(digests)).hex()}"'
    return response


def _digest(part: bytes) -> bytes:
    return blake2b(part, digest_size=16).digest()
