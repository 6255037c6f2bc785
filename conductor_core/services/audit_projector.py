"""The projector: carries the record's new events into the read model, in the worker, as they come.

Rule: an event can be asked within a second. Deleting the read model loses nothing: it is projected again. The lock is
held for a step, not for ever, so that a person may rebuild while a worker runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from conductor_core.domain.audit_model import EVENTS
from conductor_core.errors import ConductorError, ConflictError, LedgerError, NotFoundError
from conductor_core.ports.audit_database import AuditBuilder, Position
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.locks import Locks
from conductor_core.services.audit_projection import project
from conductor_core.services.ledger_reader import LedgerReader

log = logging.getLogger("audit")
_DATA = EVENTS.names.index("data")
LOCK = "audit"
CHUNK = 2000
"""Events that are read at once, at most."""
CHUNK_BYTES = 4 << 20
"""Bytes of data that the events read at once should have at most: fewer are read after a batch that had more."""
_FIRST_CHUNK = 250
EVERY = 0.1
"""Seconds between two looks for new events while some come."""
RESTING = 4
"""How many times as long it is while none come."""
PUBLISH_SECONDS = 0.5
"""How long a long catching-up may go on before what it has so far can be asked."""


def sealed_in(ledger: LedgerReader) -> Callable[[], int]:
    """Says how many events the published ledger holds; 0 while it has no checkpoint that can be trusted."""

    def sealed() -> int:
        try:
            return ledger.checkpoint().checkpoint.size
        except (NotFoundError, LedgerError):
            return 0

    return sealed


class AuditProjector:
    """Projects one record into one read model. `sealed` says how many events the ledger holds."""

    def __init__(
        self, store: ChangeStore, builder: AuditBuilder, locks: Locks, sealed: Callable[[], int], *, chunk: int = CHUNK
    ) -> None:
        self._store = store
        self._builder = builder
        self._locks = locks
        self._sealed = sealed
        self._most = chunk
        self._chunk = min(chunk, _FIRST_CHUNK)

    def catch_up(self, wait: float = 0.0) -> Position:
        """Project everything that is recorded by now, and publish it.

        Raises `ConflictError` when another process is at it for longer than `wait` seconds, `UnreachableError`,
        `StorageError`.
        """
        with self._locks.hold(LOCK, wait):
            at = self._builder.open()
            return self._project(at, lambda _: None, whole=at.events == 0)

    def rebuild(self, say: Callable[[Position], None] = lambda _: None, wait: float = 10.0) -> Position:
        """Forget the read model and project the whole record; the old one can be asked until the new one is there.

        Raises as `catch_up` does.
        """
        with self._locks.hold(LOCK, wait):
            self._builder.begin_anew()
            return self._project(Position(), say, whole=True)

    def run(self, stopping: threading.Event, every: float = EVERY) -> None:
        """Catch up again and again until `stopping` is set; what goes wrong is logged, and tried again."""
        last = Position()
        try:
            while not stopping.is_set():
                at = last
                try:
                    at = self.catch_up()
                except ConflictError:
                    pass  # somebody else does it at this moment
                except ConductorError as bad:
                    log.warning("the audit read model is behind: %s %s", bad, bad.next)
                stopping.wait(every if at != last else every * RESTING)
                last = at
        finally:
            self._builder.close()

    def _project(self, at: Position, say: Callable[[Position], None], *, whole: bool = False) -> Position:
        published, whole_until = time.monotonic(), self._newest() if whole else 0
        while True:
            limit = self._chunk
            events = self._store.events(after=at.sequence, limit=limit)
            if events:
                batch = project(events, at, self._builder.known)
                self._builder.write(batch)
                at = batch.position
                self._fit(len(events), sum(len(str(row[_DATA])) for row in batch.rows[EVENTS.name]))
                say(at)
            if len(events) < limit:
                self._builder.publish(self._sealed())
                return at
            if at.sequence >= whole_until and time.monotonic() - published > PUBLISH_SECONDS:
                self._builder.publish(self._sealed())
                published = time.monotonic()

    def _newest(self) -> int:
        """The sequence of the last event: a model that is begun is not shown before it is that far."""
        last = self._store.events(limit=1, newest=True)
        return last[0].sequence if last else 0

    def _fit(self, events: int, size: int) -> None:
        """Choose how many events are read next, from the bytes of data of the last ones."""
        fitting = CHUNK_BYTES * events // max(size, 1)
        self._chunk = max(1, min(self._most, fitting, self._chunk * 2))
