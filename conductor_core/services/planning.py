"""Planning: a plan function writes the draft, its pieces become evidence, and every gate gives its verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conductor_core.domain import changes as c
from conductor_core.domain.canonical import canonical_bytes, digest_bytes
from conductor_core.domain.changes import Change, Outcome
from conductor_core.domain.gates import Reason, Result, Verdict
from conductor_core.domain.manifests import Kind
from conductor_core.domain.plans import Plan
from conductor_core.domain.runbooks import Runbook
from conductor_core.errors import ConductorError, ConfigurationError
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.runbooks import RunbookService


@dataclass(frozen=True)
class Draft:
    """What a plan function found: pieces of evidence by name (media type and bytes), facts, a summary, and what the
    gates judge (`manifests`: objects to be applied; `values`: merged; `live`: short facts about the target).

    The same world gives the same bytes: the plan is made again at dispatch and compared.
    """

    pieces: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    summary: dict[str, str] = field(default_factory=dict)
    manifests: tuple[Mapping[str, Any], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    live: Mapping[str, Any] = field(default_factory=dict)
    tier: str = ""
    """The target's tier where the plan function knows better than the request; it decides how many must approve."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further sections of the policy input, by name; data/schemas/policy_input.schema.json describes them."""
    arriving: frozenset[Kind] = frozenset()
    """Kinds that the API server needn't serve yet: their definitions are applied before the manifests."""


PlanFunction = Callable[[Change], Draft]
Gate = Callable[[Change, Draft], list[Verdict]]


class PlanningService:
    """Makes plans; it reads the world and changes nothing."""

    def __init__(
        self,
        runbooks: RunbookService,
        functions: Mapping[str, PlanFunction],
        gates: Mapping[str, Gate],
        evidence: EvidenceService,
        always: Callable[[], dict[str, str]],
    ) -> None:
        """`always` gives the facts that belong to every plan, such as the policy bundle's digest."""
        self._runbooks = runbooks
        self._functions = dict(functions)
        self._gates = dict(gates)
        self._evidence = evidence
        self._always = always

    def plan(self, change: Change) -> c.Planned | c.PlanFailed:
        """The message that planning this Change gives; an error of the world is an outcome, not an error."""
        try:
            return self._plan(change, self._runbooks.get(change.runbook))
        except ConductorError as bad:
            said = bad.diagnostics()
            return c.PlanFailed(Outcome(said.what, said.why, said.next))

    def _plan(self, change: Change, runbook: Runbook) -> c.Planned:
        draft = self._draft(change, runbook)
        names = sorted(draft.pieces)
        plan = Plan(
            evidence=tuple(self._evidence.put(name, *draft.pieces[name]) for name in names),
            facts=draft.facts,
            summary=draft.summary,
        )
        verdicts = tuple(v for name in runbook.gates for v in self._judge(name, change, draft))
        return c.Planned(plan, verdicts, runbook.approvals_for(draft.tier or change.tier))

    def _draft(self, change: Change, runbook: Runbook) -> Draft:
        found = self._functions[runbook.plan](change) if runbook.plan in self._functions else None
        if found is None:
            raise ConfigurationError(
                f"Runbook {runbook.name} asks for the plan function {runbook.plan!r}, which does not exist.",
                why=f"Known: {', '.join(sorted(self._functions))}.",
                next=f"Correct `plan` in runbooks/{runbook.name}.yaml.",
            )
        asked = canonical_bytes({k: _plain(v) for k, v in change.parameters.items()})
        facts = {"runbook": runbook.digest, "parameters": digest_bytes(asked), "target": change.target}
        facts["tier"] = found.tier or change.tier
        pieces = {"parameters.json": ("application/json", asked), **found.pieces}
        return replace(found, pieces=pieces, facts={**self._always(), **facts, **found.facts})

    def _judge(self, name: str, change: Change, draft: Draft) -> list[Verdict]:
        gate = self._gates.get(name)
        if gate is None:
            known = ", ".join(sorted(self._gates))
            return [
                _denied(name, "unknown-gate", f"There is no gate {name!r}; known: {known}.", "Correct the runbook.")
            ]
        try:
            return gate(change, draft) or [_denied(name, "no-verdict", "The gate gave no verdict.", "Look at its log.")]
        except ConductorError as bad:
            said = bad.diagnostics()
            return [_denied(name, "gate-failed", f"{said.what} {said.why}", said.next)]


def _denied(gate: str, rule: str, text: str, clears_by: str) -> Verdict:
    return Verdict(gate, Result.DENY, (Reason(rule, text, clears_by=clears_by),))


def _plain(value: object) -> object:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def parameters_only(change: Change) -> Draft:
    """The plan of a runbook that needs no other evidence than what it was asked."""
    return Draft(summary={"does": change.title})
