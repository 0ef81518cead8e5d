"""The reply form on a page of its own, and the context of the form wherever it is shown."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext as _

from articles.models.article import Article
from comments.errors import ForgeryRefused
from comments.models import Comment, CommentSettings
from comments.models.permissions import moderates
from comments.posting import guest_cookie
from comments.posting.own_comments import own_comments
from comments.posting.request_parsing import author_of, beginning
from comments.screening import article_settings
from comments.text.formatting import RELATION
from newsreader.accounts import login_codes
from newsreader.accounts.identities import label_of
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.errors import DomainError, Forbidden
from newsreader.kit.forgery import may_be_forged
from newsreader.kit.http_cache import private
from newsreader.kit.numbers import read_id
from newsreader.kit.web import render_form

Typed = dict[str, Any]


_published = Compiled(lambda pk: Article.objects.published().select_related("section", "discussion").filter(pk=pk))


def published(article_id: int) -> Article:
    """Return a published article with its section and the settings of its discussion. Raises Http404."""
    if article := _published.first(article_id):
        return article
    raise Http404


def refuse_forgery(request: HttpRequest) -> None:
    """Raise ForgeryRefused for a form that another site may have sent."""
    if may_be_forged(request):
        raise ForgeryRefused()


def form_context(
    request: HttpRequest | None,
    article: Article,
    site: CommentSettings,
    typed: Typed | None = None,
    *,
    changing: bool = False,
) -> Typed:
    """Return what the form shows. Without a request: the public form, the same for everybody.

    `changing`: somebody who is signed in is offered all other ways to sign in, and stays signed in until they choose.
    """
    in_force = article_settings.settings_under(article, site)
    is_open, closing = article.comments_open(in_force.close_after_days), article.closes_at(in_force.close_after_days)
    context: Typed = {
        "article": article,
        "settings": in_force,
        "reply_url": reverse("reply", args=[article.pk]),
        "reply_word": _("Reply"),
        "link_relation": RELATION,
        "typed": {"key": ""} | (typed or {}),
        "open": is_open,
        # At most one of these is set: when an open discussion closes, or when it was closed.
        "closes_at": closing if is_open else None,
        "closed_at": closing if article.takes_comments and not is_open else None,
        "providers": settings.SIGN_IN_WITH,
        "writing": not in_force.registration_required,
        "notes": article_settings.notes(article, in_force) if is_open else [],
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
    if not context["typed"].get("text"):  # For a text that is kept already, the time it took is not known.
        context["typed"]["began"] = context["typed"].get("began") or beginning()
    # On a public page only people who are signed in need a CSRF token; creating one sets a cookie.
    context["token"] = get_token(request) if identity else ""
    return context | {
        "identity": identity,
        "using": label_of(identity.provider) if identity else "",
        "changing": changing and identity is not None,
        "code_for": login_codes.awaited(request),
        # If registration is required, a text that was typed before is still shown.
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
    with_own: bool = False,
) -> HttpResponse:
    """Answer with the form, with everything that was typed; after a refusal, with its status and the errors by field.

    `said` is a message about signing in: `{"code", "sentence"}`. `with_own`: with what its reader has left here.
    """
    site = CommentSettings.objects.current()
    context = form_context(request, article, site, typed, changing=changing) | {"said": said}
    context["token"] = get_token(request)  # With it, a form is believed whatever the browser says of its sender.
    context["own"] = own_comments(request, article, context["settings"]) if with_own else None
    context["parent"] = _parent(article, typed.get("parent", ""))
    if context["parent"] is None:
        context["typed"]["parent"] = ""  # Posted again, it becomes a comment of its own.
    if refusal:
        if refusal.code == "idempotency_key_reused":
            context["typed"]["key"] = secrets.token_urlsafe(16)
        # If nothing can be posted any more, the text is only shown, to be copied.
        context["open"] = context["open"] or not isinstance(refusal, Forbidden)
    return private(render_form(request, "comments/reply.html", context, refusal))


def _parent(article: Article, typed: str) -> Comment | None:
    parent_id = read_id(typed)
    return article.comments.approved().filter(pk=parent_id).first() if parent_id else None
