"""Every string of every list, as `make attack` runs it; ends with the table of what was tried and what came of it."""

from __future__ import annotations

import pytest

from tests.attack import lists
from tests.attack.trials import *  # noqa: F403
from tests.attack.wire import wire  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def choose() -> object:
    return lists.everything


@pytest.fixture
def limit() -> float:
    return 1_000.0  # milliseconds
