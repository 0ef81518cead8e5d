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
class Handover:
    """What outlives a release: descriptors, and the numbers of children (`newsreader.operations.handover`)."""

    listener: int
    pulse: int
    pulse_path: str
    servers: list[int]  # each leads a group, its web processes
    workers: list[int]


@dataclass(frozen=True)
class Forked:
    """The first server, forked from `serve` (`newsreader.operations.forked_server`), and what it has been told."""

    server: int
    awaited: int | None  # the descriptor through which it says the number of the worker that it forks
    pulse: int  # the descriptor of the socket on which its processes are heard
    pulse_path: str
    counts: str  # the folder into which they count


@dataclass(frozen=True)
class Plan:
    """Commands are lists of words; `environment` is what the started processes have besides our own."""

    folder: str  # of the code
    server: list[str]
    worker: list[str] | None
    environment: dict[str, str]
    host: str
    port: int
    processes: int  # web processes, of which each tells that it lives
    listener: int | None  # the socket's descriptor; None: the server opens its own, and starts again when code changes
    before: Handover | None
    forked: Forked | None  # the first server, where it runs already
    welcome: str
    log_level: str
    debug: bool


def handed() -> bool:
    """Say whether this process was executed to carry one out."""
    return VARIABLE in os.environ


def take() -> Plan:
    """Return it. No process that is started from here on finds it."""
    told = json.loads(os.environ.pop(VARIABLE))
    for name, kind in {"before": Handover, "forked": Forked}.items():
        told[name] = kind(**told[name]) if told[name] else None
    return Plan(**told)


def execute(plan: Plan, command: list[str], environment: dict[str, str]) -> None:
    """Become the process that carries it out. Does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment | {VARIABLE: json.dumps(asdict(plan))})  # noqa: S606
