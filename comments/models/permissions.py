"""Who may do what with comments."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import Permission
from django.db import models
from django.db.models import Q

from articles.models.article import Article
from newsreader.accounts.groups import AUTHORS, EDITORS, EVERYTHING, MODERATORS, Table, allowed, synchronise
from newsreader.accounts.models import User


def may_moderate(user: Any) -> bool:
    """Say whether this person decides about comments at all; which ones, `moderated_by` says."""
    return bool(getattr(user, "is_authenticated", False)) and user.has_perm("comments.moderate_comment")


def moderates_everything(user: Any) -> bool:
    """Say whether this person decides about all comments, not only about those under their own articles."""
    return bool(user.is_authenticated and user.has_perm("comments.moderate_any_comment"))


def moderates(user: Any, article: Article) -> bool:
    """Say whether this person decides about the comments under this article."""
    if not may_moderate(user):
        return False
    return moderates_everything(user) or article.authors.filter(user=user).exists()


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


def may_ban(user: Any) -> bool:
    """Say whether this person may ban, and undo what a batch did to bans."""
    return bool(user.has_perm("comments.add_ban"))


def may_ban_quietly(user: Any) -> bool:
    """Say whether this person may ban without telling the one who is banned."""
    return bool(user.has_perm("comments.change_commentsettings"))


def run_the_site() -> models.QuerySet[User]:
    """Return the staff who may change how discussions work: editors, and superusers."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm("comments.change_commentsettings", backend=backend).filter(is_staff=True)


def may_run_the_site(user: Any) -> bool:
    """Say whether this person is one of those who may change how discussions work."""
    return bool(getattr(user, "acts_as_staff", False)) and user.has_perm("comments.change_commentsettings")


def may_lift(user: Any) -> bool:
    """Say whether this person may change and lift bans, and decide about objections to them."""
    return bool(user.has_perm("comments.change_ban"))


def may_lift_bans() -> models.QuerySet[User]:
    """Return those who may change and lift bans. That is done in the admin, so they are staff."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm("comments.change_ban", backend=backend).filter(is_staff=True)


GROUPS: Table = {
    EDITORS: [
        *allowed("change", "view", models="comment commentsettings articlesettings"),
        *allowed("add", "change", "view", models="ban refusalreason"),
        *allowed(*EVERYTHING, models="filterentry"),
        "moderate_comment",
        "moderate_any_comment",
    ],
    MODERATORS: [
        *allowed("change", "view", models="comment articlesettings"),
        *allowed("view", models="commentsettings"),
        *allowed("add", "change", "view", models="ban"),
        *allowed(*EVERYTHING, models="filterentry"),
        "moderate_comment",
        "moderate_any_comment",
    ],
    AUTHORS: ["view_comment", "moderate_comment"],
}


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Synchronise what the groups may do with comments."""
    synchronise(sender, GROUPS, using)
