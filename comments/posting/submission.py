"""Posting a comment, for page and API: they pass a draft and get the comment back. People have no other way to post.

Checks in the order of docs/contract.md, section 4: article, key, rights, fields, duplicate, flood. The caller has
already checked the method and against forgery.
"""

import uuid
from dataclasses import replace
from typing import Any, NamedTuple

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Exists, QuerySet, Value
from django.utils import timezone

from articles.models.article import Article
from comments.drafts import Draft, tidied, validate, with_html
from comments.errors import (
    CommentsClosed,
    NoSuchArticle,
    NotLoggedIn,
)
from comments.models import Ban, Comment, CommentSettings
from comments.models.effective_settings import EffectiveSettings
from comments.models.locks import lock_for_reply
from comments.models.permissions import moderates
from comments.posting import email_confirmation
from comments.posting.refusals import check_bans, check_duplicates, known_texts, parent_of
from comments.posting.storing import SOURCE, store
from comments.screening import (
    article_settings,
    ban_checks,
    count_hits,
    evaluate,
    known_site,
    rate_limit,
)
from comments.screening.compiled_entries import CompiledEntries
from comments.screening.verdict import Verdict
from newsreader.kit import metrics
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.database_faults import is_away
from newsreader.kit.errors import Busy, DomainError, Invalid, KeyReused
from newsreader.kit.idempotency import KEY_LENGTH

LONGEST = 65_000  # characters; no setting allows more, and a longer text is not even rendered


def post_comment(draft: Draft, *, batch: uuid.UUID | None = None) -> Comment:
    """Accept a reply, or raise a refusal; docs/contract.md lists them.

    Returns the comment, whatever its status; for a repeated submission with the same key, the first comment. `batch`:
    the batch of decisions that the reply is posted with, and undone with.
    """
    outcome = "failed"
    try:
        comment, outcome = _try_to_post(draft, batch)
    except DomainError as refusal:
        outcome = refusal.code
        raise
    except DatabaseError as fault:
        outcome = Busy.code if is_away(fault) else outcome
        raise
    finally:
        metrics.POSTS.labels(draft.channel, outcome).inc()
    return comment


def _try_to_post(draft: Draft, batch: uuid.UUID | None) -> tuple[Comment, str]:
    draft = tidied(draft)
    if len(draft.text) <= LONGEST:
        draft = with_html(draft)
    ahead = _look_ahead(draft)
    try:
        return _post(draft, ahead, batch)
    except IntegrityError:
        # The same key was used under another article at the same moment: now that comment can be found.
        if not draft.key or not Comment.objects.filter(idempotency_key=draft.key).exists():
            raise
        return _post(draft, ahead, batch)


class _Ahead(NamedTuple):
    """What was found out before anything was locked. `draft` and `verdict` hold under these settings only.

    Where one of them is None, it is found out under the lock: the draft is refused there, or was not worth judging.
    """

    rules: CommentSettings
    settings: EffectiveSettings
    entries: CompiledEntries
    moderated: bool
    bans: list[Ban]
    draft: Draft | None = None
    verdict: Verdict | None = None


def _look_ahead(draft: Draft) -> _Ahead:
    """Do all that needs no lock, judging above all, so that nobody else who posts waits for it. Refuses nothing.

    Raises NoSuchArticle.
    """
    who, by = ban_checks.whose(draft)
    article: Any = _published.first(draft.article_id, *([timezone.now(), *who] if who else []), by=by)
    if article is None:
        raise NoSuchArticle()
    site = known_site.under(article)
    settings = article_settings.settings_under(article, site.rules)
    moderated = moderates(draft.author.user, article)
    bans = ban_checks.against(draft, account_only=moderated) if article.is_banned else []
    known = _Ahead(site.rules, settings, site.entries, moderated, bans)
    try:
        draft = replace(validate(draft, settings), entries=site.entries, reserved=site.reserved)
    except Invalid:
        return known
    if moderated:
        return known._replace(draft=draft, verdict=Verdict.approve())
    # Whoever posts too fast must not cost the site more than whoever does not.
    return known._replace(
        draft=draft, verdict=None if rate_limit.was_empty(draft, settings) else evaluate(draft, settings)
    )


@transaction.atomic
def _post(draft: Draft, ahead: _Ahead, batch: uuid.UUID | None) -> tuple[Comment, str]:
    """Return the comment, and its status or `repeated`. Only what may have changed since is asked again."""
    keys = [draft.key] if _key_of(draft) else []
    locked = lock_for_reply(draft.article_id, draft.duplicate_key, *keys)
    if locked is None:
        raise NoSuchArticle()
    article = locked.article
    known = known_texts(draft.article_id, draft.duplicate_key, *keys) if locked.is_known else []
    if first := _first_with_key(draft, known):
        return first, "repeated"
    settings = article_settings.settings_under(article, ahead.rules)
    is_same = settings == ahead.settings
    quiet = _may_reply(draft, article, settings, ahead)
    parent = parent_of(draft, article)
    draft = ahead.draft if ahead.draft and is_same else validate(draft, settings)
    check_duplicates(known, draft)
    if not ahead.moderated:
        rate_limit.consume(draft, settings)
    verdict = ahead.verdict if ahead.verdict and is_same else evaluate(draft, settings)
    count_hits(verdict)
    if quiet:
        verdict = Verdict.strongest([ban_checks.verdict(), verdict])
    comment = store(
        draft, locked, parent, verdict, source=ban_checks.SOURCE if quiet else SOURCE, batch=batch,
        confirm=email_confirmation.are_asked_for(settings),
    )  # fmt: skip
    comment.posted_under = ahead.rules
    return comment, comment.status


@Compiled
def _published(pk: int, *who: Any, by: str) -> QuerySet[Article]:
    """What is known before an article is locked: its settings, the site, and whether there is a ban on the author.

    `who`: now, and what `ban_checks.whose` says; nothing where nobody could be banned.
    """
    rows = Article.objects.published().filter(pk=pk).select_related("discussion").only("pk", "discussion")
    banned: Any = Exists(ban_checks.rows(*who, by=by)) if who else Value(False)
    return known_site.with_site(rows.annotate(is_banned=banned))


def _key_of(draft: Draft) -> str:
    if len(draft.key) > KEY_LENGTH:
        raise KeyReused()
    return draft.key


def _first_with_key(draft: Draft, known: list[Comment]) -> Comment | None:
    first = next((row for row in known if draft.key and row.idempotency_key == draft.key), None)
    if first and first.fingerprint != draft.fingerprint:
        raise KeyReused()
    return first


def _may_reply(draft: Draft, article: Article, settings: EffectiveSettings, ahead: _Ahead) -> Ban | None:
    """Raise the error that forbids a reply. Returns the ban that its author is not told of, if any."""
    if not ahead.moderated and not article.comments_open(settings.close_after_days):
        raise CommentsClosed()
    if settings.registration_required and draft.author.identity is None:
        raise NotLoggedIn()
    return check_bans(replace(draft, entries=ahead.entries), article, ahead.bans, exempt=ahead.moderated)


def first_status(comment: Comment) -> str:
    """Return the status that a comment got at posting, which decided where its author was sent."""
    return (comment.posted_as or comment.decisions.get(number=1)).after
