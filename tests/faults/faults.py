"""Every fault, with what may come of it. Those that one stand bears follow one another, so that it is built once."""

from __future__ import annotations

import signal
from dataclasses import replace

from tests.faults import clients, clock, processes, striking
from tests.faults.limits import ANSWERED, BUSY, LOST, POSTED, REFUSED, Limits
from tests.faults.scene import FAKETIME, SMALL_DISK, Fault

CUT, NOBODY = frozenset({LOST}), frozenset({REFUSED})
# Readers have the last good answers, programs may hear that the site is busy; a post comes back with every word.
AWAY = Limits(programs=ANSWERED | BUSY, posts=POSTED | BUSY)
BESIDE = Limits()  # Nobody notices.
MAIL = Limits(work=200)  # A mail that failed is tried again after two minutes.
# Who was being answered by a process that is killed has to ask again.
KILLED = Limits(readers=ANSWERED | CUT, programs=ANSWERED | CUT, posts=POSTED | CUT, well=20)
# A process that hangs is noticed after 30 seconds; who asked it waits as long.
HUNG = replace(KILLED, reader_wait=40, post_wait=40, well=45)
DOWN = Limits(readers=ANSWERED | NOBODY, programs=ANSWERED | NOBODY, posts=POSTED | NOBODY)
# `faketime` stands between the processes and every look at the clock, which slows them.
SLOWED = Limits(reader_wait=5, posts=POSTED | BUSY, post_wait=10, well=30)

FAULTS = [
    Fault("database restarted", "postgresql", striking.database_stopped, AWAY, 0, short=0),
    Fault("database stopped", "postgresql", striking.database_stopped, AWAY, 30),
    Fault("database locked", "postgresql", striking.database_locked, AWAY, 40),
    Fault("database read-only", "postgresql", striking.database_read_only, AWAY, 15),
    Fault("database's disk full", "postgresql", striking.disk_full, AWAY, 15, needs=(SMALL_DISK,)),
    Fault("worker killed", "postgresql", processes.signalled("worker", signal.SIGKILL), Limits(well=30), short=0),
    Fault("worker stopped", "postgresql", processes.signalled("worker", signal.SIGSTOP), Limits(well=90, work=200)),
    Fault("web process killed", "postgresql", processes.signalled("web", signal.SIGKILL), KILLED, short=0),
    Fault("web process stopped", "postgresql", processes.signalled("web", signal.SIGSTOP), HUNG),
    Fault("redis killed", "postgresql", striking.redis_killed, BESIDE, 15),
    Fault("redis hung", "postgresql", striking.redis_hung, BESIDE, 15, short=6),
    Fault("mail refused", "postgresql", striking.mail_refused, MAIL, 15),
    Fault("mail silent", "postgresql", striking.mail_silent, MAIL, 15),
    Fault("bucket refused", "postgresql", striking.bucket_refused, BESIDE, 15, pictures=True),
    Fault("bucket silent", "postgresql", striking.bucket_silent, BESIDE, 15, pictures=True),
    Fault("rolling restart", "postgresql", processes.restarted_rolling, Limits(well=30)),
    Fault("SIGTERM", "postgresql", processes.terminated, DOWN),
    Fault("SQLite locked", "sqlite", striking.database_locked, AWAY, 40, short=6),
    Fault("SQLite's disk full", "sqlite", striking.disk_full, AWAY, 15, needs=(SMALL_DISK,)),
    Fault("4 slow bodies", "sqlite", clients.slow("bodies", 4), BESIDE, 12),
    Fault("100 slow bodies", "sqlite", clients.slow("bodies", 100), BESIDE, 12, short=5),
    Fault("4 slow readers", "sqlite", clients.slow("readers", 4), BESIDE, 12),
    Fault("100 slow readers", "sqlite", clients.slow("readers", 100), BESIDE, 12),
    Fault("SQLite: SIGTERM", "sqlite", processes.terminated, DOWN),
    Fault("clock set back", "sqlite", clock.set_back, SLOWED, 10, around=clock.movable, needs=(FAKETIME,)),
]
