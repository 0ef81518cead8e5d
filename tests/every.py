"""One test over many things, such as all modules, where a test for each would cost more to collect than to run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

Thing = TypeVar("Thing")


def every(things: Iterable[Thing]) -> Callable[[Callable[[Thing], None]], Callable[[], None]]:
    """Make one test of what must hold for each of these. It goes through all of them, and names those that failed."""
    things = list(things)

    def decorate(holds: Callable[[Thing], None]) -> Callable[[], None]:
        def test() -> None:
            failed: dict[str, AssertionError] = {}
            for thing in things:
                try:
                    holds(thing)
                except AssertionError as error:
                    failed[str(thing)] = error
            assert not failed, "\n\n".join(f"{name}\n{error}" for name, error in failed.items())

        test.__name__, test.__doc__, test.__module__ = holds.__name__, holds.__doc__, holds.__module__
        return test

    return decorate


@cache
def parsed(file: Path) -> ast.Module:
    """Return a module's syntax tree. Many tests look at all of them."""
    return ast.parse(file.read_text())
