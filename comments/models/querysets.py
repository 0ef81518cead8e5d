"""Querysets of comments, settings and bans. For each there is an index in the model's Meta."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from articles.models.article import Byline
from comments.models.permissions import may_moderate, moderates_everything
from newsreader.kit.compiled_queries import only_row

if TYPE_CHECKING:
    from comments.models import Ban, Comment, CommentSettings  # noqa: F401

# What a discussion shows: approved comments, and removed roots with approved replies (as tombstones).
STANDING = Q(status="approved") | Q(thread_count__gt=0)

IN_FEEDS = 50  # comments

# The columns of a comment that are shown under an article.
SHOWN = (
    "article", "parent", "root", "path", "status", "name", "website", "avatar", "by_staff", "picked_at", "body", "html",
    "channel", "created_at", "edited_at", "author_erased_at", "reply_count", "thread_count",
)  # fmt: skip

# What anybody sees over REST.
FOR_ANYBODY = (
    "article", "parent", "root", "path", "depth", "status", "name", "website", "avatar", "provider", "by_staff", "html",
    "created_at", "edited_at", "author_erased_at", "version", "reply_count", "thread_count",
)  # fmt: skip


class CommentQuerySet(models.QuerySet["Comment"]):
    def approved(self) -> CommentQuerySet:
        return self.filter(status="approved")

    def waiting(self) -> CommentQuerySet:
        return self.filter(status="pending")

    def public(self) -> CommentQuerySet:
        """Approved, under an article that readers see."""
        return self.approved().filter(article__state="published")

    def newest(self) -> CommentQuerySet:
        """As many as a feed shows, newest first."""
        return self.order_by("-created_at", "-pk")[:IN_FEEDS]

    def newest_versions(self) -> models.QuerySet[Comment, tuple[int, int]]:
        """What says whether the site's feed still holds: the comments in it, and the page versions of their articles.

        Nothing counts the changes of all comments: with a version of their own, all posts would wait for each other.
        """
        return self.public().newest().values_list("pk", "article__page_version")

    def visible_to(self, user: Any) -> CommentQuerySet:
        """Public comments, and one's own; for moderators, all that they moderate."""
        if not getattr(user, "is_authenticated", False):
            return self.public()
        if moderates_everything(user):
            return self.all()
        seen = Q(status="approved", article__state="published") | Q(identity__user=user, article__state="published")
        if may_moderate(user):
            seen |= Q(article__in=_own_articles(user))
        return self.filter(seen)

    def moderated_by(self, user: Any) -> CommentQuerySet:
        """What this person may decide about: all, or those under their own articles, or none."""
        if not may_moderate(user):
            return self.none()
        if moderates_everything(user):
            return self.all()
        return self.filter(article__in=_own_articles(user))

    def narrow(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Limit rows that have a `comment` (appeals, decisions, reports) to those about these comments.

        For all comments, the rows are returned unchanged, which saves the database a useless search.
        """
        return rows.filter(comment__in=self) if self.query.where else rows

    def roots(self) -> CommentQuerySet:
        """Roots that the discussion shows, tombstones included."""
        return self.filter(STANDING, parent=None)

    def known_texts(self, article_id: int, duplicate_key: str, *keys: str) -> CommentQuerySet:
        """The comments with the same text by the same person, and those with the key of this submission."""
        same = Q(article=article_id, duplicate_key=duplicate_key)
        return self.filter(same | Q(idempotency_key=keys[0]) if keys else same)

    def for_page(self) -> CommentQuerySet:
        """With the columns that a page shows."""
        return self.only(*SHOWN)

    def over_rest(self, *, for_anybody: bool = False) -> CommentQuerySet:
        """With the columns that are shown over REST, in one query: those for anybody, or also its text and whose."""
        if for_anybody:
            return self.only(*FOR_ANYBODY)
        return self.select_related("identity").only(*FOR_ANYBODY, "body", "identity__user")

    def for_display(self) -> CommentQuerySet:
        """With the rows that are needed to show a comment, in one query."""
        return self.select_related("article", "identity")

    def in_order(self) -> CommentQuerySet:
        """Reading order, depth first, oldest first."""
        return self.order_by("path")


def _own_articles(user: Any) -> models.QuerySet:
    return Byline.objects.filter(author__user=user).values("article_id")


class SettingsQuerySet(models.QuerySet["CommentSettings"]):
    def current(self) -> CommentSettings:
        """The one row; created with the defaults if it is missing."""
        # Not by get_or_create alone, which reads as if to write: a page would mix two databases.
        return only_row.first(model=self.model) or self.get_or_create(pk=1)[0]


class BanQuerySet(models.QuerySet["Ban"]):
    def in_force(self, now: dt.datetime | None = None) -> BanQuerySet:
        """Neither lifted nor ended."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now or timezone.now()), lifted_at=None)

    def appealed(self) -> BanQuerySet:
        """In force, with an open appeal."""
        return self.in_force().filter(models.Exists(self._open_appeals()))

    def _open_appeals(self) -> models.QuerySet[Any]:
        appeals: Any = self.model._meta.get_field("appeals").related_model
        return appeals.objects.filter(ban=models.OuterRef("pk"), outcome="")

    def past(self) -> BanQuerySet:
        """Lifted or ended."""
        return self.filter(Q(lifted_at__isnull=False) | Q(ends_at__lte=timezone.now()))
