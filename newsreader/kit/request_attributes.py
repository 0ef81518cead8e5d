"""What one part of the site leaves on a request for another to read, by its name and with its type.

To add one: a constant in the module that sets it.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class RequestAttribute(Generic[Value]):
    """One attribute of requests, Django's or REST framework's, which look through to Django's."""

    def __init__(self, name: str):
        self.name = name

    def set(self, request: Any, value: Value) -> None:
        setattr(request, self.name, value)

    def get(self, request: Any) -> Value | None:
        """Return what was left there; None where nothing was."""
        found: Value | None = getattr(request, self.name, None)
        return found
