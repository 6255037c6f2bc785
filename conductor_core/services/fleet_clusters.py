"""Rollouts of several clusters: read side by side, and a cluster that doesn't answer keeps nobody from the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from threading import Lock

from conductor_core.domain.fleets import Member
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConductorError, InputError, UnreachableError
from conductor_core.ports.daemons import begun
from conductor_core.ports.rollouts import Rollouts

AGAIN_AFTER = 15.0
"""Seconds that a cluster which did not answer isn't asked again, and that an older answer stands for a late one."""
PATIENCE = 3.0
"""Seconds that a list for people waits for a further cluster; its answer is taken by the next one."""
LOOK = 5.0
"""Seconds that one Rollout of a further cluster is waited for, with all that belongs to it."""
Listed = tuple[Rollout, ...]


@dataclass(frozen=True)
class Everywhere:
    """The Rollouts of all clusters that answered; `clusters` are the further contexts, `why` says of each of them that
    did not answer what happened.
    """

    rollouts: Listed
    clusters: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def silent(self) -> tuple[str, ...]:
        """The contexts of the clusters that did not answer."""
        return tuple(self.why)


@dataclass(frozen=True)
class _Asked:
    """A list that is under way, and since when."""

    answer: Future[Listed]
    since: float


@dataclass(frozen=True)
class FleetClusters:
    """`home` is the cluster that the product works on, `others` those of further contexts by the context's name.

    Safe to use from many threads, which share what one of them asks for.
    """

    home: Rollouts
    others: Mapping[str, Rollouts]
    monotonic: Callable[[], float]
    look: float = LOOK
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _known: dict[str, tuple[float, Listed]] = field(default_factory=dict)
    _failed: dict[str, tuple[float, ConductorError]] = field(default_factory=dict)
    _unread: dict[str, tuple[float, ConductorError]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def all(self, patience: float = math.inf) -> Everywhere:
        """Every Rollout of every cluster; raises the errors of the port only for the home cluster.

        `patience`: seconds to wait for further clusters. For one that failed before nobody waits then: it is asked
        meanwhile, and in the list again with its answer.
        """
        asked = {name: self._ask(name) for name in self.others}
        found = self.home.all()
        told = {name: self._told(name, asking, patience) for name, asking in asked.items()}
        more = tuple(rollout for listed in told.values() if not isinstance(listed, str) for rollout in listed)
        why = {name: listed for name, listed in told.items() if isinstance(listed, str)}
        return Everywhere(found + more, tuple(self.others), why)

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

    def detail(self, member: Member) -> Detail:
        """One Rollout with what belongs to it; raises as `get`, and `UnreachableError` for a further cluster that has
        not answered within `LOOK`. The error of one that did not answer a moment ago is given at once.
        """
        rollouts = self.of(member.cluster)
        for failures in (self._failed, self._unread):
            known = self._lately(failures, member.cluster)
            if isinstance(known, UnreachableError):
                raise UnreachableError(known.what, why=known.why, next=known.next) from known
        if not member.cluster:
            return rollouts.detail(member.namespace, member.name)
        answer = begun(f"cluster {member.cluster}", lambda: rollouts.detail(member.namespace, member.name))
        try:
            if not wait([answer], self.look).done:
                raise _late(member.cluster, self.look)
            return answer.result()
        except UnreachableError as bad:
            self._unread[member.cluster] = self.monotonic(), bad
            raise

    def _ask(self, name: str) -> _Asked | None:
        """The list of a cluster, under way; None when it failed a moment ago."""
        with self._lock:
            if self._lately(self._failed, name):
                return None
            asking = self._asked.get(name)
            if asking is None:
                asking = self._asked[name] = _Asked(
                    begun(f"cluster {name}", lambda: self._list(name)), self.monotonic()
                )
            return asking

    def _list(self, name: str) -> Listed:
        found, failed = None, None
        try:
            found = self.others[name].all()
        except ConductorError as bad:
            failed = bad
            raise
        finally:
            self._end(name, found=found, failed=failed)
        return found

    def _end(self, name: str, *, found: Listed | None = None, failed: ConductorError | None = None) -> None:
        now = self.monotonic()
        with self._lock:
            del self._asked[name]
            if failed is not None:
                self._failed[name] = now, failed
            elif found is not None:
                self._failed.pop(name, None)
                self._unread.pop(name, None)
                self._known[name] = now, found

    def _told(self, name: str, asking: _Asked | None, patience: float) -> Listed | str:
        """What a cluster holds, or why that is not known."""
        now = self.monotonic()
        if asking is not None:
            left = 0 if name in self._failed else max(0.0, asking.since + patience - now)
            if wait([asking.answer], None if patience == math.inf else left).done:
                try:
                    return asking.answer.result()
                except ConductorError as bad:
                    return str(bad)
        if name in self._failed:
            return str(self._failed[name][1])
        at, found = self._known.get(name, (-math.inf, ()))
        return found if now - at < AGAIN_AFTER else f"It has not answered within {patience:g} s."

    def _lately(self, failures: Mapping[str, tuple[float, ConductorError]], name: str) -> ConductorError | None:
        at, error = failures.get(name, (-math.inf, None))
        return error if self.monotonic() - at < AGAIN_AFTER else None


def _late(cluster: str, seconds: float) -> UnreachableError:
    return UnreachableError(
        f"The cluster of the context {cluster} did not answer.",
        why=f"It has not answered within {seconds:g} s.",
        next="Look at it in a workbench of that cluster, or try again in a moment.",
    )
