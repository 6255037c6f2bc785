"""Repair of a namespace from `infra/k8s`: what is missing or differs is shown, approved, and applied as approved.

Rule: the guide's section 3, "IntelGraph namespace missing". Definitions are every object of `infra/k8s` that is the
namespace or lies in it, and the ClusterRoles that its bindings name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import manifests, names
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import Pair, Side, compare, masker_for
from conductor_core.domain.manifests import Identity, Kind, identity_of, kind_of
from conductor_core.domain.operations import Observation
from conductor_core.domain.projection import tidy
from conductor_core.domain.tiers import STRICTEST
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.blueprint_files import BlueprintFiles
from conductor_core.ports.cluster import Cluster, Object
from conductor_core.ports.documents import Documents
from conductor_core.services.checks import Look
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft

FOLDER = "infra/k8s"
PIECE = "manifests.yaml"
NAMESPACE = Kind("v1", "Namespace")
TIER, ENVIRONMENT = "summit.example/tier", "conductor.summit/environment"


@dataclass(frozen=True)
class NamespaceRepair:
    """Plan, driver and probe of the runbook `repair_namespace`."""

    files: BlueprintFiles
    cluster: Cluster
    documents: Documents
    evidence: EvidenceService
    mask_key: bytes

    def plan(self, change: Change) -> Draft:
        """What would be made or changed. Raises `NotFoundError` when nothing defines the namespace, `StateError` when
        it is ending or already as defined, and the cluster's errors.
        """
        name = _name(change)
        defined = self._defined(name)
        live = self.cluster.get(NAMESPACE, "", name)
        if live is not None and (live.get("status") or {}).get("phase") == "Terminating":
            raise StateError(
                f"{name} is being deleted.",
                why="Nothing can be made in a namespace that ends.",
                next="Wait until it is gone; `kubectl get namespace` says what it waits for.",
            )
        pairs = {i: self._pair(o) for i, o in defined.items()}
        if all(pair.old == pair.new for pair in pairs.values()):
            raise StateError(
                f"There is nothing to repair in {name}.",
                why=f"All {len(defined)} objects that {FOLDER} defines for it are there, as they are defined.",
                next="Look at the namespace's pods and events.",
            )
        found = compare(
            Side("live", f"{name} now"), Side(FOLDER, "as defined"), pairs, masker_for(self.mask_key, pairs)
        )
        missing = [f"{i.kind} {i.name}" for i, pair in pairs.items() if pair.old is None]
        text = "---\n".join(self.documents.dump(o) for o in defined.values()).encode()
        told = {
            "does": f"Brings {name} to what {FOLDER} defines: {len(missing)} made, {found.count('changed')} changed.",
            "missing": ", ".join(missing),
        }
        return Draft(
            {
                PIECE: ("application/yaml", text),
                "comparison.json": ("application/json", canonical_bytes(found.as_json())),
            },
            {"namespace": name, "objects": str(len(defined))},
            {k: v for k, v in told.items() if v},
            tuple(defined.values()),
            tier=_tier(defined.values()),
        )

    def prepare(self, context: Context) -> Facts:
        """How much is there before."""
        return {"objects": len(self._approved(context.change))}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Server-side apply of each approved object, the namespace first; what is as it should be stays as it is."""
        for found in self._approved(context.change):
            context.say(f"apply {found['kind']} {found['metadata']['name']}")
            self.cluster.apply(found, dry_run=False)
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Whether each approved object is there as it was approved; applying one twice changes nothing."""
        left = self._left(context.change)
        return (Observation.ABSENT if left else Observation.DONE), {"seen": left or "all there, as approved"}

    def whole(self, context: Context) -> Look:
        """The namespace is Active and holds every object that was approved, as it was approved."""
        name = _name(context.change)
        live = self.cluster.get(NAMESPACE, "", name)
        phase = "missing" if live is None else str((live.get("status") or {}).get("phase", "Active"))
        if phase != "Active":
            return Look(False, f"{name} is {phase}")
        left = self._left(context.change)
        return Look(not left, left or f"Active, with its {len(self._approved(context.change))} objects")

    def _left(self, change: Change) -> str:
        """The approved objects that are not there as they were approved, '' when all are."""
        left = [o for o in self._approved(change) if (pair := self._pair(o)).old != pair.new]
        told = ", ".join(f"{o['kind']} {o['metadata']['name']}" for o in left)
        return f"not as approved: {told}" if told else ""

    def _defined(self, name: str) -> dict[Identity, Object]:
        every = list(self._every())
        own = [o for o in every if _belongs(o, name)]
        if not any(kind_of(o) == NAMESPACE for o in own):
            raise self._undefined(name, every)
        roles = {r["name"] for o in own if (r := o.get("roleRef") or {}).get("kind") == "ClusterRole"}
        own += [o for o in every if o.get("kind") == "ClusterRole" and o["metadata"]["name"] in roles]
        secret = next((o for o in own if o.get("kind") == "Secret"), None)
        if secret is not None:
            raise InputError(
                f"{FOLDER} defines the Secret {secret['metadata']['name']} for {name}.",
                why="What a repair applies is kept as evidence, and evidence holds no secrets.",
                next=f"Take it out of {FOLDER}: have a secrets operator make it, or refer to an existing one.",
            )
        ordered = sorted(own, key=lambda o: (kind_of(o) != NAMESPACE, str(identity_of(o, name))))
        return {identity_of(o, name): o for o in ordered}

    def _every(self) -> Iterable[Object]:
        for path in sorted(p for p in self.files.path(FOLDER).rglob("*.y*ml") if p.is_file() and not p.is_symlink()):
            for found in manifests.flatten(self.documents.load_all(path.read_text("utf-8"), path.name)):
                if not isinstance((found.get("metadata") or {}).get("name"), str):
                    raise InputError(
                        f"{path.name} has an object without a name.", next=f"Correct {FOLDER}/{path.name}."
                    )
                yield dict(found)

    def _undefined(self, name: str, every: list[Object]) -> NotFoundError:
        known = ", ".join(sorted(o["metadata"]["name"] for o in every if kind_of(o) == NAMESPACE))
        live = self.cluster.get(NAMESPACE, "", name) or {}
        owner = ((live.get("metadata") or {}).get("labels") or {}).get(ENVIRONMENT, "")
        return NotFoundError(
            f"{FOLDER} does not define the namespace {name}.",
            why=f"It defines: {known or 'none'}.",
            next=f"It belongs to the environment {owner}: request a change of that."
            if owner
            else "Name one of these; a namespace of an environment comes back by requesting the environment again.",
        )

    def _pair(self, wanted: Object) -> Pair:
        """The live object, and what it would be; both without what the server keeps for itself."""
        namespace = str(wanted["metadata"].get("namespace", ""))
        live = self.cluster.get(kind_of(wanted), namespace, wanted["metadata"]["name"])
        if live is None:
            return Pair(None, wanted)
        return Pair(tidy(live), tidy(self.cluster.apply(wanted, dry_run=True)))

    def _approved(self, change: Change) -> list[Object]:
        text = self.evidence.read(change, PIECE).decode("utf-8")
        return [dict(o) for o in manifests.flatten(self.documents.load_all(text, PIECE))]


def _name(change: Change) -> str:
    return names.namespace(str(change.parameters.get("namespace", "")))


def _belongs(found: Mapping[str, Any], name: str) -> bool:
    metadata = found["metadata"]
    return metadata.get("namespace") == name or (kind_of(found) == NAMESPACE and metadata["name"] == name)


def _tier(defined: Iterable[Mapping[str, Any]]) -> str:
    found = next(o for o in defined if kind_of(o) == NAMESPACE)
    return str((found["metadata"].get("labels") or {}).get(TIER, "")) or STRICTEST
