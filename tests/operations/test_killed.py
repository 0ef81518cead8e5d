"""`kill -9`, many hands at once, and news in every process: short versions of what tests.bench does.

Each runs on a scratch database of its own, on PostgreSQL where DATABASE_URL says so.
"""

import os
import subprocess
import sys

import pytest

from newsreader.settings import BASE_DIR
from tests.databases import TEMPLATE

pytestmark = pytest.mark.slow

KEPT = {"PATH", "HOME", "LANG", "DATABASE_URL", "REDIS_URL"}


SCRIPTS = (
    # A process that ends leaves more behind in a file than with a server, which takes back what was not committed.
    pytest.param("kill --rounds 1 --posters 2", marks=pytest.mark.ci_sqlite),
    # PostgreSQL really does several things at once; SQLite has one writer.
    pytest.param("parallel --rounds 1 --processes 2", marks=[pytest.mark.ci_postgresql, pytest.mark.ci_both]),
    pytest.param(
        "publishing --rounds 1 --processes 2 --within 20", marks=[pytest.mark.ci_postgresql, pytest.mark.ci_both]
    ),
)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.usefixtures("django_db_setup")
def test_nothing_is_lost_halved_doubled_or_forgotten(script):
    done = subprocess.run(
        [sys.executable, "-m", *f"tests.bench.{script}".split()],
        cwd=BASE_DIR,
        env={name: value for name, value in os.environ.items() if name in KEPT} | {"SCRATCH_TEMPLATE": TEMPLATE},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 findings" in done.stdout.splitlines()[-1]
