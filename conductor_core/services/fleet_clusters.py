"""Rollouts of several clusters: read side by side, and a cluster that doesn't answer keeps nobody from the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from conductor_core.domain.fleets import Member
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConductorError, InputError
from conductor_core.ports.rollouts import Rollouts

AGAIN_AFTER = 15.0
"""Seconds that a cluster which did not answer isn't asked for its list again."""


@dataclass(frozen=True)
class Everywhere:
    """The Rollouts of all clusters that answered, and the contexts of those that did not."""

    rollouts: tuple[Rollout, ...]
    silent: tuple[str, ...] = ()


@dataclass(frozen=True)
class FleetClusters:
    """`home` is the cluster that the product works on, `others` those of further contexts by the context's name."""

    home: Rollouts
    others: Mapping[str, Rollouts]
    monotonic: Callable[[], float]
    _failed: dict[str, float] = field(default_factory=dict)

    def all(self) -> Everywhere:
        """Every Rollout of every cluster; raises the errors of the port only for the home cluster."""
        if not self.others:
            return Everywhere(self.home.all())
        with ThreadPoolExecutor(len(self.others), thread_name_prefix="clusters") as pool:
            asked = {name: pool.submit(self._listed, name) for name in self.others}
            found = self.home.all()
            told = {name: answer.result() for name, answer in asked.items()}
        more = tuple(rollout for listed in told.values() for rollout in listed or ())
        return Everywhere(found + more, tuple(name for name, listed in told.items() if listed is None))

    @property
    def silent(self) -> tuple[str, ...]:
        """The contexts whose clusters did not answer when they were listed last."""
        return tuple(name for name in self.others if name in self._failed)

    def of(self, cluster: str) -> Rollouts:
        """The Rollouts of one cluster; raises `InputError` for a context that is not configured."""
        found = self.others.get(cluster) if cluster else self.home
        if found is None:
            raise InputError(
                f"There is no cluster {cluster!r} for fleets.",
                why=f"Known: {', '.join(self.others) or 'only the cluster that the product works on'}.",
                next="Add its context to CONDUCTOR_FLEET_CONTEXTS.",
            )
        return found

    def get(self, member: Member) -> Rollout:
        """One Rollout; raises `NotFoundError`, `InputError` and the errors of the port."""
        return self.of(member.cluster).get(member.namespace, member.name)

    def _listed(self, name: str) -> tuple[Rollout, ...] | None:
        now = self.monotonic()
        if now - self._failed.get(name, float("-inf")) < AGAIN_AFTER:
            return None
        try:
            found = self.others[name].all()
        except ConductorError:
            self._failed[name] = self.monotonic()
            return None
        self._failed.pop(name, None)
        return found
