"""Erasing what is personal of a comment, for good: the words stay only where its author's name does not give them away.

The chain of the log still holds afterwards. Nothing brings back what was erased: there is no undo.
"""

from __future__ import annotations

from django.db import transaction

from comments import counting, log
from comments.models import Appeal, Comment, Delivery, Note, Report, Revision, Trace
from comments.moderation import decide, is_withdrawn, lock
from comments.reasons import ERASED
from newsreader.accounts.models import User


@transaction.atomic
def erase(comment_id: int, *, by: User, text_too: bool = True) -> None:
    """Take name, address, website, picture and traces off a comment, and its text with `text_too`; then it is removed.

    What moderators, readers and its author wrote about it goes as well; what was decided, when and by whom, stays.
    Raises Comment.DoesNotExist.
    """
    found = lock([comment_id])
    if not found.comments:
        raise Comment.DoesNotExist(f"There is no comment {comment_id}.")
    comment = found.comments[0]
    if text_too and not is_withdrawn(comment):
        decide(comment_id, Comment.Status.TRASH, by=by, reason=ERASED)
    Trace.objects.filter(comment=comment_id).delete()
    Revision.objects.filter(comment=comment_id).delete()
    Note.objects.filter(comment=comment_id).delete()
    Report.objects.filter(comment=comment_id).update(detail="", name="", email="")
    Appeal.objects.filter(comment=comment_id).update(text="")
    Delivery.objects.filter(decision__comment=comment_id).delete()
    comment.identity, comment.name, comment.website, comment.avatar, comment.provider = None, "", "", "", ""
    comment.duplicate_key = comment.fingerprint = ""
    fields = ["identity", "name", "website", "avatar", "provider", "duplicate_key", "fingerprint"]
    if text_too:
        comment.write("")
        fields += Comment.WRITTEN
    comment.save(update_fields=fields)
    counting.note_change(comment)
    log.forget(f"comment:{comment_id}", by=by)
