"""The folder in which processes count, whatever is wrong with it."""

import os
import subprocess
import sys
from bisect import bisect_left
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from newsreader.kit import metrics, metrics_folder
from newsreader.kit.metrics_folder import FOLDER, make_folder
from newsreader.settings import BASE_DIR

COUNT = """
from newsreader.kit import metrics
metrics.PAGES.labels("hit").inc()
value = [s.value for f in metrics.registry().collect() for s in f.samples if s.name == "newsreader_pages_total"]
print(value)
"""


def count(folder):
    done = subprocess.run(
        [sys.executable, "-c", COUNT],
        cwd=BASE_DIR,
        env={FOLDER: str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_a_process_goes_on_counting_where_the_last_one_stopped(tmp_path):
    assert [count(tmp_path / "new")[0] for _ in range(2)] == ["[1.0]", "[2.0]"]
    assert len(list((tmp_path / "new").glob("counter_*.db"))) == 1


@pytest.mark.parametrize("nonsense", [b"\xff" * 8192, b"x", b"\x00\x10\x00\x00" + b"\xff" * 8192])
def test_a_file_that_cannot_be_read_is_replaced(tmp_path, nonsense):
    (tmp_path / "counter_0.db").write_bytes(nonsense)
    assert count(tmp_path) == ("[1.0]", "")


def test_without_a_folder_to_write_in_each_counts_for_itself(tmp_path):
    (tmp_path / "file").touch()
    said, warned = count(tmp_path / "file")
    assert said == "[1.0]"
    assert FOLDER in warned


def test_what_a_killed_one_has_left_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(metrics_folder, "MEMORY", tmp_path)
    monkeypatch.delenv(FOLDER, raising=False)
    held, young, left_over = (Path(make_folder()) for _ in range(3))
    metrics_folder.own(str(held))
    for folder in (held, left_over):
        os.utime(folder, (0, 0))

    new = Path(make_folder())

    assert set(tmp_path.iterdir()) == {held, young, new}


def test_many_times_at_once_count_as_one_by_one_would():
    def told(observe):
        registry = CollectorRegistry()
        made = metrics.Times("times", "Times", ["view"], buckets=metrics.BUCKETS, registry=registry)
        observe(made.labels("front"))
        return {
            (s.name, *s.labels.values()): s.value
            for f in registry.collect()
            for s in f.samples
            if "created" not in s.name
        }

    seconds = [0.001, 0.005, 0.0051, 0.25, 5.0, 7.5, 7.5]
    kinds = [0] * (len(metrics.BUCKETS) + 1)
    for each in seconds:
        kinds[bisect_left(metrics.BUCKETS, each)] += 1

    def one_by_one(times):
        for each in seconds:
            times.observe(each)

    assert told(lambda times: times.observe_many(kinds, sum(seconds))) == pytest.approx(told(one_by_one))
