"""What is known of environments: blueprints, values as tofu completes them, the inventory, and the facts of policy."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conductor_core.domain import environments as e
from conductor_core.domain import networks
from conductor_core.domain import variables as v
from conductor_core.domain.blueprints import Blueprint, BlueprintCatalogue
from conductor_core.domain.canonical import digest_of
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import plain
from conductor_core.domain.environments import Environment, Shape
from conductor_core.errors import ConductorError, NotFoundError
from conductor_core.ports.blueprint_files import BlueprintFiles
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.operation_store import OperationStore
from conductor_core.ports.secrets import Secrets
from conductor_core.ports.tofu import Checked, Tofu, Workspace
from conductor_core.services.environment_objects import EnvironmentObjects, objects_of

APPLY, SYNC = "tofu_apply", "helmfile_sync"
_CHANGES = 2000
_KEPT = 200


@dataclass(frozen=True)
class Values:
    """Values ready for tofu: `plain` with secrets by reference, `resolved` with them, and their texts."""

    plain: Mapping[str, Any]
    resolved: Mapping[str, Any]
    secrets: tuple[str, ...]


class EnvironmentReads:
    """Reads; nothing is changed. What tofu says to values is kept by their digest."""

    def __init__(
        self,
        files: BlueprintFiles,
        tofu: Tofu,
        secrets: Secrets,
        store: ChangeStore,
        operations: OperationStore,
        cluster: Cluster,
        monotonic: Callable[[], float],
    ) -> None:
        self.files, self.tofu = files, tofu
        self._secrets, self._store, self._operations, self._cluster = secrets, store, operations, cluster
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._checked: OrderedDict[str, Checked] = OrderedDict()
        self._version: tuple[float, str] = (-1e9, "")

    def catalogue(self) -> BlueprintCatalogue:
        """Every blueprint that works, and every folder that doesn't."""
        return self.files.catalogue()

    def blueprint(self, name: str) -> Blueprint:
        """The blueprint; raises `NotFoundError`, `InputError`."""
        return self.catalogue().get(name)

    def values(self, blueprint: Blueprint, environment: str, given: Mapping[str, object]) -> Values:
        """The given values checked by declared type, with secrets looked up.

        Raises `InputError` for what doesn't fit, `NotFoundError` for a secret that isn't there.
        """
        accepted = v.accept(blueprint.variables, e.with_name(given, environment))
        secrets = {name: self._secrets.get(name) for name in sorted(v.references(accepted))}
        return Values(accepted, v.resolved(accepted, secrets), tuple(secrets.values()))

    def plain(self, blueprint: Blueprint, environment: str, given: Mapping[str, object]) -> dict[str, Any]:
        """The given values by declared type, as far as they are given: what is missing is left out, secrets stay
        references. Raises `InputError` for what doesn't fit.
        """
        named = e.with_name(given, environment)
        return v.accept([x for x in blueprint.variables if x.name in named], named)

    def check(self, blueprint: Blueprint, values: Mapping[str, Any]) -> Checked:
        """What tofu itself says to values: completed, or refused; secrets stand as their references."""
        key = digest_of({"blueprint": blueprint.digest, "values": json.dumps(plain(values), sort_keys=True)})
        with self._lock:
            if key in self._checked:
                self._checked.move_to_end(key)
                return self._checked[key]
        checked = self.tofu.check(blueprint.declarations, values)
        hidden = {f"var.{name}" for name, value in values.items() if v.is_reference(value)}
        checked = Checked(checked.values, tuple(p for p in checked.problems if p.place not in hidden))
        with self._lock:
            self._checked[key] = checked
            while len(self._checked) > _KEPT:
                self._checked.popitem(last=False)
        return checked

    def workspace(self, environment: str, blueprint: Blueprint, lock: bytes = b"") -> Workspace:
        """What tofu works on, with the files as they are now; `lock` replaces the provider lock."""
        files = dict(self.files.sources(blueprint))
        if lock:
            files[f"{blueprint.folder}/.terraform.lock.hcl"] = lock
        return Workspace(environment, blueprint.folder, files)

    def inventory(self) -> dict[str, Environment]:
        """Every environment by name."""
        changes = self._changes()
        return e.inventory(
            changes, {c.id: self._outputs(c) for c in changes if c.runbook == e.PROVISION and c.notebook}
        )

    def environment(self, name: str) -> Environment:
        """One environment; raises `NotFoundError` that lists the known ones."""
        known = self.inventory()
        if name not in known:
            raise NotFoundError(
                f"There is no environment {name[:60]!r}.",
                why=f"Known: {', '.join(sorted(known)) or 'none'}.",
                next="Run `conductor env list`.",
            )
        return known[name]

    def objects(self, environment: str) -> EnvironmentObjects:
        """What the cluster has of one environment."""
        return objects_of(self._cluster, environment)

    def changes(self, environment: str) -> list[Change]:
        """The Changes of one environment, newest first."""
        return self._store.find(ChangeQuery(target=f"environment/{environment}", limit=200))

    def synced(self, environment: str) -> dict[str, str]:
        """The releases that helmfile has installed for it by name, with their namespace."""
        made = [c for c in self.changes(environment) if c.runbook == e.PROVISION and e.started(c)]
        acts = [op for c in made for op in self._operations.of(c.id) if op.kind == SYNC]
        found = [place for op in acts if isinstance(places := op.request.get("releases"), Mapping) for place in places]
        return {name: namespace for namespace, _, name in (str(place).partition("/") for place in found)}

    def applied(self, environment: str) -> Change | None:
        """The newest Change that provisioned it and got as far as acting."""
        found = (c for c in self.changes(environment) if c.runbook == e.PROVISION and e.started(c))
        return next(found, None)

    def cluster_name(self) -> str:
        """Which cluster it is, by context and address; '' when it does not answer."""
        try:
            found = self._cluster.version()
        except ConductorError:
            return ""
        return f"{found.context} {found.server}".strip()

    def server_version(self) -> str:
        """The cluster's version, at most a minute old; '' when it does not answer."""
        at, version = self._version
        if self._monotonic() - at > 60:
            try:
                version = self._cluster.version().version.removeprefix("v")
            except ConductorError:
                version = ""
            self._version = (self._monotonic(), version)
        return version

    def policy_facts(
        self, blueprint: Blueprint, environment: str, shape: Shape, action: str, without: str = ""
    ) -> dict[str, Any]:
        """The section `environment` of the policy input. For the Change `without`, what was asked for before it counts
        as pending (ids grow with time), so that of two that want the same, one gets it; without a Change, all of it.
        """
        known = [self._claimed(o, without) for o in self.inventory().values()]
        others = [o for o in known if o.exists or o.pending]
        own = next((o for o in others if o.name == environment), None)
        return {
            "name": environment,
            "action": action,
            "blueprint": blueprint.name,
            "version": blueprint.version,
            "owner": blueprint.owner,
            "limits": dict(blueprint.limits),
            "exists": own is not None and own.exists,
            "installed_blueprint": own.blueprint if own else "",
            "installed_version": own.version if own else "",
            "pending": own.pending if own else "",
            "networks": _networks(shape),
            "nodes": shape.nodes,
            "cpus": shape.cpus,
            "kubernetes": shape.kubernetes,
            "server": self.server_version(),
            "others": [_other(o) for o in sorted(others, key=lambda o: o.name) if o.name != environment],
        }

    @staticmethod
    def _claimed(found: Environment, without: str) -> Environment:
        counts = found.pending and (not without or found.pending < without)
        return found if counts or not found.pending else replace(found, pending="")

    def _changes(self) -> list[Change]:
        books = (e.PROVISION, e.DESTROY, e.VALIDATE)
        return [c for book in books for c in self._store.find(ChangeQuery(runbook=book, limit=_CHANGES))]

    def _outputs(self, change: Change) -> Mapping[str, Any]:
        for operation in self._operations.of(change.id):
            if operation.kind == APPLY and isinstance(found := operation.result.get("outputs"), Mapping):
                return found
        return {}


def _networks(shape: Shape) -> list[dict[str, Any]]:
    return [
        {"path": path, "cidr": n.cidr, "first": n.first, "last": n.last, "private": n.private}
        for path, n in shape.networks
    ]


def _other(found: Environment) -> dict[str, Any]:
    shape = found.shape
    if not shape.networks:  # not planned yet: what was asked for
        named = {k: item for k, item in found.parameters.items() if "cidr" in k}
        shape = Shape(tuple(networks.found_in(named, "parameters")), shape.nodes, shape.cpus, shape.kubernetes)
    return {
        "name": found.name,
        "blueprint": found.blueprint,
        "exists": found.exists,
        "change": found.pending or found.change,
        "networks": _networks(shape),
    }
