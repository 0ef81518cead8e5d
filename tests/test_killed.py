"""`kill -9` in the middle, and many hands over several processes: short versions of what tests.bench does for long.

Each runs on a scratch database of its own, on PostgreSQL where DATABASE_URL says so.
"""

import os
import subprocess
import sys

import pytest

from newsreader.settings import BASE_DIR

KEPT = {"PATH", "HOME", "LANG", "DATABASE_URL", "REDIS_URL"}


@pytest.mark.parametrize(("script", "rounds"), [("kill", 3), ("parallel", 2)])
def test_nothing_is_lost_halved_or_doubled(script, rounds):
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
