"""The threads, without Django: who may write, who waits, and for how long."""

import time
from threading import Event, Lock, Thread, current_thread

import pytest

from newsreader import request_limits
from newsreader.front import pool as pooling
from newsreader.front.pool import MOST_WAIT, Job, Pool

SOON = 10  # seconds


@pytest.fixture
def pool():
    made = Pool(4, 4)
    yield made
    made.stop(SOON)


class Work:
    """Requests that go on until they may end, and what became of them."""

    def __init__(self):
        self.gate, self.lock = Event(), Lock()
        self.running, self.most, self.told = 0, 0, []

    def __call__(self, busy, waited=0.0):
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
    pool.submit(Job(lambda busy, waited: answered.set() or 200, writes=False))
    return answered.wait(SOON)


def until(true):
    pause = Event()
    for _ in range(SOON * 100):
        if true():
            return
        pause.wait(0.01)
    raise TimeoutError


def test_a_request_goes_to_the_thread_that_has_waited_least(pool):
    threads = []

    def note(busy, waited):
        threads.append(current_thread().name)
        return 200

    for number in range(1, 9):
        until(lambda: pool._ready.free == 4)
        pool.submit(Job(note, writes=number % 2 == 0))
        until(lambda number=number: len(threads) == number)
    assert len(set(threads)) == 1


def test_no_request_is_lost_between_threads_that_come_and_go(pool):
    done, lock = [], Lock()

    def answer(number):
        def run(busy, waited):
            with lock:
                done.append(number)
            return 200

        return run

    def submit(first):
        for number in range(first, first + 500):
            pool.submit(Job(answer(number), writes=number % 3 == 0))

    senders = [Thread(target=submit, args=(first,)) for first in range(0, 2000, 500)]
    for sender in senders:
        sender.start()
    until(lambda: len(done) == 2000)
    assert sorted(done) == list(range(2000))
    until(lambda: pool._ready.free == 4)


def test_half_of_the_threads_write_at_most_and_all_others_read(pool):
    work = Work()
    for _ in range(6):
        pool.submit(Job(work, writes=True))

    assert read(pool)
    until(lambda: work.running == 2)
    work.gate.set()
    until(lambda: len(work.told) == 6)
    assert work.most == 2
    assert work.told == [False] * 6


def test_one_writes_after_the_other_unless_one_is_slow():
    pool, slow, others = Pool(4), Work(), Work()
    others.gate.set()
    try:
        pool.submit(Job(slow, writes=True))
        for _ in range(6):
            pool.submit(Job(others, writes=True))
        until(lambda: slow.running == 1)
        assert others.told == []  # They wait their turn.

        until(lambda: pool.sweep() and len(others.told) == 6)  # Once it is slow, they do not wait for it.

        assert (slow.running, others.most) == (1, 1)
        slow.gate.set()
        until(lambda: slow.running == 0)
    finally:
        pool.stop(SOON)


def test_who_waits_too_long_behind_writers_that_are_stuck_is_told_and_takes_no_writers_place(pool, monkeypatch):
    work = Work()
    for job in (first := [Job(work, writes=True) for _ in range(2)]):
        pool.submit(job)
    until(lambda: work.running == 2)
    first[0].arrived = first[1].arrived = time.monotonic() - 60
    monkeypatch.setattr(pooling, "STUCK_WAIT", 0.0)
    monkeypatch.setattr(pool, "_moved", float("-inf"))
    for _ in range(5):
        pool.submit(Job(work, writes=True, arrived=time.monotonic() - 1))

    pool.sweep()
    until(lambda: work.told == [False] * 2 + [True] * 5)
    assert read(pool)
    work.gate.set()
    until(lambda: work.running == 0)
    late = Work()
    late.gate.set()
    pool.submit(Job(late, writes=True, arrived=float("inf")))  # Both places are free again.
    until(lambda: late.told == [False])


def test_nobody_is_called_busy_while_others_get_through(pool, monkeypatch):
    monkeypatch.setattr(pooling, "STUCK_WAIT", 0.0)
    work = Work()
    work.gate.set()
    pool.submit(Job(work, writes=True, arrived=float("inf")))
    until(lambda: pool._moved)
    work.gate.clear()
    for _ in range(10):
        pool.submit(Job(work, writes=True, arrived=time.monotonic() - 1))

    assert pool.sweep()
    work.gate.set()
    until(lambda: len(work.told) == 11)
    assert not any(work.told)


