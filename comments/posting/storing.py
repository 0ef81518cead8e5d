"""Storing a comment that was accepted: its rows, its counts and its mails. The caller has checked everything."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

from django.utils import timezone

from comments import notifications
from comments.audit import audit_log
from comments.discussion import counting
from comments.drafts import Draft, is_website
from comments.models import REMOVED, Comment, ConnectionData, Decision
from comments.models.locks import LockedForReply
from comments.models.paths import path_of
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Wish
from comments.posting import email_confirmation
from comments.screening.verdict import Verdict
from newsreader.kit.client_address import network
from newsreader.kit.compiled_inserts import new
from newsreader.kit.text import tidy_line

logger = logging.getLogger(__name__)
SOURCE = "posting"  # The name under which decisions at posting are recorded.


def store(
    draft: Draft,
    locked: LockedForReply,
    parent: Comment | None,
    verdict: Verdict,
    *,
    source: str = SOURCE,
    at: dt.datetime | None = None,
    batch: uuid.UUID | None = None,
    confirm: bool = False,
) -> Comment:
    """Store a screened draft with its path, connection data, decision, counts and mails. In a transaction.

    `source` is the name under which the decision is recorded.
    `confirm`: ask a guest whose first comment waits to confirm the email address.
    """
    author, identity = draft.author, draft.author.identity
    comment = new(
        Comment,
        article=locked.article,
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
        article_revision=locked.article.revision,
        created_at=at or timezone.now(),
        idempotency_key=draft.key or None,
        fingerprint=draft.fingerprint if draft.key else "",
        duplicate_key=draft.duplicate_key,
    )
    comment.write(draft.text, draft.rendered)
    comment.pk = locked.comment_id
    comment.path = path_of(parent.path or "" if parent else "", comment.created_at, comment.pk)
    connection_data = new(
        ConnectionData,
        comment=comment,
        address=draft.visit.address or None,
        user_agent=tidy_line(draft.visit.user_agent)[:254],
        email=identity.email if identity else author.email,
    )
    decision = new(
        Decision,
        comment=comment,
        number=1,
        batch_id=batch,
        source=source,
        after=verdict.status,
        reasons=list(verdict.reasons),
        created_at=comment.created_at,
    )
    comment.posted_as = decision
    audit_log.record_decisions([decision], with_rows=[comment, connection_data], changes=counting.counting_new(comment))
    counting.count_new(comment, locked)
    confirming = email_confirmation.letters(comment, draft.visit.address) if confirm else []
    if comment.status == Comment.Status.PENDING:
        notifications.note_waiting(comment, confirming)
    elif confirming:
        notifications.enqueue(confirming)
    if wishes := subscriptions.wishes_of(draft.notify, comment):
        _subscribe(draft, comment, wishes, is_asked=bool(confirming))
    return comment


def _subscribe(draft: Draft, comment: Comment, wishes: list[Wish], *, is_asked: bool) -> None:
    """Note what the author wants to be told. Nobody is asked to confirm an address for what a rule took for spam."""
    author = draft.author
    typed = author.identity.email if author.identity else author.email
    reader = subscriptions.reader_of(author.user, typed, language=draft.language, network=network(draft.visit.address))
    try:
        subscriptions.subscribe(reader, *wishes, ask=not is_asked and comment.status not in REMOVED)
    except subscriptions.TooManySubscriptions:
        logger.info("An account has too many subscriptions to get another one")  # The reply itself counts for more.


def _address(url: str) -> str:
    """Return the address if it is a valid one: a provider's data is trusted no more than what a guest types."""
    return url if is_website(url) else ""
