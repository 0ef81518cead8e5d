"""What authors may do to their own comments: change the text for a while, or withdraw it.

The author is whoever is signed in with the comment's account, or holds its private address (`token`), which only the
author was given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from articles import page_versions
from articles.models.article import Article
from comments.audit import audit_log
from comments.drafts import Author, Draft, Visit, text_errors, tidied
from comments.errors import (
    Banned,
    CommentsClosed,
    EditedTooOften,
    EditingOver,
    Removed,
    Withdrawn,
)
from comments.models import Ban, Comment, CommentSettings, Decision
from comments.models.effective_settings import EffectiveSettings
from comments.models.ownership import is_account_of, own_comment
from comments.models.permissions import moderates
from comments.moderation.decisions import decide, is_withdrawn, note_reasons, withdraw
from comments.posting.submission import LONGEST, refuse_banned, refuse_duplicate
from comments.screening import article_settings, ban_checks, judge
from comments.screening.verdict import Verdict
from newsreader.accounts.models import User
from newsreader.kit.errors import Invalid
from newsreader.kit.versions import refuse_stale

EDITABLE_FOR = dt.timedelta(minutes=15)
MOST = 20  # changes of one comment; bounded, as every earlier text is stored
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
    html = Draft(0, text).rendered if len(text) <= LONGEST else None  # Rendered before anything is locked.
    with transaction.atomic():
        comment = own_comment(comment_id, by, token)
        if text != comment.body:  # Sent twice, the same text has overwritten nothing.
            refuse_stale(comment.version, versions)
        rules = article_settings.settings_under(comment.article, CommentSettings.objects.current())
        draft = replace(_draft(comment, text, by, visit or Visit()), html=html)
        exempt = moderates(draft.author.user, comment.article)
        quiet = _may_edit(comment, draft, rules, exempt=exempt)
        if errors := text_errors(draft, rules.text_limit):
            raise Invalid(errors)
        if draft.text == comment.body:
            return comment
        refuse_duplicate(draft, itself=comment.pk)
        _rewrite(comment, draft)
        verdict = Verdict.approve() if exempt else judge(draft, rules)
        if quiet:
            _apply(comment, Verdict.strongest([ban_checks.verdict(), verdict]), source=ban_checks.SOURCE)
        else:
            _apply(comment, verdict)
        return comment


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


def why_not(comment: Comment, rules: EffectiveSettings) -> str:
    """Return the code of what forbids its author to change the comment now, empty where nothing does.

    For deciding whether to show a form. Who the author is, and whether they are banned, is checked when it is sent.
    """
    try:
        _may_edit(comment, _draft(comment, comment.body, None, Visit()), rules, exempt=False)
    except (Withdrawn, Removed, Banned, CommentsClosed, EditingOver) as refusal:
        return refusal.code
    return ""


def _draft(comment: Comment, text: str, by: User | None, visit: Visit) -> Draft:
    """Return the comment with its new text, as a draft that its author posts now."""
    if comment.identity:
        author = Author(identity=comment.identity, user=by if is_account_of(comment, by) else None)
    else:
        email = comment.connection_data.email if hasattr(comment, "connection_data") else ""
        author = Author(comment.name, email, comment.website)
    return Draft(comment.article_id, text, author, parent=str(comment.parent_id or ""), visit=visit)


def _may_edit(comment: Comment, draft: Draft, rules: EffectiveSettings, *, exempt: bool) -> Ban | None:
    """Raise what forbids a change. Returns the ban that the author is under and not told of, if any."""
    if comment.status in {Comment.Status.SPAM, Comment.Status.TRASH}:
        last = comment.decisions.order_by("-number").first()
        if is_withdrawn(comment):
            raise Withdrawn()
        # What a rule marked as spam or trash looks pending to its author, so it can be changed like a pending comment.
        if last and not last.source:
            raise Removed()
    theirs = replace(draft.visit, comments=(*draft.visit.comments, comment.pk))  # Whoever got here has left it.
    quiet = refuse_banned(replace(draft, visit=theirs), comment.article, exempt=exempt)
    article = comment.article
    if article.state != Article.State.PUBLISHED or not (exempt or article.comments_open(rules.close_after_days)):
        raise CommentsClosed()
    if timezone.now() - comment.created_at > EDITABLE_FOR:
        raise EditingOver()
    if comment.revisions.count() >= MOST:
        raise EditedTooOften()
    return quiet


def _rewrite(comment: Comment, draft: Draft) -> None:
    now = timezone.now()
    before = comment.rewrite(draft.text, draft.rendered, replaced_at=now)
    facts = {"revision": before.pk, "by_author": True}
    audit_log.note("edit", f"comment:{comment.pk}", by=draft.author.user, facts=facts, personal={"before": before.body})
    comment.edited_at, comment.duplicate_key = now, draft.duplicate_key
    comment.save(update_fields=[*Comment.REWRITTEN, "edited_at", "duplicate_key"])


def _apply(comment: Comment, verdict: Verdict, *, source: str = SOURCE) -> None:
    """Apply the new verdict where it is stricter; a comment that was held stays held until a person releases it."""
    if verdict.is_stronger_than(comment.status):
        decide(comment.pk, verdict.status, source=source, reasons=verdict.reasons)
        comment.refresh_from_db(fields=["status"])
    elif comment.status == Comment.Status.APPROVED:
        page_versions.bump([comment.article_id])
    elif verdict.status == comment.status:
        # Moderators and the confirmation of an address need the reasons for this text, not for the earlier one.
        note_reasons(comment.pk, verdict.reasons, source=source)
