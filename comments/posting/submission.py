"""Posting a comment, for page and API: they pass a draft and get the comment back. People have no other way to post.

Checks in the order of docs/contract.md, section 4: article, key, rights, fields, duplicate, flood. The caller has
already checked the method and against forgery.
"""

import datetime as dt
import uuid

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from articles.models.article import Article
from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_texts import shown_status
from comments.discussion import counting
from comments.drafts import Draft, is_website, tidied, validate, with_html
from comments.errors import (
    CommentsClosed,
    Duplicate,
    NetworkBanned,
    NoSuchArticle,
    NotLoggedIn,
    ParentMismatch,
    ReplyToUnapproved,
)
from comments.models import Ban, Comment, CommentSettings, ConnectionData, Decision
from comments.models.comment import next_id
from comments.models.effective_settings import EffectiveSettings
from comments.models.locks import lock_published
from comments.models.paths import path_of
from comments.models.permissions import moderates
from comments.posting import email_confirmation
from comments.screening import article_settings, ban_checks, compiled_entries, judge, rate_limit
from comments.screening.verdict import Verdict
from newsreader.kit import metrics
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.database_faults import is_away
from newsreader.kit.errors import Busy, DomainError, KeyReused
from newsreader.kit.idempotency import KEY_LENGTH
from newsreader.kit.numbers import read_id
from newsreader.kit.text import tidy_line

SOURCE = "posting"  # The name under which decisions at posting are recorded.
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
        draft = with_html(draft)  # Before anything is locked.
    try:
        return _post(draft, batch)
    except IntegrityError:
        # The same key was used under another article at the same moment: now that comment can be found.
        if not draft.key or not Comment.objects.filter(idempotency_key=draft.key).exists():
            raise
        return _post(draft, batch)


@transaction.atomic
def _post(draft: Draft, batch: uuid.UUID | None) -> tuple[Comment, str]:
    """Return the comment, and its status or `repeated`."""
    article = lock_published(draft.article_id)
    if article is None:
        raise NoSuchArticle()
    if first := _first_with_key(draft):
        return first, "repeated"
    settings = article_settings.settings_under(article, CommentSettings.objects.current())
    moderated = moderates(draft.author.user, article)
    quiet = _may_reply(draft, article, settings, exempt=moderated)
    parent = _parent(draft, article)
    draft = validate(draft, settings)
    refuse_duplicate(draft)
    if not moderated:
        rate_limit.consume(draft, settings)
    verdict = Verdict.approve() if moderated else judge(draft, settings)
    if quiet:
        verdict = Verdict.strongest([ban_checks.verdict(), verdict])
    comment = store(draft, article, parent, verdict, source=ban_checks.SOURCE if quiet else SOURCE, batch=batch)
    if email_confirmation.are_asked_for(settings):
        email_confirmation.ask(comment, draft.visit.address)
    return comment, comment.status


_with_key = Compiled(lambda key: Comment.objects.filter(idempotency_key=key).select_related("article"))
_parent_row = Compiled(lambda pk: Comment.objects.filter(pk=pk))
_same_text = Compiled(
    lambda article_id, key: Comment.objects.filter(article=article_id, duplicate_key=key).order_by("pk")
)


def _first_with_key(draft: Draft) -> Comment | None:
    if not draft.key:
        return None
    if len(draft.key) > KEY_LENGTH:
        raise KeyReused()
    first = _with_key.first(draft.key)
    if first and first.fingerprint != draft.fingerprint:
        raise KeyReused()
    return first


def _may_reply(draft: Draft, article: Article, settings: EffectiveSettings, *, exempt: bool) -> Ban | None:
    """Raise the error that forbids a reply. Returns the ban that its author is not told of, if any."""
    if not exempt and not article.comments_open(settings.close_after_days):
        raise CommentsClosed()
    if settings.registration_required and draft.author.identity is None:
        raise NotLoggedIn()
    return refuse_banned(draft, article, exempt=exempt)


