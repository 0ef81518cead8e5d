"""Authors send their articles to the editors; editors publish them, or send them back with a note.

`publishing` closes a submission when the article appears. Whom it concerns is told by mail. Every step is a
row that stays, with its note.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from articles.errors import NotADraft, NoteMissing
from articles.models.article import Article
from articles.models.editorial import EditorialNote, Submission
from newsreader.accounts.identities import verified_addresses
from newsreader.accounts.models import User
from newsreader.kit.errors import Forbidden
from newsreader.kit.tasks import task
from newsreader.kit.text import is_unseen, tidy
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.letter import quoted
from newsreader.mailing.models import Letter

LENGTH = 5_000  # characters of a note
PUBLISH = "articles.publish_article"
Kind = EditorialNote.Kind


def waiting() -> QuerySet[Submission]:
    """Return what waits for an editor, the longest first. A scheduled article waits for nobody any more."""
    return Submission.objects.filter(article__state=Article.State.DRAFT).order_by("sent_at", "pk")


@transaction.atomic
def send(article_id: int, *, by: User, note: str = "") -> Submission:
    """Send a draft to the editors, who are told; sent once more, they are reminded.

    Raises Forbidden for an article that this person may not change, NotADraft.
    """
    article = _locked(article_id, by)
    if article.state != Article.State.DRAFT:
        raise NotADraft()
    submission, is_new = Submission.objects.get_or_create(article=article, defaults={"by": by})
    if not is_new:
        submission.by, submission.sent_at = by, timezone.now()
        submission.save(update_fields=["by", "sent_at"])
    _tell(_note(article, Kind.SENT, by, note), (editor for editor in editors() if editor.pk != by.pk))
    return submission


@transaction.atomic
def send_back(article_id: int, *, by: User, note: str) -> EditorialNote | None:
    """Send an article back to who sent it, and tell them why. Returns None, and changes nothing, if it does not wait.

    Raises Forbidden for those who may not publish, NoteMissing.
    """
    if not by.has_perm(PUBLISH):
        raise Forbidden()
    article = _locked(article_id, by)
    submission = waiting().filter(article=article).select_related("by").first()
    if submission is None:
        return None
    if is_unseen(note):
        raise NoteMissing()
    submission.delete()
    written = _note(article, Kind.SENT_BACK, by, note)
    _tell(written, [submission.by] if submission.by else [])
    return written


@transaction.atomic
def add_note(article_id: int, *, by: User, note: str) -> EditorialNote | None:
    """Keep a note with an article, without sending it anywhere. None for an empty one. Raises Forbidden."""
    if is_unseen(note):
        return None
    return _note(_locked(article_id, by), Kind.NOTE, by, note)


def close(article: Article) -> None:
    """End the submission of an article that appears, and tell who sent it. In the transaction. One query if none is."""
    submission = Submission.objects.filter(article=article.pk).select_related("by").first()
    if submission is None:
        return
    submission.delete()
    _tell(_note(article, Kind.PUBLISHED, None, ""), [submission.by] if submission.by else [])


def editors() -> QuerySet[User]:
    """Return those who may publish."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm(PUBLISH, backend=backend).filter(is_staff=True)


def _locked(article_id: int, by: User) -> Article:
    if not Article.objects.changeable_by(by).filter(pk=article_id).exists():
        raise Forbidden()
    return Article.objects.select_for_update().get(pk=article_id)


def _note(article: Article, kind: Kind, by: User | None, text: str) -> EditorialNote:
    return EditorialNote.objects.create(article=article, kind=kind, by=by, text=tidy(text)[:LENGTH])


# --- Mails --------------------------------------------------------------------------------------------------------


def _tell(note: EditorialNote, people: Iterable[User]) -> None:
    """Tell those of these people who have a verified address, in the transaction of the step."""
    known = verified_addresses(people)
    outbox.enqueue(
        [
            Letter(name=f"article_{note.kind}", about="note", about_id=note.pk, address=address, language=user.language)
            for user, address in known
        ]
    )


@task()
def mail_note(note_id: int, user_id: int) -> None:
    """Tell somebody for whom the release before has queued this task. Goes with the next release."""
    with transaction.atomic():
        if note := EditorialNote.objects.filter(pk=note_id).first():
            _tell(note, User.objects.filter(pk=user_id))


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the mail about each step of an article says; None where the step is gone with its article."""
    ids = {letter.about_id for letter in letters if letter.about_id}
    rows = EditorialNote.objects.select_related("article", "by").defer("article__body").filter(pk__in=ids)
    notes = {row.pk: _context(row) for row in rows}
    return {letter.pk: notes.get(letter.about_id or 0) for letter in letters}


def _context(note: EditorialNote) -> dict[str, Any]:
    article = note.article
    is_read = note.kind == Kind.PUBLISHED
    path = article.get_absolute_url() if is_read else f"/admin/articles/article/{article.pk}/change/"
    return {
        "note": note,
        "words": quoted(note.text),
        "article": article,
        "by": note.by.shown_name if note.by else "",
        "article_url": absolute(path),
    }
