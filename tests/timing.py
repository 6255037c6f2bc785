"""How long something takes, whatever else the machine does."""

from __future__ import annotations

import time
from collections.abc import Callable


def processor_seconds(act: Callable[[], object], tries: int = 3) -> float:
    """The least of a few: seconds of the processor that this thread spends on `act`."""
    took = []
    for _ in range(tries):
        began = time.thread_time()
        act()
        took.append(time.thread_time() - began)
    return min(took)
