"""`kill -9`, many hands at once, and news in every process within a second: short versions of what tests.bench does.

Each runs on a scratch database of its own, on PostgreSQL where DATABASE_URL says so.
"""

import os
import subprocess
import sys

import pytest

from newsreader.settings import BASE_DIR

KEPT = {"PATH", "HOME", "LANG", "DATABASE_URL", "REDIS_URL"}


@pytest.mark.parametrize(("script", "rounds"), [("kill", 3), ("parallel", 2), ("publishing", 1)])
def test_nothing_is_lost_halved_doubled_or_late(script, rounds):
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{script}", "--rounds", str(rounds)],
        cwd=BASE_DIR,
        env={name: value for name, value in os.environ.items() if name in KEPT},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 findings" in done.stdout.splitlines()[-1]
