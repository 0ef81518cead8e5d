"""The mail to those who run the site when the audit log does not verify: once to each, until it does again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Q

from comments.audit import log_checks
from comments.audit.fault_texts import FAULTS
from comments.models import LogCheck
from comments.models.permissions import run_the_site
from comments.notifications.links import log_url
from comments.notifications.recipients import addresses
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter


@transaction.atomic
def _tell(faults: list[dict[str, Any]]) -> None:
    check = LogCheck.objects.select_for_update().latest("pk")
    new = {pk: known for pk, known in addresses(Q(user__in=run_the_site())).items() if pk not in check.told}
    if not new:
        return
    check.told = [*check.told, *new]
    check.save(update_fields=["told"])
    outbox.enqueue(
        [
            Letter(
                name="log_alarm",
                about="log_check",
                about_id=check.pk,
                address=address,
                language=language,
                facts={"faults": faults},
            )
            for address, language in new.values()
        ]
    )


def verify_and_tell() -> None:
    """Verify some more of the audit log, and tell who has to know if it is not intact. A job of the worker."""
    state = log_checks.go_on()
    if not state.is_intact:
        _tell([asdict(fault) for fault in state.faults])


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the alarms say: the faults that were known when they were queued."""
    return {
        letter.pk: {"faults": list(map(_in_words, letter.facts["faults"])), "log_url": log_url()} for letter in letters
    }


def _in_words(fault: dict[str, Any]) -> dict[str, Any]:
    return fault | {"said": FAULTS.get(fault["code"], fault["code"])}  # The next release may know others.
