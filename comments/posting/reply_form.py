"""Leave a Reply as a page of one's own, and what every showing of the form needs to know."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.authentication import CSRFCheck

from articles.models.article import Article
from comments.errors import ForgeryRefused
from comments.models import Comment, CommentSettings
from comments.models.permissions import moderates
from comments.posting import guest_cookie
from comments.posting.request_parsing import author_of, beginning
from comments.screening import article_settings
from newsreader.accounts import login_codes
from newsreader.accounts.identities import label_of
from newsreader.kit.errors import DomainError, Forbidden
from newsreader.kit.http_cache import private
from newsreader.kit.numbers import read_id
from newsreader.kit.web import comes_from_here, render_form

Typed = dict[str, Any]


def published(article_id: int) -> Article:
    return get_object_or_404(Article.objects.published().select_related("section", "discussion"), pk=article_id)


def _nothing(request: HttpRequest) -> HttpResponse:
    """Stands in for a view that is not exempt from the check."""
    return HttpResponse()


def refuse_forgery(request: HttpRequest) -> None:
    """Raise ForgeryRefused for a POST that another site may have sent (docs/contract.md, section 4)."""
    if request.user.is_authenticated:
        check = CSRFCheck(_nothing)
        check.process_request(request)
        if check.process_view(request, _nothing, (), {}):
            raise ForgeryRefused()
    elif not comes_from_here(request):
        raise ForgeryRefused()


def form_context(
    request: HttpRequest | None,
    article: Article,
    site: CommentSettings,
    typed: Typed | None = None,
    *,
    changing: bool = False,
) -> Typed:
    """What the form shows. Without a request: the public form, the same for everybody. `site` are its settings.

    `changing`: somebody signed in sees all the ways to be somebody else, and stays who they are until they choose.
    """
    rules = article_settings.settings_under(article, site)
    is_open, closing = article.comments_open(rules.close_after_days), article.closes_at(rules.close_after_days)
    context: Typed = {
        "article": article,
        "rules": rules,
        "reply_url": reverse("reply", args=[article.pk]),
        "reply_word": _("Reply"),
        "typed": {"key": ""} | (typed or {}),
        "open": is_open,
        # Of the two only the one that is so now: it closes then, or it has been closed since.
        "closes_at": closing if is_open else None,
        "closed_at": closing if article.takes_comments and not is_open else None,
        "providers": settings.SIGN_IN_WITH,
        "writing": not rules.registration_required,
        "notes": article_settings.notes(article, rules) if is_open else [],
    }
    if request is None:
        return context
    context["exempt"] = not is_open and moderates(request.user, article)
    context["open"] = is_open or context["exempt"]
    remembered = guest_cookie.recall(request)
    identity = author_of(request, {}).identity
    details = {"name": remembered.name, "email": remembered.email, "website": remembered.website}
    context["typed"] = details | {"remember": remembered.kept} | context["typed"]
    context["typed"]["key"] = context["typed"]["key"] or secrets.token_urlsafe(16)
    if not context["typed"].get("text"):  # Of a text that is there already nobody knows how long it took.
        context["typed"]["began"] = context["typed"].get("began") or beginning()
    # Only somebody signed in needs a token; asking for one sets a cookie.
    context["token"] = get_token(request) if identity else ""
    return context | {
        "identity": identity,
        "using": label_of(identity.provider) if identity else "",
        "changing": changing and identity is not None,
        "code_for": login_codes.awaited(request),
        # With registration required, what somebody has written all the same is not taken from them.
        "writing": context["writing"] or identity is not None or bool(context["typed"].get("text")),
    }


def reply_page(
    request: HttpRequest,
    article: Article,
    typed: Typed,
    refusal: DomainError | None = None,
    *,
    changing: bool = False,
    said: Typed | None = None,
) -> HttpResponse:
    """The form with everything typed in it; with a refusal, its status and what is wrong, field by field.

    `said` is a message about signing in: `{"code", "sentence"}`.
    """
    rules = CommentSettings.objects.current()
    context = form_context(request, article, rules, typed, changing=changing) | {"said": said}
    context["parent"] = _parent(article, typed.get("parent", ""))
    if context["parent"] is None:
        context["typed"]["parent"] = ""  # Sent again, it becomes a comment of its own.
    if refusal:
        if refusal.code == "idempotency_key_reused":
            context["typed"]["key"] = secrets.token_urlsafe(16)
        # Where nothing can be sent any more, the text is shown to be kept.
        context["open"] = context["open"] or not isinstance(refusal, Forbidden)
    return private(render_form(request, "comments/reply.html", context, refusal))


def _parent(article: Article, typed: str) -> Comment | None:
    parent_id = read_id(typed)
    return article.comments.approved().filter(pk=parent_id).first() if parent_id else None
