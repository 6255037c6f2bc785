"""The worker's side of the queue: DBOS launched under our names, quiet, with one step a workflow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dbos import DBOS  # noqa: TID251  # this room is its home

from conductor_core.adapters.dbos_workflows.identity import Identity
from conductor_core.adapters.dbos_workflows.serving import Serving
from conductor_core.adapters.dbos_workflows.wall import APPLICATION, CHANGES, PLANS, VERSION, libpq, wall
from conductor_core.errors import StateError

POLL = 0.2
RECORDING = 5
"""Seconds that DBOS has to write down what the last handlers ended."""

_present: Serving | None = None
_one_at_a_time = threading.Lock()


@contextmanager
def serve(
    database_url: str,
    plan: Callable[[str], None],
    execute: Callable[[str], None],
    *,
    executor_id: str,
    concurrency: int,
    grace: float = 30.0,
) -> Iterator[Serving]:
    """Work on the queues while the block lasts; one per process.

    `executor_id` must be the same when the worker starts again. `concurrency` is how many plans and how many
    executions run at once in this process; executions on one target run one after the other in all processes. At the
    end no more work is taken, and what runs has `grace` seconds. Raises `UnreachableError`, `ConflictError` when a
    living worker has the id, `StateError` when this process serves already.
    """
    global _present
    if not _one_at_a_time.acquire(blocking=False):
        raise StateError("This process is a worker already.", why="`serve` was called twice.", next="Call it once.")
    try:
        with Identity(database_url, executor_id) as identity:
            _present = serving = Serving(plan, execute)
            with wall("The worker can't start."):
                _launch(database_url, executor_id, concurrency)
            identity.watch()
            try:
                yield serving
            finally:
                serving.stop(grace)
                DBOS.destroy(workflow_completion_timeout_sec=0 if serving.running() else RECORDING)
    finally:
        _one_at_a_time.release()


def _launch(database_url: str, executor_id: str, concurrency: int) -> None:
    _quiet()
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": libpq(database_url),
            "application_version": VERSION,
            "executor_id": executor_id,
            "sys_db_pool_size": 2 * concurrency + 4,
            "max_executor_threads": 2 * concurrency + 4,
        }
    )
    _quiet()
    try:
        DBOS.launch()
        DBOS.register_queue(
            PLANS, worker_concurrency=concurrency, polling_interval_sec=POLL, on_conflict="always_update"
        )
        DBOS.register_queue(
            CHANGES,
            partition_concurrency=1,
            worker_concurrency=concurrency,
            polling_interval_sec=POLL,
            on_conflict="always_update",
        )
    except BaseException:
        DBOS.destroy()
        raise


@DBOS.step(name=PLANS)
def _plan_step(change_id: str) -> None:
    if _present is not None:
        _present.handle(PLANS, change_id)


@DBOS.workflow(name=PLANS)
def _plan(change_id: str) -> None:
    _plan_step(change_id)


@DBOS.step(name=CHANGES)
def _execute_step(change_id: str) -> None:
    if _present is not None:
        _present.handle(CHANGES, change_id)


@DBOS.workflow(name=CHANGES)
def _execute(change_id: str) -> None:
    _execute_step(change_id)


def _quiet() -> None:
    """DBOS' log goes where ours goes, from warnings up; its own console handler is taken away."""
    logger = logging.getLogger("dbos")
    logger.handlers = [handler for handler in logger.handlers if handler.name != "__dbos_console_log_handler__"] or [
        logging.NullHandler()
    ]
    logger.propagate = True
    logger.setLevel(logging.WARNING)
