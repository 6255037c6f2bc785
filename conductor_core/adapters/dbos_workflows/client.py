"""The doors' side of the queue: enqueue once per key, and count what waits."""

from __future__ import annotations

import threading
from collections import Counter

from dbos import DBOS, DBOSClient, EnqueueOptions  # noqa: TID251  # this room is its home

from conductor_core.adapters.dbos_workflows.wall import APPLICATION, CHANGES, PLANS, VERSION, libpq, wall

_STATES = {"ENQUEUED": "queued", "DELAYED": "queued", "PENDING": "running"}


def migrate(database_url: str) -> None:
    """Create or upgrade the schema `dbos`, so that work can be enqueued before the first worker runs; idempotent.

    Raises `UnreachableError`.
    """
    with wall("The tables of the queue can't be made."):
        DBOS.migrate(libpq(database_url))


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
        with wall("The queue can't be read."):
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
        with wall("The work can't be queued."):
            self._client().enqueue({**options, "app_version": VERSION}, change_id)

    def _client(self) -> DBOSClient:
        with self._lock:
            if self._made is None:
                self._made = DBOSClient(
                    system_database_url=libpq(self._url),
                    application_name=APPLICATION,
                    lazy=True,
                    retry_connection_errors=False,
                )
            return self._made
