"""Carries the record into the SQL explorer's read model, in a process of its own beside the worker that started it.

DuckDB and Arrow keep hundreds of megabytes, which a worker should not; and a worker that is killed takes this process
along, since its standard input ends then.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from conductor_core import settings as configuration
from conductor_core.wiring import wire


def main() -> int:
    """Project until standard input ends, or SIGTERM or SIGINT comes. Returns the exit code."""
    settings = configuration.load()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=_until_alone, args=(stopping,), name="parent", daemon=True).start()
    wire(settings).audit.projector.run(stopping)
    return 0


def _until_alone(stopping: threading.Event) -> None:
    """Wait until whoever started this process has closed its standard input, or is gone."""
    while os.read(0, 4096):
        pass
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
