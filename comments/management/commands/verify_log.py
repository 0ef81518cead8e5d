"""Check that nobody has changed, removed or added entries of the audit log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from comments.audit.audit_log import Head, verify
from comments.audit.fault_texts import FAULTS


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == 64):
        raise ValueError(text)
    return Head(int(number), digest)


class Command(BaseCommand):
    help = "Verify the audit log's chain, and every decision against it. Prints the head: note it down elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", type=_head, metavar="NUMBER:HASH", help="A head printed earlier, which must still be there."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        head, faults = verify(options["head"])
        for fault in faults:
            where = f"entry {fault.number}" if fault.number else fault.detail
            self.stderr.write(
                f"{where}: {FAULTS[fault.code]}" + (f" ({fault.detail})" if fault.number and fault.detail else "")
            )
        if faults:
            raise CommandError("The audit log was changed.")
        self.stdout.write(f"The audit log is intact. {head.number} entries; its head is {head.number}:{head.hash}")
