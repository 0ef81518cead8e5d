"""The list of somebody's own comments and their states, and the comments they may claim from their time as a guest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from html import unescape
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from comments.audit.reason_codes import WITHDRAWN
from comments.authors import happenings
from comments.authors.claiming import claim, claimable
from comments.models import Comment, Decision
from comments.models.querysets import CommentQuerySet
from comments.text.excerpts import excerpt
from newsreader.accounts.identities import signed_in_user
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.http_cache import page_number, private
from newsreader.kit.numbers import ids_in

ON_A_PAGE = 20
OFFERED = 100  # comments to claim at once; the others are offered next
EXCERPT = 200  # characters

Status = Comment.Status
STATES = {
    "approved": gettext_lazy("Published"),
    "pending": gettext_lazy("Waiting for an editor"),
    "withdrawn": gettext_lazy("Withdrawn by you"),
    "refused": gettext_lazy("Not published"),
}


class OwnComment(NamedTuple):
    """A comment in the author's own list. `state` is a key of STATES, `words` its label."""

    comment: Comment
    excerpt: str
    state: str
    words: str


@login_required
@require_safe
def my_comments(request: HttpRequest) -> HttpResponse:
    """List one's own comments, newest first, below what happened to them and those that may be claimed."""
    user = signed_in_user(request)
    number = page_number(request)
    start = (number - 1) * ON_A_PAGE
    rows = list(_own(_identities(user.pk))[start : start + ON_A_PAGE + 1])
    if not rows and number > 1:
        raise Http404
    offered = list(_light(claimable(user))[: OFFERED + 1])
    context = {
        "entries": [_entry(comment) for comment in rows[:ON_A_PAGE]],
        "page": {"number": number, "earlier": number - 1, "later": number + 1 if len(rows) > ON_A_PAGE else 0},
        "claimable": [(comment, _excerpt(comment)) for comment in offered[:OFFERED]],
        "more_claimable": len(offered) > OFFERED,
        "news": happenings.since_last_look(user) if number == 1 else [],
        "until": timezone.now().isoformat(),
    }
    return private(render(request, "comments/mine.html", context))


@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """Note that one has seen what happened until the page was made, and go back to the list."""
    if not request.user.is_authenticated:
        return private(redirect_to_login(reverse("my_comments")))
    happenings.note_look(signed_in_user(request), _moment(request.POST.get("until", "")))
    return private(HttpResponse(status=303, headers={"Location": reverse("my_comments")}))


def _moment(text: str) -> dt.datetime | None:
    """Return a time with a zone; None for anything else."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and timezone.is_aware(found) else None


@require_POST
def claim_comments(request: HttpRequest) -> HttpResponse:
    """Put the chosen comments under one's own account, and go back to the list."""
    user: Any = request.user
    if not user.is_authenticated:
        return private(redirect_to_login(reverse("my_comments")))  # This address itself cannot be opened.
    if claimed := claim(user, ids_in(request.POST.getlist("comments"))):
        said = ngettext(
            "%d comment has been added to your account.", "%d comments have been added to your account.", claimed
        )
        messages.success(request, said % claimed)
    else:
        messages.info(request, _("No comment was added to your account."))
    return private(HttpResponse(status=303, headers={"Location": reverse("my_comments")}))


# By their ids: joined with the identities, PostgreSQL read every comment of the site (1.6 s for 160,000).
_identities = Compiled(lambda user_id: CommenterIdentity.objects.filter(user=user_id).values_list("pk"))


def _own(identities: Iterable[tuple[int]]) -> CommentQuerySet:
    """Return the comments under any of these identities, each with source and reasons of its last decision."""
    last = Decision.objects.filter(comment=OuterRef("pk")).order_by("-number")
    return _light(Comment.objects.filter(identity__in=[pk for (pk,) in identities])).annotate(
        last_source=Subquery(last.values("source")[:1]), last_reasons=Subquery(last.values("reasons")[:1])
    )


def _light(comments: CommentQuerySet) -> CommentQuerySet:
    """Return these comments newest first, with their articles, without the texts that no list shows."""
    return comments.select_related("article").defer("body", "article__body").order_by("-created_at", "-pk")


def _entry(comment: Any) -> OwnComment:
    state = state_of(comment)
    return OwnComment(comment, _excerpt(comment), state, str(STATES[state]))


def state_of(comment: Any) -> str:
    """Return the state shown to the author, as `reason_texts.shown_status`: only a person's refusal counts as one.

    The comment has `last_source` and `last_reasons`, of its last decision.
    """
    if comment.status in {Status.PENDING, Status.APPROVED}:
        return str(comment.status)
    if comment.status == Status.TRASH and comment.last_reasons and comment.last_reasons[0]["code"] == WITHDRAWN:
        return "withdrawn"
    return "pending" if comment.last_source or comment.last_reasons is None else "refused"


def _excerpt(comment: Comment) -> str:
    return excerpt(unescape(strip_tags(comment.html)), EXCERPT)