def test_a_request_that_fails_does_not_end_its_thread(pool):
    def panic(busy, waited):
        raise GeneratorExit  # No Exception either is what the server's own code raises, in Rust.

    for writes in [True, False] * 4:
        pool.submit(Job(panic, writes))

    assert read(pool)
    until(lambda: pool._writing == 0)
    until(lambda: not pool.sweep())


def stuck(pool):
    """Have all threads busy, for longer than any reader is patient."""
    work = Work()
    for _ in range(4):
        pool.submit(Job(work, writes=False, arrived=time.monotonic() - 60))
    until(lambda: work.running == 4)
    pool.since[:] = [time.monotonic() - 60] * 4
    return work


def test_while_all_threads_are_stuck_a_reader_gets_what_is_stored_or_else_a_refusal_in_time(pool):
    work, shown, asked = stuck(pool), [], []
    now = time.monotonic()
    stored = Job(lambda busy, waited: asked.append(busy) or 200, False, lambda: not shown.append(1), arrived=now - 1)
    unknown = Job(lambda busy, waited: asked.append(busy) or 503, False, arrived=now - MOST_WAIT - 1)
    patient = Job(lambda busy, waited: asked.append(busy) or 200, False, arrived=now - 1)
    for job in (unknown, stored, patient):
        pool.submit(job)

    assert pool.sweep()
    until(lambda: asked == [True])
    assert shown == [1]
    work.gate.set()
    until(lambda: asked == [True, False])  # Nobody does the first two again.


def test_whoever_is_stuck_for_long_in_all_threads_is_cut_off_from_the_database(pool):
    work, cut = Work(), []
    for number in range(4):
        pool.submit(Job(work, False, hang_up=lambda number=number: cut.append(number)))
    until(lambda: work.running == 4)
    pool.sweep()
    assert cut == []

    pool.since[:] = [time.monotonic() - pooling.HUNG - 1] * 4
    pool.sweep()
    assert sorted(cut) == [0, 1, 2, 3]
    work.gate.set()


def test_a_reader_whose_own_thread_is_stuck_gets_what_is_stored_and_the_next_one_sooner(pool):
    work, shown = Work(), []
    first, next_one = (Job(work, False, lambda: not shown.append(1)) for _ in range(2))
    pool.submit(first)
    until(lambda: work.running == 1)
    first.begun = first.arrived = time.monotonic() - pooling.READER_WAIT - 0.1

    pool.sweep()
    assert shown == [1]
    next_one.arrived = time.monotonic() - pooling.READER_STUCK - 0.1
    pool.submit(next_one)
    pool.sweep()
    assert shown == [1, 1]
    work.gate.set()


def test_readers_in_a_queue_that_moves_wait_for_what_is_new(pool):
    work = Work()
    for _ in range(4):
        pool.submit(Job(work, writes=False))
    until(lambda: work.running == 4)
    shown = []
    pool.submit(Job(work, False, lambda: not shown.append(1), arrived=time.monotonic() - 3600))

    pool.sweep()
    assert shown == []
    work.gate.set()
    until(lambda: work.told == [False] * 5)


@pytest.mark.parametrize("waited", [0.0, 1.7, 3.0, MOST_WAIT])
def test_the_wait_for_a_turn_and_that_for_the_database_are_five_seconds_together(waited, settings):
    settings.WAIT = 3  # seconds; that of a web process

    assert waited + request_limits.seconds_for_database(waited) <= request_limits.ANSWER_SECONDS
    assert request_limits.seconds_for_database(0.0) == settings.WAIT


def test_who_writes_is_told_how_long_it_has_waited(pool):
    told = []
    pool.submit(Job(lambda busy, waited: told.append(waited) or 200, True, arrived=time.monotonic() - 1))

    until(lambda: told)
    assert 1 <= told[0] < 2


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
    pool, work = Pool(2, 2), Work()
    for _ in range(5):
        pool.submit(Job(work, writes=True))
    work.gate.set()

    pool.stop(SOON)

    assert work.told == [False] * 5
