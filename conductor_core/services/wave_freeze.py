"""The gate that freezes the versions while a wave runs: what is measured must not change under the measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conductor_core.domain import rollout_acts
from conductor_core.domain.changes import Change, State
from conductor_core.domain.gates import QUEUED, Reason, Verdict, verdict
from conductor_core.ports.change_store import ChangeQuery
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.changes import ChangeService
from conductor_core.services.planning import Draft
from conductor_core.services.releases import ReleaseReader

WAVES, PROMOTE = "waves", "promote_set"
INSTANCE = "app.kubernetes.io/instance"
FROZEN = "waves/set-frozen"
"""The rule of the gate when it refuses; with `QUEUED` it waits for the waves and is then planned again by itself."""
CLEARS = "Wait until it is done, promote it fully, or abort it; then re-plan this Change."


@dataclass(frozen=True)
class WaveFreeze:
    """Denies a deploy into a release whose rollout is on its way, and a promotion into such a set; the way back is
    never held. `queue`: whether promotions wait for the waves instead of being refused.
    """

    rollouts: Rollouts
    releases: ReleaseReader
    queue: Callable[[], bool] = bool

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict; a rule ran for each rollout, and one for each namespace."""
        promotes = change.runbook == PROMOTE
        into = self._set(change) if promotes else [_place(change)]
        looked, denials = self._reasons(into, waits=promotes and self.queue())
        return [verdict(WAVES, denials=denials, warnings=(), rules_run=looked + len(into))]

    def of_promotion(self, target: str, releases: Sequence[str] = ()) -> list[Reason]:
        """What would keep a promotion into that channel back now; `releases` empty: all that have it."""
        return self._reasons(self._places(target, releases), waits=self.queue())[1]

    def _reasons(self, into: Sequence[tuple[str, str]], *, waits: bool) -> tuple[int, list[Reason]]:
        """How many rollouts were looked at, and a reason for each whose wave runs."""
        found = {place: self.rollouts.all(self.releases.namespace(*place)) for place in into}
        moving = [
            r for (release, _), rs in found.items() for r in rs if dict(r.labels).get(INSTANCE) == release and r.moving
        ]
        rule, until, clears = (
            (QUEUED, "this is planned again by itself when it has ended.", "Wait for the wave, or end it.")
            if waits
            else (FROZEN, "nothing new comes in until it has ended.", CLEARS)
        )
        text = "A wave of {} runs ({}), so its versions are frozen: " + until
        reasons = [Reason(rule, text.format(r.id, r.version), rollout_acts.state(r), clears) for r in moving]
        return sum(map(len, found.values())), reasons

    def _set(self, change: Change) -> list[tuple[str, str]]:
        named = change.parameters.get("releases")
        return self._places(str(change.parameters.get("to", "")), named if isinstance(named, list) else ())

    def _places(self, target: str, releases: Sequence[object]) -> list[tuple[str, str]]:
        """Release and channel of everything that a promotion would put a version into."""
        every = [r.name for r in self.releases.catalogue().releases if target in {c.name for c in r.channels}]
        return [(str(name), target) for name in releases or every]


def _place(change: Change) -> tuple[str, str]:
    release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
    return release, channel


@dataclass(frozen=True)
class QueuedPromotions:
    """Plans those promotions again that were denied by nothing but a wave which has ended."""

    freeze: WaveFreeze
    changes: ChangeService

    def once(self) -> list[str]:
        """The ids of those that go on; called by a worker now and then. Raises the errors of the ports."""
        denied = self.changes.find(ChangeQuery(states=frozenset({State.DENIED}), runbook=PROMOTE))
        ready = [c for c in denied if c.queued and not self.freeze(c, Draft())[0].reasons]
        for change in ready:
            self.changes.replan(change.requester, change.id)
        return [c.id for c in ready]
