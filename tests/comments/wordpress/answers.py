"""The shared answers of a real WordPress, ready for `pytest.mark.parametrize`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.machine import SHARED

GOLDEN = SHARED / "data" / "wordpress-golden"
LIVE = SHARED / "data" / "wordpress-live"
ABSENT = pytest.param("", {}, id="absent", marks=pytest.mark.skip(reason="needs WordPress' answers in shared/"))


@dataclass(frozen=True)
class Difference:
    """Where this house does otherwise on purpose. `applies` is asked with the case; `why` is one sentence."""

    name: str
    why: str
    applies: Callable[..., bool]

    @classmethod
    def first(cls, differences: Iterable[Difference], *case: Any) -> Difference | None:
        return next((each for each in differences if each.applies(*case)), None)


@cache
def golden(number: str) -> dict[str, Any]:
    """Return the cases of the files with this number, by name; none where the material is absent."""
    found: dict[str, Any] = {}
    for path in sorted(GOLDEN.glob(f"{number}_*.json")):
        told = json.loads(path.read_text("utf-8"))
        found |= told if isinstance(told, dict) else {f"{place}": case for place, case in enumerate(told)}
    return found


def golden_cases(number: str, *, like: Callable[[Any], bool] = lambda told: True) -> list[Any]:
    """Return `(name, answer)` for each case of this shape; one that is skipped where the material is absent."""
    return [pytest.param(name, told, id=name) for name, told in golden(number).items() if like(told)] or [ABSENT]


@cache
def live(kind: str) -> list[dict[str, Any]]:
    """Return requests with their answers in the order in which they were sent; none where the material is absent."""
    lines = [line for path in sorted(LIVE.glob(f"{kind}*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines if line.strip()]


def live_cases(kind: str, *, beginning: str = "") -> list[Any]:
    """Return `(id, request and answer)` for each whose id begins so."""
    told = [case for case in live(kind) if case["id"].startswith(beginning)]
    return [pytest.param(case["id"], case, id=case["id"]) for case in told] or [ABSENT]
