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
from comments.models.querysets import CommentQuerySet
from comments.posting import guest_cookie
from comments.posting.editing_rights import why_not
from newsreader.kit.compiled_queries import Compiled

Status = Comment.Status

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
    guest = not request.user.is_authenticated
    whose = guest_cookie.recall(request).comments if guest else (request.user.pk,)
    if not whose:
        return OwnComments([], [])
    waiting = [row for row in _unpublished(article.pk, *whose, guest=guest) if shown_status(row) == Status.PENDING]
    published = _published(article.pk, *whose, guest=guest)

    def shown(rows: Iterable[Comment]) -> list[OwnComment]:
        in_order = sorted(rows, key=lambda row: (row.path or "", row.pk))
        return [OwnComment(row, _is_editable(row, article, rules)) for row in in_order]

    return OwnComments(shown(waiting), shown(published))


def _mine(article_id: int, *whose: int, guest: bool) -> CommentQuerySet:
    """`whose`: the ids of a guest's comments, or of one user."""
    mine = Q(identity=None, pk__in=whose) if guest else Q(identity__user=whose[0])
    return Comment.objects.filter(mine, article=article_id).select_related("identity", "connection_data")


@Compiled
def _unpublished(article_id: int, *whose: int, guest: bool) -> CommentQuerySet:
    return _mine(article_id, *whose, guest=guest).exclude(status=Status.APPROVED)


@Compiled
def _published(article_id: int, *whose: int, guest: bool) -> CommentQuerySet:
    return _mine(article_id, *whose, guest=guest).approved().order_by("-created_at", "-pk")[:MOST]


def _is_editable(comment: Comment, article: Article, rules: EffectiveSettings) -> bool:
    if timezone.now() >= rules.editable_until(comment.created_at):
        return False  # Spares the queries for most.
    comment.article = article
    return not why_not(comment, rules)
