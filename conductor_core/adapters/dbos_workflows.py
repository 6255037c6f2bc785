"""The room of DBOS: a durable queue of work on Changes, in schema `dbos` of the product's own PostgreSQL.

`DbosWorkflows` is what the doors use; `serve` is the worker's side. Work is called at least once and the handlers are
idempotent, so that DBOS has one step to remember a workflow. https://docs.dbos.dev/python/tutorials/queue-tutorial

What happens to the work of a worker that died: DBOS leaves it PENDING under the worker's executor id, and that blocks
its target's partition. DBOS takes it up again when a worker with the same executor id launches, and for other ids only
when it is told that they are dead. Here each worker holds an advisory lock of PostgreSQL for its id, which the server
lets go when the worker's connection ends; whoever gets the lock of another id knows that it is dead and takes its work
over. The same lock keeps two living workers from sharing an id, and so from running one another's work.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import LiteralString

import psycopg
from dbos import DBOS, DBOSClient, EnqueueOptions
from dbos import error as dbos_errors
from sqlalchemy.exc import SQLAlchemyError

from conductor_core.errors import ConflictError, StateError, TransientError, UnreachableError

APPLICATION = "maestro-conductor"
VERSION = "1"
"""Fixed, so that work outlives an upgrade: DBOS would otherwise name the version after the code of this file."""

PLANS, CHANGES = "plans", "changes"
POLL = 0.2
WATCH = 5.0
LOCK_PATIENCE = 15.0
RECORDING = 5
"""Seconds that DBOS has to write down what the last handlers ended."""
RETRY_FIRST, RETRY_CAP = 1.0, 30.0
_STATES = {"ENQUEUED": "queued", "DELAYED": "queued", "PENDING": "running"}
_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"

log = logging.getLogger(__name__)


def migrate(database_url: str) -> None:
    """Create or upgrade the schema `dbos`, so that work can be enqueued before the first worker runs; idempotent.

    Raises `UnreachableError`.
    """
    with _wall("The tables of the queue can't be made."):
        DBOS.migrate(_libpq(database_url))


class DbosWorkflows:
    """`Workflows` for whoever asks for work; it connects on first use and is safe to share between threads."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._lock = threading.Lock()
        self._made: DBOSClient | None = None

    def plan(self, change_id: str, key: str) -> None:
        """Have a worker plan the Change; see the port."""
        self._enqueue({"workflow_name": PLANS, "queue_name": PLANS, "workflow_id": key}, change_id)

    def execute(self, change_id: str, target: str, key: str) -> None:
        """Have a worker execute the Change, one after the other on one target; see the port."""
        options: EnqueueOptions = {"workflow_name": CHANGES, "queue_name": CHANGES, "workflow_id": key}
        self._enqueue({**options, "queue_partition_key": target}, change_id)

    def depth(self) -> dict[str, int]:
        """Counts by `<queue>.queued` and `<queue>.running`, zeros included. Raises `UnreachableError`."""
        with _wall("The queue can't be read."):
            rows = self._client().list_workflows(
                status=list(_STATES), queue_name=[PLANS, CHANGES], load_input=False, load_output=False
            )
        seen = Counter(f"{row.queue_name}.{_STATES[row.status]}" for row in rows)
        return {
            f"{queue}.{state}": seen[f"{queue}.{state}"]
            for queue in (PLANS, CHANGES)
            for state in ("queued", "running")
        }

    def close(self) -> None:
        """Let the connections go."""
        with self._lock:
            if self._made is not None:
                self._made.destroy()
            self._made = None

    def _enqueue(self, options: EnqueueOptions, change_id: str) -> None:
        with _wall("The work can't be queued."):
            self._client().enqueue({**options, "app_version": VERSION}, change_id)

    def _client(self) -> DBOSClient:
        with self._lock:
            if self._made is None:
                self._made = DBOSClient(
                    system_database_url=_libpq(self._url),
                    application_name=APPLICATION,
                    lazy=True,
                    retry_connection_errors=False,
                )
            return self._made


