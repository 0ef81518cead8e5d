"""What differs between who answers readers and who has time, for a process that has read its settings as the other."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import connections

VARIABLE = "NEWSREADER_ROLE"
WEB = "web"


def answer_readers() -> None:
    """Wait as briefly as web processes do."""
    os.environ[VARIABLE] = WEB
    _have(settings.OF_WEB)


def take_time() -> None:
    """Wait as the worker and commands do."""
    os.environ.pop(VARIABLE, None)
    _have(settings.OF_WORKER)


def _have(differs: dict[str, object]) -> None:
    settings.WEB, settings.WAIT = differs["WEB"], differs["WAIT"]
    connections.settings["default"]["OPTIONS"] = differs["OPTIONS"]
