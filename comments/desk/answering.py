"""Answering a comment from the desk: it is approved if it waits, and the newsroom's reply is posted under it."""

from __future__ import annotations

from django.db import transaction

from comments.drafts import Author, Draft
from comments.models import Batch, Comment
from comments.models.querysets import CommentQuerySet
from comments.moderation.batches import decide_batch
from comments.posting.submission import post_comment
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import User


@transaction.atomic
def answer(comment_id: int, text: str, *, by: User, rows: CommentQuerySet) -> tuple[Batch, Comment]:
    """Approve a comment and post a moderator's reply to it. Both are one batch, so one undo takes both back.

    `rows` must hold only comments that `by` may decide about. Raises Comment.DoesNotExist, and what `post_comment`
    raises.
    """
    comment = rows.get(pk=comment_id)
    batch = decide_batch(rows.filter(pk=comment_id), Comment.Status.APPROVED, by=by)
    author = Author(identity=own_identity(by), user=by)
    return batch, post_comment(Draft(comment.article_id, text, author, parent=str(comment_id)), batch=batch.pk)
