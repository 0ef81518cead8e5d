"""What authors may do to their own comments: change the text for a while, or withdraw it.

The author is whoever is signed in with the comment's account, or holds its private address (`token`), which only the
author was given.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple, cast

from django.db import transaction
from django.db.models import Exists, QuerySet, Value
from django.utils import timezone

from articles import page_versions
from comments.audit import audit_log
from comments.drafts import Draft, Visit, text_errors, tidied, with_html
from comments.models import Ban, Comment, Decision
from comments.models.effective_settings import EffectiveSettings
from comments.models.ownership import is_account_of, own_comment, refuse_others
from comments.models.permissions import moderates
from comments.moderation.decisions import already_locked, decide_locked, note_reasons, withdraw
from comments.posting.editing_rights import as_draft, last_text, refuse_editing
from comments.posting.refusals import refuse_duplicate
from comments.posting.submission import LONGEST
from comments.screening import article_settings, ban_checks, count_hits, evaluate, known_site
from comments.screening.known_site import KnownSite
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
    text, visit = tidied(Draft(0, text)).text, visit or Visit()
    ahead = _look_ahead(comment_id, text, by, token, visit)
    with transaction.atomic():
        comment: Any = own_comment(comment_id, by, token, (ahead.draft.article_id, ahead.draft.duplicate_key))
        if text != comment.body:  # Sent twice, the same text has overwritten nothing.
            refuse_stale(comment.version, versions)
        ahead, is_same = _still(ahead, comment, as_draft(comment, text, by, visit))
        draft, settings = ahead.draft, ahead.settings
        is_last = ahead.is_last if comment.version == ahead.version else None  # No text is kept without a new version.
        quiet = refuse_editing(comment, draft, settings, exempt=ahead.exempt, bans=ahead.bans, is_last=is_last)
        if errors := text_errors(draft, settings.text_limit):
            raise Invalid(errors)
        if draft.text == comment.body:
            return cast(Comment, comment)
        if comment.is_repeated or not is_same:
            refuse_duplicate(draft, itself=comment.pk)
        verdict = ahead.verdict or evaluate(draft, settings)
        count_hits(verdict)
        if quiet:
            verdict = Verdict.strongest([ban_checks.verdict(), verdict])
        _rewrite(comment, draft, verdict)
        _apply(comment, verdict, source=ban_checks.SOURCE if quiet else SOURCE)
        return cast(Comment, comment)


class _Ahead(NamedTuple):
    """What was found out before the comment was locked, so that nobody waits for it. It holds for this draft only.

    `version` is the comment's, and `is_last`: whether it has been changed so often that it may not be again. `verdict`:
    None where the draft was not worth judging.
    """

    site: KnownSite
    settings: EffectiveSettings
    draft: Draft
    exempt: bool
    bans: list[Ban]
    verdict: Verdict | None
    version: int = -1
    is_last: bool | None = None


def _look_ahead(comment_id: int, text: str, by: User | None, token: str, visit: Visit) -> _Ahead:
    """Do all that needs no lock, judging above all. Raises Comment.DoesNotExist, NotYours."""
    who = (timezone.now(), *ban_checks.of_account(by.pk, visit.address)[0]) if by else ()
    comment: Any = _own_with_site.first(comment_id, *who)
    if comment is None:
        raise Comment.DoesNotExist(f"There is no comment {comment_id}.")
    refuse_others(comment, by, token)
    draft = as_draft(comment, text, by, visit)
    if len(text) <= LONGEST:
        draft = with_html(draft)
    # What was asked of bans is about the account of whoever asks.
    is_banned = comment.is_banned or not is_account_of(comment, by)
    known = _found_out(known_site.under(comment), comment, draft, is_banned=is_banned)
    return known._replace(version=comment.version, is_last=comment.is_last)


def _found_out(site: KnownSite, comment: Comment, draft: Draft, *, is_banned: bool) -> _Ahead:
    """Return what is known of a draft. `is_banned`: whether there may be bans on its author."""
    settings = article_settings.settings_under(comment.article, site.rules)
    draft = replace(draft, entries=site.entries, reserved=site.reserved)
    exempt = moderates(draft.author.user, comment.article)
    bans = ban_checks.against(draft, account_only=exempt) if is_banned else []
    verdict = Verdict.approve() if exempt else None
    is_over = timezone.now() >= settings.editable_until(comment.created_at)
    if not exempt and not is_over and draft.text != comment.body and not text_errors(draft, settings.text_limit):
        verdict = evaluate(draft, settings)
    return _Ahead(site, settings, draft, exempt, bans, verdict)


def _still(ahead: _Ahead, comment: Comment, draft: Draft) -> tuple[_Ahead, bool]:
    """Return what is known of the draft now that the comment is locked, and whether all is as it was."""
    settings = article_settings.settings_under(comment.article, ahead.site.rules)
    if draft == ahead.draft and settings == ahead.settings:
        return ahead, True
    draft = replace(draft, html=ahead.draft.html)
    return _found_out(ahead.site, comment, draft, is_banned=True), False


@Compiled
def _own_with_site(pk: int, *who: Any) -> QuerySet[Comment]:
    """What is known before a comment is locked: who left it, the settings, whether there is a ban on `who`.

    `is_last`: whether it has been changed as often as it may be. `who`: now, an account and networks; without an
    account, nothing.
    """
    rows = Comment.objects.filter(pk=pk).select_related("article__discussion", "identity", "connection_data")
    rows = rows.only(
        *("article__section", "article__discussion", "identity", "connection_data__email"),
        *("name", "website", "parent", "status_token", "body", "created_at", "version"),
    )
    banned: Any = Exists(ban_checks.rows(*who, by="user")) if who else Value(False)
    return known_site.with_site(rows.annotate(is_banned=banned, is_last=Exists(last_text(pk))))


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
    reserved: Any = comment  # see `lock_own`
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
