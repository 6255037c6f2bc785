"""maestro-worker: plans and executes Changes from the queue, the only process that acts on the world, and writes the
ledger: one worker at a time does, the others stand by."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime

from conductor_core import settings as configuration
from conductor_core.errors import ConductorError
from conductor_core.services.sealing import Sealing
from conductor_core.wiring import Conductor, prepare_database, projection, sealing, serve, wire, witnessing, worker_name

GRACE_SECONDS = 30.0
"""How long what runs may go on when the worker is to stop; then it is left to the next one, as after a crash."""
REPORT_SECONDS = 600.0
"""How often it is looked for reports that are due."""
SWEEP_SECONDS = 2.0
"""How often acknowledged transitions are looked for whose work was never enqueued."""
RECORD_SECONDS = 3.0
"""How often steps, measurements and syncs of rollouts are looked for."""
REFUSED_SECONDS = 15.0
"""How long a worker whose ledger can't be started stays, before it ends to be started anew."""


def main() -> int:
    """Serve until SIGTERM or SIGINT; work that is under way goes on in the next worker. Returns the exit code."""
    settings = configuration.load()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("aiobotocore", "alembic", "dbos", "papermill"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    prepare_database(settings)
    try:
        claim = sealing(settings)
        claim.open()
    except ConductorError as refused:
        logging.error("this worker does nothing: %s %s", refused, refused.next)  # noqa: TRY400  # a refusal is no bug
        stopping.wait(REFUSED_SECONDS)
        return refused.exit_code
    conductor = wire(settings)
    name = f"{worker_name()}/{os.getpid()}"
    lost: list[ConductorError] = []
    witnesses = witnessing(settings)
    threads = [
        threading.Thread(name="ledger", target=_seal, args=(claim, stopping, lost)),
        threading.Thread(name="audit", target=projection().run, args=(stopping,)),
        threading.Thread(name="recorder", target=_record, args=(conductor, claim, stopping)),
        threading.Thread(name="reports", target=_report, args=(conductor, claim, stopping)),
        threading.Thread(name="settings", target=conductor.settings_record.keep, args=("worker", stopping)),
    ]
    if witnesses is not None:
        threads.append(threading.Thread(name="witnesses", target=witnesses.run, args=(stopping, lambda: claim.seated)))
    for thread in threads:
        thread.start()
    try:
        with serve(conductor, GRACE_SECONDS) as running:
            logging.info("worker %s is ready", name)
            _work(conductor, name, stopping)
    finally:
        stopping.set()  # also when it can't serve: the threads must not keep a worker alive that does no work
        for thread in threads:
            thread.join()
    code = lost[0].exit_code if lost else 0
    if running():
        logging.shutdown()
        os._exit(code)  # Python would wait for the thread of what was left, without doing anything else meanwhile
    return code


def _work(conductor: Conductor, name: str, stopping: threading.Event) -> None:
    """Give signs of life and look for lost work until it is to stop."""
    while not stopping.is_set():
        try:
            conductor.heartbeats.beat(name, datetime.now(UTC))
            conductor.changes.sweep()
        except ConductorError as bad:
            logging.warning("%s %s", bad, bad.next)
        stopping.wait(SWEEP_SECONDS)


def _report(conductor: Conductor, claim: Sealing, stopping: threading.Event) -> None:
    """Make the reports that are due where this worker writes the ledger, so that none is made twice; a report takes
    seconds, so it has a thread of its own.
    """
    pause = SWEEP_SECONDS  # soon after the start, when the seat is taken
    while not stopping.wait(pause):
        if not claim.seated:
            continue
        pause = REPORT_SECONDS
        try:
            for report in conductor.report_schedules.make():
                logging.info("the report %s was due: %s", report.id, report.title)
        except ConductorError as bad:
            logging.warning("%s %s", bad, bad.next)


def _record(conductor: Conductor, claim: Sealing, stopping: threading.Event) -> None:
    """Keep what clusters forget of rollouts, and plan queued promotions again, where this worker writes the ledger; a
    cluster out of reach is no news.
    """
    pause = RECORD_SECONDS
    while not stopping.wait(pause):
        try:
            if claim.seated:
                conductor.desk.recorder.once()
                conductor.desk.queued.once()
            pause = RECORD_SECONDS
        except ConductorError as bad:
            logging.debug("rollouts are not recorded: %s", bad)
            pause = min(60.0, pause * 2)


def _seal(claim: Sealing, stopping: threading.Event, lost: list[ConductorError]) -> None:
    """Write the ledger; whatever ends that ends the worker, and the next one finds out what became durable."""
    try:
        claim.work(stopping)
    except ConductorError as bad:
        logging.error("the ledger can't be written, this worker ends: %s %s", bad, bad.next)  # noqa: TRY400  # its words say it
        lost.append(bad)
    finally:
        stopping.set()


if __name__ == "__main__":
    sys.exit(main())
