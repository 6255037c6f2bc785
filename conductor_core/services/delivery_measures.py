"""How well delivery goes: the four DORA measures, from the Changes on record and the commits that they deployed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conductor_core.domain import dora
from conductor_core.domain.changes import Change, State
from conductor_core.domain.dora import Deployment, Measure
from conductor_core.domain.tiers import rank
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.clock import Clock
from conductor_core.ports.repository import Repository

FORWARD = ("deploy_release",)
BACK = ("rollback_release", "revert_release", "emergency_rollback", "emergency_revert")
ENDED = frozenset({State.SUCCEEDED, State.FAILED})
MOST = 2000
"""Changes of one runbook that are looked at, the newest ones."""
LONGEST = 3660


@dataclass(frozen=True)
class DeliveryMeasures:
    """Reads only. `known` keeps the times of commits, which never change."""

    store: ChangeStore
    repository: Repository
    clock: Clock
    known: dict[str, datetime | None] = field(default_factory=dict)

    def of(self, days: int = 30, *, tier: str = "", release: str = "") -> tuple[Measure, ...]:
        """The measures of the last `days`, of one tier ('' is all) and release ('' is all). Raises `InputError` for a
        number of days that can't be, and the ports' errors.
        """
        if not 1 <= days <= LONGEST:
            raise InputError(
                f"{days} days can't be measured.", why="It is a whole number of days.", next=f"Give 1 to {LONGEST}."
            )
        until = self.clock.now()
        ran = [(c, name in BACK) for name in (*FORWARD, *BACK) for c in self._ran(name)]
        asked = [(c, b) for c, b in ran if tier in ("", c.tier) and release in ("", c.parameters.get("release"))]
        found = [self._deployment(change, back=back) for change, back in asked]
        return dora.measures(found, until - timedelta(days=days), until)

    def tiers(self) -> list[str]:
        """The tiers that anything was deployed to, the laxest first."""
        return sorted({c.tier for c in self._ran(FORWARD[0])}, key=lambda t: (rank(t), t))

    def _ran(self, runbook: str) -> list[Change]:
        """Those that reached their target: a plan that failed was never carried out."""
        found = self.store.find(ChangeQuery(states=ENDED, runbook=runbook, limit=MOST))
        return [c for c in found if c.plan is not None and c.notebook]

    def _deployment(self, change: Change, *, back: bool) -> Deployment:
        commit = change.plan.facts.get("commit", "") if change.plan else ""
        ok = change.state is State.SUCCEEDED
        committed = self._committed(commit) if commit and not back else None
        return Deployment(change.target, commit, change.created_at, change.updated_at, ok, back, committed)

    def _committed(self, commit: str) -> datetime | None:
        if commit not in self.known:
            try:
                told = self.repository.log(commit, limit=1)
            except NotFoundError:  # a commit of another repository, or one that is gone
                told = ()
            except ConductorError:  # the repository doesn't answer now: asked again the next time
                return None
            self.known[commit] = told[0].when if told else None
        return self.known[commit]
