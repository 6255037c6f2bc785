"""The abort of a fleet: every member that moves, side by side in all clusters, each read back by itself.

A member or a cluster that can't be reached keeps nobody else from being aborted, and is named in what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from conductor_core.domain import rollout_acts as acts
from conductor_core.domain.fleets import member
from conductor_core.domain.operations import Observation
from conductor_core.domain.rollout_acts import Act, Before, ReadBack
from conductor_core.errors import ConductorError, StateError
from conductor_core.services.checks import Patience
from conductor_core.services.fleet_clusters import FleetClusters
from conductor_core.services.fleet_plans import members_in, read, silent_in, sorted_out
from conductor_core.services.operations import Context, Facts
from conductor_core.services.rollout_operations import acted, awaited

AT_ONCE = 16
SILENT = "Its cluster did not answer when the members were listed."
PROMISED = "0 %, all replicas of the stable version"


@dataclass(frozen=True)
class FleetAbort:
    """`patience.deadline`: seconds until each member must be back on its stable version."""

    clusters: FleetClusters
    patience: Patience
    pool: int = field(default=AT_ONCE)

    def prepare(self, context: Context) -> Facts:
        """Where each member stands, and which of them can't be read."""
        found, blind = sorted_out(read(self.clusters, members_in(context.change)))
        moving = {r.id: acts.before(r).as_facts() for r in found if not acts.no_effect(r, Act.ABORT)}
        blind |= dict.fromkeys(silent_in(context.change), SILENT)
        return {"members": moving, "not_reached": blind}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Abort all of them; one that can't be doesn't keep the others from it."""
        members = _members(request)
        if not members and not _blind(request):
            raise StateError("None of the Rollouts is in progress.", why="There is nothing to abort.")
        return _together([*self._each(context, members, act=True), *_not_reached(request)])

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Absent as long as one member that answers is not aborted: an abort done twice is done once."""
        members = _members(request)
        left = [key for key, was in members.items() if self._left(key, was)]
        if left:
            return Observation.ABSENT, {"seen": f"not aborted: {', '.join(left)}"}
        return _together([*self._each(context, members, act=False), *_not_reached(request)])

    def _each(self, context: Context, members: Mapping[str, Before], *, act: bool) -> list[tuple[str, ReadBack]]:
        if not members:
            return []
        with ThreadPoolExecutor(min(self.pool, len(members)), thread_name_prefix="fleet") as pool:
            return list(pool.map(lambda item: (item[0], self._one(context, *item, act=act)), members.items()))

    def _one(self, context: Context, key: str, was: Before, *, act: bool) -> ReadBack:
        place = member(key)
        try:
            rollouts = self.clusters.of(place.cluster)
            if act and not self._aborted(key, was):
                try:
                    acted(rollouts, place[1:], Act.ABORT, was, context.say)
                except StateError:
                    if not self._aborted(key, was):  # its own analysis may have been first
                        raise
            return awaited(rollouts, place[1:], Act.ABORT, was, self.patience, context)
        except ConductorError as bad:
            context.say(f"{key}: {bad}")
            return ReadBack(False, False, PROMISED, str(bad))

    def _aborted(self, key: str, was: Before) -> bool:
        return acts.read_back(Act.ABORT, was, self.clusters.get(member(key))).happened

    def _left(self, key: str, was: Before) -> bool:
        try:
            return not self._aborted(key, was)
        except ConductorError:
            return False  # it is told as not reached


def _together(told: list[tuple[str, ReadBack]]) -> tuple[Observation, Facts]:
    rows = {key: back.as_json() for key, back in told}
    bad = [f"{key}: {back.seen}" for key, back in told if not back.reached]
    if not bad:
        return Observation.DONE, {"read_back": rows, "detail": f"{len(told)} of {len(told)} aborted, read back"}
    good = len(told) - len(bad)
    what = f"{good} of {len(told)} are back on their stable version; {len(bad)} could not be brought there."
    next = "Look at these first; the others need nothing more."
    return Observation.FAILED, {"read_back": rows, "what": what, "why": "; ".join(bad), "next": next}


def _members(request: Mapping[str, object]) -> dict[str, Before]:
    given = request.get("members")
    return {str(k): acts.before_of(v) for k, v in given.items()} if isinstance(given, dict) else {}


def _blind(request: Mapping[str, object]) -> dict[str, str]:
    given = request.get("not_reached")
    return {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}


def _not_reached(request: Mapping[str, object]) -> list[tuple[str, ReadBack]]:
    return [(key, ReadBack(False, False, PROMISED, f"not reached. {why}")) for key, why in _blind(request).items()]
