"""Mailing a link to an address, or not, so that nobody can tell which: not by the time that it takes either."""

from __future__ import annotations

from django.db import transaction

from newsreader.mailing import budget, outbox
from newsreader.mailing.models import Letter


@transaction.atomic
def mail(letter: Letter, *, known: bool, has_account: bool, network: str) -> None:
    """Queue a letter to an address that the site knows, if one more may go there (`newsreader.mailing.budget`).

    For any other address the same is done, and taken back: otherwise whoever asks could measure the difference.
    """
    with transaction.atomic():
        if budget.allows(letter.address, network, known=has_account, pretended=not known):
            outbox.enqueue([letter], wake=False)
        if not known:
            transaction.set_rollback(True)
    outbox.send_due.enqueue()
