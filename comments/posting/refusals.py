"""What forbids a reply: a ban, a parent that is not shown, the same text once more."""

from __future__ import annotations

from articles.models.article import Article
from comments.audit.reason_texts import shown_status
from comments.drafts import Draft
from comments.errors import Duplicate, NetworkBanned, ParentMismatch, ReplyToUnapproved
from comments.models import Ban, Comment
from comments.models.querysets import CommentQuerySet
from comments.screening import ban_checks, compiled_entries
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.numbers import read_id

_parent_row = Compiled(lambda pk: Comment.objects.filter(pk=pk))


@Compiled
def known_texts(article_id: int, duplicate_key: str, *keys: str) -> CommentQuerySet:
    # Without their articles: PostgreSQL plans this for each post, and a join would take it 0.1 ms more.
    return Comment.objects.known_texts(article_id, duplicate_key, *keys).order_by("pk")


def check_bans(draft: Draft, article: Article, bans: list[Ban], *, exempt: bool) -> Ban | None:
    """Raise Banned, with the reason, if the author is banned and told so. Returns the ban they are not told of, if any.

    `bans`: those in force against them (`ban_checks.against`). `exempt`: the author moderates here, so only a ban on
    the account counts.
    """
    if told := next((ban for ban in bans if ban_checks.is_told(ban, draft)), None):
        raise ban_checks.refusal(told, draft)
    if (
        not exempt
        and draft.visit.address
        and (draft.entries or compiled_entries.current()).bans(draft.visit.address, article)
    ):
        raise NetworkBanned()
    return bans[0] if bans else None


def parent_of(draft: Draft, article: Article) -> Comment | None:
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
    check_duplicates(known_texts(draft.article_id, draft.duplicate_key), draft, itself=itself)


def check_duplicates(known: list[Comment], draft: Draft, *, itself: int = 0) -> None:
    """Do what `refuse_duplicate` does, where `known_texts` has been asked."""
    here = (row for row in known if row.article_id == draft.article_id and row.duplicate_key == draft.duplicate_key)
    same = (row for row in here if row.pk != itself)
    if first := next((row for row in same if _still_counts(row)), None):
        raise Duplicate(first.permanent_url if first.status == Comment.Status.APPROVED else "")


def _still_counts(first: Comment) -> bool:
    if first.status != Comment.Status.TRASH:
        return True
    at_posting = first.decisions.filter(number=1, after=Comment.Status.TRASH).exists()
    return at_posting and shown_status(first) == Comment.Status.PENDING
