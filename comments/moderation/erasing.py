"""Erasing the personal data of a comment, its text included, for good.

The audit log's chain stays valid. There is no undo.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from articles import page_versions
from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_codes import ERASED, single
from comments.models import Appeal, Ban, BanAppeal, Comment, ConnectionData, Note, Report, Revision
from comments.moderation.decisions import decide_locked, lock_one
from newsreader.accounts.models import User
from newsreader.kit.text import fold


@transaction.atomic
def erase(comment_id: int, *, by: User) -> None:
    """Remove a comment and erase its name, address, website, picture, connection data and text.

    What moderators, readers and its author wrote about it is erased too, and the appeals against bans of its author.
    What was decided, when and by whom, stays. Raises Comment.DoesNotExist.
    """
    found = lock_one(comment_id)
    comment = found.comments[0]
    appealed = _appealed_bans(comment)
    if not found.is_withdrawn(comment):
        decide_locked(found, Comment.Status.TRASH, by=by, reasons=single(ERASED))
    ConnectionData.objects.filter(comment=comment_id).delete()
    Revision.objects.filter(comment=comment_id).delete()
    Note.objects.filter(comment=comment_id).delete()
    Report.objects.filter(comment=comment_id).update(detail="", name="", email="", objection="")
    Appeal.objects.filter(comment=comment_id).update(text="")
    notifications.forget(comment_id)
    comment.identity, comment.name, comment.website, comment.avatar, comment.provider = None, "", "", "", ""
    comment.duplicate_key = comment.fingerprint = ""
    comment.write("")
    fields = ["identity", "name", "website", "avatar", "provider", "duplicate_key", "fingerprint"]
    comment.save(update_fields=[*fields, *Comment.WRITTEN])
    page_versions.bump([comment.article_id])
    BanAppeal.objects.filter(ban__in=appealed).update(text="")
    audit_log.forget_all([f"comment:{comment_id}", *(f"ban:{pk}" for pk in appealed)], by=by)


def _appealed_bans(comment: Comment) -> list[int]:
    """Return the author's bans, past ones too, that have appeals; none of networks, which concern many people."""
    connection = getattr(comment, "connection_data", None)
    email = fold(connection.email) if connection and not comment.identity_id else ""
    of_author = Q(identity=comment.identity_id, identity__isnull=False) | (Q(email=email) & ~Q(email=""))
    return list(Ban.objects.filter(of_author, appeals__isnull=False).distinct().values_list("pk", flat=True))
