"""Port: the events that wait for their index in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Queued:
    """An outbox row: its id, and the bytes of its entry exactly as they were committed with the state."""

    row: int
    entry: bytes


class Outbox(Protocol):
    """Events committed with the state that they describe. `HeadStore.advance` gives them their indexes."""

    def queued(self, limit: int) -> Sequence[Queued]:
        """Committed rows without an index, in the order in which they are to be appended, at most `limit`.

        The order needs no promise beyond one call: what decides is the index that `advance` commits. Raises
        `StorageError`.
        """
