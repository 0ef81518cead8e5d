"""A fixed sample: one string of every sixth list through every surface and into every field, in each test another sixth.

`make attack` takes all of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import pytest

from tests.attack import lists
from tests.attack.trials import *  # noqa: F403
from tests.attack.trials import Choose
from tests.attack.wire import wire  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def choose(request: pytest.FixtureRequest) -> Choose:
    first = zlib.crc32(request.node.name.encode()) % 6

    def choose(attacks: Iterable[lists.Attack]) -> list[lists.Attack]:
        each = lists.sample(attacks)
        return each[first::6] or each

    return choose


@pytest.fixture
def limit() -> float:
    return float("inf")  # milliseconds; `make attack` measures
