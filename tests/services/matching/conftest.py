"""Matching counts days of waiting: every test here runs at noon of one day, whenever it is run."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest
import time_machine

from tests.services.matching.run_parts import TODAY


@pytest.fixture(autouse=True, scope="module")
def noon() -> Iterator[None]:
    with time_machine.travel(datetime.combine(TODAY, time(12), UTC)):
        yield
