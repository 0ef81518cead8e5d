"""Public answers, which a shared cache may keep, and private ones, which it must not.

A public page has the same bytes for everybody. Its ETag is computed from the versions of what it shows, before anything
is rendered, so a 304 only costs reading those versions.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Hashable, Iterable
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, QueryDict
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags
from django.views.decorators.http import require_safe

from newsreader.kit import metrics
from newsreader.kit.cdn import mark
from newsreader.kit.depends import Depends
from newsreader.kit.kept import Kept

View = TypeVar("View", bound=Callable[..., HttpResponse])
FRESH = "public, max-age=0, s-maxage=1"
# For answers that are the same for all strangers, but not for who is signed in: a cache asks each time before it uses
# its copy, and the ETag decides.
ASKED_EACH_TIME = "public, no-cache"


# The pages that were made last, with their media types, by ETag: a change gives a page another one.
_kept: Kept[tuple[bytes, str]] = Kept(most=16 * 1024 * 1024)  # bytes


@cache
def release() -> str:
    """Return a digest of the code and templates, so that a new release changes every ETag."""
    digest = hashlib.sha256()
    for room in ("newsreader", "articles", "comments"):
        for file in sorted((Path(settings.BASE_DIR) / room).rglob("*")):
            if file.suffix in {".html", ".css", ".js", ".py", ".txt"}:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def public(
    request: HttpRequest,
    versions: Iterable[Hashable],
    build: Callable[[], HttpResponse],
    *,
    changed_at: dt.datetime | None = None,
    keys: Iterable[str] = (),
    depends: Depends | None = None,
) -> HttpResponse:
    """Answer with the page, or with 304 if the visitor's copy has these versions.

    `changed_at` is sent as Last-Modified, for feed readers that do not use ETags. `keys`: by which a CDN drops the page
    (articles.surrogate_keys); without any it keeps it no longer than other caches. With DEBUG
    nothing is cached anywhere, so that a changed template is seen at once.

    `depends`: what the page was made of, and all that may change it. With it, `newsreader.front` gives the finished
    page to others for as long as the database says that this holds; without it, every request comes here.
    """
    if settings.DEBUG:
        fresh = build()
        fresh["Cache-Control"] = "no-store"
        return fresh
    ways = tuple((provider.name, provider.label) for provider in settings.SIGN_IN_WITH)
    key = repr((release(), settings.LANGUAGE_CODE, ways, request.path, *versions))
    etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    modified = http_date(changed_at.timestamp()) if changed_at else ""
    response: HttpResponse | None = None
    source = "miss"
    if _is_fresh(request, etag, modified):
        response, source = HttpResponseNotModified(), "not_modified"
    elif kept := _kept.get(etag):
        response, source = HttpResponse(kept[0], content_type=kept[1]), "hit"
    metrics.PAGES.labels(source).inc()
    if response is None:
        response = build()
        if response.status_code == 200:
            _kept.put(etag, (response.content, response["Content-Type"]), len(response.content))
    if response.status_code in {200, 304}:
        response["ETag"] = etag
        response["Cache-Control"] = FRESH
        # Plain, too: else a cache gives the copy that a program without compression got to every browser.
        patch_vary_headers(response, ["Accept-Encoding"])
        if modified:
            response["Last-Modified"] = modified
        if settings.CDN and (tags := list(keys)):
            mark(response, settings.CDN, tags, settings.CDN_SECONDS)
        response.depends = depends  # type: ignore[attr-defined]  # Read by `depends_of`.
    return response


def depends_of(response: object) -> Depends | None:
    """Return what an answer depends on; None for every answer that `public` has not made, or without saying that.

    It stays on the object that `public` has made: no header could be forged, or leave.
    """
    return getattr(response, "depends", None)


def reading(*names: str) -> Callable[[View], View]:
    """Mark the view of a page that ends in `public`: GET and HEAD alone, and a replica of the database may do.

    `names`: the query parameters that the page reads. It sees no others, so that one finished page does for every
    address that differs only in what was appended to follow readers around, such as `utm_source` (`newsreader.front`).
    """
    counted = frozenset(names)

    def marked(view: View) -> View:
        @wraps(view)
        def with_counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.META.get("QUERY_STRING"):
                return view(request, *args, **kwargs)
            given = request.GET
            kept = [(name, value) for name in given if name in counted for value in given.getlist(name)]
            request.GET = QueryDict(urlencode(kept))
            try:
                return view(request, *args, **kwargs)
            finally:
                request.GET = given  # Refusals look for an imported site's addresses in all of it.

        safe: Any = require_safe(with_counted)
        safe.reads = counted
        safe.csrf_exempt = True  # What is not read is refused for its method, and not for a token that it lacks.
        return safe

    return marked


for_everybody = reading()


def is_for_everybody(view: Callable[..., Any]) -> bool:
    return parameters_of(view) is not None


def parameters_of(view: Callable[..., Any]) -> frozenset[str] | None:
    """Return the query parameters that a page for everybody reads; None for all other views."""
    return getattr(view, "reads", None)


def _is_fresh(request: HttpRequest, etag: str, modified: str) -> bool:
    """Say whether the visitor's copy is current. An ETag takes precedence; a time must be exactly the same."""
    if given := request.headers.get("If-None-Match"):
        # An asterisk would match pages that do not exist.
        return etag in (tag.removeprefix("W/") for tag in parse_etags(given))
    return bool(modified) and request.headers.get("If-Modified-Since") == modified


def is_public(response: HttpResponse) -> bool:
    """Say whether shared caches may keep this answer."""
    return "public" in (part.strip().lower() for part in response.get("Cache-Control", "").split(","))


def private(response: HttpResponse) -> HttpResponse:
    """Mark an answer as one person's: caches must not keep it, search engines must not list it."""
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def secret(response: HttpResponse) -> HttpResponse:
    """Mark an answer as private at a secret address: links on the page send no Referer."""
    response["Referrer-Policy"] = "no-referrer"
    return private(response)


def page_number(request: HttpRequest) -> int:
    """Return `?page=`, or 1 if it is missing. Raises Http404 if it is not a page number."""
    text = request.GET.get("page", "1")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise Http404
    return int(text)
