"""Events: tell other packages what has happened, after commit.

An event is a frozen dataclass, named in the past tense. A package registers its listeners in `apps.ready()`. An
exception in a listener is logged and does not stop the others: what must happen belongs in the transaction.
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
    """Call the listeners of an event once the transaction is committed; not at all if it is rolled back."""
    transaction.on_commit(lambda: _notify(event))


def _notify(event: object) -> None:
    for listener in _listeners[type(event)]:
        try:
            listener(event)
        except Exception:
            logger.exception("A listener failed for %s", event)
