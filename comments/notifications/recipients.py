"""Who wants to hear about a decision. Nobody about spam; nobody at an address that was not verified."""

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.db.models import Q

from comments.models import Comment, CommentRules, Decision, Delivery
from newsreader.accounts.models import User

PENDING, APPROVED, TRASH = Comment.Status.PENDING, Comment.Status.APPROVED, Comment.Status.TRASH
Recipient = tuple[str, str, str]  # event, address, language


def recipients(comment: Comment, decision: Decision) -> Iterator[Recipient]:
    """Yield each address once: moderators when a rule made a comment wait, its author when a person decided."""
    if decision.by_id is None:
        if decision.after == PENDING and decision.number == 1 and CommentRules.objects.current().mail_moderators:
            yield from ((Delivery.Event.WAITING, address, language) for address, language in _moderators(comment))
        return
    event = {APPROVED: Delivery.Event.PUBLISHED, TRASH: Delivery.Event.REFUSED}.get(Comment.Status(decision.after))
    if event is None or (decision.before == Comment.Status.SPAM and event == Delivery.Event.REFUSED):
        return
    user_id = comment.identity.user_id if comment.identity else None
    if user_id and user_id != decision.by_id:
        yield from ((event, address, language) for address, language in _addresses(Q(user=user_id)))


def _moderators(comment: Comment) -> list[tuple[str, str]]:
    """Those who decide about all comments, and the article's authors who decide about theirs."""
    everything = Permission.objects.filter(codename="moderate_any_comment")
    own = Permission.objects.filter(codename="moderate_comment")
    may = (
        Q(is_superuser=True)
        | Q(groups__permissions__in=everything)
        | Q(user_permissions__in=everything)
        | (Q(author__articles=comment.article_id) & (Q(groups__permissions__in=own) | Q(user_permissions__in=own)))
    )
    users = User.objects.filter(may, is_active=True).values("pk")
    return _addresses(Q(user__in=users))


def _addresses(whose: Q) -> list[tuple[str, str]]:
    """Return a verified address and the language for each of these people."""
    rows = EmailAddress.objects.filter(whose, verified=True, user__is_active=True).order_by("user", "-primary", "pk")
    first: dict[int, tuple[str, str]] = {}
    for user, email, language in rows.values_list("user", "email", "user__language"):
        first.setdefault(user, (email, language))
    return sorted(set(first.values()))
