"""The operations of an environment: apply the saved plan, install its add-ons, remove them.

An apply is recognised by its event log and the state: tofu outlives its worker, for it holds the Change's lock itself,
so whoever comes after it finds the log of a program that has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import infra_plan, tofu_events
from conductor_core.domain.blueprints import Addon
from conductor_core.domain.environments import asked_of
from conductor_core.domain.masking import Masker
from conductor_core.domain.operations import Observation
from conductor_core.domain.releases import Revision, Status
from conductor_core.domain.tofu_events import Applied
from conductor_core.errors import ConductorError, StateError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.helm import ChartRequest, Helm
from conductor_core.ports.tofu import Workspace
from conductor_core.services import environment_events
from conductor_core.services.environment_addons import Addons
from conductor_core.services.environment_bundles import Bundles, HelmfileSync
from conductor_core.services.environment_plans import LOCK, SAVED, SOURCE
from conductor_core.services.environment_reads import APPLY, SYNC, EnvironmentReads
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.operations import Context, Driver, Facts

TIMEOUT = 3600.0
"""Seconds that an apply may take."""
HELM_TIMEOUT = 300.0


@dataclass(frozen=True)
class TofuApply:
    """Apply the plan that was approved, on the files that were approved, byte for byte."""

    reads: EnvironmentReads
    evidence: EvidenceService
    mask_key: bytes
    cluster: Cluster
    monotonic: Callable[[], float]

    def prepare(self, context: Context) -> Facts:
        """The state before the apply; raises `StateError` when it is not the one that was planned on."""
        state = self.reads.tofu.state(self._work(context))
        planned = context.change.plan.facts["state"] if context.change.plan else ""
        if str(state.mark) != planned:
            raise StateError(
                "The state has moved on since the plan.",
                why=f"It is {state.mark}; planned on {planned}.",
                next="Plan again.",
            )
        return {"serial": state.mark.serial, "lineage": state.mark.lineage, "resources": len(state.addresses)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Apply."""
        digest = context.change.plan.facts[SAVED] if context.change.plan else ""
        total, done, begun = _planned(self.evidence, context), set[str](), self.monotonic()

        def tell(event: Mapping[str, Any]) -> None:
            if event["type"] == "apply_complete":
                done.add(str(event.get("hook", {}).get("resource", {}).get("addr", "")))
            if sentence := tofu_events.sentence(event):
                left = tofu_events.time_left(len(done), total, self.monotonic() - begun)
                where = [f"{len(done)} of {total}", left] if total else []
                context.say(" · ".join(filter(None, [*where, sentence])))

        with environment_events.told(self.cluster, _environment(context), context.say):
            self.reads.tofu.apply(
                self._work(context),
                self.evidence.blob(digest),
                digest,
                context.operation_id,
                tell=tell,
                inherit_fds=(context.lock.fd,),
                timeout=TIMEOUT,
            )
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """What log and state say; for an apply that broke off in the middle, what a new plan says."""
        told = tofu_events.read(self.reads.tofu.told(_environment(context), context.operation_id))
        state = self.reads.tofu.state(self._work(context))
        moved = state.mark.serial - int(str(request.get("serial", 0)))
        seen: Facts = {
            "seen": _seen(told, moved),
            "serial": state.mark.serial,
            "resources": len(state.addresses),
            "applied": len(told.done),
        }
        if told.complete:
            return Observation.DONE, seen | {"outputs": dict(state.outputs), "summary": told.summary}
        if told.problems:
            first = told.problems[0]
            left = f" {len(told.done)} resources were applied before; the state knows them." if told.done else ""
            next_ = "Mend what it names, then request it again: the new plan has what is left."
            why = "; ".join(map(str, told.problems[:3])) + "." + left
            return Observation.FAILED, seen | {"what": f"The apply failed: {first.summary}.", "why": why, "next": next_}
        if not told.touched and moved == 0:
            return Observation.ABSENT, seen
        return self._broken_off(context, told, seen, dict(state.outputs))

    def _broken_off(
        self, context: Context, told: Applied, seen: Facts, outputs: dict[str, Any]
    ) -> tuple[Observation, Facts]:
        anew = context.change.parameters.get("replace") or ()
        if isinstance(anew, list | tuple) and set(anew) <= set(told.done) and self._as_planned(context):
            return Observation.DONE, seen | {"outputs": outputs, "summary": "The state is as planned."}
        if told.in_flight:
            flight = ", ".join(told.in_flight[:5])
            return Observation.UNCLEAR, seen | {"seen": f"{seen['seen']}; in the middle of: {flight}"}
        what = "The apply broke off."
        return Observation.FAILED, seen | {"what": what, "why": str(seen["seen"]), "next": "Request it again."}

    def _as_planned(self, context: Context) -> bool:
        """Whether a new plan of the same values on the approved files finds nothing left to do."""
        if context.change.parameters.get("blueprint") is None:
            return False
        asked = asked_of(context.change)
        blueprint = self.reads.blueprint(asked.blueprint)
        values = self.reads.values(blueprint, asked.environment, asked.variables)
        try:
            planned = self.reads.tofu.plan(self._work(context), values.resolved, secrets=values.secrets)
        except ConductorError:
            return False
        return infra_plan.read(planned.document, Masker(self.mask_key)).changes_nothing

    def _work(self, context: Context) -> Workspace:
        plan = context.change.plan
        names = [e.name for e in plan.evidence if e.name.startswith(SOURCE)] if plan else []
        files = {name.removeprefix(SOURCE): self.evidence.read(context.change, name) for name in names}
        folder = next(path.rpartition("/")[0] for path in files if path.endswith("/blueprint.yaml"))
        lock = self.evidence.read(context.change, LOCK)
        return Workspace(
            _environment(context), folder, files | {f"{folder}/.terraform.lock.hcl": lock} if lock else files
        )


