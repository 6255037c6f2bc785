"""The ledger's door: every fact of the product is appended here, in the transaction of the state that it describes."""

from __future__ import annotations

from collections.abc import Sequence

from conductor_core.domain.actors import Actor
from conductor_core.domain.events import Event, Fact, stamp
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.clock import Clock


class Ledger:
    """Gives facts their identity, and appends those that belong to no transition."""

    def __init__(self, store: ChangeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def stamp(self, facts: Sequence[Fact], subject: str, actor: Actor) -> list[Event]:
        """The events that record `facts` about `subject`, in order, at one time."""
        now = self._clock.now()
        return [stamp(f, event_id=self._clock.new_id("evt"), subject=subject, actor=actor, now=now) for f in facts]

    def append(self, facts: Sequence[Fact], subject: str, actor: Actor) -> None:
        """Record facts that change no state; raises when they can't be written (audit fails closed)."""
        self._store.record(self.stamp(facts, subject, actor))
