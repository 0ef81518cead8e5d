"""The pages of a reply: the form, what becomes of it, a thread, a permanent address. No rules here."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.authentication import CSRFCheck

from articles.models import Article, Site
from comments import remembering, threads
from comments.drafts import as_typed
from comments.errors import ForgeryRefused
from comments.forms import author_of, draft_of
from comments.models import Comment, CommentRules
from comments.moderation import is_withdrawn
from comments.posting import first_status, post_comment
from comments.showing import word
from comments.wording import shown_status
from newsreader.kit.errors import DomainError, Forbidden, Invalid, TooMany
from newsreader.kit.pages import page_number, private, public
from newsreader.kit.web import comes_from_here

Typed = dict[str, Any]


@csrf_exempt  # A guest's form holds no token, so that its page can be shared; refuse_forgery does the check.
def reply(request: HttpRequest, article_id: int) -> HttpResponse:
    """The reply form as a page of one's own, and where replies are sent."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    article = _published(article_id)
    if request.method != "POST":
        return _reply_page(request, article, {"parent": request.GET.get("parent", "")})
    draft = draft_of(request, article.pk, request.POST, key=request.POST.get("key", ""))
    keep = request.POST.get("remember") == "on"
    try:
        refuse_forgery(request)
        comment = post_comment(draft)
    except DomainError as refusal:
        typed = {name: request.POST.get(name, "") for name in ("text", "name", "email", "website", "parent", "key")}
        return _reply_page(request, article, as_typed(draft) | typed | {"remember": keep}, refusal)
    response = HttpResponse(status=303, headers={"Location": _went_to(comment, article)})
    if draft.author.identity is None:
        remembering.remember(request, response, comment.pk, draft.author, keep=keep)
    return private(response)


def _nothing(request: HttpRequest) -> HttpResponse:
    """Stands in for a view that is not exempt from the check."""
    return HttpResponse()


def refuse_forgery(request: HttpRequest) -> None:
    """Raise ForgeryRefused for a POST that another site may have sent (contract, section 4)."""
    if request.user.is_authenticated:
        check = CSRFCheck(_nothing)
        check.process_request(request)
        if check.process_view(request, _nothing, (), {}):
            raise ForgeryRefused()
    elif not comes_from_here(request):
        raise ForgeryRefused()


def _published(article_id: int) -> Article:
    if article_id > 2**63 - 1:
        raise Http404
    return get_object_or_404(Article.objects.published().select_related("section"), pk=article_id)


def _went_to(comment: Comment, article: Article) -> str:
    if first_status(comment) == Comment.Status.APPROVED:
        return threads.address(comment, article, CommentRules.objects.current(), new=True)
    return comment.status_url


def form_context(
    request: HttpRequest | None, article: Article, rules: CommentRules, typed: Typed | None = None
) -> Typed:
    """What the form shows. Without a request: the public form, the same for everybody."""
    context: Typed = {
        "article": article,
        "rules": rules,
        "reply_url": reverse("reply", args=[article.pk]),
        "reply_word": _("Reply"),
        "typed": {"key": ""} | (typed or {}),
        "open": article.comments_open(rules.close_after_days),
        "closes_at": article.closes_at(rules.close_after_days),
    }
    if request is None:
        return context
    remembered = remembering.recall(request)
    author = author_of(request, {})
    details = {"name": remembered.name, "email": remembered.email, "website": remembered.website}
    context["typed"] = details | {"remember": remembered.kept} | context["typed"]
    context["typed"]["key"] = context["typed"]["key"] or secrets.token_urlsafe(16)
    context["identity"] = author.identity
    # Only somebody signed in needs a token; asking for one sets a cookie.
    context["token"] = get_token(request) if author.identity else ""
    return context


def _reply_page(
    request: HttpRequest, article: Article, typed: Typed, refusal: DomainError | None = None
) -> HttpResponse:
    rules = CommentRules.objects.current()
    context = form_context(request, article, rules, typed)
    context["parent"] = _parent(article, typed.get("parent", ""))
    if context["parent"] is None:
        context["typed"]["parent"] = ""  # Sent again, it becomes a comment of its own.
    if refusal:
        if refusal.code == "idempotency_key_reused":
            context["typed"]["key"] = secrets.token_urlsafe(16)
        context["refusal"] = refusal
        context["errors"] = {error.field: error for error in refusal.errors} if isinstance(refusal, Invalid) else {}
        # Where nothing can be sent any more, the text is shown to be kept.
        context["open"] = context["open"] or not isinstance(refusal, Forbidden)
    response = render(request, "comments/reply.html", context, status=refusal.status if refusal else 200)
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after)
    return private(response)


def _parent(article: Article, typed: str) -> Comment | None:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        return None
    return article.comments.approved().filter(pk=int(typed)).first()


@require_safe
def you(request: HttpRequest, article_id: int) -> HttpResponse:
    """The private fragment: who is asking, their token and a fresh key, and their comments that wait."""
    article = _published(article_id)
    context = form_context(request, article, CommentRules.objects.current())
    mine = Comment.objects.filter(article=article).exclude(status=Comment.Status.APPROVED)
    if context["identity"]:
        mine = mine.filter(identity=context["identity"])
    else:
        mine = mine.filter(identity=None, pk__in=remembering.recall(request).comments)
    context["mine"] = [comment for comment in mine.in_order() if shown_status(comment) == Comment.Status.PENDING]
    response = render(request, "comments/_you.html", context)
    if remembering.is_tampered(request):
        remembering.forget(response)
    return private(response)


@require_safe
def status(request: HttpRequest, comment_id: int, token: str) -> HttpResponse:
    """The commenter's private page, behind an address that cannot be guessed."""
    comment = Comment.objects.select_related("article__section", "parent").filter(pk=comment_id).first()
    if comment is None or not constant_time_compare(comment.status_token, token):
        raise Http404
    context = {
        "comment": comment,
        "article": comment.article,
        "shown_status": shown_status(comment),
        "withdrawn": is_withdrawn(comment),
    }
    response = private(render(request, "comments/status.html", context))
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def permanent(request: HttpRequest, comment_id: int) -> HttpResponse:
    """The address of a comment that never changes: leads to the page that shows it now."""
    comment = get_object_or_404(Comment.objects.public().select_related("article"), pk=comment_id)
    response = redirect(threads.address(comment, comment.article, CommentRules.objects.current()))
    response["Cache-Control"] = "public, max-age=0, s-maxage=1"
    return response


@require_safe
def thread(request: HttpRequest, comment_id: int) -> HttpResponse:
    """A comment with all its replies, paged."""
    number = page_number(request)
    standing = Comment.objects.filter(article__state=Article.State.PUBLISHED)
    top = get_object_or_404(standing.select_related("article__section", "parent"), pk=comment_id)
    if not threads.stands(top):
        raise Http404
    article, site, rules = top.article, Site.objects.current(), CommentRules.objects.current()
    request.paper = site  # type: ignore[attr-defined]

    def build() -> HttpResponse:
        try:
            page = threads.thread(top, rules, number)
        except threads.NoSuchPage:
            raise Http404 from None
        context = form_context(None, article, rules) | {"page": word(page), "top": top}
        return render(request, "comments/thread.html", context)

    is_open = article.comments_open(rules.close_after_days)
    return public(request, [site.page_version, article.pk, article.page_version, number, is_open], build)
