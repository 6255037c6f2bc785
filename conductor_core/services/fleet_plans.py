"""The plan of a fleet's abort: which Rollouts of which clusters; a silent cluster keeps nobody from the others.

What a member was is bound to the approval. One whose cluster doesn't answer when the plan is made again is taken as the
approved plan recorded it: that it can't be reached is no reason to ask for the approvals of all others once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conductor_core.domain import rollout_acts as acts
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change, State
from conductor_core.domain.fleets import Member, member
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.tiers import STRICTEST, strictest
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.services.fleet_clusters import FleetClusters
from conductor_core.services.planning import Draft

AT_ONCE = 16
GATE = "fleet"
PIECE = "rollouts.json"
Row = dict[str, object]


@dataclass(frozen=True)
class FleetPlans:
    """Reads Rollouts of several clusters. `tier_of`: the tier of a namespace of the home cluster; `kept`: the bytes of
    evidence by its digest.
    """

    clusters: FleetClusters
    tier_of: Callable[[str], str]
    kept: Callable[[str], bytes]

    def plan(self, change: Change) -> Draft:
        """What aborting all of them would do; raises `InputError`, `NotFoundError`."""
        members, silent = members_in(change), silent_in(change)
        rows = [self._row(change, *item) for item in read(self.clusters, members).items()]
        moving = [str(row["rollout"]) for row in rows if row.get("moving")]
        blind = [str(row["rollout"]) for row in rows if "uid" not in row]
        summary = {
            "does": f"abort {len(moving)} of {len(members)} Rollouts",
            "promises": "Each of them gives everybody the stable version; those at rest are not touched.",
            "in progress": ", ".join(moving) or "none",
            **({"not reached": ", ".join(blind)} if blind else {}),
            **({"clusters that did not answer": ", ".join(silent)} if silent else {}),
        }
        facts = {f"rollout {row['rollout']}": " ".join(_bound(row)) for row in rows}
        tier = strictest({self._tier(one) for one in members} | ({STRICTEST} if silent else set()))
        return Draft({PIECE: ("application/json", canonical_bytes(rows))}, facts, summary, tier=tier)

    def judge(self, change: Change, draft: Draft) -> list[Verdict]:
        """Deny when nothing is in progress in any cluster that answers; warn of what is left alone or not reached."""
        found, blind = sorted_out(read(self.clusters, members_in(change)))
        warnings = [
            Reason("fleet/at-rest", f"{r.id} is left alone. {acts.no_effect(r, Act.ABORT)}")
            for r in found
            if acts.no_effect(r, Act.ABORT)
        ]
        warnings += [
            Reason("fleet/not-reached", f"{key} can't be read: {why}", clears_by="Look at its cluster; abort it there.")
            for key, why in blind.items()
        ]
        warnings += [
            Reason(
                "fleet/silent-cluster",
                f"The cluster of {name} did not answer: what runs there is not among the members.",
                clears_by="Abort what runs there when it answers again.",
            )
            for name in silent_in(change)
        ]
        rules = len(found) + len(blind) + len(silent_in(change))
        if any(not acts.no_effect(r, Act.ABORT) for r in found):
            return [verdict(GATE, denials=(), warnings=warnings, rules_run=rules)]
        said = "None of them is in progress." if not blind else "None of those that can be reached is in progress."
        nothing = Reason("fleet/no-effect", said, clears_by="Start a rollout first.")
        return [verdict(GATE, denials=(nothing,), warnings=warnings, rules_run=rules)]

    def _row(self, change: Change, one: Member, seen: Rollout | ConductorError) -> Row:
        if isinstance(seen, NotFoundError | InputError):
            raise seen
        approved = self._approved(change, one)
        blind = isinstance(seen, ConductorError)
        if approved and (blind or (change.state is State.APPROVED and "uid" not in approved)):
            return approved
        return {"rollout": one.id, "act": Act.ABORT.value} if isinstance(seen, ConductorError) else _shown(seen)

    def _approved(self, change: Change, one: Member) -> Row | None:
        """The member as the plan that the Change has already recorded it."""
        piece = change.plan.find(PIECE) if change.plan else None
        rows: list[Row] = json.loads(self.kept(piece.digest)) if piece else []
        return next((row for row in rows if row.get("rollout") == one.id), None)

    def _tier(self, one: Member) -> str:
        return STRICTEST if one.cluster else self.tier_of(one.namespace)


def read(clusters: FleetClusters, members: Sequence[Member]) -> dict[Member, Rollout | ConductorError]:
    """Each member as it is, or why it can't be read; side by side, so that a dead cluster is waited for once."""

    def one(member: Member) -> Rollout | ConductorError:
        try:
            return clusters.get(member)
        except ConductorError as bad:
            return bad

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fleet") as pool:
        return dict(zip(members, pool.map(one, members), strict=True))


def sorted_out(seen: Mapping[Member, Rollout | ConductorError]) -> tuple[list[Rollout], dict[str, str]]:
    """The members that could be read, and why the others could not, by id."""
    bad = {one.id: found.diagnostics() for one, found in seen.items() if isinstance(found, ConductorError)}
    blind = {key: f"{said.what} {said.why}".strip() for key, said in bad.items()}
    return [found for found in seen.values() if isinstance(found, Rollout)], blind


def members_in(change: Change) -> list[Member]:
    """The members of a fleet; raises `InputError` for one that names no place, or when there is none."""
    texts = _texts(change, "members")
    if not texts:
        raise InputError("The fleet has no members.", why="`members` is empty.", next="Give each as namespace/name.")
    return [member(text) for text in texts]


def silent_in(change: Change) -> list[str]:
    """The clusters that did not answer when the members were listed."""
    return _texts(change, "silent")


def _texts(change: Change, name: str) -> list[str]:
    given = change.parameters.get(name)
    return list(dict.fromkeys(str(text) for text in given)) if isinstance(given, list) else []


def _bound(row: Row) -> list[str]:
    return [str(row[name]) for name in ("uid", "stable", "wanted") if name in row] or ["not reached"]


def _shown(rollout: Rollout) -> Row:
    return {
        "rollout": rollout.id,
        "act": Act.ABORT.value,
        "uid": rollout.uid,
        "images": list(rollout.images),
        "stable": rollout.stable_hash,
        "wanted": rollout.current_hash,
        "moving": not acts.no_effect(rollout, Act.ABORT),
        "steps": [f"{s.wave}: {s.text}" for s in rollout.steps],
    }
