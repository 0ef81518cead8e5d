"""What readers are told about an error in an article that they have seen: said, put differently, taken out again.

Programs come here over REST. The form of an article in the newsroom writes the same rows, and both count the change
with `publishing.note_corrections`.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from articles import publishing
from articles.errors import CorrectionMissing, CorrectionTooLong, NeverPublished
from articles.models.article import Article, Correction
from newsreader.accounts.models import User
from newsreader.kit.text import is_unseen, tidy
from newsreader.kit.versions import refuse_stale

LENGTH = 2_000  # characters


@transaction.atomic
def correct(article_id: int, text: str, *, by: User, versions: Collection[int] | None = None) -> Article:
    """Tell readers about an error, as plain text, dated now. Returns the article in its new version.

    `versions`: those of the article for which it is meant; None: any. Raises Article.DoesNotExist, VersionConflict,
    NeverPublished, CorrectionMissing, CorrectionTooLong.
    """
    article = _locked(article_id, versions)
    if article.published_on is None:
        raise NeverPublished()
    Correction.objects.create(article=article, text=_said(text), by=by)
    return _noted(article)


@transaction.atomic
def reword(article_id: int, correction_id: int, text: str, *, versions: Collection[int] | None = None) -> Article:
    """Put a correction differently; its time stays. Raises Correction.DoesNotExist beside what `correct` does."""
    article = _locked(article_id, versions)
    row = Correction.objects.get(pk=correction_id, article=article)
    row.text = _said(text)
    row.save(update_fields=["text"])
    return _noted(article)


@transaction.atomic
def take_out(article_id: int, correction_id: int, *, versions: Collection[int] | None = None) -> Article:
    """Take a correction out again. Raises Correction.DoesNotExist, VersionConflict."""
    article = _locked(article_id, versions)
    Correction.objects.get(pk=correction_id, article=article).delete()
    return _noted(article)


def _locked(article_id: int, versions: Collection[int] | None) -> Article:
    article = Article.objects.select_for_update().get(pk=article_id)
    refuse_stale(article.version, versions)
    return article


def _said(text: str) -> str:
    text = tidy(text)
    if is_unseen(text):
        raise CorrectionMissing()
    if len(text) > LENGTH:
        raise CorrectionTooLong(LENGTH)
    return text


def _noted(article: Article) -> Article:
    publishing.note_corrections(article)
    return Article.objects.with_frame().get(pk=article.pk)
