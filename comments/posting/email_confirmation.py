"""A guest's email address, confirmed by a link sent there: what is asked for, once; what the link does is `proving`.

The only mail that an unverified address ever gets. It repeats nothing that was typed: whoever types somebody else's
address must not speak to them through us.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from comments.drafts import keyed
from comments.models import Comment, Delivery, EmailConfirmation, new_token
from comments.models.effective_settings import EffectiveSettings
from comments.notifications.outbox import send_due
from comments.screening.history import FIRST_COMMENT
from newsreader.kit.text import fold
from newsreader.kit.web import network

AGAIN = dt.timedelta(days=30)  # Until then nobody can have another mail sent to the same address.
PER_NETWORK, PERIOD = 5, dt.timedelta(days=1)


def ask(comment: Comment, visitor: str) -> bool:
    """Write a mail to a guest whose comment waits since nobody knows them; returns whether one will go out.

    None where the address has been asked of late, or too many were from this network. In the transaction of the post.
    """
    first = comment.decisions.get(number=1)
    if comment.identity_id or first.after != Comment.Status.PENDING or FIRST_COMMENT not in _codes(first.reasons):
        return False
    email, now = comment.connection_data.email, timezone.now()
    where = keyed("network", network(visitor))
    if not email or EmailConfirmation.objects.filter(network=where, asked_at__gt=now - PERIOD).count() >= PER_NETWORK:
        return False
    wanted = {"network": where, "comment": comment, "asked_at": now}
    proof, is_new = EmailConfirmation.objects.get_or_create(address=address_key(email), defaults=wanted)
    if not is_new:
        again = {"token": new_token(), "confirmed_at": None}
        if not EmailConfirmation.objects.filter(pk=proof.pk, asked_at__lt=now - AGAIN).update(**wanted, **again):
            return False
    Delivery.objects.create(decision=first, event=Delivery.Event.CONFIRM, address=email, language=comment.language)
    send_due.enqueue()
    return True


def _codes(reasons: list[dict[str, object]]) -> set[object]:
    return {reason["code"] for reason in reasons}


def address_key(email: str) -> str:
    """Return under which key an address is found again; its case does not matter."""
    return keyed("proof", fold(email))


def take_back(comment: Comment) -> None:
    """Forget what was asked for with a comment that is withdrawn before its mail went out: it may be asked again.

    A mail that a worker has begun to send counts as sent, so that nobody can have a second by withdrawing fast.
    """
    proof = comment.proofs.filter(confirmed_at=None).first()
    if proof is None:
        return
    first = list(comment.decisions.filter(number=1).values_list("pk", flat=True))
    untouched = Delivery.objects.filter(decision__in=first, event=Delivery.Event.CONFIRM, sent_at=None, attempts=0)
    if untouched.delete()[0]:
        proof.delete()


def may_be_asked(comment: Comment, rules: EffectiveSettings) -> bool:
    """Say whether the author of a comment that waits should look for our mail.

    The same for a new address, one asked of late, and one that an account has; and for a comment that a rule put aside,
    which looks to its author like one that waits. So the answer gives away nothing about any of these.
    """
    typed = comment.identity_id is None and hasattr(comment, "connection_data") and bool(comment.connection_data.email)
    return typed and are_asked_for(rules) and rules.hold_first_comment


def are_asked_for(rules: EffectiveSettings) -> bool:
    """Say whether confirming an address is enough here: where editors want to see several comments, it is not."""
    return rules.mail_confirmations and rules.premoderated <= 1


def forget_old() -> int:
    """Delete what nobody has confirmed for long; then the address may be asked again. Returns how many."""
    old = EmailConfirmation.objects.filter(confirmed_at=None, asked_at__lt=timezone.now() - AGAIN)
    return old.delete()[0]
