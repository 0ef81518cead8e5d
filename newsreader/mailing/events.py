"""What has happened to mails."""

from __future__ import annotations

from django.dispatch import Signal

# An operator has a mail sent again that was given up: `letter` and `by`, the account. Inside the transaction.
sent_again = Signal()
