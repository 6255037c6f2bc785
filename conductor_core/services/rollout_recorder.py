"""The recorder of rollouts: each step, measurement and sync becomes a fact of the ledger, since clusters forget them.

One process at a time records (the worker that writes the ledger). What it knows already is read from the record, so a
restart records nothing twice; what happened while nobody looked is recorded as far as the cluster still has it.
"""

from __future__ import annotations

from conductor_core.domain import rollout_facts as facts
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.events import Fact
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeStore
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.ledger import Ledger

REMEMBERED = 500
"""Facts of one subject that are read back after a restart."""

Mark = tuple[object, ...]


class RolloutRecorder:
    """`live`: whether the pipelines come from the board that a stream keeps fresh. Called by one thread."""

    def __init__(self, delivery: DeliveryReader, store: ChangeStore, ledger: Ledger, *, live: bool = True) -> None:
        self._delivery, self._store, self._ledger, self._live = delivery, store, ledger, live
        self._known: dict[str, set[Mark]] = {}
        self._last: dict[str, Mark] = {}
        self._seen: dict[str, Mark] = {}

    def once(self) -> int:
        """Record what is new; how many facts that were. Raises the errors of the ports; what it could not ask is asked
        the next time.
        """
        written = 0
        for rollout in self._delivery.rollouts():
            state = (rollout.resource_version, rollout.current_hash, rollout.step, rollout.phase, rollout.aborted)
            if rollout.moving or self._seen.get(rollout.id) != state:
                written += self._rollout(rollout)
                self._seen[rollout.id] = state
        return written + self._syncs()

    def _rollout(self, rollout: Rollout) -> int:
        subject = facts.subject(rollout)
        known = self._marks(subject)
        found: list[Fact] = []
        if any(step.kind in ("analysis", "experiment") for step in rollout.steps):
            detail = self._delivery.detail(rollout.namespace, rollout.name)
            mine = [run for run in detail.runs if run.template_hash in ("", rollout.current_hash)]
            every = [fact for run in reversed(mine) for fact in facts.measured(run)]
            found = [fact for fact in every if facts.mark(fact) not in known]
        now = facts.stepped(rollout)
        if facts.mark(now) != self._last.get(subject):
            found.append(now)
        if not found:
            return 0
        about = self._about(rollout)
        self._ledger.append([Fact(fact.type, about | fact.data) for fact in found], subject, SYSTEM)
        known.update(map(facts.mark, found))
        self._last[subject] = facts.mark(now)
        return len(found)

    def _about(self, rollout: Rollout) -> dict[str, object]:
        try:
            release, channel = self._delivery.release_of(rollout) or ("", "")
        except ConductorError:  # the operations repository is out of reach; the fact is worth keeping without it
            release, channel = "", ""
        return {"release": release, "channel": channel}

    def _syncs(self) -> int:
        try:
            applications = self._delivery.pipelines(live=self._live).applications
        except ConductorError:
            return 0  # Argo CD is optional
        written = 0
        for one in applications:
            fact = facts.synced(one)
            subject = f"application/{one.namespace}/{one.name}"
            if fact is not None and facts.mark(fact) not in self._marks(subject):
                self._ledger.append([fact], subject, SYSTEM)
                self._known[subject].add(facts.mark(fact))
                written += 1
        return written

    def _marks(self, subject: str) -> set[Mark]:
        if subject not in self._known:
            rows = self._store.events(subject=subject, limit=REMEMBERED, newest=True)
            self._known[subject] = {facts.mark(row.event) for row in rows}
            steps = [facts.mark(row.event) for row in rows if row.event.type == facts.STEPPED]
            if steps:
                self._last[subject] = steps[0]
        return self._known[subject]
