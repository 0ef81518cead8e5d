"""Whether the author of a comment may change it now. Who the author is, `comments.models.ownership` says.

`comments.authors.author_edits` changes the text; pages ask `why_not` before they offer that.
"""

from __future__ import annotations

from dataclasses import replace

from django.db.models import QuerySet
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
    comment: Comment,
    draft: Draft,
    rules: EffectiveSettings,
    *,
    exempt: bool,
    bans: list[Ban] | None = None,
    is_last: bool | None = None,
) -> Ban | None:
    """Raise what forbids a change: Withdrawn, Removed, Banned, CommentsClosed, EditingOver, EditedTooOften.

    Returns the ban that the author is under and not told of, if any. `exempt`: the author moderates here. `bans`: those
    in force against them, and `is_last`: whether `MOST` texts are kept; None: they are asked for here.
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
    if bans is None:
        bans = ban_checks.against(draft, account_only=exempt)
    quiet = check_bans(draft, comment.article, bans, exempt=exempt)
    article = comment.article
    if article.state != Article.State.PUBLISHED or not (exempt or article.comments_open(rules.close_after_days)):
        raise CommentsClosed()
    if timezone.now() >= rules.editable_until(comment.created_at):
        raise EditingOver()
    if is_last is None:
        is_last = _may_have_earlier_texts(comment) and _last_allowed.first(comment.pk) is not None
    if is_last:
        raise EditedTooOften()
    return quiet


def _may_have_earlier_texts(comment: Comment) -> bool:
    """Say whether a text may have been kept of it. Most comments that are changed never were: one statement less.

    Of an imported one that a moderator has changed, no time of that is noted.
    """
    return comment.edited_at is not None or comment.channel == Comment.Channel.IMPORT


def last_text(comment_id: int) -> QuerySet[Revision, tuple[int]]:
    """The earlier text after which no other is kept, if there are so many."""
    return Revision.objects.filter(comment=comment_id).order_by("pk").values_list("pk")[MOST - 1 : MOST]


_last_allowed = Compiled(last_text)