class Serving:
    """A worker at work. `plan` and `execute` get the id of a Change; they are called at least once for each key."""

    def __init__(self, plan: Callable[[str], None], execute: Callable[[str], None]) -> None:
        self._handlers = {PLANS: plan, CHANGES: execute}
        self._running: Counter[str] = Counter()
        self._idle = threading.Condition()
        self._stopping = threading.Event()

    def running(self) -> list[str]:
        """The Changes that handlers work on now. Not empty after `serve` has ended: leave by `os._exit`, the work
        stays queued as after a crash."""
        with self._idle:
            return sorted(self._running.elements())

    def handle(self, kind: str, change_id: str) -> None:
        """Call the handler, again and again while it raises `TransientError`; while stopping, leave the work as it is.

        Any other error ends the work for good: it is logged, and the queue keeps only its type.
        """
        with self._counted(change_id):
            wait = RETRY_FIRST
            while True:
                if self._stopping.is_set():
                    raise _Left
                try:
                    return self._handlers[kind](change_id)
                except TransientError as later:
                    log.warning("%s of %s waits %.0f s: %s", kind, change_id, wait, later)
                except Exception as bad:
                    log.exception("%s of %s failed and is not tried again.", kind, change_id)
                    raise RuntimeError(type(bad).__name__) from None
                self._stopping.wait(wait)
                wait = min(2 * wait, RETRY_CAP)

    def stop(self, grace: float) -> None:
        """Take no more work and wait up to `grace` seconds for what runs."""
        self._stopping.set()
        with self._idle:
            if not self._idle.wait_for(lambda: not self._running, grace):
                log.warning("Still running after %.0f s and left to the next worker: %s", grace, self.running())

    @contextmanager
    def _counted(self, change_id: str) -> Iterator[None]:
        with self._idle:
            self._running[change_id] += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= Counter([change_id])
                self._idle.notify_all()


class _Left(BaseException):
    """The worker stops: DBOS records nothing for what isn't an `Exception`, and the work stays PENDING."""


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
        with _Identity(database_url, executor_id) as identity:
            _present = serving = Serving(plan, execute)
            with _wall("The worker can't start."):
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
            "system_database_url": _libpq(database_url),
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


class _Identity:
    """The lock on an executor id, held by a connection of its own, and the watch over the ids of dead workers."""

    def __init__(self, database_url: str, executor_id: str) -> None:
        self._url = _libpq(database_url)
        self._id = executor_id
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._held: psycopg.Connection | None = None

    def __enter__(self) -> _Identity:
        deadline = time.monotonic() + LOCK_PATIENCE
        with _wall("The worker can't reach its database."):
            self._connect()
            while not self._try(self._id):
                if time.monotonic() > deadline:
                    self._close()
                    raise ConflictError(
                        f"Another worker with the id {self._id} is alive.",
                        why="Two workers with one id would run one another's work twice.",
                        next="Stop that one, or give this one an id of its own.",
                    )
                self._stop.wait(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(WATCH)
        self._close()

    def watch(self) -> None:
        """Take over the work of dead workers from now on, looking every few seconds."""
        self._thread = threading.Thread(target=self._look, name="dead-workers", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(WATCH):
            try:
                self._take_over()
            except (psycopg.Error, SQLAlchemyError, dbos_errors.DBOSException) as bad:
                log.warning("Can't look for the work of dead workers: %s", type(bad).__name__)
                with suppress(psycopg.Error):
                    self._close()
                    self._connect()
                    self._try(self._id)

    def _take_over(self) -> None:
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        for other in sorted({row.executor_id for row in pending if row.executor_id} - {self._id}):
            if self._try(other):
                try:
                    log.warning("Worker %s is dead; its work is queued again.", other)
                    DBOS._recover_pending_workflows([other])
                finally:
                    self._ask("SELECT pg_advisory_unlock(%s)", other)

    def _try(self, executor_id: str) -> bool:
        return self._ask("SELECT pg_try_advisory_lock(%s)", executor_id)

    def _ask(self, question: LiteralString, executor_id: str) -> bool:
        if self._held is None:
            raise psycopg.OperationalError("no connection")
        digest = hashlib.sha256(f"{APPLICATION} worker {executor_id}".encode()).digest()
        row = self._held.execute(question, (int.from_bytes(digest[:8], "big", signed=True),)).fetchone()
        return bool(row and row[0])

    def _connect(self) -> None:
        self._held = psycopg.connect(self._url, autocommit=True, connect_timeout=10, options=_KEEPALIVE)

    def _close(self) -> None:
        if self._held is not None:
            self._held.close()
        self._held = None


def _libpq(database_url: str) -> str:
    """The URL as libpq has it: without SQLAlchemy's driver."""
    return re.sub(r"^postgresql\+\w+:", "postgresql:", database_url)


def _quiet() -> None:
    """DBOS' log goes where ours goes, from warnings up; its own console handler is taken away."""
    logger = logging.getLogger("dbos")
    logger.handlers = [handler for handler in logger.handlers if handler.name != "__dbos_console_log_handler__"] or [
        logging.NullHandler()
    ]
    logger.propagate = True
    logger.setLevel(logging.WARNING)


@contextmanager
def _wall(what: str) -> Iterator[None]:
    """Foreign errors stop here; the text of a connection error can hold the URL, so that only its kind is told."""
    try:
        yield
    except (SQLAlchemyError, dbos_errors.DBOSException, psycopg.Error, OSError) as bad:
        cause = getattr(bad, "orig", None) or bad
        raise UnreachableError(
            what,
            why=f"PostgreSQL answers: {type(cause).__name__}.",
            next="Run `conductor status`; if the worker never ran on this database, start it once.",
        ) from bad
