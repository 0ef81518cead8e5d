"""The links in a moderator's mail: one decision about one comment, without signing in.

Opening a link changes nothing, since mail scanners open every link; the page's button does. The link is the
moderator's own: the decision is recorded under their name, and the link does only what they may do on the desk now.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from comments.audit.refusal_reasons import SPAM, offered, suggested
from comments.desk.status_actions import STATUS_ACTIONS, summary
from comments.errors import DecidedMeanwhile, ReasonRequired
from comments.models import Comment
from comments.moderation import batches
from comments.notifications.links import Action, read_action
from newsreader.accounts import second_factor
from newsreader.accounts.models import User
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import secret
from newsreader.kit.web import render_form, show_or_take

# The statuses for which a reason is chosen, each with its preselected one.
CHOSEN: dict[str, Callable[[], str]] = {"spam": lambda: SPAM, "trash": suggested}


class LinkExpired(DomainError):
    code, status, sentence = (
        "link_expired",
        410,
        gettext_lazy("This link is more than a week old. Please use the desk."),
    )


@show_or_take
def mail_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link would do (GET), or do it (POST). 404 for an invalid link, or without permission by now."""
    try:
        action = read_action(token)
    except (signing.BadSignature, TypeError, ValueError):
        raise Http404 from None
    user = User.objects.filter(pk=action.user_id, is_active=True).first()
    rows = Comment.objects.moderated_by(user).filter(pk=action.comment_id)
    comment = rows.select_related("article", "parent").first()
    if user is None or comment is None or action.name not in STATUS_ACTIONS:
        raise Http404
    if not second_factor.is_set_up(user):
        raise second_factor.SecondFactorRequired()
    if action.has_ended:
        raise LinkExpired()
    if request.method != "POST":
        return _page(request, action, comment)
    # Used up by any decision since, one's own too: else whoever has the mail could take back what was decided later.
    last = comment.decisions.select_related("by").order_by("-number").first()
    if last and last.number != action.seen:
        return _page(request, action, comment, refusal=DecidedMeanwhile(last))
    status, reason = STATUS_ACTIONS[action.name].status, request.POST.get("reason", "")
    try:
        batch = batches.decide_batch(rows, status, by=user, reason=reason, seen={comment.pk: action.seen})
    except DomainError as refusal:
        return _page(request, action, comment, refusal=refusal)
    comment.refresh_from_db(fields=["status"])
    return _page(request, action, comment, said=[sentence for _level, sentence in summary(batch)])


def _page(
    request: HttpRequest,
    action: Action,
    comment: Comment,
    *,
    said: list[str] | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    last = comment.decisions.select_related("by").order_by("-number").first()
    choice = offered()
    reasons = {code: label for code, label in choice.items() if code} if action.name in CHOSEN else {}
    context = {
        "comment": comment,
        "reasons": reasons,
        "chosen": CHOSEN[action.name]() if reasons else "",
        "button": STATUS_ACTIONS[action.name],
        "said": said,
        "asked_again": isinstance(refusal, ReasonRequired),
        "news": last if last and last.number != action.seen and not said else None,
    }
    return secret(render_form(request, "comments/mail_link.html", context, refusal))
