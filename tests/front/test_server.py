"""The web server as the library is told to run it."""

import logging

import pytest
from granian.log import LogLevels, configure_logging

from newsreader.front.application import application
from newsreader.front.server import IN_OUR_LOG, _application


@pytest.fixture
def lines():
    """The library's logger, as it was afterwards."""
    logger = logging.getLogger("_granian")
    before = logger.level, logger.propagate, logger.handlers[:]
    yield logger
    level, logger.propagate, logger.handlers[:] = before
    logger.setLevel(level)


def test_what_the_server_says_is_in_the_site_s_log(lines, caplog):
    configure_logging(LogLevels.warning, IN_OUR_LOG, True)

    lines.info("Listening")
    lines.error("Unexpected exit from worker-1")

    assert lines.handlers == []
    assert [record.getMessage() for record in caplog.records] == ["Unexpected exit from worker-1"]


def test_it_serves_the_application_that_was_prepared_before_the_fork():
    assert _application() is application
