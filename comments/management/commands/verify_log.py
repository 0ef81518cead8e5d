"""Verify that nobody has changed, removed or added anything in the log of moderation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from comments.audit.audit_log import Head, verify

SAID = {
    "missing": "missing from the chain",
    "changed": "changed since it was written",
    "personal_data_changed": "its personal data was changed",
    "other_chain": "not the entry whose hash was noted down",
    "cut_off": "noted down once, and not there any more",
    "decision_differs": "the decision is not what the log tells, or the log does not tell it",
}


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == 64):
        raise ValueError(text)
    return Head(int(number), digest)


class Command(BaseCommand):
    help = "Verify the chain of the log, and every decision against it. Prints the chain's end: note it down elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", type=_head, metavar="NUMBER:HASH", help="An end that was printed earlier: it must still be there."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        head, faults = verify(options["head"])
        for fault in faults:
            where = f"entry {fault.number}" if fault.number else fault.detail
            self.stderr.write(
                f"{where}: {SAID[fault.code]}" + (f" ({fault.detail})" if fault.number and fault.detail else "")
            )
        if faults:
            raise CommandError("The log does not hold.")
        self.stdout.write(f"The log holds. {head.number} entries; its end is {head.number}:{head.hash}")
