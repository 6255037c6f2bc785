"""The gate that freezes the versions while a wave runs: what is measured must not change under the measurement."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain import rollout_acts
from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.planning import Draft
from conductor_core.services.releases import ReleaseReader

WAVES = "waves"
INSTANCE = "app.kubernetes.io/instance"


@dataclass(frozen=True)
class WaveFreeze:
    """Denies a deploy into a release whose rollout is on its way; the way back is never held."""

    rollouts: Rollouts
    releases: ReleaseReader

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict; a rule ran for each rollout, and one for the namespace."""
        release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
        found = self.rollouts.all(self.releases.namespace(release, channel))
        moving = [r for r in found if dict(r.labels).get(INSTANCE) == release and r.moving]
        denials = [
            Reason(
                "waves/set-frozen",
                f"A wave of {r.id} runs ({r.version}): its versions are frozen until it has ended.",
                rollout_acts.state(r),
                "Wait until it is done, promote it fully, or abort it; then re-plan this Change.",
            )
            for r in moving
        ]
        return [verdict(WAVES, denials=denials, warnings=(), rules_run=len(found) + 1)]
