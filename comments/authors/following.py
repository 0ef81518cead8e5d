"""What can be followed, and by whom: whatever readers see; and answers to a comment, by its author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from articles.models.article import Article
from articles.models.taxonomy import Author, Section
from comments.models import Comment, Subscription
from comments.notifications.subscriptions import NotFollowed, Wish
from newsreader.accounts.models import User
from newsreader.kit.numbers import LARGEST_ID

Scope = Subscription.Scope


@dataclass(frozen=True)
class Followed:
    """What is followed: the row that it is about, and the wish for `subscriptions.subscribe`."""

    subject: Any
    wish: Wish


def find(scope: str, pk: int = 0, *, slug: str = "", by: User | None = None) -> Followed:
    """Return what somebody may follow: of an id, or a section or an author of a slug. Raises NotFollowed.

    What readers do not see is not told apart from what there is not.
    """
    if not 0 <= pk <= LARGEST_ID:
        raise NotFollowed()
    named = Q(slug=slug) if slug else Q(pk=pk)
    found: Any = None
    match scope:
        case Scope.SECTION:
            found = Section.objects.filter(named).first()
        case Scope.AUTHOR:
            found = Author.objects.shown().filter(named).first()
        case Scope.ARTICLE | Scope.CORRECTIONS if not slug:
            found = Article.objects.published().articles().defer("body").filter(pk=pk).first()
        case Scope.REPLIES if by is not None:
            found = Comment.objects.filter(pk=pk, identity__user=by, article__state=Article.State.PUBLISHED).first()
    if found is None:
        raise NotFollowed()
    column = {Scope.REPLIES: "comment_id", Scope.SECTION: "section_id", Scope.AUTHOR: "author_id"}
    return Followed(found, Wish(scope, **{column.get(Scope(scope), "article_id"): found.pk}))
