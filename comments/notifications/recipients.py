"""Who gets a mail about a decision. Nobody about spam; nobody at an address that is not verified."""

from collections.abc import Iterable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet

from comments.models import Appeal, Comment, Decision
from comments.models.permissions import moderators_of
from comments.notifications.letter_names import APPEAL_REJECTED, PUBLISHED, REFUSED
from comments.notifications.subscriptions import not_told_at_once
from newsreader.kit.compiled_queries import Compiled
from newsreader.mailing.tokens import folded

APPROVED, TRASH = Comment.Status.APPROVED, Comment.Status.TRASH
Recipient = tuple[Decision, str, str, str]  # the decision, letter, address, language


def recipients(decided: Iterable[tuple[Comment, Decision]]) -> Iterator[Recipient]:
    """Yield the recipients of each decision: the author, if a person decided, unless they do not want that at once.

    Two queries, however many there are. Of what a rule held, `comments.notifications.moderators` tells those who
    moderate.
    """
    authors: list[tuple[Decision, str, int]] = []
    for comment, decision in decided:
        if decision.by_id is None:
            continue
        if (letter := _letter(decision)) and (user_id := comment.identity.user_id if comment.identity else None):
            if user_id != decision.by_id:
                authors.append((decision, letter, user_id))
    if authors:
        known = addresses(Q(user__in={user_id for *_, user_id in authors}))
        later = not_told_at_once(address for address, _ in known.values())
        for decision, letter, user_id in authors:
            if user_id in known and folded(known[user_id][0]) not in later:
                yield decision, letter, *known[user_id]


def rejected(appeal: Appeal) -> Iterator[Recipient]:
    """Yield the author whose appeal was rejected, with the decision that it was against."""
    identity = appeal.comment.identity
    if identity and identity.user_id and identity.user_id != appeal.settled_by_id:
        for address, language in addresses(Q(user=identity.user_id)).values():
            yield appeal.decision, APPEAL_REJECTED, address, language


def _letter(decision: Decision) -> str | None:
    """The letter that tells the author of a person's decision; None if it is no news."""
    if decision.before == Comment.Status.SPAM and decision.after == TRASH:
        return None
    letters = {APPROVED: PUBLISHED, TRASH: REFUSED}
    return letters.get(Comment.Status(decision.after))


def moderators(article_id: int) -> dict[int, tuple[str, str]]:
    """Return a verified address and the language of each who decides about an article's comments, by account id."""
    return _first_of_each(_moderators_addresses(article_id))


def addresses(whose: Q) -> dict[int, tuple[str, str]]:
    """Return a verified address and the language of each of these people, by account id."""
    return _first_of_each(_verified(whose))


def _verified(whose: Q) -> QuerySet[EmailAddress, Any]:
    rows = EmailAddress.objects.filter(whose, verified=True, user__is_active=True).order_by("user", "-primary", "pk")
    return rows.values_list("user", "email", "user__language")


_moderators_addresses = Compiled(lambda article_id: _verified(Q(user__in=moderators_of(article_id))))


def _first_of_each(rows: Iterable[tuple[int, str, str]]) -> dict[int, tuple[str, str]]:
    first: dict[int, tuple[str, str]] = {}
    for user, email, language in rows:
        first.setdefault(user, (email, language))
    return first
