"""What authors may do to their own comments: change the text for a while, or withdraw it.

The author is whoever is signed in with the comment's account, or holds its private address (`token`), which only the
author was given.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from articles import page_versions
from comments.audit import audit_log
from comments.drafts import Draft, Visit, text_errors, tidied
from comments.models import Comment, Decision
from comments.models.locks import own_locked
from comments.models.ownership import is_account_of, own_comment
from comments.models.permissions import moderates
from comments.moderation.decisions import already_locked, decide_locked, note_reasons, withdraw
from comments.posting.editing_rights import as_draft, refuse_editing, what_forbids
from comments.posting.refusals import refuse_duplicate
from comments.posting.submission import LONGEST
from comments.screening import article_settings, ban_checks, judge, known_site
from comments.screening.verdict import Verdict
from newsreader.accounts.models import User
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.errors import Invalid
from newsreader.kit.versions import refuse_stale

SOURCE = "editing"  # Decision.source of decisions about a changed text


def edit_comment(
    comment_id: int,
    text: str,
    *,
    by: User | None = None,
    token: str = "",
    visit: Visit | None = None,
    versions: Collection[int] | None = None,
) -> Comment:
    """Change the text of one's own comment. It is screened again, and the earlier text is kept for moderators.

    Screening may hold an approved comment or put it aside as spam or trash; only people approve. An unchanged text
    changes nothing. `versions`: those for which the change is meant; None: any. Raises NotYours, VersionConflict,
    Withdrawn, Removed, Banned, CommentsClosed, EditingOver, Invalid and Duplicate.
    """
    text = tidied(Draft(0, text)).text
    # Before anything is locked: what has to be done whatever the comment is.
    html = Draft(0, text).rendered if len(text) <= LONGEST else None
    with transaction.atomic():
        comment = own_comment(comment_id, by, token, read=_own_with_site)
        site = known_site.under(comment)
        if text != comment.body:  # Sent twice, the same text has overwritten nothing.
            refuse_stale(comment.version, versions)
        rules = article_settings.settings_under(comment.article, site.rules)
        draft = replace(
            as_draft(comment, text, by, visit or Visit()), html=html, entries=site.entries, reserved=site.reserved
        )
        exempt = moderates(draft.author.user, comment.article)
        is_banned, is_repeated = what_forbids(comment, draft, exempt=exempt)
        quiet = refuse_editing(comment, draft, rules, exempt=exempt, is_banned=is_banned)
        if errors := text_errors(draft, rules.text_limit):
            raise Invalid(errors)
        if draft.text == comment.body:
            return comment
        if is_repeated:
            refuse_duplicate(draft, itself=comment.pk)
        verdict = Verdict.approve() if exempt else judge(draft, rules)
        if quiet:
            verdict = Verdict.strongest([ban_checks.verdict(), verdict])
        _rewrite(comment, draft, verdict)
        _apply(comment, verdict, source=ban_checks.SOURCE if quiet else SOURCE)
        return comment


@Compiled
def _own_with_site(pk: int) -> QuerySet[Comment]:
    return known_site.with_site(own_locked(pk))


def withdraw_comment(
    comment_id: int, *, by: User | None = None, token: str = "", versions: Collection[int] | None = None
) -> Decision | None:
    """Withdraw one's own comment, for good: moderators cannot bring it back. None where it is withdrawn already.

    `versions`: those for which it is meant; None: any. Raises NotYours, VersionConflict.
    """
    with transaction.atomic():
        comment = own_comment(comment_id, by, token)
        refuse_stale(comment.version, versions)
        return withdraw(comment.pk, by=by if is_account_of(comment, by) else None)


def _rewrite(comment: Comment, draft: Draft, verdict: Verdict) -> None:
    """Store the new text, keep the earlier one, and record both. One statement on PostgreSQL."""
    now = timezone.now()
    before, change = comment.rewriting(
        draft.text, draft.rendered, replaced_at=now, edited_at=now, duplicate_key=draft.duplicate_key
    )
    reserved: Any = comment  # see `own_locked`
    before.pk = reserved.next_revision or 1
    facts = {"revision": before.pk, "by_author": True}
    # Where it is taken from the page, that is counted with the decision.
    stays = comment.status == Comment.Status.APPROVED and not verdict.is_stronger_than(comment.status)
    audit_log.note(
        "edit", f"comment:{comment.pk}", by=draft.author.user, facts=facts, personal={"before": before.body},
        with_rows=[before], changes=[change, *([page_versions.bumping(comment.article_id)] if stays else [])],
    )  # fmt: skip


def _apply(comment: Comment, verdict: Verdict, *, source: str) -> None:
    """Apply the new verdict where it is stricter; a comment that was held stays held until a person releases it."""
    if verdict.is_stronger_than(comment.status):
        decide_locked(already_locked([comment]), verdict.status, reasons=list(verdict.reasons), source=source)
    elif comment.status != Comment.Status.APPROVED and verdict.status == comment.status:
        # Moderators and the confirmation of an address need the reasons for this text, not for the earlier one.
        note_reasons(already_locked([comment]), verdict.reasons, source=source)
