"""How a worker calls its handlers: what it tries again, what it gives up, and what it leaves when it stops."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conductor_core.adapters.dbos_workflows.wall import CHANGES, PLANS
from conductor_core.errors import TransientError

RETRY_FIRST, RETRY_CAP = 1.0, 30.0

log = logging.getLogger(__name__)


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
