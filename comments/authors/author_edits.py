"""What authors may still do to their own comments: mend the text for a while, or take it back.

An author is whoever is signed in with the comment's account, or holds its private address (`token`), which only the
author was ever given.
"""

from __future__ import annotations

import datetime as dt
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
from comments.models import Ban, Comment, CommentSettings, Decision, Revision
from comments.models.effective_settings import EffectiveSettings
from comments.models.ownership import is_account_of, own_comment
from comments.models.permissions import moderates
from comments.moderation.decisions import decide, is_withdrawn, note_reasons, withdraw
from comments.posting.submission import LONGEST, refuse_banned, refuse_duplicate
from comments.screening import article_settings, ban_checks, judge
from comments.screening.verdict import Verdict
from newsreader.accounts.models import User
from newsreader.kit.errors import Invalid

EDITABLE_FOR = dt.timedelta(minutes=15)
MOST = 20  # changes of one comment: each earlier text is kept, and storage has an end
SOURCE = "editing"  # The name under which decisions about a changed text are recorded.


def edit_comment(
    comment_id: int, text: str, *, by: User | None = None, token: str = "", visit: Visit | None = None
) -> Comment:
    """Give one's own comment another text; the rules judge it anew, and the one before is kept for moderators.

    The rules may take an approved comment away again, and put a waiting one aside; only people approve. The same text
    changes nothing. Raises NotYours, Withdrawn, Removed, Banned, CommentsClosed, EditingOver, Invalid and Duplicate.
    """
    text = tidied(Draft(0, text)).text
    html = Draft(0, text).rendered if len(text) <= LONGEST else None  # Before anything is locked.
    with transaction.atomic():
        comment = own_comment(comment_id, by, token)
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
            _settle(comment, Verdict.strongest([ban_checks.verdict(), verdict]), source=ban_checks.SOURCE)
        else:
            _settle(comment, verdict)
        return comment


def withdraw_comment(comment_id: int, *, by: User | None = None, token: str = "") -> Decision | None:
    """Take one's own comment back; moderators cannot bring it back. None where it is withdrawn already."""
    with transaction.atomic():
        comment = own_comment(comment_id, by, token)
        return withdraw(comment.pk, by=by if is_account_of(comment, by) else None)


def why_not(comment: Comment, rules: EffectiveSettings) -> str:
    """Return the code of what forbids a change by the comment's author now, empty where nothing does.

    For showing a form. Who the author is, and where they are now, is asked when it is sent.
    """
    try:
        _may_edit(comment, _draft(comment, comment.body, None, Visit()), rules, exempt=False)
    except (Withdrawn, Removed, Banned, CommentsClosed, EditingOver) as refusal:
        return refusal.code
    return ""


def _draft(comment: Comment, text: str, by: User | None, visit: Visit) -> Draft:
    """The comment with its new text, as if its author left it now."""
    if comment.identity:
        author = Author(identity=comment.identity, user=by if is_account_of(comment, by) else None)
    else:
        email = comment.connection_data.email if hasattr(comment, "connection_data") else ""
        author = Author(comment.name, email, comment.website)
    return Draft(comment.article_id, text, author, parent=str(comment.parent_id or ""), visit=visit)


def _may_edit(comment: Comment, draft: Draft, rules: EffectiveSettings, *, exempt: bool) -> Ban | None:
    """Raise what forbids a change. Returns the quiet ban that its author is under, if any."""
    if comment.status in {Comment.Status.SPAM, Comment.Status.TRASH}:
        last = comment.decisions.order_by("-number").first()
        if is_withdrawn(comment):
            raise Withdrawn()
        # What a rule put aside looks to its author like what waits, so it can be changed like that.
        if last and not last.source:
            raise Removed()
    quiet = refuse_banned(draft, comment.article, exempt=exempt)
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
    before = Revision.objects.create(comment=comment, body=comment.body, replaced_at=now)
    facts = {"revision": before.pk, "by_author": True}
    audit_log.note("edit", f"comment:{comment.pk}", by=draft.author.user, facts=facts, personal={"before": before.body})
    comment.write(draft.text, draft.rendered)
    comment.edited_at, comment.duplicate_key = now, draft.duplicate_key
    comment.save(update_fields=[*Comment.WRITTEN, "edited_at", "duplicate_key"])


def _settle(comment: Comment, verdict: Verdict, *, source: str = SOURCE) -> None:
    """Let the rules take away what they now object to; what they object to no longer is for people to release."""
    if verdict.is_stronger_than(comment.status):
        decide(comment.pk, verdict.status, source=source, reasons=verdict.reasons)
        comment.refresh_from_db(fields=["status"])
    elif comment.status == Comment.Status.APPROVED:
        page_versions.bump([comment.article_id])
    elif verdict.status == comment.status:
        # Why it waits is shown to moderators, and asked when an address is confirmed: about this text, not the last.
        note_reasons(comment.pk, verdict.reasons, source=source)
