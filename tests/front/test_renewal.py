"""Pages that have changed are made anew one after another, and a database that is away is left alone."""

import time

from newsreader.front.page_cache import UNASKED, Entry, PageCache
from newsreader.front.pages import Address
from newsreader.front.renewal import Renewal, _Making


class Loop:
    """Does at once what it is to do later."""

    def call_later(self, seconds, act, *given):
        act(*given)

    call_soon_threadsafe = staticmethod(lambda act, *given: act(*given))


def begun(monkeypatch, *statuses, ages=(0, 0, 0)):
    """Note three pages, and answer those that are made with these statuses. Returns the jobs."""
    jobs, answers = [], iter(statuses)
    monkeypatch.setattr(_Making, "_ask", lambda making: next(answers))
    renewal = Renewal(Loop(), PageCache(), jobs.append)
    for number, age in enumerate(ages):
        entry = Entry({}, 0.0, 0, wanted=time.monotonic() - age)
        renewal.note(Address("news.example", True, f"/{number}/", ""), entry)
    return jobs


def test_the_next_page_waits_for_the_one_before(monkeypatch):
    jobs = begun(monkeypatch, 200, 200, 200)
    for done in range(1, 4):
        assert len(jobs) == done
        assert jobs[-1].run(False, 0.0) == 200
    assert len(jobs) == 3


def test_where_one_cannot_be_made_the_others_are_left_to_readers(monkeypatch):
    jobs = begun(monkeypatch, 200, 503)
    jobs[0].run(False, 0.0)
    jobs[1].run(False, 0.0)
    assert len(jobs) == 2


def test_nobody_is_taken_to_have_got_through_by_a_page_that_waited_too_long(monkeypatch):
    jobs = begun(monkeypatch)
    assert jobs[0].run(True, 5.0) == 503
    assert len(jobs) == 1


def test_a_page_that_nobody_wants_is_not_made(monkeypatch):
    assert begun(monkeypatch, ages=(UNASKED + 1,) * 3) == []


def test_one_that_waits_for_a_database_that_hangs_can_be_hung_up(monkeypatch):
    hung_up = []
    monkeypatch.setattr("newsreader.front.renewal.hang_up", hung_up.append)
    (job,) = begun(monkeypatch)
    job.hang_up.__self__._databases = ["its own"]
    job.hang_up()
    assert hung_up == ["its own"]
