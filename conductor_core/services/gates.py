"""Gates that planning asks: the policy bundle by family, each decision recorded with what it was made on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.changes import Change
from conductor_core.domain.events import Fact
from conductor_core.domain.gates import Verdict
from conductor_core.domain.policies import PolicyDecision
from conductor_core.errors import PolicyError
from conductor_core.ports.policy import PolicyEngine
from conductor_core.services.ledger import Ledger
from conductor_core.services.planning import Draft


class PolicyGate:
    """Asks every family of the bundle; one verdict each, every decision kept."""

    def __init__(self, engine: PolicyEngine, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._ledger = ledger
        self._now = now

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict for each family; raises `PolicyError` when the bundle has none or can't be read."""
        families = self._engine.families()
        if not families:
            raise PolicyError(
                "The policy bundle is empty.", why="It has no family of rules.", next="Restore policies/opa."
            )
        document = self.document(change, draft)
        decisions = [self._engine.decide(family, document) for family in families]
        self._ledger.append([_decided(change, d) for d in decisions], change.id, SYSTEM)
        return [d.verdict(f"policy/{d.family}", evidence=d.input_digest) for d in decisions]

    def document(self, change: Change, draft: Draft) -> dict[str, Any]:
        """The input document that data/schemas/policy_input.schema.json describes."""
        return {
            "change": {
                "runbook": change.runbook,
                "target": change.target,
                "tier": draft.tier or change.tier,
                "parameters": change.parameters,
                "requester": change.requester.key,
                "reason": change.reason,
            },
            "manifests": list(draft.manifests),
            "values": dict(draft.values),
            "live": dict(draft.live),
            "scans": [],
            "settings": {},
            **draft.more,
            "now": self._now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        }


def _decided(change: Change, decision: PolicyDecision) -> Fact:
    return Fact(
        "conductor.policy.decided.v1",
        {
            "change": change.id,
            "family": decision.family,
            "result": decision.result.value,
            "denials": [asdict(r) for r in decision.denials],
            "warnings": [asdict(r) for r in decision.warnings],
            "rules_run": decision.rules_run,
            "input": decision.input_digest,
            "bundle": decision.bundle_digest,
            "engine": decision.engine,
            "microseconds": round(decision.seconds * 1e6),
        },
    )
