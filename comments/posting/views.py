"""The pages of a reply: the form, where it is sent to, a thread, a permanent address. No rules here."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from comments.discussion import threads
from comments.drafts import as_typed
from comments.models import Comment, CommentSettings
from comments.models.effective_settings import EffectiveSettings
from comments.posting import guest_cookie, kept_drafts, thread_page
from comments.posting.guest_fragment import fragment
from comments.posting.own_comments import own_comments
from comments.posting.reply_form import form_context, published, refuse_forgery, reply_page
from comments.posting.request_parsing import draft_of
from comments.posting.sign_in_steps import reply_form
from comments.posting.submission import first_status, post_comment
from newsreader.accounts import sessions
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import for_everybody, page_number, private, reading
from newsreader.kit.web import show_or_take

AS_TYPED = (
    "text",
    "name",
    "email",
    "website",
    "parent",
    "key",
    "began",
    "notify",
)  # the fields that a refused form is filled in with


@csrf_exempt  # A guest's form holds no token, so that caches can share its page; refuse_forgery checks instead.
@show_or_take
def reply(request: HttpRequest, article_id: int) -> HttpResponse:
    """The reply form on its own page, and the address where replies are posted."""
    if request.method != "POST":
        return reply_form(request, published(article_id))
    draft = draft_of(request, article_id, request.POST, key=request.POST.get("key", ""))
    keep = request.POST.get("remember") == "on"
    try:
        refuse_forgery(request)
        comment = post_comment(draft)
    except DomainError as refusal:
        typed = {name: request.POST.get(name, "") for name in AS_TYPED}
        return reply_page(request, published(article_id), as_typed(draft) | typed | {"remember": keep}, refusal)
    rules = comment.posted_under or CommentSettings.objects.current()
    response = HttpResponse(status=303, headers={"Location": _address_after(comment, rules)})
    kept_drafts.drop(request, comment.article, draft.parent)
    editable_for = EffectiveSettings.of(rules).editable_for(comment.created_at)
    if draft.author.identity is None:
        guest_cookie.remember(request, response, comment.pk, draft.author, keep=keep, editable_for=editable_for)
    else:
        sessions.remember_for(request, editable_for)
    return private(response)


def _address_after(comment: Comment, rules: CommentSettings) -> str:
    if first_status(comment) == Comment.Status.APPROVED:
        return threads.address(comment, comment.article, rules, new=True)
    return comment.status_url


@require_safe
def you(request: HttpRequest, article_id: int) -> HttpResponse:
    """The private fragment of an article: who is asking, their token, a new key, and their comments."""
    article = published(article_id)
    context = form_context(request, article, CommentSettings.objects.current(), changing="change" in request.GET)
    context |= {
        "kept": kept_drafts.newest(request, article),
        "own": own_comments(request, article, context["settings"]),
    }
    response = HttpResponse(fragment(request, context))
    if guest_cookie.is_tampered(request):
        guest_cookie.forget(response)
    return private(response)


@for_everybody
def permanent(request: HttpRequest, comment_id: int) -> HttpResponse:
    """The permanent address of a comment: redirects to the page that shows it now."""
    address = threads.address_of(comment_id)
    if address is None:
        raise Http404
    response = redirect(address)
    response["Cache-Control"] = "public, max-age=0, s-maxage=1"
    return response


@reading("page")
def thread(request: HttpRequest, comment_id: int) -> HttpResponse:
    """A comment with all its replies, in pages."""
    return thread_page.answer(request, comment_id, page_number(request))
