"""What a moderator changes in somebody else's words: recorded, kept as it was before, and undone like everything."""

from __future__ import annotations

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


@transaction.atomic
def revise(comment_id: int, text: str, *, by: User) -> Revision | None:
    """Give a comment another text; what it said before is kept and returned, None where it said that already.

    Raises Comment.DoesNotExist, Withdrawn, and Invalid for a text that nobody could have posted.
    """
    draft = tidied(Draft(0, text))
    found = lock_one(comment_id)
    comment = found.comments[0]
    if found.is_withdrawn(comment):
        raise Withdrawn()
    if draft.text == comment.body:
        return None
    if errors := text_errors(draft, max(CommentSettings.objects.current().text_limit, len(comment.body))):
        raise Invalid(errors)
    before = Revision.objects.create(comment=comment, body=comment.body, by=by)
    if comment.may_hold_html:  # It stays what it is, a text of another site.
        comment.write(draft.text, imported_to_html(draft.text))
    else:
        comment.write(draft.text, draft.rendered)
        comment.edited_at = timezone.now()
    comment.save(update_fields=[*Comment.WRITTEN, "edited_at"])
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
