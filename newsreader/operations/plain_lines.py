"""The log of the process that watches: lines like everybody's (`newsreader.kit.log_lines`), without a library.

Errors are reported to Sentry, where it is set, by a process of their own: they are few.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

BOLD, DIM, BLUE, END = "\x1b[1m", "\x1b[2m", "\x1b[34m", "\x1b[0m"
OF_LEVEL = {logging.INFO: "\x1b[32m", logging.WARNING: "\x1b[33m"}  # green, yellow; others are red


def to_stderr(level: str, *, debug: bool, environment: Mapping[str, str], folder: str) -> None:
    """Have what is logged from now on written to stderr, for people if one is there or with `debug`, else as JSON."""
    terminal = sys.stderr.isatty()
    lines = logging.StreamHandler()
    lines.setFormatter(ForPeople(colours=terminal) if terminal or debug else ForPrograms())
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(lines)
    if environment.get("SENTRY_DSN"):
        root.addHandler(Reports(environment, folder))


class ForPrograms(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "timestamp": at, "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class ForPeople(logging.Formatter):
    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self.colours = colours

    def format(self, record: logging.LogRecord) -> str:
        at, level, said = time.strftime("%H:%M:%S"), f"{record.levelname.lower():9}", record.getMessage()
        line = f"{at} [{level}] {said} [{record.name}]"
        if self.colours:
            colour = OF_LEVEL.get(record.levelno, "\x1b[31m")
            where = f"[{END}{BOLD}{BLUE}{record.name}{END}]{END}"
            line = f"{DIM}{at}{END} [{colour}{BOLD}{level}{END}] {BOLD}{said}{END} {where}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Reports(logging.Handler):
    """Has each error reported by another process (`newsreader.kit.error_reports`), for which nobody waits."""

    def __init__(self, environment: Mapping[str, str], folder: str) -> None:
        super().__init__(logging.ERROR)
        self.environment, self.folder = dict(environment), folder

    def emit(self, record: logging.LogRecord) -> None:
        command = [sys.executable, "-m", "newsreader.kit.error_reports", record.name, record.getMessage()]
        try:
            subprocess.Popen(command, cwd=self.folder, env=self.environment, start_new_session=True)  # noqa: S603
        except OSError:
            self.handleError(record)
