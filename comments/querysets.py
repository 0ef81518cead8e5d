"""The questions the house asks about comments. Each calls for an index in the model's Meta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Permission
from django.db import models
from django.db.models import Q
from django.utils import timezone

from articles.models import Article, Byline
from newsreader.accounts.models import User

if TYPE_CHECKING:
    from comments.models import Ban, Comment, CommentRules  # noqa: F401

# What stands in a discussion: what is approved, and removed roots that have living replies (as tombstones).
STANDING = Q(status="approved") | Q(thread_count__gt=0)


def may_moderate(user: Any) -> bool:
    """Say whether this person decides about comments at all; which ones is `visible_to`'s to answer."""
    return bool(getattr(user, "is_authenticated", False)) and user.has_perm("comments.moderate_comment")


def moderates(user: Any, article: Article) -> bool:
    """Say whether this person decides about the comments under this article."""
    if not may_moderate(user):
        return False
    return user.has_perm("comments.moderate_any_comment") or article.authors.filter(user=user).exists()


def moderators_of(article_id: int) -> models.QuerySet[User]:
    """Return those who decide about all comments, and the article's authors who decide about theirs."""
    everything = Permission.objects.filter(codename="moderate_any_comment")
    own = Permission.objects.filter(codename="moderate_comment")
    may = (
        Q(is_superuser=True)
        | Q(groups__permissions__in=everything)
        | Q(user_permissions__in=everything)
        | (Q(author__articles=article_id) & (Q(groups__permissions__in=own) | Q(user_permissions__in=own)))
    )
    return User.objects.filter(pk__in=User.objects.filter(may, is_active=True).values("pk"))


def may_lift_bans() -> models.QuerySet[User]:
    """Return those who may change and lift bans, which is done in the newsroom."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm("comments.change_ban", backend=backend).filter(is_staff=True)


class CommentQuerySet(models.QuerySet["Comment"]):
    def approved(self) -> CommentQuerySet:
        return self.filter(status="approved")

    def waiting(self) -> CommentQuerySet:
        return self.filter(status="pending")

    def public(self) -> CommentQuerySet:
        """Approved, under an article that readers see."""
        return self.approved().filter(article__state="published")

    def visible_to(self, user: Any) -> CommentQuerySet:
        """What is public; everything for moderators; one's own besides."""
        if not getattr(user, "is_authenticated", False):
            return self.public()
        if user.has_perm("comments.moderate_any_comment"):
            return self.all()
        seen = Q(status="approved", article__state="published") | Q(identity__user=user, article__state="published")
        if may_moderate(user):
            seen |= Q(article__in=_own_articles(user))
        return self.filter(seen)

    def moderated_by(self, user: Any) -> CommentQuerySet:
        """What this person may decide about: all, or those under their own articles, or none."""
        if not may_moderate(user):
            return self.none()
        if user.has_perm("comments.moderate_any_comment"):
            return self.all()
        return self.filter(article__in=_own_articles(user))

    def narrow(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Return what is about these comments of rows with a `comment`: appeals, decisions, reports.

        Where these are all comments there is nothing to narrow, and no database goes through all to find that out.
        """
        return rows.filter(comment__in=self) if self.query.where else rows

    def roots(self) -> CommentQuerySet:
        """Roots that stand in the discussion, tombstones included."""
        return self.filter(STANDING, parent=None)

    def for_display(self) -> CommentQuerySet:
        """With what showing a comment needs, in one query."""
        return self.select_related("article", "identity")

    def in_order(self) -> CommentQuerySet:
        """Reading order, depth first, oldest first."""
        return self.order_by("path")


def _own_articles(user: Any) -> models.QuerySet:
    return Byline.objects.filter(author__user=user).values("article_id")


class RulesQuerySet(models.QuerySet["CommentRules"]):
    def current(self) -> CommentRules:
        """The one row; made with its defaults where it is missing."""
        row, _ = self.get_or_create(pk=1)
        return row


class BanQuerySet(models.QuerySet["Ban"]):
    def in_force(self) -> BanQuerySet:
        """Neither lifted nor over."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()), lifted_at=None)

    def appealed(self) -> BanQuerySet:
        """In force, and somebody objects to them: an appeal is open."""
        return self.in_force().filter(models.Exists(self._open_appeals()))

    def _open_appeals(self) -> models.QuerySet[Any]:
        appeals: Any = self.model._meta.get_field("appeals").related_model
        return appeals.objects.filter(ban=models.OuterRef("pk"), outcome="")

    def past(self) -> BanQuerySet:
        """Lifted, or over."""
        return self.filter(Q(lifted_at__isnull=False) | Q(ends_at__lte=timezone.now()))
