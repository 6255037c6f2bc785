"""The ledger's door: every fact of the product is appended here, in the transaction of the state that it describes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conductor_core.domain.actors import Actor
from conductor_core.domain.events import Event, Fact, stamp
from conductor_core.domain.fitting import fit
from conductor_core.domain.transitions import SEALED
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.clock import Clock

MOST_EVENTS = 100_000
"""Events of one Change that its sealed record names."""


class Ledger:
    """Gives facts their identity, and appends those that belong to no transition."""

    def __init__(self, store: ChangeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def stamp(self, facts: Sequence[Fact], subject: str, actor: Actor) -> list[Event]:
        """The events that record `facts` about `subject`, in order, at one time; data too long for an entry is cut.

        A Change's sealed record names each event of its own before it, so that none can be left out of a copy.
        """
        now = self._clock.now()
        made = [stamp(f, event_id=self._clock.new_id("evt"), subject=subject, actor=actor, now=now) for f in facts]
        if any(event.type == SEALED for event in made):
            ids = [row.event.id for row in self._store.events(subject=subject, limit=MOST_EVENTS)]
            above = ids + [event.id for event in made if event.type != SEALED]
            made = [replace(e, data=e.data | {"events": above}) if e.type == SEALED else e for e in made]
        return [replace(event, data=fit(event.data)) for event in made]

    def append(self, facts: Sequence[Fact], subject: str, actor: Actor) -> None:
        """Record facts that change no state; raises when they can't be written (audit fails closed)."""
        self._store.record(self.stamp(facts, subject, actor))
