"""Asking a guest, once, to confirm an email address by a link. `comments.authors.confirmation` does what the link says.

This is the only mail that an unverified address ever gets. It repeats nothing that was typed: nobody can use us to send
a message to somebody else's address. An address that was asked already, because somebody wants to be told something,
is not asked again: the page behind that mail leads to the comment.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet, Value
from django.utils import timezone

from comments.drafts import keyed
from comments.models import Comment, EmailConfirmation, new_token
from comments.models.effective_settings import EffectiveSettings
from comments.notifications import subscriptions
from comments.notifications.letter_names import CONFIRM, DECISION
from comments.screening.history import FIRST_COMMENT
from newsreader.accounts.identities import has_account
from newsreader.kit.client_address import network
from newsreader.kit.clock import ahead
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.compiled_queries import Compiled
from newsreader.mailing import budget, outbox
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import folded

AGAIN = dt.timedelta(days=30)  # Before that, the same address gets no second mail.
PER_NETWORK, PERIOD = 5, dt.timedelta(days=1)


FROM_NETWORK, FOR_MAILS = "network", "mails"


@Compiled
def _asked(
    network: str, since: dt.datetime, address: str, long_since: dt.datetime, until: dt.datetime
) -> QuerySet[EmailConfirmation, tuple[str]]:
    """Who was asked: FROM_NETWORK for each address by this network, FOR_MAILS if this one was for subscriptions."""
    from_network = EmailConfirmation.objects.filter(network=network, asked_at__gt=since, asked_at__lte=until)
    for_mails = subscriptions.asked(address, long_since, until).values_list(Value(FOR_MAILS))
    return from_network.values_list(Value(FROM_NETWORK)).union(for_mails, all=True)


def letters(comment: Comment, visitor: str) -> list[Letter]:
    """Return the mail to a guest whose first comment waits, to be queued by the caller; or none.

    None if the address was asked recently, here or for its subscriptions, if too many came from this network, or if no
    more mails that strangers ask for go to it (`newsreader.mailing.budget`). In the transaction of the post.
    """
    first = comment.posted_as or comment.decisions.get(number=1)
    if comment.identity_id or first.after != Comment.Status.PENDING or FIRST_COMMENT not in _codes(first.reasons):
        return []
    email, now = comment.connection_data.email, timezone.now()
    if not email:
        return []
    where = keyed("network", network(visitor))
    asked = [what for (what,) in _asked(where, now - PERIOD, folded(email), now - subscriptions.AGAIN, ahead(now))]
    if asked.count(FROM_NETWORK) >= PER_NETWORK:
        return []
    key, wanted = address_key(email), {"network": where, "comment": comment, "asked_at": now}
    long_ago = Q(asked_at__lt=now - AGAIN) | Q(asked_at__gt=ahead(now))
    is_new = insert(EmailConfirmation(address=key, **wanted), unless_there=True)
    again = EmailConfirmation.objects.filter(long_ago, address=key)
    if not is_new and not again.exists():
        return []
    is_asked = FOR_MAILS in asked
    # Only what is sent counts, so the budget is asked last.
    if not is_asked and not budget.allows(email, network(visitor), known=has_account(email)):
        if is_new:
            EmailConfirmation.objects.filter(address=key).delete()
        return []
    if not is_new and not again.update(**wanted, token=new_token(), confirmed_at=None):
        return []
    if is_asked:
        return []
    return [Letter(name=CONFIRM, about=DECISION, about_id=first.pk, address=email, language=comment.language)]


def _codes(reasons: list[dict[str, object]]) -> set[object]:
    return {reason["code"] for reason in reasons}


def address_key(email: str) -> str:
    """Return the key under which an address is stored; case does not matter."""
    return EmailConfirmation.key_of(email)


def take_back(comment: Comment) -> None:
    """Forget the request that came with a withdrawn comment, if no mail went out: the address can be asked again.

    A mail that a worker has begun to send counts as sent, so that withdrawing fast does not get a second mail.
    """
    confirmation = comment.email_confirmations.filter(confirmed_at=None).first()
    if confirmation is None:
        return
    first = list(comment.decisions.filter(number=1).values_list("pk", flat=True))
    outbox.drop(DECISION, first, [CONFIRM])
    if not Letter.objects.filter(about=DECISION, about_id__in=first, name=CONFIRM).exists():
        confirmation.delete()


def may_be_asked(comment: Comment, settings: EffectiveSettings) -> bool:
    """Say whether the author of a waiting comment is told to look for our mail.

    The answer is the same for a new address, one asked recently, and one of an account; and for a comment that a rule
    refused, which its author sees as waiting. So it reveals none of these.
    """
    typed = comment.identity_id is None and hasattr(comment, "connection_data") and bool(comment.connection_data.email)
    return typed and are_asked_for(settings) and settings.hold_first_comment


def are_asked_for(settings: EffectiveSettings) -> bool:
    """Say whether guests are asked: not if editors want to approve more than one comment of a newcomer by hand."""
    return settings.mail_confirmations and settings.premoderated <= 1


def old(age: dt.timedelta = AGAIN) -> QuerySet[EmailConfirmation]:
    """Return requests that nobody has confirmed for long; once they are gone, the address can be asked again."""
    return EmailConfirmation.objects.filter(confirmed_at=None, asked_at__lt=timezone.now() - age)
