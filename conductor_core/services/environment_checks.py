"""The post-flight checks of an environment: nodes by pool, namespaces, pods, the API, and a plan without drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import health, infra_plan
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.changes import Change
from conductor_core.domain.environments import asked_of
from conductor_core.domain.health import Health
from conductor_core.domain.manifests import Kind
from conductor_core.domain.masking import Masker
from conductor_core.errors import StateError, UnreachableError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.tofu import State
from conductor_core.ports.web import Web
from conductor_core.services.checks import Look, Probe
from conductor_core.services.environment_reads import EnvironmentReads
from conductor_core.services.operations import Context

NODE, POD, NAMESPACE = Kind("v1", "Node"), Kind("v1", "Pod"), Kind("v1", "Namespace")
POOL = "conductor.summit/pool"
_NOT_ASKED = Look.skipped("the blueprint does not name this check")


@dataclass(frozen=True)
class EnvironmentChecks:
    """Looks at what an apply has left; a check that the blueprint does not name passes with a word."""

    reads: EnvironmentReads
    cluster: Cluster
    web: Web
    api: Callable[[], str]

    def probes(self) -> dict[str, Probe]:
        """The probes by the name that a notebook asks for."""
        looks = {"nodes": self.nodes, "namespaces": self.namespaces, "pods": self.pods, "api": self.api_health}
        found: dict[str, Probe] = {f"environment_{name}": self._asked(name, look) for name, look in looks.items()}
        return found | {"environment_drift": self._asked("drift", self.drift)}

    def _asked(self, name: str, look: Callable[[Context, Change, Blueprint], Look]) -> Probe:
        def probe(context: Context) -> Look:
            made = self._made(context)
            blueprint = self.reads.blueprint(asked_of(made).blueprint)
            return look(context, made, blueprint) if name in blueprint.checks else _NOT_ASKED

        return probe

    def nodes(self, context: Context, made: Change, blueprint: Blueprint) -> Look:
        """Every node of the state is Ready, told by pool."""
        wanted = {str(o["name"]) for o in self._state(made, blueprint).objects if o.get("kind") == "Node"}
        if not wanted:
            return Look.skipped("the environment has no Node objects of its own")
        live = {n["metadata"]["name"]: n for n in self.cluster.objects(NODE)}
        pools: dict[str, list[bool]] = {}
        for name in sorted(wanted):
            node = live.get(name, {})
            pool = str(((node.get("metadata") or {}).get("labels") or {}).get(POOL) or "no pool")
            pools.setdefault(pool, []).append(_ready(node))
        told = ", ".join(f"{pool}: {sum(found)} of {len(found)} Ready" for pool, found in sorted(pools.items()))
        return Look(all(all(found) for found in pools.values()), told)

    def namespaces(self, context: Context, made: Change, blueprint: Blueprint) -> Look:
        """Every namespace of the state, and those of infra/k8s/namespaces that the blueprint asks for, is Active."""
        own = {str(o["name"]) for o in self._state(made, blueprint).objects if o.get("kind") == "Namespace"}
        missing = [n for n in sorted(own | set(blueprint.namespaces)) if not self._active(n)]
        if missing:
            return Look(False, f"missing or ending: {', '.join(missing)}", hopeless=True)
        return Look(True, f"{len(own)} of its own and {len(blueprint.namespaces)} shared ones are Active")

    def pods(self, context: Context, made: Change, blueprint: Blueprint) -> Look:
        """Every pod in the environment's namespaces is ready."""
        spaces = {str(o["name"]) for o in self._state(made, blueprint).objects if o.get("kind") == "Namespace"}
        pods = [p for space in sorted(spaces) for p in self.cluster.objects(POD, space)]
        found = {p["metadata"]["name"]: health.of(p) for p in pods if "deletionTimestamp" not in p["metadata"]}
        bad = {name: f for name, f in found.items() if f.health is not Health.HEALTHY}
        if not bad:
            return Look(True, f"{len(found)} pods are ready" if found else "it has no pods")
        told = "; ".join(f"{name}: {f.health.value}. {f.reason}" for name, f in sorted(bad.items())[:4])
        return Look(False, told, any(f.health is Health.DEGRADED for f in bad.values()))

    def api_health(self, context: Context, made: Change, blueprint: Blueprint) -> Look:
        """The API of each add-on answers its health URL; passes with a word when no URL is configured."""
        address = self.api()
        if not address:
            return Look.skipped("CONDUCTOR_INTELGRAPH_URL is not set")
        outputs = self._state(made, blueprint).outputs.get("namespaces")
        space = outputs.get("intelgraph") if isinstance(outputs, Mapping) else None
        if space is None:
            return Look.skipped("the environment has no namespace for IntelGraph")
        url = address.format(namespace=space, release="intelgraph") + "/healthz"
        try:
            answer = self.web.get(url)
        except UnreachableError as silent:
            return Look(False, f"{url}: {silent}")
        return Look(answer.status == 200, f"{url} answers {answer.status} in {answer.milliseconds} ms")

    def drift(self, context: Context, made: Change, blueprint: Blueprint) -> Look:
        """A new plan of the same values finds nothing to do."""
        asked = asked_of(made)
        values = self.reads.values(blueprint, asked.environment, asked.variables)
        work = self.reads.workspace(asked.environment, blueprint)
        planned = self.reads.tofu.plan(work, values.resolved, secrets=values.secrets)
        review = infra_plan.read(planned.document, Masker(b"drift" * 4))
        if review.changes_nothing:
            return Look(True, "a new plan finds nothing to do")
        touched = ", ".join(f"{r.act} {r.address}" for r in review.touched[:4])
        return Look(False, f"a new plan would change: {touched or 'outputs'}", hopeless=True)

    def _made(self, context: Context) -> Change:
        """The Change whose values are in force: this one when it provisions, else the last one that did."""
        if "blueprint" in context.change.parameters:
            return context.change
        name = str(context.change.parameters.get("environment", ""))
        found = self.reads.applied(name)
        if found is None:
            raise StateError(f"{name} was never provisioned.", why="No Change has applied it.", next="Provision it.")
        return found

    def _state(self, made: Change, blueprint: Blueprint) -> State:
        return self.reads.tofu.state(self.reads.workspace(asked_of(made).environment, blueprint))

    def _active(self, name: str) -> bool:
        found = self.cluster.get(NAMESPACE, "", name)
        return found is not None and (found.get("status") or {}).get("phase", "Active") == "Active"


def _ready(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
