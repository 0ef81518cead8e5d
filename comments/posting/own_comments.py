"""What somebody has left under an article, for the private fragment and the reply form's own page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from articles.models.article import Article
from comments.audit.reason_texts import shown_status
from comments.models import Comment
from comments.models.effective_settings import EffectiveSettings
from comments.posting import guest_cookie
from comments.posting.editing_rights import why_not

MOST = 20  # published comments; their authors find all of theirs in their account


class OwnComment(NamedTuple):
    """A comment, and whether its author may still change its text."""

    comment: Comment
    editable: bool


class OwnComments(NamedTuple):
    """What somebody has left here and not taken back, in reading order."""

    waiting: list[OwnComment]
    published: list[OwnComment]  # the newest


def own_comments(request: HttpRequest, article: Article, rules: EffectiveSettings) -> OwnComments:
    """Return what this account, or this browser as a guest, has left here. `rules`: those in force."""
    if request.user.is_authenticated:
        whose = Q(identity__user=request.user.pk)
    else:
        whose = Q(identity=None, pk__in=guest_cookie.recall(request).comments)
    mine = Comment.objects.filter(whose, article=article).select_related("identity", "connection_data")
    waiting = [row for row in mine.exclude(status="approved") if shown_status(row) == Comment.Status.PENDING]
    published = mine.approved().order_by("-created_at", "-pk")[:MOST]

    def shown(rows: Iterable[Comment]) -> list[OwnComment]:
        in_order = sorted(rows, key=lambda row: (row.path or "", row.pk))
        return [OwnComment(row, _is_editable(row, article, rules)) for row in in_order]

    return OwnComments(shown(waiting), shown(published))


def _is_editable(comment: Comment, article: Article, rules: EffectiveSettings) -> bool:
    if timezone.now() >= rules.editable_until(comment.created_at):
        return False  # Spares the queries for most.
    comment.article = article
    return not why_not(comment, rules)
