"""Environments as doors see them: catalogue, live verdicts, previews, requests, inventory, drafts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conductor_core.domain import environments as e
from conductor_core.domain.actors import Actor
from conductor_core.domain.blueprints import Blueprint, BlueprintCatalogue
from conductor_core.domain.changes import Change, State
from conductor_core.domain.environment_differences import Difference, differences
from conductor_core.domain.environments import Asked, Environment, Shape
from conductor_core.domain.gates import Result, Verdict
from conductor_core.domain.policies import PolicyDecision
from conductor_core.domain.tofu_events import Problem
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.ports.clock import Clock
from conductor_core.ports.drafts import Drafts, EnvironmentDraft
from conductor_core.ports.policy import PolicyEngine
from conductor_core.services.access import Action, Resource, authorize
from conductor_core.services.changes import ChangeService
from conductor_core.services.environment_objects import EnvironmentObjects
from conductor_core.services.environment_plans import EnvironmentPlans, Sight
from conductor_core.services.environment_reads import EnvironmentReads

FAMILY = "environment"
Judge = Callable[[Change, Any], list[Verdict]]


@dataclass(frozen=True)
class Live:
    """What is known of values while they are typed: problems by parameter ('' is none of them), the policy's word, and
    the values with defaults when they are whole.
    """

    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decision: PolicyDecision | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)

    @property
    def ready(self) -> bool:
        """Whether nothing speaks against asking for a plan."""
        return not self.problems and (self.decision is None or self.decision.result is not Result.DENY)


@dataclass(frozen=True)
class Preview:
    """A plan that no Change has asked for, and what the gates would say to it."""

    sight: Sight
    verdicts: tuple[Verdict, ...]


class EnvironmentService:
    """Reads environments and requests Changes of them."""

    def __init__(
        self,
        reads: EnvironmentReads,
        plans: EnvironmentPlans,
        changes: ChangeService,
        policy: PolicyEngine,
        drafts: Drafts,
        clock: Clock,
        document: Callable[[Change, Any], dict[str, Any]],
    ) -> None:
        """`document` gives the policy input of a Change and its draft."""
        self._reads, self._plans, self._changes, self._policy = reads, plans, changes, policy
        self.drafts, self._clock, self._document = drafts, clock, document

    def blueprints(self) -> BlueprintCatalogue:
        """Every blueprint that works, and every folder that doesn't."""
        return self._reads.catalogue()

    def inventory(self) -> list[Environment]:
        """Every environment, by name; destroyed ones last."""
        return sorted(self._reads.inventory().values(), key=lambda x: (x.state == "destroyed", x.name))

    def get(self, name: str) -> Environment:
        """One environment; raises `NotFoundError`."""
        return self._reads.environment(name)

    def changes(self, name: str) -> list[Change]:
        """Its Changes, newest first."""
        return self._reads.changes(name)

    def objects(self, name: str) -> EnvironmentObjects:
        """What the cluster has of it now; raises `NotFoundError`, and as the cluster does."""
        return self._reads.objects(e.checked_name(name))

    def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of its resources, as the plan of the Change that applied it last has them; '' none."""
        applied = self._reads.applied(name)
        return self._plans.addresses(applied) if applied is not None else ()

    def draft(self, actor: Actor, id: str, blueprint: str) -> EnvironmentDraft:
        """The draft of that id, or an empty one that begins it."""
        try:
            return self.drafts.get(actor.key, id)
        except NotFoundError:
            return EnvironmentDraft(id, actor.key, blueprint)

    def draft_id(self) -> str:
        """The id of a draft that somebody begins."""
        return self._clock.new_id("drf")

    def upgrade(self, environment: Environment) -> str:
        """The newer version that its blueprint has; '' when there is none."""
        blueprint = self.blueprints().blueprints.get(environment.blueprint)
        if blueprint is None or not environment.exists or blueprint.version == environment.version:
            return ""
        return blueprint.version

    def compare(self, left: str, right: str) -> tuple[Difference, ...]:
        """In what two environments differ; raises `NotFoundError`."""
        return differences(self.get(left), self.get(right))

    def live(self, blueprint: Blueprint, environment: str, given: Mapping[str, Any], tier: str = "") -> Live:
        """What speaks against these values now. Nothing is recorded; equal questions are answered at once.

        What is missing or doesn't fit its type is told, and left out as null, so that the rest is judged all the same.
        """
        problems: dict[str, list[str]] = {}
        if not e.NAME.fullmatch(environment):
            problems["environment"] = ["3 to 32 lower-case letters, digits and '-', a letter first."]
        for variable in blueprint.parameters:
            if variable.required and variable.name not in given:
                problems[variable.name] = ["A value is required."]
        left_out = problems.keys() - {"environment"}
        fitting = dict(given)
        while True:
            try:
                values = self._reads.plain(blueprint, environment or "unnamed", fitting)
                checked = self._reads.check(blueprint, {**values, **dict.fromkeys(left_out)})
                break
            except ConductorError as bad:
                said, name = bad.diagnostics(), _about(bad, blueprint)
                problems.setdefault(name, []).append(f"{said.what} {said.why}")
                if fitting.pop(name, None) is None:
                    return Live({k: tuple(v) for k, v in problems.items()})
                left_out.add(name)
        for found in checked.problems:
            name = found.place.removeprefix("var.")
            if name not in left_out:
                problems.setdefault(name, []).append(_sentence(found))
        complete = {k: value for k, value in (checked.values or values).items() if k not in left_out}
        shape = _shape(blueprint, complete)
        decision = None if problems.keys() & {"environment"} else self._judged(blueprint, environment, shape, tier)
        return Live({k: tuple(v) for k, v in problems.items()}, decision, complete, shape)

    def preview(self, asked: Asked, actor: Actor) -> Preview:
        """The plan of what is asked, and the policy's word on it, without a Change. Raises as planning does."""
        sight = self._plans.look(replace(asked, environment=e.checked_name(asked.environment)))
        now = self._clock.now()
        change = Change(
            id="chg-00000000000000000000000000",
            runbook=e.PROVISION,
            title=f"Preview of {asked.environment}",
            target=f"environment/{asked.environment}",
            tier=asked.tier,
            parameters=asked.parameters(),
            requester=actor,
            reason="preview",
            created_at=now,
            updated_at=now,
            state=State.REQUESTED,
        )
        document = self._document(change, sight.draft)
        found = [self._policy.decide(family, document) for family in self._policy.families()]
        return Preview(sight, tuple(d.verdict(f"policy/{d.family}", d.input_digest) for d in found))

    def request(self, actor: Actor, asked: Asked, reason: str) -> Change:
        """A Change that provisions what is asked. Raises `AccessDeniedError`, `InputError`, `NotFoundError`."""
        authorize(actor, Action.REQUEST, Resource("runbook", e.PROVISION))
        blueprint = self._reads.blueprint(asked.blueprint)
        self._reads.values(blueprint, e.checked_name(asked.environment), asked.variables)
        return self._changes.request(actor, e.PROVISION, asked.parameters(), reason)

    def destroy(self, actor: Actor, name: str, confirm: str, reason: str) -> Change:
        """A Change that destroys an environment; raises `InputError` when `confirm` is not its name."""
        if confirm != name:
            raise InputError(
                f"The destroy of {name} is not confirmed.",
                why=f"{confirm!r} is not its name." if confirm else "Its name was not given once more.",
                next=f"Give {name} as the confirmation.",
            )
        self.get(name)
        return self._changes.request(actor, e.DESTROY, {"environment": name, "confirm": confirm}, reason)

    def validate(self, actor: Actor, name: str, reason: str) -> Change:
        """A Change that asks how well an environment is."""
        self.get(name)
        return self._changes.request(actor, e.VALIDATE, {"environment": name}, reason)

    def read_values(self, text: str, source: str, blueprint: Blueprint) -> dict[str, Any]:
        """The values in a tfvars text that the blueprint declares; raises `InputError` for others, or bad HCL."""
        found = self._reads.files.values(text, source)
        found.pop("environment", None)
        known = {v.name for v in blueprint.parameters}
        strange = sorted(set(found) - known)
        if strange:
            raise InputError(
                f"{source} sets {strange[0]!r}, which {blueprint.name} has not.",
                why=f"It declares: {', '.join(sorted(known))}.",
                next="Take it out, or choose another blueprint.",
            )
        return found

    def save(self, actor: Actor, draft: EnvironmentDraft) -> EnvironmentDraft:
        """Keep what somebody has typed; gives it back with its id and time. Raises `InputError` when it is too much."""
        authorize(actor, Action.REQUEST, Resource("runbook", e.PROVISION))
        if len(json.dumps(dict(draft.values), default=str)) > 256 * 1024:
            raise InputError("The draft is too large.", why="It has more than 256 KiB.", next="Take something out.")
        kept = replace(draft, id=draft.id or self._clock.new_id("drf"), owner=actor.key, updated_at=self._clock.now())
        self.drafts.put(kept)
        return kept

    def _judged(self, blueprint: Blueprint, environment: str, shape: Shape, tier: str) -> PolicyDecision | None:
        facts = self._reads.policy_facts(blueprint, environment, shape, "provision")
        document = {
            "change": {"tier": tier or blueprint.tier, "parameters": {}},
            "manifests": [],
            "environment": facts,
        }
        return self._policy.decide(FAMILY, document) if FAMILY in self._policy.families() else None


def _shape(blueprint: Blueprint, values: Mapping[str, Any]) -> Shape:
    try:
        return e.shape_of(blueprint, values)
    except ConductorError:
        return Shape()


def _about(error: ConductorError, blueprint: Blueprint) -> str:
    words = error.what
    named = [v.name for v in blueprint.variables if v.name in words.replace(".", " ").replace("[", " ").split()]
    return named[0] if named else ""


def _sentence(found: Problem) -> str:
    return found.detail or found.summary