@dataclass(frozen=True)
class AddonsApply:
    """`helm upgrade --install` of every add-on, with what tofu's outputs say, in the blueprint's order."""

    reads: EnvironmentReads
    addons: Addons
    helm: Helm

    def prepare(self, context: Context) -> Facts:
        """Where each release is now."""
        return {"from": {r: _newest(self.addons.history(q)) for r, q in self._requests(context).items()}}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Install those that this Change has not installed yet; raises `StateError` when a chart is not as approved."""
        done: dict[str, object] = {}
        declared = {a.release: a for a in self.reads.blueprint(asked_of(context.change).blueprint).addons}
        for release, chart in self._requests(context).items():
            history = self.addons.history(chart)
            if any(r.made_by(context.operation_id) and r.status is Status.DEPLOYED for r in history):
                done[release] = "already"
                continue
            self._unchanged(context, declared[release])
            context.say(f"helm upgrade --install {release} in {chart.namespace}")
            ended = self.helm.upgrade(
                chart,
                context.operation_id,
                create_namespace=False,
                timeout=HELM_TIMEOUT,
                inherit_fds=(context.lock.fd,),
            )
            done[release] = ended.revision
        return Observation.DONE, {"releases": done}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Which of the releases has a revision of this Change."""
        seen: dict[str, str] = {}
        for release, chart in self._requests(context).items():
            mine = [r for r in self.addons.history(chart) if r.made_by(context.operation_id)]
            seen[release] = mine[-1].status.value if mine else "absent"
        facts: Facts = {"releases": seen, "seen": ", ".join(f"{k} is {s}" for k, s in seen.items()) or "no add-ons"}
        words = set(seen.values())
        if any(word.startswith("pending") for word in words):
            return Observation.UNCLEAR, facts
        if Status.FAILED.value in words:
            return Observation.FAILED, facts
        return (Observation.ABSENT if "absent" in words else Observation.DONE), facts

    def _requests(self, context: Context) -> dict[str, ChartRequest]:
        asked = asked_of(context.change)
        blueprint = self.reads.blueprint(asked.blueprint)
        values = self.reads.values(blueprint, asked.environment, asked.variables)
        complete = {**self.reads.check(blueprint, values.plain).values, **values.plain}
        work = self.reads.workspace(asked.environment, blueprint)
        outputs = self.reads.tofu.state(work).outputs
        return self.addons.requests(blueprint, asked.environment, complete, outputs)[0]

    def _unchanged(self, context: Context, addon: Addon) -> None:
        plan = context.change.plan
        approved = plan.facts.get(f"chart {addon.release}", "none") if plan else "none"
        found = self.addons.digest(addon)
        if approved != found:
            raise StateError(
                f"The chart of the add-on {addon.release} has changed since it was approved.",
                why=f"It is {found}; approved is {approved}.",
                next="Plan again.",
            )


@dataclass(frozen=True)
class AddonsRemove:
    """`helm uninstall` of the add-ons that this environment has."""

    reads: EnvironmentReads
    addons: Addons
    helm: Helm

    def prepare(self, context: Context) -> Facts:
        """Which of them are installed, and where."""
        return {"installed": self._installed(context)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Uninstall what is still there."""
        for release, namespace in self._installed(context).items():
            context.say(f"helm uninstall {release} in {namespace}")
            self.helm.uninstall(
                release, namespace, context.operation_id, timeout=HELM_TIMEOUT, inherit_fds=(context.lock.fd,)
            )
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Whether one of them is left."""
        left = self._installed(context)
        seen = ", ".join(f"{namespace}/{release}" for release, namespace in left.items()) or "none is left"
        return (Observation.ABSENT if left else Observation.DONE), {"seen": seen}

    def _installed(self, context: Context) -> dict[str, str]:
        environment = self.reads.environment(_environment(context))
        spaces = environment.outputs.get("namespaces")
        found = self.addons.installed(tuple(map(str, spaces.values()))) if isinstance(spaces, Mapping) else {}
        own = {addon.release for addon in self.reads.blueprint(environment.blueprint).addons}
        own |= set(self.reads.synced(environment.name))
        return {release: namespace for release, namespace in found.items() if release in own}


def drivers(
    reads: EnvironmentReads,
    addons: Addons,
    bundles: Bundles,
    helm: Helm,
    evidence: EvidenceService,
    mask_key: bytes,
    cluster: Cluster,
    monotonic: Callable[[], float],
) -> dict[str, Driver]:
    """The operation drivers by the kind that a notebook performs."""
    return {
        APPLY: TofuApply(reads, evidence, mask_key, cluster, monotonic),
        "addons_apply": environment_events.Watched(AddonsApply(reads, addons, helm), cluster),
        SYNC: environment_events.Watched(HelmfileSync(reads, bundles), cluster),
        "addons_remove": AddonsRemove(reads, addons, helm),
    }


def _environment(context: Context) -> str:
    return str(context.change.parameters.get("environment", ""))


def _newest(history: tuple[Revision, ...]) -> int:
    return max((r.revision for r in history), default=0)


def _planned(evidence: EvidenceService, context: Context) -> int:
    try:
        found = json.loads(evidence.read(context.change, "plan.json"))["resources"]
    except (ConductorError, ValueError, KeyError):
        return 0
    return sum(r["act"] not in ("no-op", "read") for r in found)


def _seen(told: Applied, moved: int) -> str:
    written = f"the state was written {moved} time{'' if moved == 1 else 's'}" if moved else "the state was not written"
    if not told.touched:
        return f"nothing was sent; {written}"
    return f"{len(told.done)} of {len(told.started)} changes that were sent have ended well; {written}"
