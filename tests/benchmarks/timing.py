"""How the benchmarks take time: the clock, this process's CPU, another process's CPU."""

import statistics
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import psutil

TRIES = 5
Answer = TypeVar("Answer")


def timed(work: Callable[[], Answer]) -> tuple[float, float, Answer]:
    """Seconds of the clock, seconds of this process's CPU, and what the work answered."""
    cpu, clock = time.process_time(), time.perf_counter()
    answer = work()
    return time.perf_counter() - clock, time.process_time() - cpu, answer


def first_and_median(work: Callable[[], object], tries: int = TRIES) -> tuple[float, float]:
    """Milliseconds of the clock: of the first try, and the median of those after it."""
    first, *rest = (1000 * timed(work)[0] for _ in range(tries + 1))
    return first, statistics.median(rest)


def cpu_of(process: psutil.Process) -> float:
    """Milliseconds of CPU that the process has used: to the microsecond on Linux, elsewhere in the system's steps."""
    if sys.platform == "linux":
        # The clock of another process's CPU time, as clock_getcpuclockid(3) makes its number.
        return time.clock_gettime(~process.pid << 3 | 2) * 1000
    spent = process.cpu_times()
    return (spent.user + spent.system) * 1000
