"""Pages that combine articles and comments, or belong to neither (health, refusals)."""

from __future__ import annotations

import mimetypes
import posixpath
import sys
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.files.storage import FileSystemStorage, default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import urlencode
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.static import serve

from articles import surrogate_keys
from articles.current_site import current_site
from articles.models.article import Article
from articles.newsroom.draft_preview import as_typed
from articles.public import old_addresses
from newsreader import article_page
from newsreader.accounts import second_factor
from newsreader.busy import busy
from newsreader.kit import cdn
from newsreader.kit.database_faults import is_away
from newsreader.kit.depends import Depends
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import for_everybody, private, public, reading
from newsreader.kit.kept import Kept, columns
from newsreader.kit.numbers import read_id
from newsreader.kit.problem_details import problem
from newsreader.kit.web import SAFE_METHODS, absolute


@reading("page", "sort")
def article(request: HttpRequest, year: str, month: str, day: str, slug: str) -> HttpResponse:
    """Show an article under the date of its first publication; 410 if it is withdrawn."""
    return article_page.answer(request, article_page.article_at(year, month, day, slug))


@reading("page", "sort")
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a page such as the imprint, an article without a date; 410 if it is withdrawn."""
    return article_page.answer(request, article_page.page_at(slug))


@require_safe
@login_required
def preview(request: HttpRequest, article_id: int) -> HttpResponse:
    """Show an article before publication to those who may see it."""
    visible = Article.objects.visible_to(request.user).for_page()
    found = get_object_or_404(visible, pk=article_id)
    if found.state != Article.State.PUBLISHED and not request.user.has_perm("articles.view_article"):
        raise Http404
    return private(article_page.preview(request, found))


def preview_as_typed(request: HttpRequest, article_id: int | None = None) -> HttpResponse:
    """Show an article as it stands in its form, to those who may send it. Nothing is stored.

    Whoever comes without a form, as after signing in, is led to it.
    """
    if request.method != "POST":
        form = ("admin:articles_article_change", article_id) if article_id else ("admin:articles_article_add",)
        return redirect(*form)
    typed = as_typed(request, admin.site.get_model_admin(Article), article_id)
    shown = article_page.unsaved(request, typed.article, bylines=typed.bylines, tags=typed.tags, sources=typed.sources)
    return private(shown)


@require_safe
def masthead(request: HttpRequest) -> HttpResponse:
    """The private end of the menu, which public pages fetch: who is signed in finds their own page there.

    With `?article=`, whoever may change that article finds its form, too.
    """
    return private(render(request, "account/masthead.html", {"edit_url": _edit_url(request)}))


def _edit_url(request: HttpRequest) -> str:
    """Return where the article that is shown is edited; empty for whoever may not, or not without a second factor."""
    article_id = read_id(request.GET.get("article", ""))
    if article_id is None or not getattr(request.user, "is_staff", False):
        return ""
    if second_factor.is_missing(request.user, request.session):
        return ""
    own = Article.objects.changeable_by(request.user).filter(pk=article_id)
    return reverse("admin:articles_article_change", args=[article_id]) if own.exists() else ""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return private(JsonResponse({"status": "ok"}))


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve a picture where no server in front does. A name that no disk can hold is a 404.

    A picture's name never changes its content, so it may be cached forever; portraits for an hour, since they may be
    removed. A CDN is told to drop those at once.
    """
    if posixpath.normpath(path) != path:
        raise Http404
    try:
        answer = _on_disk(request, path) if isinstance(default_storage, FileSystemStorage) else _in_bucket(path)
    except (OSError, ValueError):
        raise Http404 from None
    is_portrait = path.startswith("avatars/")
    answer["Cache-Control"] = "public, max-age=3600" if is_portrait else "public, max-age=31536000, immutable"
    if is_portrait and settings.CDN:
        cdn.mark(answer, settings.CDN, [surrogate_keys.of_file(path)], 0)
    return answer


def _on_disk(request: HttpRequest, path: str) -> HttpResponseBase:
    return serve(request, path, document_root=str(settings.MEDIA_ROOT))


def _in_bucket(path: str) -> HttpResponseBase:
    kind, _encoding = mimetypes.guess_type(path)
    return FileResponse(default_storage.open(path), content_type=kind or "application/octet-stream")


@for_everybody
def robots(request: HttpRequest) -> HttpResponse:
    """Say what crawlers may read, and where our sitemaps are."""
    closed = "".join(f"Disallow: {path}\n" for path in ("/admin/", "/accounts/", "/_allauth/", "/articles/"))
    maps = "".join(f"Sitemap: {absolute(path)}\n" for path in ("/sitemap.xml", "/news-sitemap.xml"))
    text = f"User-agent: *\n{closed}\n{maps}"
    always = Depends((), float("inf"))
    return public(request, [text], lambda: HttpResponse(text, content_type="text/plain"), depends=always)


# --- Refusals -----------------------------------------------------------------------------------------------------


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _error(request: HttpRequest, status: int, code: str, title: str, sentence: str) -> HttpResponse:
    if _is_api(request):
        return problem(status, code, sentence)
    context = {"status": status, "code": code, "title": title, "sentence": sentence}
    return private(HttpResponse(_refusal(request, context), status=status))


_refusals: Kept[str] = Kept(most=1024 * 1024)  # bytes


def _refusal(request: HttpRequest, context: dict[str, Any]) -> str:
    """Return a refusal as a page, kept in memory: 0.1 ms, not 2. A site is asked for more that is not there than is."""
    # As every page, it shows what raises the site's version. Where its own address is in the menu, that is marked.
    key = (get_language(), *columns(current_site(request)), *context.values())
    html = None if settings.DEBUG else _refusals.get(key)
    if html is None or _links_to(html, request.path):
        html = render_to_string("error.html", context, request)
        if not _links_to(html, request.path):
            _refusals.put(key, html, len(html))
    return html


def _links_to(html: str, path: str) -> bool:
    return f'href="{escape(urlencode(path))}"' in html


def refused(request: HttpRequest, refusal: Exception) -> HttpResponse:
    """Answer with a page for a refusal."""
    if not isinstance(refusal, DomainError):
        raise refusal
    response = _error(request, refusal.status, refusal.code, str(refusal.title), str(refusal))
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(
        request,
        400,
        "bad_request",
        _("We couldn’t read that request"),
        _("There is something wrong with the address or the form."),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403, "forbidden", _("You can’t open this page"), _("You are not allowed to see this."))


def forgery_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("We could not make sure that this came from you. Please go back, reload the page and try again.")
    return _error(request, 403, "forgery_refused", _("Please try again"), sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; an address of an imported site redirects who reads it to where it leads now."""
    if request.method in SAFE_METHODS and not _is_api(request) and (target := old_addresses.target(request)):
        return HttpResponsePermanentRedirect(target)
    return _error(request, 404, "not_found", _("Not found"), _("We can’t find this page. It may have moved."))


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500, without using the database: that may be what broke. Where it did, 503."""
    fault = sys.exc_info()[1]
    if is_away(fault):
        return busy(request, fault)
    sentence = _("Something broke on our side. Please try again in a minute.")
    if _is_api(request):
        return problem(500, "server_error", sentence)
    return private(render(request, "500.html", {"title": _("Our mistake"), "sentence": sentence}, status=500))
