"""Redis as a cache that may be away: what it held is asked of another cache meanwhile.

A call that Redis does not answer in time is answered by the cache named in the option FALLBACK, and so are all others
for some seconds, in every thread and for every cache of the same server, so that few in that time wait. What was
written there stays there: counts begin anew when Redis goes away and when it comes back, which is a limit that lets
more pass, never an error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from newsreader.kit.logs import OnceAMinute

log = OnceAMinute(logging.getLogger(__name__))
PAUSE = 5.0  # seconds until Redis is asked again
# By address, when it may be asked again. Of the process, since Django gives each thread caches of its own.
_away_until: dict[str, float] = {}

_ANSWERED = (
    "add", "get", "set", "touch", "delete", "get_many", "set_many", "delete_many", "has_key", "incr", "decr", "clear",
    "get_or_set", "incr_version", "decr_version",
)  # fmt: skip


class SteadyRedis(RedisCache):
    """Django's, which falls back."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = dict(params.get("OPTIONS", {}))
        self._fallback = options.pop("FALLBACK")
        self._address = server
        super().__init__(server, params | {"OPTIONS": options})

    @property
    def fallback(self) -> BaseCache:
        return caches[self._fallback]

    def answers(self) -> bool:
        """Say whether Redis itself answers, now."""
        try:
            RedisCache.get(self, "answers")
        except RedisError:
            return False
        return True


def _steady(name: str) -> Callable[..., Any]:
    asked = getattr(RedisCache, name)

    def ask(self: SteadyRedis, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= _away_until.get(self._address, 0.0):
            try:
                return asked(self, *args, **kwargs)
            except RedisError as fault:
                _away_until[self._address] = time.monotonic() + PAUSE
                log.warning("Redis is away", fault)
        return getattr(self.fallback, name)(*args, **kwargs)

    ask.__name__, ask.__doc__ = name, asked.__doc__
    return ask


for _name in _ANSWERED:
    setattr(SteadyRedis, _name, _steady(_name))
