"""A moderator changes the text of somebody else's comment: recorded, with the earlier text kept, and undoable."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from articles import page_versions
from comments.audit import audit_log
from comments.drafts import Draft, text_errors, tidied
from comments.errors import Withdrawn
from comments.models import Comment, CommentSettings, Revision
from comments.moderation.decisions import lock_one
from comments.text.formatting import imported_to_html
from newsreader.accounts.models import User
from newsreader.kit.errors import Invalid
from newsreader.kit.versions import refuse_stale


@transaction.atomic
def revise(comment_id: int, text: str, *, by: User, versions: Collection[int] | None = None) -> Revision | None:
    """Give a comment another text. Returns the revision that keeps the earlier one, None where nothing changes.

    `versions`: those for which it is meant; None: any. Raises Comment.DoesNotExist, Withdrawn, VersionConflict, and
    Invalid for a text that nobody could have posted.
    """
    draft = tidied(Draft(0, text))
    found = lock_one(comment_id)
    comment = found.comments[0]
    if found.is_withdrawn(comment):
        raise Withdrawn()
    if draft.text == comment.body:
        return None
    refuse_stale(comment.version, versions)
    if errors := text_errors(draft, max(CommentSettings.objects.current().text_limit, len(comment.body))):
        raise Invalid(errors)
    if comment.may_hold_html:  # An imported comment is rendered as before.
        before = comment.rewrite(draft.text, imported_to_html(draft.text), by=by)
    else:
        before = comment.rewrite(draft.text, draft.rendered, by=by, edited_at=timezone.now())
    if comment.status == Comment.Status.APPROVED:
        page_versions.bump([comment.article_id])
    audit_log.note(
        "edit", f"comment:{comment_id}", by=by, facts={"revision": before.pk}, personal={"before": before.body}
    )
    return before


def take_back(revision_id: int, *, by: User) -> Revision | None:
    """Give a comment back the text that a revision kept. Raises Revision.DoesNotExist."""
    revision = Revision.objects.get(pk=revision_id)
    return revise(revision.comment_id, revision.body, by=by)
