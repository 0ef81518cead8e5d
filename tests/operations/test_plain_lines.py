"""The process that watches writes its log as all the others do, without what they need for it."""

import logging
import re
import sys

import pytest

from newsreader.kit import log_lines
from newsreader.operations import plain_lines

AT = re.compile(r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+Z")


def broken():
    try:
        raise OSError("away")
    except OSError:
        return sys.exc_info()


@pytest.mark.parametrize("people", [True, False])
@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING, logging.ERROR])
@pytest.mark.parametrize("error", [None, broken()])
def test_its_lines_are_everybody_s(people, level, error):
    mine = plain_lines.ForPeople(colours=False) if people else plain_lines.ForPrograms()
    words = ("The %s has ended with code %s – “gone”.", ("worker", -9))
    lines = [
        AT.sub(
            "*", formatter.format(logging.LogRecord("newsreader.operations.supervisor", level, "", 0, *words, error))
        )
        for formatter in (mine, log_lines.formatter(people=people))
    ]

    assert lines[0] == lines[1]
    assert lines[0].count("*") == 1


def test_on_a_terminal_they_have_the_same_colours(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    usual = log_lines.formatter(people=True)
    for level in (logging.INFO, logging.WARNING, logging.ERROR):
        record = logging.LogRecord("newsreader.operations.handover", level, "", 0, "All is well.", (), None)
        mine = plain_lines.ForPeople(colours=True).format(record)
        assert AT.sub("*", mine) == AT.sub("*", usual.format(record))


def test_an_error_is_reported_by_a_process_of_its_own(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(plain_lines.subprocess, "Popen", lambda command, **options: told.append((command, options)))
    logger = logging.Logger("newsreader.operations.supervisor")
    logger.addHandler(plain_lines.Reports({"SENTRY_DSN": "https://key@sentry.example/7"}, str(tmp_path)))
    logger.warning("Nothing of it.")
    logger.error("The %s has ended.", "worker")

    ((command, options),) = told
    assert command[1:] == ["-m", "newsreader.kit.error_reports", logger.name, "The worker has ended."]
    assert options["env"]["SENTRY_DSN"]
