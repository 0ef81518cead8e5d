"""What authors may still do to their own comments: mend the text for a while, or take it back.

An author is whoever is signed in with the comment's account, or holds its private address (`token`), which only the
author was ever given.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from articles import page_versions
from articles.models import Article
from comments import bans, discussions, log
from comments.drafts import Author, Draft, Visit, text_errors, tidied
from comments.effective_settings import EffectiveSettings
from comments.errors import (
    Banned,
    CommentsClosed,
    EditedTooOften,
    EditingOver,
    NotYours,
    Removed,
    Withdrawn,
)
from comments.locks import lock_comment
from comments.models import Ban, Comment, CommentRules, Decision, Revision
from comments.moderation import decide, is_withdrawn, note_reasons, withdraw
from comments.posting import LONGEST, refuse_banned, refuse_duplicate
from comments.querysets import moderates
from comments.spam import judge
from comments.spam.verdict import Verdict
from newsreader.accounts.models import User
from newsreader.kit.errors import Invalid

EDITABLE_FOR = dt.timedelta(minutes=15)
MOST = 20  # changes of one comment: each earlier text is kept, and storage has an end
RULE = "editing"  # The name under which decisions about a changed text are recorded.


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
        rules = discussions.rules_under(comment.article, CommentRules.objects.current())
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
            _settle(comment, Verdict.strongest([bans.verdict(), verdict]), rule=bans.RULE)
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


def own_comment(comment_id: int, by: User | None, token: str) -> Comment:
    """Return one's own comment, locked, with its article. In a transaction. Raises Comment.DoesNotExist, NotYours."""
    articles = Article.objects.select_related("discussion").defer("body")
    comment = lock_comment(comment_id, Comment.objects.select_related("identity", "trace"), articles=articles)
    holds = bool(token) and constant_time_compare(comment.status_token, token)
    if not holds and not is_account_of(comment, by):
        raise NotYours()
    return comment


def is_account_of(comment: Comment, user: User | None) -> bool:
    """Say whether the comment was left by this account."""
    return bool(user and comment.identity and comment.identity.user_id == user.pk)


def _draft(comment: Comment, text: str, by: User | None, visit: Visit) -> Draft:
    """The comment with its new text, as if its author left it now."""
    if comment.identity:
        author = Author(identity=comment.identity, user=by if is_account_of(comment, by) else None)
    else:
        email = comment.trace.email if hasattr(comment, "trace") else ""
        author = Author(comment.name, email, comment.website)
    return Draft(comment.article_id, text, author, parent=str(comment.parent_id or ""), visit=visit)


def _may_edit(comment: Comment, draft: Draft, rules: EffectiveSettings, *, exempt: bool) -> Ban | None:
    """Raise what forbids a change. Returns the quiet ban that its author is under, if any."""
    if comment.status in {Comment.Status.SPAM, Comment.Status.TRASH}:
        last = comment.decisions.order_by("-number").first()
        if is_withdrawn(comment):
            raise Withdrawn()
        # What a rule put aside looks to its author like what waits, so it can be changed like that.
        if last and not last.rule:
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
    log.note("edit", f"comment:{comment.pk}", by=draft.author.user, facts=facts, personal={"before": before.body})
    comment.write(draft.text, draft.rendered)
    comment.edited_at, comment.duplicate_key = now, draft.duplicate_key
    comment.save(update_fields=[*Comment.WRITTEN, "edited_at", "duplicate_key"])


def _settle(comment: Comment, verdict: Verdict, *, rule: str = RULE) -> None:
    """Let the rules take away what they now object to; what they object to no longer is for people to release."""
    if verdict.is_stronger_than(comment.status):
        decide(comment.pk, verdict.status, rule=rule, reasons=verdict.reasons)
        comment.refresh_from_db(fields=["status"])
    elif comment.status == Comment.Status.APPROVED:
        page_versions.bump([comment.article_id])
    elif verdict.status == comment.status:
        # Why it waits is shown to moderators, and asked when an address is confirmed: about this text, not the last.
        note_reasons(comment.pk, verdict.reasons, rule=rule)
