"""maestro-worker: plans and executes Changes from the queue; the only process that acts on the world."""

from __future__ import annotations

import logging
import os
import signal
import threading
from datetime import UTC, datetime

from conductor_core import settings as configuration
from conductor_core.errors import ConductorError
from conductor_core.wiring import prepare_database, serve, wire, worker_name

SWEEP_SECONDS = 2.0
"""How often acknowledged transitions are looked for whose work was never enqueued."""


def main() -> None:
    """Serve until SIGTERM or SIGINT; work that is under way goes on in the next worker."""
    settings = configuration.load()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("alembic", "dbos", "papermill"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    prepare_database(settings)
    conductor = wire(settings)
    name = f"{worker_name()}/{os.getpid()}"
    with serve(conductor):
        logging.info("worker %s is ready", name)
        while not stopping.wait(SWEEP_SECONDS):
            try:
                conductor.heartbeats.beat(name, datetime.now(UTC))
                conductor.changes.sweep()
            except ConductorError as bad:
                logging.warning("%s %s", bad, bad.next)


if __name__ == "__main__":
    main()
