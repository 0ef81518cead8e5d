"""What breaks, told to a server that speaks Sentry's protocol (SENTRY_DSN). Only `newsreader.apps` imports it, if set.

It is told what the log is told at the level ERROR: the error and where in the code, with the request's id. Nothing of
the request, no values of variables, and secrets are masked as in the log. A server that is away costs nobody time.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from newsreader.kit import logs
from newsreader.kit.secret_addresses import masked
from newsreader.kit.tracing import current_id


def start(dsn: str) -> None:
    sentry_sdk.init(
        dsn=dsn,
        before_send=told,
        default_integrations=False,  # Django's among them, which would send the request.
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            AtexitIntegration(callback=lambda waiting, seconds: None),  # Sends what is left, for up to two seconds.
        ],
        include_local_variables=False,
        max_breadcrumbs=0,
        send_default_pii=False,
        auto_session_tracking=False,
        server_name="",
    )


def told(event: Any, hint: dict[str, Any]) -> Any:
    """Return what is sent of an event; None if it is nothing of ours."""
    record = hint.get("log_record")
    if record is not None and logs.is_a_client_s_doing(record):
        return None
    event.pop("extra", None)  # Among it Django's `request`.
    event = _masked(event)
    if identity := current_id():
        event["tags"] = {"request_id": identity}
    return event


def _masked(part: Any) -> Any:
    if isinstance(part, str):
        return masked(part)
    if isinstance(part, dict):
        return {name: _masked(value) for name, value in part.items()}
    return [_masked(value) for value in part] if isinstance(part, list | tuple) else part


if __name__ == "__main__":  # `newsreader.operations.plain_lines` calls it, with a logger's name and the words.
    start(os.environ["SENTRY_DSN"])
    logging.getLogger(sys.argv[1]).error("%s", sys.argv[2])
