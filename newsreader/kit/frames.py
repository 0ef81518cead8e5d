"""Frames: HTML that is kept in memory without the few values that change on it, with marks where these belong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping

from django.conf import settings

from newsreader.kit.kept import Kept


class Frames:
    """Frames by everything that they show but some values, limited in bytes."""

    def __init__(self, *, most: int):
        self._secret = secrets.token_hex(8)  # Nobody who writes what frames show can guess it.
        self._mark = re.compile(rf"@{self._secret}-([\w-]+)@")
        self._kept: Kept[list[str]] = Kept(most)

    def fill(self, key: Hashable, values: Mapping[str, str], build: Callable[[Mapping[str, str]], str]) -> str:
        """Return the frame with this key and these values, which are HTML. The names of the values belong to the key.

        `build` makes it, given a mark for each value: text that reads the same escaped.
        """
        frame = None if settings.DEBUG else self._kept.get(key)
        if frame is None:
            html = build({name: f"@{self._secret}-{name}@" for name in values})
            frame = self._mark.split(html)
            self._kept.put(key, frame, len(html))
        return "".join(values[part] if place % 2 else part for place, part in enumerate(frame))

    def clear(self) -> None:
        self._kept.clear()
