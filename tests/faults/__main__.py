"""Break everything in turn: `python -m tests.faults [--only NAME] [--short]`. Exit code 1: something came of it."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from tests.faults import clock, table
from tests.faults.databases import find_postgresql
from tests.faults.faults import FAULTS
from tests.faults.play import play
from tests.faults.scene import FAKETIME, SMALL_DISK, Fault
from tests.faults.stand import Stand


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="Faults with this in their name.")
    parser.add_argument("--short", action="store_true", help="The most telling ones, and shorter.")
    parser.add_argument("--slack", type=float, default=1.0, help="How many times as long all may take here.")
    parser.add_argument("--list", action="store_true", help="Print the names.")
    return parser.parse_args(arguments)


def missing(fault: Fault) -> str:
    """Return what this machine lacks for a fault."""
    if fault.stand == "postgresql" and not find_postgresql():
        return "PostgreSQL's server is missing (apt-get install postgresql)"
    if fault.stand == "postgresql" and not shutil.which("redis-server"):
        return "Redis is missing (apt-get install redis-server)"
    if FAKETIME in fault.needs and not clock.find_library():
        return "faketime is missing (apt-get install faketime)"
    if SMALL_DISK in fault.needs and os.geteuid() != 0:
        return "only root may mount a small disk"
    return ""


def chosen(options: argparse.Namespace) -> list[Fault]:
    names = [name.lower() for name in options.only]
    found = [fault for fault in FAULTS if not names or any(name in fault.name.lower() for name in names)]
    return [fault for fault in found if not options.short or names or fault.short is not None]


class Run:
    """Plays faults one after the other, and keeps the score."""

    def __init__(self, home: Path, options: argparse.Namespace) -> None:
        self.home, self.options = home, options
        self.stand: Stand | None = None
        self.built = 0
        self.played: list[str] = []
        self.failed: list[str] = []
        self.skipped: list[str] = []

    def play(self, fault: Fault) -> None:
        if lack := missing(fault):
            self.skip(fault, lack)
            return
        if self.stand is None or self.stand.kind != fault.stand or (fault.pictures and not self.stand.has_pictures):
            self.build(fault)
        assert self.stand is not None
        if SMALL_DISK in fault.needs and not self.stand.disk.is_small:
            self.skip(fault, "no small disk can be mounted here")
            return
        self.played.append(fault.name)
        try:
            outcome, findings = play(fault, self.stand, short=self.options.short, slack=self.options.slack)
        except (OSError, RuntimeError, TimeoutError, psycopg.Error, sqlite3.Error) as error:
            table.note(fault.name, f"FAILED: {type(error).__name__}: {error}")
            self.fail(fault)
            self.leave()
            return
        table.line(fault.name, outcome, findings)
        if findings:
            self.fail(fault)
        if outcome.well is None or outcome.worked_off is None:  # The next fault begins with a site that is well.
            self.leave()

    @property
    def exit_code(self) -> int:
        return 1 if self.failed or (self.skipped and os.environ.get("CI") == "true") else 0

    def build(self, fault: Fault) -> None:
        self.leave()
        self.built += 1
        self.stand = Stand(fault.stand, self.home / f"{fault.stand}-{self.built}", pictures=fault.pictures)

    def leave(self) -> None:
        if self.stand:
            self.stand.remove()
        self.stand = None

    def skip(self, fault: Fault, why: str) -> None:
        table.note(fault.name, f"skipped: {why}")
        self.skipped.append(fault.name)

    def fail(self, fault: Fault) -> None:
        self.failed.append(fault.name)
        if self.stand:
            log = Path(tempfile.gettempdir()) / f"newsreader-faults-{self.stand.kind}.log"
            shutil.copyfile(self.stand.folder / "serve.log", log)


def main() -> int:
    options = parsed(sys.argv[1:])
    if options.list:
        sys.stdout.write("\n".join(fault.name for fault in FAULTS) + "\n")
        return 0
    faults, began = chosen(options), time.monotonic()
    if not faults:
        sys.stderr.write("No fault has such a name; --list prints them.\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that everything that was started is ended.
    home = Path(tempfile.mkdtemp(prefix="newsreader-faults-"))
    home.chmod(0o711)  # PostgreSQL has an account of its own.
    run = Run(home, options)
    table.head()
    try:
        for fault in faults:
            run.play(fault)
    finally:
        run.leave()
        shutil.rmtree(home, ignore_errors=True)
    table.end(len(run.played), run.failed, run.skipped, time.monotonic() - began)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
