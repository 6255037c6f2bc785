"""Sealing: the worker's thread that gives every committed event its place in the ledger, as soon as it is there.

Rule: one sequencer at a time, a group for whatever is queued, no timer. A ledger that can't be written is said so where
every writer looks, so that nothing is changed meanwhile; then the process ends, and the next one starts anew.
"""

from __future__ import annotations

import logging
import threading

from conductor_core.errors import ConductorError, TransientError
from conductor_core.ports.seat import Seat
from conductor_core.services.sequencing import Sequencer

log = logging.getLogger("ledger")

LISTEN_SECONDS = 1.0
"""How long a commit is listened for before the queue is looked at again: an announcement that was lost costs this."""
STANDBY_SECONDS = 0.5
"""How often a worker without the seat asks whether it has fallen free."""


class Sealing:
    """One worker's claim on the seat, and the work on it."""

    def __init__(self, sequencer: Sequencer, seat: Seat) -> None:
        self._sequencer = sequencer
        self._seat = seat
        self._seated = False

    @property
    def seated(self) -> bool:
        """Whether this process writes the ledger."""
        return self._seated

    def open(self) -> bool:
        """Take the seat if it is free, and start the ledger; False when another process writes it.

        Raises `LedgerError` when the ledger can't be started, having written down why; `TransientError`.
        """
        if not self._seat.take():
            return False
        try:
            head = self._sequencer.start()
            self._seat.refuse(None)
        except TransientError:
            self._seat.leave()
            raise
        except ConductorError as refused:
            log.error("The ledger is not started, and nothing is changed until it is: %s %s", refused, refused.next)  # noqa: TRY400  # a refusal is no bug: its words, not a traceback
            self._seat.refuse(refused.diagnostics())
            self._seat.leave()
            raise
        self._seated = True
        log.info("the ledger is written from here; it has %d entries", head.size)
        return True

    def work(self, stopping: threading.Event) -> None:
        """Seal what is committed until `stopping` is set.

        Raises `LedgerError` when a group could not be written: then the process must end.
        """
        try:
            while not stopping.is_set():
                try:
                    if self._seated or self.open():
                        while self._sequencer.step():
                            pass
                        self._seat.wait(LISTEN_SECONDS)
                    else:
                        stopping.wait(STANDBY_SECONDS)
                except TransientError as lost:
                    log.warning("the ledger's seat is given up: %s", lost)
                    self._leave()
                    stopping.wait(STANDBY_SECONDS)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._seated = False
        self._seat.leave()
