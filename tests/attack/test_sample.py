"""A fixed sample of every list through every surface and into every field. `make attack` takes all of them."""

from __future__ import annotations

import pytest

from tests.attack import lists
from tests.attack.trials import *  # noqa: F403
from tests.attack.wire import wire  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def choose() -> object:
    return lists.sample


@pytest.fixture
def limit() -> float:
    return float("inf")  # milliseconds; `make attack` measures
