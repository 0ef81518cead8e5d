"""What `manage.py serve` has prepared, told to the small process that it becomes (`newsreader.operations.watch`).

Preparing takes Django and watching does not, so the command executes itself once more: the same process, whose
environment now holds the plan. `manage.py` looks for it before it imports anything.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass

VARIABLE = "NEWSREADER_PLAN"


@dataclass(frozen=True)
class Plan:
    """Commands are lists of words; `environment` is what the started processes have besides our own."""

    folder: str  # of the code
    server: list[str]
    worker: list[str] | None
    forks_worker: bool  # The server forks the first worker.
    environment: dict[str, str]
    host: str
    port: int
    processes: int  # web processes, of which each tells that it lives
    listener: int | None  # the socket's descriptor; None: the server opens its own, and starts again when code changes
    before: dict[str, object] | None  # what the release before has handed over
    welcome: str
    log_level: str
    debug: bool


def handed() -> bool:
    """Say whether this process was executed to carry one out."""
    return VARIABLE in os.environ


def take() -> Plan:
    """Return it. No process that is started from here on finds it."""
    return Plan(**json.loads(os.environ.pop(VARIABLE)))


def execute(plan: Plan, command: list[str], environment: dict[str, str]) -> None:
    """Become the process that carries it out. Does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment | {VARIABLE: json.dumps(asdict(plan))})  # noqa: S606
