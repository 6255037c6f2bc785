"""Port: the one seat from which the ledger is written, and the word of why it is not."""

from __future__ import annotations

from typing import Protocol

from conductor_core.errors import Diagnostics


class Seat(Protocol):
    """Held by at most one process; it falls free when its holder dies. Two holders at once, which a broken network can
    make, do no harm: `HeadStore.advance` lets one of them write.

    Every method raises `UnreachableError` when the seat can't be asked for; a seat that was held is lost then.
    """

    def take(self) -> bool:
        """Sit down if nobody sits there; True when the seat is held by this process now."""

    def wait(self, seconds: float) -> None:
        """Return when events may have been committed since the seat was taken or `wait` returned last, after
        `seconds` at the latest. To be called with the seat held."""

    def leave(self) -> None:
        """Let somebody else sit there; never raises."""

    def refuse(self, why: Diagnostics | None) -> None:
        """Write down why the ledger can't be written, from when on no event is accepted; None: it can."""
