"""Whether the author of a comment may change it now. Who the author is, `comments.models.ownership` says.

`comments.authors.author_edits` changes the text; pages ask `why_not` before they offer that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import Exists, QuerySet, Value
from django.utils import timezone

from articles.models.article import Article
from comments.audit.standing import is_withdrawn
from comments.drafts import Author, Draft, Visit
from comments.errors import Banned, CommentsClosed, EditedTooOften, EditingOver, Removed, Withdrawn
from comments.models import Ban, Comment, Revision
from comments.models.effective_settings import EffectiveSettings
from comments.models.ownership import is_account_of
from comments.posting.refusals import check_bans
from comments.screening import ban_checks
from newsreader.accounts.models import User
from newsreader.kit.compiled_queries import Compiled

MOST = 20  # changes of one comment; bounded, as every earlier text is stored


def why_not(comment: Comment, rules: EffectiveSettings) -> str:
    """Return the code of what forbids its author to change the comment now, empty where nothing does."""
    try:
        refuse_editing(comment, as_draft(comment, comment.body, None, Visit()), rules, exempt=False)
    except (Withdrawn, Removed, Banned, CommentsClosed, EditingOver) as refusal:
        return refusal.code
    return ""


def as_draft(comment: Comment, text: str, by: User | None, visit: Visit) -> Draft:
    """Return the comment with a new text, as a draft that its author posts now."""
    if comment.identity:
        author = Author(identity=comment.identity, user=by if is_account_of(comment, by) else None)
    else:
        email = comment.connection_data.email if hasattr(comment, "connection_data") else ""
        author = Author(comment.name, email, comment.website)
    return Draft(comment.article_id, text, author, parent=str(comment.parent_id or ""), visit=visit)


def refuse_editing(
    comment: Comment, draft: Draft, rules: EffectiveSettings, *, exempt: bool, is_banned: bool = True
) -> Ban | None:
    """Raise what forbids a change: Withdrawn, Removed, Banned, CommentsClosed, EditingOver.

    Returns the ban that the author is under and not told of, if any. `exempt`: the author moderates here. `is_banned`:
    whether there may be bans on the author (`what_forbids`).
    """
    if comment.status in {Comment.Status.SPAM, Comment.Status.TRASH}:
        last = comment.decisions.order_by("-number").first()
        if is_withdrawn(comment):
            raise Withdrawn()
        # What a rule marked as spam or trash looks pending to its author, so it can be changed like a pending comment.
        if last and not last.source:
            raise Removed()
    theirs = replace(draft.visit, comments=(*draft.visit.comments, comment.pk))  # Whoever got here has left it.
    draft = replace(draft, visit=theirs)
    bans = ban_checks.against(draft, account_only=exempt) if is_banned else []
    quiet = check_bans(draft, comment.article, bans, exempt=exempt)
    article = comment.article
    if article.state != Article.State.PUBLISHED or not (exempt or article.comments_open(rules.close_after_days)):
        raise CommentsClosed()
    if timezone.now() >= rules.editable_until(comment.created_at):
        raise EditingOver()
    if _may_have_earlier_texts(comment) and _last_allowed.first(comment.pk):
        raise EditedTooOften()
    return quiet


def what_forbids(comment: Comment, draft: Draft, *, exempt: bool) -> tuple[bool, bool]:
    """Say whether there are bans on the author of a changed comment, and whether others here have its new text.

    One query.
    """
    who, by = ban_checks.whose(draft, account_only=exempt)
    values = (comment.pk, draft.article_id, draft.duplicate_key, *([timezone.now(), *who] if who else []))
    return _what_forbids.first(*values, by=by) or (True, True)


@Compiled
def _what_forbids(pk: int, article_id: int, duplicate_key: str, *who: Any, by: str) -> QuerySet[Any, tuple[bool, bool]]:
    same = Comment.objects.known_texts(article_id, duplicate_key).exclude(pk=pk)
    banned: Any = Exists(ban_checks.rows(*who, by=by)) if who else Value(False)
    found: Any = Comment.objects.filter(pk=pk).annotate(is_banned=banned, is_repeated=Exists(same))
    return found.values_list("is_banned", "is_repeated")


def _may_have_earlier_texts(comment: Comment) -> bool:
    """Say whether a text may have been kept of it. Most comments that are changed never were: one statement less.

    Of an imported one that a moderator has changed, no time of that is noted.
    """
    return comment.edited_at is not None or comment.channel == Comment.Channel.IMPORT


@Compiled
def _last_allowed(comment_id: int) -> QuerySet[Revision, tuple[int]]:
    """The earlier text after which no other is kept, if there are so many."""
    return Revision.objects.filter(comment=comment_id).order_by("pk").values_list("pk")[MOST - 1 : MOST]
