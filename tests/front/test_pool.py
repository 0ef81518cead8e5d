"""The threads, without Django: who may write, who waits, and for how long."""

from threading import Event, Lock

import pytest

from newsreader.front import pool as pooling
from newsreader.front.pool import Job, Pool

SOON = 10  # seconds


@pytest.fixture
def pool():
    made = Pool(4)
    yield made
    made.stop(SOON)


class Work:
    """Requests that go on until they may end, and what became of them."""

    def __init__(self):
        self.gate, self.lock = Event(), Lock()
        self.running, self.most, self.told = 0, 0, []

    def __call__(self, busy):
        with self.lock:
            self.told.append(busy)
            self.running += 1
            self.most = max(self.most, self.running)
        if not busy:
            self.gate.wait(SOON)
        with self.lock:
            self.running -= 1
        return 503 if busy else 200


def read(pool):
    """Wait until somebody who only reads is answered."""
    answered = Event()
    pool.submit(Job(lambda busy: answered.set() or 200, writes=False))
    return answered.wait(SOON)


def until(true):
    pause = Event()
    for _ in range(SOON * 100):
        if true():
            return
        pause.wait(0.01)
    raise TimeoutError


def test_half_of_the_threads_write_at_most_and_all_others_read(pool):
    work = Work()
    waits = [pool.submit(Job(work, writes=True)) for _ in range(6)]

    assert waits == [False, False, True, True, True, True]
    assert read(pool)
    work.gate.set()
    until(lambda: len(work.told) == 6)
    assert work.most == 2
    assert work.told == [False] * 6


def test_who_waits_too_long_behind_writers_that_are_stuck_is_told_and_takes_no_writers_place(pool, monkeypatch):
    monkeypatch.setattr(pooling, "STUCK_WAIT", 0.0)
    monkeypatch.setattr(pool, "_moved", float("-inf"))
    work = Work()
    for _ in range(2):
        pool.submit(Job(work, writes=True, arrived=float("inf")))
    until(lambda: work.running == 2)
    for _ in range(5):
        pool.submit(Job(work, writes=True))

    assert not pool.sweep()
    until(lambda: work.told == [False] * 2 + [True] * 5)
    assert read(pool)
    work.gate.set()
    until(lambda: work.running == 0)
    late = Work()
    late.gate.set()
    assert not pool.submit(Job(late, writes=True, arrived=float("inf")))  # Both places are free again.


def test_nobody_is_called_busy_while_others_get_through(pool, monkeypatch):
    monkeypatch.setattr(pooling, "STUCK_WAIT", 0.0)
    work = Work()
    work.gate.set()
    pool.submit(Job(work, writes=True, arrived=float("inf")))
    until(lambda: pool._moved)
    work.gate.clear()
    for _ in range(10):
        pool.submit(Job(work, writes=True))

    assert pool.sweep()
    work.gate.set()
    until(lambda: len(work.told) == 11)
    assert not any(work.told)


def test_a_request_that_fails_does_not_end_its_thread(pool):
    for writes in [True, False] * 4:
        pool.submit(Job(lambda busy: 1 / 0, writes))

    assert read(pool)
    until(lambda: pool._writing == 0)


def test_a_pool_whose_threads_are_all_stuck_does_not_answer(pool):
    work = Work()
    for _ in range(3):
        pool.submit(Job(work, writes=False))
    until(lambda: work.running == 3)
    assert pool.answers(0.0)

    pool.submit(Job(work, writes=False))
    until(lambda: work.running == 4)

    assert not pool.answers(0.0)
    assert pool.answers(60.0)  # They have only just begun.
    work.gate.set()
    until(lambda: pool.answers(0.0))


def test_at_the_end_everything_is_done_that_has_arrived():
    pool, work = Pool(2), Work()
    for _ in range(5):
        pool.submit(Job(work, writes=True))
    work.gate.set()

    pool.stop(SOON)

    assert work.told == [False] * 5
