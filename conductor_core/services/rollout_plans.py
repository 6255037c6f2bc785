"""The plan functions of acts on Rollouts: what is acted on, what the act promises, and whether it would do anything.

A plan names what must not have changed when it is carried out (template hashes, and for acts that leave a step, that
step), and nothing that moves by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain import rollout_acts as acts
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Result, Verdict, verdict
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.tiers import STRICTEST, strictest
from conductor_core.errors import ConductorError, NotFoundError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.planning import Draft, Gate, PlanFunction
from conductor_core.services.releases import ReleaseReader

JSON = "application/json"
STEPPED = frozenset({Act.PROMOTE, Act.SKIP})
"""Acts that leave one step: approved for that step and no other."""
GATE = "rollout"


@dataclass(frozen=True)
class RolloutPlans:
    """Reads Rollouts and what channels say of their namespaces."""

    rollouts: Rollouts
    releases: ReleaseReader

    def functions(self) -> dict[str, PlanFunction]:
        """The plan functions by the name that a runbook's `plan` gives."""
        return {"rollout_act": self.act}

    def gates(self) -> dict[str, Gate]:
        """The gate that refuses acts without an effect."""
        return {GATE: self.judge}

    def act(self, change: Change) -> Draft:
        """What one act on one Rollout would do; raises `NotFoundError`, `InputError`, and the ports' errors."""
        rollout, act = self._rollout(change), act_in(change)
        target, told = self.undone(rollout, revision_in(change)) if act is Act.UNDO else ("", "")
        facts = {
            "rollout": rollout.uid,
            "stable": rollout.stable_hash,
            "wanted": rollout.current_hash,
            **({"step": str(rollout.step)} if act in STEPPED else {}),
            **({"to": target} if target else {}),
        }
        summary = {
            "does": f"{act.value} {rollout.id}",
            "promises": acts.promise(rollout, act) if act in STEPPED else general_promise(act, told),
            "version": rollout.version,
        }
        return Draft(
            {"rollout.json": (JSON, canonical_bytes(_shown(rollout, act, target)))},
            facts,
            summary,
            tier=self.tier_of(rollout.namespace),
        )

    def judge(self, change: Change, draft: Draft) -> list[Verdict]:
        """Deny an act that would have no effect, with the act that makes sense instead."""
        rollout, act = self._rollout(change), act_in(change)
        why = acts.no_effect(rollout, act)
        if act is Act.UNDO and not why:
            target, _ = self.undone(rollout, revision_in(change))
            why = "The template is that of this revision already." if target == rollout.current_hash else ""
        if not why:
            return [Verdict(GATE, Result.ALLOW, (), 1)]
        denial = Reason(
            "rollout/no-effect",
            f"{act.value} would have no effect on {rollout.id}. {why}",
            acts.state(rollout),
            "Look at the rollout on the Delivery page, and choose an act that it is in a state for.",
        )
        return [verdict(GATE, denials=(denial,), warnings=(), rules_run=1)]

    def undone(self, rollout: Rollout, revision: int) -> tuple[str, str]:
        """The template hash of a revision, and how an undo gets there in words; 0 is the newest one before the
        present. Raises `NotFoundError`.
        """
        detail = self.rollouts.detail(rollout.namespace, rollout.name)
        found = detail.before(revision)
        if found is None:
            known = ", ".join(str(s.revision) for s in detail.replica_sets if s.revision) or "none"
            raise NotFoundError(
                f"{rollout.id} has no revision {revision or 'before this one'}.",
                why=f"Kept are: {known}.",
                next="Choose one of these.",
            )
        return found.hash, detail.way_back(found)

    def tier_of(self, namespace: str) -> str:
        """The strictest tier of the channels that install there; `prod` for a namespace that no channel declares."""
        try:
            catalogue = self.releases.catalogue()
        except ConductorError:
            return STRICTEST  # an abort must be possible while the operations repository is out of reach
        return strictest({c.tier for r in catalogue.releases for c in r.channels if c.namespace == namespace})

    def _rollout(self, change: Change) -> Rollout:
        parameters = change.parameters
        return self.rollouts.get(str(parameters.get("namespace", "")), str(parameters.get("rollout", "")))


def act_in(change: Change) -> Act:
    """The act that a Change asks for: its parameter, or abort where the runbook is one."""
    return acts.act_of(change.parameters.get("act", Act.ABORT.value))


def revision_in(change: Change) -> int:
    """The revision that an undo goes back to; 0: the one before."""
    wanted = change.parameters.get("to_revision", 0)
    return wanted if isinstance(wanted, int) else 0


def general_promise(act: Act, target: str) -> str:
    """The promise of an act without the numbers that move by themselves; `target`: where an undo goes, in words."""
    return {
        Act.PROMOTE_FULL: "Everybody gets the new version at once; steps, pauses and analysis are skipped.",
        Act.PAUSE: "It stays at the weight that it has until it is resumed.",
        Act.RESUME: "It goes on from the step at which it stands.",
        Act.ABORT: "The weight of the new version goes to 0 %; the stable version serves everybody.",
        Act.RETRY: "The aborted version starts again at its first step.",
        Act.RESTART: "Each pod is replaced by a fresh one of the same version.",
        Act.UNDO: f"The template goes back to {target}.",
    }.get(act, "")


def _shown(rollout: Rollout, act: Act, target: str) -> dict[str, object]:
    return {
        "rollout": rollout.id,
        "act": act.value,
        "images": list(rollout.images),
        "stable": rollout.stable_hash,
        "wanted": rollout.current_hash,
        "steps": [f"{s.wave}: {s.text}" for s in rollout.steps],
        "to": target,
    }
