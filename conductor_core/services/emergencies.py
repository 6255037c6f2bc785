"""Emergencies: which wait for a review, the review itself, and what they overtake.

What runs on an emergency's target stops at its next safe point: before an act on the world, or while something is only
waited for. An act under way is never broken off, and the queue lets one Change of a target act at a time: there are
never two writers. The abort of a fleet doesn't wait for what runs on its members, each of which is a target of its own:
the API server refuses whoever writes second, and an act that was asked for before has no effect on what is aborted.
"""

from __future__ import annotations

from conductor_core.domain import emergencies
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import RUNNING, Change, State
from conductor_core.domain.emergencies import Emergency
from conductor_core.domain.fleets import EMERGENCY, listed
from conductor_core.errors import ConductorError, InputError, StateError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.services.access import Action, Resource, authorize
from conductor_core.services.ledger import Ledger
from conductor_core.services.runbooks import RunbookService

ROLLOUT = "rollout/"
"""How a target begins that is one Rollout."""
_BEGUN = frozenset({State.APPROVED, *RUNNING, State.SUCCEEDED, State.FAILED, State.UNKNOWN})


class Emergencies:
    """Reads Changes of emergency runbooks; writes nothing but reviews."""

    def __init__(self, store: ChangeStore, runbooks: RunbookService, ledger: Ledger) -> None:
        self._store, self._runbooks, self._ledger = store, runbooks, ledger

    def all(self, limit: int = 50) -> list[Emergency]:
        """The newest emergencies, newest first."""
        names = [name for name, r in self._runbooks.catalogue().runbooks.items() if r.emergency]
        found = [c for name in names for c in self._store.find(ChangeQuery(runbook=name, limit=limit))]
        return [self._of(c) for c in sorted(found, key=lambda c: c.created_at, reverse=True)[:limit]]

    def waiting(self) -> list[Emergency]:
        """Those that nobody has reviewed."""
        return [e for e in self.all() if e.waits]

    def overtaking(self, change: Change) -> str:
        """The id of the emergency that waits for the target of `change`, or that was declared on a fleet of its Rollout
        since it began; '' for none, and for an emergency itself.

        What can't be read overtakes nobody.
        """
        try:
            urgent = {name for name, found in self._runbooks.catalogue().runbooks.items() if found.emergency}
            if change.runbook in urgent:
                return ""
            waiting = self._store.find(ChangeQuery(target=change.target, states=frozenset({State.APPROVED})))
            first = [other for other in waiting if other.runbook in urgent] or self._on_its_fleet(change)
        except ConductorError:
            return ""
        return first[-1].id if first else ""

    def _on_its_fleet(self, change: Change) -> list[Change]:
        """Those that name its Rollout as a member; one that has ended meanwhile has overtaken it all the same."""
        if not change.target.startswith(ROLLOUT):
            return []
        place = change.target.removeprefix(ROLLOUT)
        declared = self._store.find(ChangeQuery(runbook=EMERGENCY, states=_BEGUN))
        return [c for c in declared if c.created_at >= change.updated_at and place in listed(c.parameters)]

    def of(self, change_id: str) -> Emergency:
        """One emergency; raises `NotFoundError`."""
        return self._of(self._store.get(change_id))

    def _of(self, change: Change) -> Emergency:
        rows = self._store.events(subject=emergencies.subject_of(change.id))
        told = [row.event for row in rows if row.event.type == emergencies.REVIEWED]
        if not told:
            return Emergency(change)
        last = told[-1]
        data = last.data
        return Emergency(
            change, str(data.get("by", "")), data.get("justified") is True, str(data.get("word", "")), last.time
        )

    def about(self, change_id: str) -> Emergency | None:
        """What the record says of a Change as an emergency; None when it was none. Raises `NotFoundError`."""
        rows = self._store.events(subject=change_id, kind=emergencies.DECLARED)
        return self.of(change_id) if rows else None

    def review(self, actor: Actor, change_id: str, word: str, *, justified: bool) -> Emergency:
        """Say afterwards whether it was right. Raises `AccessDeniedError` for its requester and for other roles,
        `StateError` when it was reviewed already, `InputError` when it was none.
        """
        found = self.of(change_id)
        change = found.change
        authorize(actor, Action.REVIEW, Resource("change", change.id, change.requester.key))
        if not self._runbooks.get(change.runbook).emergency:
            raise InputError(
                f"{change.id} was no emergency.", why=f"It ran {change.runbook}.", next="Approve it instead."
            )
        if found.reviewed_by:
            raise StateError(f"{change.id} was reviewed already.", why=f"By {found.reviewed_by}: {found.word}")
        said = " ".join(word.split())
        if len(said) < 3:
            raise InputError("A reason is needed.", why="It goes into the record.", next="Say why it was right or not.")
        fact = emergencies.reviewed(change, actor, said, justified=justified)
        self._ledger.append([fact], emergencies.subject_of(change.id), actor)
        return self.of(change_id)
