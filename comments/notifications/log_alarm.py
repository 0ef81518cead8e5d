"""The mail to those who run the site when the audit log does not verify: once to each, until it does again."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Q

from comments.audit import log_checks
from comments.models import LogCheck
from comments.models.permissions import run_the_site
from comments.notifications.recipients import addresses
from newsreader.mailing import letter as mail

logger = logging.getLogger(__name__)


def verify_and_tell() -> None:
    """Verify some more of the audit log, and tell who has to know if it is not intact. A job of the worker."""
    state = log_checks.go_on()
    if state.is_intact:
        return
    check = LogCheck.objects.latest("pk")
    known = addresses(Q(user__in=run_the_site()))
    for account, (address, language) in known.items():
        if not _claim(check.pk, account):
            continue
        try:
            mail.send("log_alarm", address, {"faults": state.faults}, language=language)
        except Exception:  # The mail server's. It is tried again with the next run, and the log says the same.
            logger.exception("Nobody could be told that the audit log does not verify")
            _claim(check.pk, account, give_back=True)
            return


@transaction.atomic
def _claim(check_id: int, account: int, *, give_back: bool = False) -> bool:
    """Note that somebody is told, or that they were not; return whether that is new."""
    check = LogCheck.objects.select_for_update().get(pk=check_id)
    if (account in check.told) != give_back:
        return False
    check.told = [each for each in check.told if each != account] + ([] if give_back else [account])
    check.save(update_fields=["told"])
    return True
