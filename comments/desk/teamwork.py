"""How moderators work together: notes, labels, handing over, review locks and picks."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles import page_versions
from articles.models.article import Byline
from comments import notifications
from comments.audit import audit_log
from comments.models import Comment, Label, Note, ReviewLock
from comments.models.locks import lock_comment
from comments.models.permissions import moderates
from newsreader.accounts.models import User
from newsreader.kit.clock import is_ahead
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.text import tidy

LONGEST = 1000  # characters of a note
READING = dt.timedelta(minutes=2)  # how long a review lock lasts unless renewed


@transaction.atomic
def add_note(comment_id: int, text: str, *, by: User) -> Note:
    """Write a note for colleagues about a comment. Raises Invalid where it is empty or too long."""
    text = tidy(text).strip()
    if not text or len(text) > LONGEST:
        raise Invalid([FieldError("text", "invalid_note", _("A note has between 1 and %d characters.") % LONGEST)])
    note = Note.objects.create(comment_id=comment_id, by=by, text=text)
    audit_log.note("note", f"comment:{comment_id}", by=by, facts={"note": note.pk}, personal={"text": text})
    return note


@transaction.atomic
def label(comment_id: int, kind: str, *, on: bool, by: User) -> bool:
    """Set or remove a newsroom label (a Label.Kind) on a comment; return whether that changed anything."""
    kind = Label.Kind(kind).value
    if on:
        changed = Label.objects.get_or_create(comment_id=comment_id, kind=kind, defaults={"by": by})[1]
    else:
        changed = bool(Label.objects.filter(comment=comment_id, kind=kind).delete()[0])
    if changed:
        audit_log.note("label", f"comment:{comment_id}", by=by, facts={"kind": kind, "on": on})
    return changed


@transaction.atomic
def hand_to(comment_id: int, user: User | None, *, by: User, tell: bool = True) -> bool:
    """Hand a comment to a colleague who may decide about it, or to nobody (None); return whether that changed anything.

    The colleague is told by mail, unless they are `by` or `tell` is off. Raises Invalid where they may not decide about
    the comment.
    """
    comment = lock_comment(comment_id, Comment.objects.select_related("article"))
    if user and not moderates(user, comment.article):
        raise Invalid([FieldError("to", "not_a_moderator", _("They do not decide about comments here."))])
    if comment.assigned_to_id == (user.pk if user else None):
        return False
    Comment.objects.filter(pk=comment_id).update(assigned_to=user)
    audit_log.note("handed_over", f"comment:{comment_id}", by=by, facts={"to": user.pk if user else None})
    notifications.not_handed_over(comment)
    if user and user.pk != by.pk and tell:
        notifications.queue_handed_over(comment, user)
    return True


def author_of(comment: Comment) -> User | None:
    """Return the account of the article's first author who has one: the comment can be handed to them."""
    line = Byline.objects.filter(article=comment.article_id, author__user__is_active=True).order_by("position").first()
    return line.author.user if line else None


@transaction.atomic
def pick(comment_id: int, *, on: bool, by: User) -> bool:
    """Mark a comment as an editors' pick, or not any more; return whether that changed anything."""
    comment = lock_comment(comment_id, Comment.objects.only("article_id", "picked_at"))
    if on == (comment.picked_at is not None):
        return False
    comment.picked_at = timezone.now() if on else None
    comment.save(update_fields=["picked_at"])
    page_versions.bump([comment.article_id])
    audit_log.note("pick", f"comment:{comment_id}", by=by, facts={"on": on})
    return True


@transaction.atomic
def take_review_lock(comment_id: int, *, by: User) -> ReviewLock:
    """Take the review lock of a comment for two minutes, and return the lock in force, perhaps a colleague's."""
    now = timezone.now()
    until = now + READING
    mine = {"by": by, "until": until}
    row, is_new = ReviewLock.objects.select_for_update().get_or_create(comment_id=comment_id, defaults=mine)
    if not is_new and (row.by_id == by.pk or not is_held(row, now)):
        ReviewLock.objects.filter(pk=comment_id).update(**mine)
        row.by, row.until = by, until
    ReviewLock.objects.filter(by=by).exclude(pk=comment_id).delete()  # A moderator has one comment open at a time.
    return row


def is_held(lock: ReviewLock, now: dt.datetime) -> bool:
    """Say whether a review lock has not run out."""
    return lock.until > now and not is_ahead(lock.until, now, READING)


def expired_locks() -> QuerySet[ReviewLock]:
    """Return review locks that have run out."""
    return ReviewLock.objects.filter(until__lt=timezone.now())
