"""What is done to mails, told inside the transaction, so that whoever records it does so with it."""

from __future__ import annotations

from django.dispatch import Signal

# An operator has a mail sent again that was given up: `letter` and `by`, the account. Inside the transaction.
sent_again = Signal()

# Staff has mail sent to an address again: `key`, its keyed hash, `reasons`, and `by`, the account. In the transaction.
lifted = Signal()
