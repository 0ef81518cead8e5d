"""Break everything in turn: `python -m tests.faults [--only NAME] [--short]`. Exit code 1: something came of it."""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import clock, table
from tests.faults.databases import find_postgresql
from tests.faults.faults import FAULTS
from tests.faults.play import play
from tests.faults.scene import Fault
from tests.faults.stand import Stand


def missing(fault: Fault) -> str:
    """Return what this machine lacks for a fault."""
    if fault.stand == "postgresql" and not find_postgresql():
        return "PostgreSQL's server is missing (apt-get install postgresql)"
    if fault.stand == "postgresql" and not shutil.which("redis-server"):
        return "Redis is missing (apt-get install redis-server)"
    if "faketime" in fault.needs and not clock.find_library():
        return "faketime is missing (apt-get install faketime)"
    if "small disk" in fault.needs and os.geteuid() != 0:
        return "only root may mount a small disk"
    return ""


def chosen(options: argparse.Namespace) -> list[Fault]:
    names = [name.lower() for name in options.only]
    found = [fault for fault in FAULTS if not names or any(name in fault.name.lower() for name in names)]
    return [fault for fault in found if not options.short or names or fault.short is not None]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="Faults with this in their name.")
    parser.add_argument("--short", action="store_true", help="The most telling ones, and shorter.")
    parser.add_argument("--slack", type=float, default=1.0, help="How many times as long all may take here.")
    parser.add_argument("--list", action="store_true", help="Print the names.")
    options = parser.parse_args()
    faults, began = chosen(options), time.monotonic()
    if options.list or not faults:
        sys.stdout.write("\n".join(fault.name for fault in FAULTS) + "\n")
        return 0 if options.list else 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that everything that was started is ended.
    failed, skipped, played = [], [], 0
    home = Path(tempfile.mkdtemp(prefix="newsreader-faults-"))
    home.chmod(0o711)  # PostgreSQL has an account of its own.
    table.head()
    try:
        for kind, group in itertools.groupby(faults, lambda fault: fault.stand):
            stand = None
            try:
                for fault in group:
                    if lack := missing(fault):
                        table.note(fault.name, f"skipped: {lack}")
                        skipped.append(fault.name)
                        continue
                    stand = stand or Stand(kind, home / kind)
                    if "small disk" in fault.needs and not stand.disk.is_small:
                        table.note(fault.name, "skipped: no small disk could be mounted here")
                        skipped.append(fault.name)
                        continue
                    outcome, findings = play(fault, stand, short=options.short, slack=options.slack)
                    table.line(fault.name, outcome, findings)
                    played += 1
                    if findings:
                        failed.append(fault.name)
            finally:
                if stand:
                    if failed:
                        shutil.copyfile(stand.folder / "serve.log", Path(tempfile.gettempdir()) / f"faults-{kind}.log")
                    stand.remove()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    table.end(played, failed, skipped, time.monotonic() - began)
    return 1 if failed or (skipped and os.environ.get("CI") == "true") else 0


if __name__ == "__main__":
    sys.exit(main())
