"""The way back from a rollout that has failed: `rollback_release`, filled in from the rollout and its verdict."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollout_words import red
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.errors import NotFoundError, StateError
from conductor_core.services.changes import ChangeService
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.release_history import ReleaseHistory

RUNBOOK = "rollback_release"
_LONGEST = 300


@dataclass(frozen=True)
class WayBack:
    """A rollback that is ready to be requested. `to_version` is that of the revision it goes back to."""

    release: str
    channel: str
    to_revision: int
    to_version: str
    reason: str

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of the runbook: Git goes back too, and the version that is left goes into quarantine."""
        asked: dict[str, object] = {"release": self.release, "channel": self.channel, "to_revision": self.to_revision}
        return asked | {"sets": {}, "quarantine": True, "revert_git": True}

    def as_json(self) -> dict[str, object]:
        """Plain JSON."""
        return {"runbook": RUNBOOK, "parameters": self.parameters, "to_version": self.to_version, "reason": self.reason}


@dataclass(frozen=True)
class WaysBack:
    """Finds the way back; requests it as the Change that it is."""

    delivery: DeliveryReader
    history: ReleaseHistory
    changes: ChangeService

    def of(self, detail: Detail, verdict: WaveVerdict) -> WayBack:
        """The way back from a rollout that has failed or is under way. Raises `NotFoundError` when no channel declares
        it or no earlier revision was good, and `StateError` when it is well.
        """
        rollout = detail.rollout
        if not red(rollout) and not rollout.moving:
            raise StateError(
                f"{rollout.id} is well.", why=verdict.summary, next="Roll back on the Releases page if it is wanted."
            )
        owner = self.delivery.release_of(rollout)
        if owner is None:
            raise NotFoundError(
                f"No channel declares {rollout.id}.",
                why="A rollback is one of a release; this rollout belongs to none.",
                next="Undo its template instead, or declare its channel.",
            )
        past = self.history.last_good(*owner)
        said = f"rollout {rollout.id} at {rollout.version}: {verdict.summary}"
        reason = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
        return WayBack(*owner, past.revision.revision, past.version, reason)

    def request(self, actor: Actor, namespace: str, name: str, reason: str = "") -> Change:
        """Request it; an empty reason is the one that the rollout gives. Raises as `of` does."""
        found = self.of(*self.delivery.verdict(namespace, name))
        return self.changes.request(actor, RUNBOOK, found.parameters, reason or found.reason)
