"""Timelines joined from Argo CD, Argo Rollouts and the record; what the cluster forgets, the record still has."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain import rollout_facts
from conductor_core.domain.events import Event
from conductor_core.domain.timeline import Moment, joined, of_rollout, of_syncs
from conductor_core.errors import ConductorError, NotFoundError
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.change_store import ChangeStore, RecordedEvent
from conductor_core.services.delivery import DeliveryReader

KEPT = 5000
"""Facts of one rollout that its timeline shows, the newest ones."""
_SHOWN = {
    "requested": "reason",
    "given": "reason",
    "approved": "",
    "started": "key",
    "succeeded": "key",
    "failed": "what",
    "denied": "",
    "declared": "reason",
}


@dataclass(frozen=True)
class Timelines:
    """Reads; nothing is stored. Argo CD out of reach leaves its part out."""

    delivery: DeliveryReader
    argocd: ArgoCd
    store: ChangeStore

    def of(self, namespace: str, name: str) -> tuple[Moment, ...]:
        """Everything that happened to a Rollout, oldest first; raises `NotFoundError`."""
        try:
            detail = self.delivery.detail(namespace, name)
        except NotFoundError:
            kept = rollout_facts.moments(r.event for r in self._kept(namespace, name))
            if not kept:
                raise
            return joined(kept)  # the cluster has forgotten it, the record has not
        moments = of_rollout(detail) + self._syncs(namespace, name)
        moments += rollout_facts.moments(r.event for r in self._kept(namespace, name))
        for change in self.delivery.changes_of(detail.rollout, limit=100):
            for row in self.store.events(subject=change.id):
                moments += _of_event(row.event, change.title)
        return joined(moments)

    def _kept(self, namespace: str, name: str) -> list[RecordedEvent]:
        return self.store.events(subject=f"rollout/{namespace}/{name}", limit=KEPT, newest=True)

    def _syncs(self, namespace: str, name: str) -> list[Moment]:
        try:
            found = [a for a in self.argocd.applications() if (namespace, name) in a.rollouts]
            return [m for a in found for m in of_syncs(self.argocd.application(a.name))]
        except ConductorError:
            return []


def _of_event(event: Event, title: str) -> list[Moment]:
    words = event.type.split(".")
    noun, fact = (words[1], words[2]) if words[0] == "conductor" and len(words) == 4 else ("", "")
    if fact not in _SHOWN or noun not in ("change", "approval", "operation", "emergency"):
        return []
    field = _SHOWN[fact]
    detail = str(event.data.get(field, "")) if field else ""
    who = event.actor.rpartition("|")[2]
    return [Moment(event.time, "change", f"{noun} {fact}: {title}", who, detail, event.subject)]
