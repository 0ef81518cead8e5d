"""The page behind the link in a confirmation mail. Opening it changes nothing; its button does."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from comments.authors.confirmation import confirm, find
from comments.discussion import threads
from comments.models import Comment, CommentSettings, EmailConfirmation
from comments.models.effective_settings import EffectiveSettings
from comments.posting import guest_cookie
from newsreader.kit.http_cache import secret
from newsreader.kit.web import SeeOther, show_or_take


@show_or_take
def confirm_address(request: HttpRequest, comment_id: int, token: str) -> HttpResponse:
    """Ask (GET), or take the answer (POST): from then on this browser is known under the address."""
    try:
        confirmation = find(comment_id, token)
    except EmailConfirmation.DoesNotExist:
        raise Http404 from None
    if request.method != "POST":
        context = {
            "comment": confirmation.comment,
            "article": confirmation.comment.article,
            "confirmed": confirmation.confirmed_at,
        }
        return secret(render(request, "comments/confirm_address.html", context))
    confirm(confirmation, besides=guest_cookie.recall(request).comments)
    comment = Comment.objects.select_related("article").get(pk=confirmation.comment_id)
    site = CommentSettings.objects.current()
    shown = comment.status == Comment.Status.APPROVED and comment.article.state == "published"
    where = threads.address(comment, comment.article, site, new=True) if shown else ""
    response = SeeOther(where or comment.status_url)
    rules = EffectiveSettings.of(site)
    guest_cookie.add(request, response, comment.pk, editable_for=rules.editable_for(comment.created_at))
    return secret(response)
