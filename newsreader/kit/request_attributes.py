"""Typed attributes that one part of the site sets on a request for another to read.

To add one, define a constant in the module that sets it.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class RequestAttribute(Generic[Value]):
    """An attribute of requests: of Django's, or of REST framework's, which pass it on from Django's."""

    def __init__(self, name: str):
        self.name = name

    def set(self, request: Any, value: Value) -> None:
        setattr(request, self.name, value)

    def get(self, request: Any) -> Value | None:
        """Return the value, or None if it was not set."""
        found: Value | None = getattr(request, self.name, None)
        return found
