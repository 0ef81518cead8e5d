"""What is written and counted of requests a moment later, without a site around it."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from newsreader.front import access


def test_where_counting_fails_lines_are_written_and_none_wait_in_memory(monkeypatch):
    def full(*_kind):
        raise OSError("No space left on device")

    written = []
    monkeypatch.setattr(access._Counted, "count", full)
    monkeypatch.setattr(access, "_log", lambda level, lines: written.extend(said["path"] for _, said in lines))
    monkeypatch.setattr(access.logger, "level", logging.INFO)
    loop = asyncio.new_event_loop()
    log = access.Log(loop)
    for path, hands_over in {"/one/": log._hand_over, "/two/": log.stop}.items():
        scope = SimpleNamespace(method="GET", path=path, headers={})
        log.answered(access.Answering(scope, SimpleNamespace()))
        with pytest.raises(OSError, match="No space"):
            hands_over()
        assert (log._noted, log._counted) == ([], {})

    loop.close()
    assert not log._thread.is_alive()
    assert written == ["/one/", "/two/"]