def refuse_banned(draft: Draft, article: Article, *, exempt: bool) -> Ban | None:
    """Raise Banned, with the reason, if the author is banned and told so. Returns the ban they are not told of, if any.

    `exempt`: the author moderates here, so only a ban on the account counts.
    """
    bans = ban_checks.against(draft, account_only=exempt)
    if told := next((ban for ban in bans if ban_checks.is_told(ban, draft)), None):
        raise ban_checks.refusal(told, draft)
    if not exempt and draft.visit.address and compiled_entries.current().bans(draft.visit.address, article):
        raise NetworkBanned()
    return bans[0] if bans else None


def _parent(draft: Draft, article: Article) -> Comment | None:
    """Return the comment that is replied to, if any. Raises ReplyToUnapproved, ParentMismatch."""
    if not draft.parent:
        return None
    parent = _parent_row.first(read_id(draft.parent) or 0)
    if parent is None or parent.status != Comment.Status.APPROVED:
        raise ReplyToUnapproved()
    if parent.article_id != article.pk:
        raise ParentMismatch()
    return parent


def refuse_duplicate(draft: Draft, *, itself: int = 0) -> None:
    """Raise Duplicate if this person has posted the same here; `itself`: the comment that is edited, if one is.

    A comment in the trash does not count, except one that a rule put there at posting: to its author it waits.
    """
    same = (row for row in _same_text(draft.article_id, draft.duplicate_key) if row.pk != itself)
    if first := next((row for row in same if _still_counts(row)), None):
        raise Duplicate(first.permanent_url if first.status == Comment.Status.APPROVED else "")


def _still_counts(first: Comment) -> bool:
    if first.status != Comment.Status.TRASH:
        return True
    at_posting = first.decisions.filter(number=1, after=Comment.Status.TRASH).exists()
    return at_posting and shown_status(first) == Comment.Status.PENDING


def store(
    draft: Draft,
    article: Article,
    parent: Comment | None,
    verdict: Verdict,
    *,
    source: str = SOURCE,
    at: dt.datetime | None = None,
    batch: uuid.UUID | None = None,
) -> Comment:
    """Store a screened draft with its path, connection data, decision, counts and mails. In a transaction.

    `source` is the name under which the decision is recorded.
    """
    author, identity = draft.author, draft.author.identity
    comment = Comment(
        article=article,
        parent=parent,
        root_id=(parent.root_id or parent.pk) if parent else None,
        depth=parent.depth + 1 if parent else 0,
        status=verdict.status,
        channel=draft.channel,
        identity=identity,
        name=identity.display_name if identity else author.name,
        website=_address(identity.profile_url) if identity else author.website,
        avatar=identity.shown_avatar if identity else "",
        provider=identity.provider if identity else "",
        by_staff=bool(author.user and author.user.acts_as_staff),
        language=draft.language,
        article_revision=article.revision,
        created_at=at or timezone.now(),
        idempotency_key=draft.key or None,
        fingerprint=draft.fingerprint if draft.key else "",
        duplicate_key=draft.duplicate_key,
    )
    comment.write(draft.text, draft.rendered)
    comment.pk = next_id()
    comment.path = path_of(parent.path or "" if parent else "", comment.created_at, comment.pk)
    insert(comment)
    insert(
        ConnectionData(
            comment=comment,
            address=draft.visit.address or None,
            user_agent=tidy_line(draft.visit.user_agent)[:254],
            email=identity.email if identity else author.email,
        )
    )
    decision = Decision(
        comment=comment, number=1, batch_id=batch, source=source, after=verdict.status, reasons=list(verdict.reasons)
    )
    insert(decision)
    comment.posted_as = decision
    audit_log.note_decisions([decision])
    counting.adjust([(comment, "", comment.status)])
    notifications.queue([(comment, decision)])
    return comment


def _address(url: str) -> str:
    """Return the address if it is a valid one: a provider's data is trusted no more than what a guest types."""
    return url if is_website(url) else ""


def first_status(comment: Comment) -> str:
    """Return the status that a comment got at posting, which decided where its author was sent."""
    return (comment.posted_as or comment.decisions.get(number=1)).after
