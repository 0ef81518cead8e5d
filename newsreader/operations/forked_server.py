"""The web server, forked from `manage.py serve`, which has prepared the site and imported most of what it needs.

The first answer comes half a second earlier so, of which each start would take as much of a processor. The server is a
child of the process that `manage.py serve` becomes, which watches it as if it had started it, and whose next ones are
started as a command of their own.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

from django.conf import settings
from django.db import connections

from newsreader.kit import metrics_folder
from newsreader.operations import roles
from newsreader.operations.children import end_with_parent, take_in_orphans
from newsreader.operations.handover import Handover
from newsreader.operations.plan import Forked
from newsreader.operations.pulse import VARIABLE as PULSE
from newsreader.operations.pulse import Pulses


def fork(command: list[str], environment: dict[str, str], *, with_worker: bool, before: Handover | None) -> Forked:
    """Fork it, with what all processes of the site have in common. `command`: what starts it elsewhere.

    `with_worker`: it forks the worker. Returns in this process alone; the other one ends with the server.
    """
    counts = metrics_folder.make_folder()
    pulses = Pulses(before.pulse_path, before.pulse) if before else Pulses()
    awaited, told = os.pipe() if with_worker and take_in_orphans(True) else (None, None)
    connections.close_all()  # No connection outlives a fork.
    sys.stdout.flush()
    sys.stderr.flush()
    serve, number = os.getpid(), os.fork()
    if number:
        kept = pulses.socket.detach()
        for descriptor in (kept, awaited):
            if descriptor is not None:
                os.set_inheritable(descriptor, True)
        return Forked(server=number, awaited=awaited, pulse=kept, pulse_path=pulses.path, counts=counts)
    os.setsid()
    end_with_parent(serve)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # Who brings a release in ignores it until then.
    pulses.socket.close()
    if awaited is not None and told is not None:
        os.close(awaited)
        command = [*command, "--worker", str(told)]
    os.environ |= environment | {metrics_folder.FOLDER: counts, PULSE: pulses.path}
    os.chdir(settings.BASE_DIR)
    roles.answer_readers()
    _, _, module, *options = command
    sys.exit(import_module(module).main(options))
