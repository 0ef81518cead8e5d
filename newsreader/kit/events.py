"""Tell other rooms what has happened, after commit; listen for it.

An event is a frozen dataclass named in the past tense. A room that wants to hear registers a listener in its
`apps.ready()`. A listener that fails is logged and stops nobody: what must be true belongs into the transaction.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)
_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def listen(event: type, listener: Callable[[Any], None]) -> None:
    """Call `listener` with every event of this type from now on."""
    if listener not in _listeners[event]:
        _listeners[event].append(listener)


def publish(event: object) -> None:
    """Hand an event to its listeners once the transaction is committed; dropped if it rolls back."""
    transaction.on_commit(lambda: _tell(event))


def _tell(event: object) -> None:
    for listener in _listeners[type(event)]:
        try:
            listener(event)
        except Exception:
            logger.exception("A listener failed for %s", event)
