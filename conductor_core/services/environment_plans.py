"""The plan functions of environments: provision, destroy and validate, with the evidence that a person approves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conductor_core.domain import environments as e
from conductor_core.domain import infra_plan
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.canonical import canonical_bytes, digest_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import Comparison, Side, compare, plain
from conductor_core.domain.environments import Asked, Environment
from conductor_core.domain.infra_plan import Review
from conductor_core.domain.masking import Masker, secrets_in, show
from conductor_core.domain.plans import Plan
from conductor_core.domain.tiers import TIERS, rank
from conductor_core.errors import ConductorError, InputError, StateError
from conductor_core.ports.blobs import Blobs
from conductor_core.ports.documents import Documents
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.tofu import Planned
from conductor_core.services.environment_addons import Addons, Rendered
from conductor_core.services.environment_bundles import FACT, Bundles
from conductor_core.services.environment_reads import EnvironmentReads, Values
from conductor_core.services.planning import Draft, PlanFunction

JSON, YAML, TEXT = "application/json", "application/yaml", "text/plain"
LOCK = "provider.lock.hcl"
SOURCE = "source/"
SAVED = "saved_plan"
_NOTHING: dict[str, list[Any]] = {"channels": [], "freezes": [], "quarantined": []}


@dataclass(frozen=True)
class Sight:
    """A plan and what it was read from: what a preview shows without a Change."""

    draft: Draft
    review: Review
    addons: Rendered
    comparison: Comparison
    nothing: bool
    """Whether an apply would change nothing."""


class EnvironmentPlans:
    """Reads what a Change of an environment would do; the same world gives the same bytes."""

    def __init__(
        self,
        reads: EnvironmentReads,
        addons: Addons,
        bundles: Bundles,
        documents: Documents,
        policy: PolicyEngine,
        blobs: Blobs,
        mask_key: bytes,
    ) -> None:
        self._reads, self._addons, self._bundles, self._documents = reads, addons, bundles, documents
        self._policy, self._blobs, self._mask_key = policy, blobs, mask_key

    def functions(self) -> dict[str, PlanFunction]:
        """The plan functions by the name that a runbook's `plan` gives."""
        return {
            "environment_provision": self.provision,
            "environment_destroy": self.destroy,
            "environment_validate": self.validate,
        }

    def provision(self, change: Change) -> Draft:
        """What an apply would do. Raises `StateError` when that is nothing, and the ports' errors."""
        sight = self.look(e.asked_of(change), change.plan, change.id)
        if sight.nothing:
            raise StateError(
                f"Nothing would change in {change.parameters.get('environment')}.",
                why="The state, the world and what is asked for agree.",
                next="Ask for something else; `conductor env validate` says how well it is.",
            )
        return sight.draft

    def destroy(self, change: Change) -> Draft:
        """What a destroy would take away. Raises `StateError` when there is nothing, and the ports' errors."""
        name = e.checked_name(str(change.parameters.get("environment", "")))
        environment = self._reads.environment(name)
        applied = self._reads.applied(name)
        if applied is None or not environment.exists:
            raise StateError(f"{name} is not there.", why=f"It is {environment.state}.", next="Look at the inventory.")
        asked = replace(e.asked_of(applied), replace=())
        return self._sight(asked, change.plan, change.id, destroying=environment).draft

    def validate(self, change: Change) -> Draft:
        """Names the environment and what it was made from; raises `StateError` when it isn't there."""
        environment = self._reads.environment(str(change.parameters.get("environment", "")))
        if not environment.exists:
            raise StateError(
                f"{environment.name} is not there.", why=f"It is {environment.state}.", next="Provision it first."
            )
        facts = {"environment": environment.name, "made_by": environment.change}
        return Draft(facts=facts, summary={"does": change.title}, live=_NOTHING)

    def addresses(self, change: Change) -> tuple[str, ...]:
        """The addresses that a Change's plan leaves in the state; empty when its evidence can't be read."""
        piece = change.plan.find("plan.json") if change.plan else None
        try:
            found = json.loads(self._blobs.get(piece.digest))["resources"] if piece else []
        except (ConductorError, ValueError, KeyError):
            return ()
        return tuple(sorted(r["address"] for r in found if r["act"] not in ("delete", "forget")))

    def look(self, asked: Asked, before: Plan | None = None, change_id: str = "") -> Sight:
        """The plan of what is asked, whether a Change asks for it or not."""
        return self._sight(asked, before, change_id)

    def _sight(self, asked: Asked, before: Plan | None, change_id: str, destroying: Environment | None = None) -> Sight:
        blueprint = self._usable(asked)
        values = self._reads.values(blueprint, asked.environment, asked.variables)
        work = self._reads.workspace(asked.environment, blueprint)
        planned = self._reads.tofu.plan(
            work, values.resolved, destroy=destroying is not None, replace=asked.replace, secrets=values.secrets
        )
        masker = Masker(self._mask_key, values.secrets)
        review = infra_plan.read(planned.document, masker)
        if destroying is None:
            infra_plan.check_known(review, asked.replace)
        complete = self._complete(blueprint, values, planned)
        outputs = review.outputs if destroying is None else destroying.outputs
        told = (blueprint, asked.environment, complete, outputs)
        addons = Rendered() if destroying else self._addons.render(*told).beside(self._bundles.render(*told))
        comparison = self._compared(asked, review, addons, masker)
        draft = self._draft(
            asked, blueprint, values, planned, review, addons, comparison, complete, change_id, destroying
        )
        draft.facts[SAVED] = self._kept(before, draft, planned.saved)
        unchanged = review.changes_nothing and not addons.changes and not addons.unknown
        version = self._version_of(asked.environment)
        nothing = unchanged and version in ("", draft.facts["blueprint"])
        return Sight(draft, review, addons, comparison, nothing)

    def _usable(self, asked: Asked) -> Blueprint:
        blueprint = self._reads.blueprint(asked.blueprint)
        if asked.tier not in TIERS or rank(asked.tier) < rank(blueprint.tier):
            raise InputError(
                f"An environment of {blueprint.name} can't be of tier {asked.tier!r}.",
                why=f"The blueprint is of tier {blueprint.tier}.",
                next=f"Ask for tier {blueprint.tier} or a stricter one.",
            )
        missing = sorted(set(blueprint.policies) - set(self._policy.families()))
        if missing:
            raise InputError(
                f"{blueprint.name} asks for the policies {', '.join(missing)}.",
                why=f"The bundle has: {', '.join(self._policy.families())}.",
                next="Add the family to policies/opa, or correct blueprint.yaml.",
            )
        return blueprint

    def _complete(self, blueprint: Blueprint, values: Values, planned: Planned) -> dict[str, Any]:
        """The values with defaults; a sensitive one stays its reference."""
        found = self._reads.check(blueprint, values.plain).values
        told = {k: item.get("value") for k, item in planned.document.get("variables", {}).items()}
        hidden = {variable.name for variable in blueprint.variables if variable.sensitive}
        return {k: item for k, item in {**told, **found, **values.plain, **found}.items() if k not in hidden}

    def _version_of(self, environment: str) -> str:
        applied = self._reads.applied(environment)
        return applied.plan.facts.get("blueprint", "") if applied and applied.plan else ""

    def _compared(self, asked: Asked, review: Review, addons: Rendered, masker: Masker) -> Comparison:
        parse = lambda text: self._documents.load(text.encode(), "A manifest")  # noqa: E731  # one use, twice
        sides = {**infra_plan.pairs(review, parse), **addons.pairs}
        known = secrets_in(o for pair in addons.pairs.values() for o in (pair.old, pair.new) if o is not None)
        hiding = masker.knowing(known)
        now = Side(
            "state", f"{asked.environment} now", tuple(f"{a} was changed by somebody else" for a in review.drift)
        )
        return compare(now, Side("plan", "after the apply"), sides, hiding)

    def _draft(
        self,
        asked: Asked,
        blueprint: Blueprint,
        values: Values,
        planned: Planned,
        review: Review,
        addons: Rendered,
        comparison: Comparison,
        complete: Mapping[str, Any],
        change_id: str,
        destroying: Environment | None,
    ) -> Draft:
        parse = lambda text: self._documents.load(text.encode(), "A manifest")  # noqa: E731  # one use, twice
        radius, shape = review.radius(), e.shape_of(blueprint, complete)
        claimed = e.Shape() if destroying else shape
        manifests = (*infra_plan.objects(review, parse), *addons.all)
        verb = "destroy" if destroying else "provision"
        about = self._reads.policy_facts(blueprint, asked.environment, claimed, verb, change_id)
        occupied = self._addons.installed(tuple(_spaces(destroying))) if destroying else {}
        own = {addon.release for addon in blueprint.addons} | set(self._reads.synced(asked.environment))
        about |= {
            "parameters": plain(dict(values.plain)),
            "allow_destroy": asked.allow_destroy or destroying is not None,
            "counts": {w: getattr(radius, w) for w in ("create", "update", "replace", "delete")},
            "resources": [_judged(r) for r in review.touched],
            "occupied": sorted(f"{space}/{name}" for name, space in occupied.items() if name not in own),
        }
        summary = {
            "does": f"{verb} {asked.environment} from {blueprint.name} {blueprint.version}",
            **({"destroys": _listed(radius.destroyed)} if radius.destroyed else {}),
            "blast radius": radius.text,
            "kinds": ", ".join(f"{count} {kind}" for kind, count in (radius.kinds or {}).items()),
            "add-ons": addons.text,
            "drift": _listed(review.drift),
        }
        facts = {
            "environment": asked.environment,
            "blueprint": f"{blueprint.name} {blueprint.version}",
            "cluster": self._reads.cluster_name(),
            "tofu": self._reads.tofu.version(),
            "state": str(planned.state),
            **{f"chart {release}": digest for release, digest in addons.charts.items()},
            **({FACT: addons.helmfile} if addons.helmfile else {}),
            **shape.facts(),
        }
        return Draft(
            self._pieces(blueprint, planned, review, addons, comparison, complete),
            facts,
            {k: text for k, text in summary.items() if text},
            tuple(manifests),
            {},
            _NOTHING,
            asked.tier,
            {"environment": about},
        )

    def _pieces(
        self,
        blueprint: Blueprint,
        planned: Planned,
        review: Review,
        addons: Rendered,
        comparison: Comparison,
        complete: Mapping[str, Any],
    ) -> dict[str, tuple[str, bytes]]:
        masker = Masker(self._mask_key, secrets_in(addons.all))
        text = "---\n".join(self._documents.dump(show(masker.hide(o))) for o in addons.all)
        plan = {
            "resources": [
                {"address": r.address, "act": r.act, "type": r.type, "reason": r.reason, "moved_from": r.moved_from}
                for r in review.resources
            ],
            "outputs": review.output_changes,
            "drift": list(review.drift),
            "version": review.version,
        }
        sources = self._reads.files.sources(blueprint)
        return {
            "plan.json": (JSON, canonical_bytes(plan)),
            "values.json": (JSON, canonical_bytes(plain(show(masker.hide_values(complete))))),
            "comparison.json": (JSON, canonical_bytes(comparison.as_json())),
            LOCK: (TEXT, planned.lock),
            **({"manifests.yaml": (YAML, text.encode())} if addons.all else {}),
            **({"helmfile.log": (TEXT, addons.log.encode())} if addons.log else {}),
            **{f"{SOURCE}{path}": (TEXT, data) for path, data in sources.items()},
        }

    def _kept(self, before: Plan | None, draft: Draft, saved: bytes) -> str:
        """The digest of the saved plan: that of the plan before when all else is the same, for a file of tofu's holds
        the time and the like; else that of the new one. Either is kept outside of the evidence: it holds secrets.
        """
        if before is not None and SAVED in before.facts and _same(before, draft):
            return before.facts[SAVED]
        return self._blobs.put(saved)[0]


def _same(before: Plan, draft: Draft) -> bool:
    pieces = {name: digest_bytes(data) for name, (_, data) in draft.pieces.items()}
    known = {piece.name: piece.digest for piece in before.evidence}
    return (
        all(known.get(name) == digest for name, digest in pieces.items())
        and all(before.facts.get(k) == text for k, text in draft.facts.items())
        and before.summary == draft.summary
    )


def _judged(r: infra_plan.ResourceChange) -> dict[str, Any]:
    return {"address": r.address, "type": r.type, "act": r.act, "attributes": plain(r.attributes or {})}


def _spaces(environment: Environment) -> list[str]:
    found = environment.outputs.get("namespaces")
    return sorted(str(name) for name in found.values()) if isinstance(found, Mapping) else []


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more
