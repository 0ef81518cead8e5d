"""How a line of the log looks: JSON for programs, or a line for who sits before it (`make run`).

Every line of every library passes here. While a request is answered, its lines carry the request's id.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cached_property
from json.encoder import encode_basestring
from typing import Any

from django.conf import settings

from newsreader.kit.secret_addresses import masked

# What a line may carry besides its words (`logging`'s `extra`). Others, such as Django's `request`, are left out.
FIELDS = ["method", "path", "status", "ms", "bytes", "view", "database_ms", "statements", "left_out", "request_id"]


REQUEST = "request"  # the words of the line about a request
Line = tuple[float, dict[str, Any]]  # one about a request: seconds since 1970, and what it carries, in FIELDS' order

# Of who sits before it a terminal would take these for commands.
_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160)) if chr(number) not in "\t\n"}


class Lines(logging.Formatter):
    """Makes the formatter with the first line: few commands say anything, and the library takes its time to import."""

    def format(self, record: logging.LogRecord) -> str:
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> logging.Formatter:
        return formatter()


def formatter(*, people: bool | None = None) -> logging.Formatter:
    """Return the formatter. `people`: whether somebody reads along; None: if stderr is a terminal, or with DEBUG."""
    import structlog
    from structlog.stdlib import ProcessorFormatter

    for_people = (sys.stderr.isatty() or settings.DEBUG) if people is None else people
    renderer = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
        if for_people
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    made = ProcessorFormatter(
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _mask,
            *([_escape] if for_people else []),
            renderer,
        ],
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ExtraAdder(FIELDS),
        ],
    )
    return _Requests(made) if for_people else _Programs(made)


class _Requests(logging.Formatter):
    """structlog's, also for a record that holds the lines about many requests (`newsreader.front.access`)."""

    def __init__(self, others: logging.Formatter) -> None:
        super().__init__()
        self._others = others

    def format(self, record: logging.LogRecord) -> str:
        lines: Sequence[Line] | None = getattr(record, "lines", None)
        if lines is None:
            return self._others.format(record)
        return "\n".join(self._each(record, lines))

    def _each(self, record: logging.LogRecord, lines: Sequence[Line]) -> Iterator[str]:
        for _, said in lines:
            one = logging.LogRecord(record.name, record.levelno, record.pathname, 0, REQUEST, None, None)
            vars(one).update(said)
            yield self._others.format(one)


class _Programs(_Requests):
    """The same for programs: with thousands of requests a second, structlog would take more than their answers.

    Written at once a line takes 0.003 ms instead of 0.05. A test holds it to the same bytes.
    """

    def _each(self, record: logging.LogRecord, lines: Sequence[Line]) -> Iterator[str]:
        of_all = f'", "level": "{record.levelname.lower()}", "logger": "{record.name}"'
        for at, said in lines:
            now = dt.datetime.fromtimestamp(at, dt.UTC).isoformat().removesuffix("+00:00")
            line = f'{{"event": "{REQUEST}", "timestamp": "{now}Z{of_all}'
            for name, value in said.items():
                line += f', "{name}": {encode_basestring(value) if isinstance(value, str) else value}'
            yield line + "}"


def _mask(logger: Any, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in ("event", "exception"):
        if isinstance(line.get(field), str):
            line[field] = masked(line[field])
    return line


def _escape(logger: Any, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field, value in line.items():
        if isinstance(value, str):
            line[field] = value.translate(_CONTROL)
    return line
