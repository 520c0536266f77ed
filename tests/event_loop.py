"""Runs a coroutine of a test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def to_its_end(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Its answer. On a thread of its own: while a test before has a browser open, this one has a loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
