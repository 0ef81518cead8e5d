"""What authors may still do to their own comments: mend the text for a while, or take it back."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from articles.models import Article
from comments import counting
from comments.drafts import Author, Draft, tidied, validate
from comments.errors import Banned, EditingOver, NotYours, Removed, Withdrawn
from comments.models import Comment, CommentRules, Decision
from comments.moderation import decide, is_withdrawn, withdraw
from comments.querysets import moderates
from comments.spam import judge
from newsreader.accounts.models import User

EDITABLE_FOR = dt.timedelta(minutes=15)


@transaction.atomic
def edit_comment(comment_id: int, text: str, *, by: User) -> Comment:
    """Give one's own comment another text; the rules judge it anew. Raises NotYours, EditingOver, Withdrawn, Invalid.

    An approved comment that the rules would hold waits again. One that waits stays waiting: only people approve it.
    """
    comment = _own(comment_id, by)
    if comment.status == Comment.Status.TRASH:
        raise Withdrawn() if is_withdrawn(comment) else Removed()
    if comment.identity and comment.identity.banned_at:
        raise Banned()
    if timezone.now() - comment.created_at > EDITABLE_FOR:
        raise EditingOver()
    rules = CommentRules.objects.current()
    author = Author(identity=comment.identity, user=by)
    draft = validate(tidied(Draft(comment.article_id, text, author, parent=str(comment.parent_id or ""))), rules)
    comment.write(draft.text, draft.rendered)
    comment.edited_at, comment.duplicate_key = timezone.now(), draft.duplicate_key
    comment.save(update_fields=["body", "html", "renderer", "edited_at", "duplicate_key"])
    verdict = judge(draft, rules)
    if comment.status == Comment.Status.APPROVED:
        if verdict.status != Comment.Status.APPROVED and not moderates(by, comment.article):
            reason = verdict.reasons[0]
            decide(comment.pk, verdict.status, rule="editing", reason=reason["code"], params=reason["params"])
            comment.refresh_from_db()
        else:
            counting.note_change(comment)
    return comment


@transaction.atomic
def withdraw_comment(comment_id: int, *, by: User) -> Decision | None:
    """Take one's own comment back; moderators cannot bring it back. None where it is withdrawn already."""
    comment = _own(comment_id, by)
    return withdraw(comment.pk, by=by)


def _own(comment_id: int, by: User) -> Comment:
    """Lock the article, then the comment, as everybody does."""
    article_id = Comment.objects.values_list("article_id", flat=True).get(pk=comment_id)
    Article.objects.select_for_update().only("pk").get(pk=article_id)
    comment = Comment.objects.select_for_update(of=("self",)).select_related("identity").get(pk=comment_id)
    if comment.identity is None or comment.identity.user_id != by.pk:
        raise NotYours()
    return comment
