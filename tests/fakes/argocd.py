"""`ArgoCd` in memory: Applications and ApplicationSets as the API gives them; syncs end when `finish` is called."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conductor_core.domain import pipelines
from conductor_core.domain.pipelines import OPERATION, Application, Pipeline
from conductor_core.errors import ConductorError, ConflictError, NotFoundError, RefusedError
from conductor_core.ports.argocd import Managed, Watched


def raw_application(name: str, pipeline: str = "", **status: Any) -> dict[str, Any]:
    """An Application as the API gives it, synced and healthy unless `status` says otherwise."""
    owners = [{"kind": "ApplicationSet", "name": pipeline}] if pipeline else []
    source = {"repoURL": "https://git.test/ops", "path": "helm/shop", "targetRevision": "main"}
    return {
        "metadata": {"name": name, "namespace": "argocd", "labels": {"env": name}, "ownerReferences": owners},
        "spec": {"project": "default", "source": source, "destination": {"name": "in-cluster", "namespace": name}},
        "status": {
            "sync": {"status": "Synced", "revision": "a" * 40},
            "health": {"status": "Healthy"},
            "history": [],
            "resources": [{"group": "argoproj.io", "kind": "Rollout", "namespace": name, "name": "api"}],
            **status,
        },
    }


def raw_pipeline(name: str, generators: tuple[str, ...] = ("list",), **more: Any) -> dict[str, Any]:
    """An ApplicationSet as the API gives it."""
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"generators": [{g: {}} for g in generators], **more.pop("spec", {})},
        "status": more,
    }


@dataclass
class FakeArgoCd:
    """`failure`, when set, is raised by every request; `asked` counts requests by name."""

    store: dict[str, dict[str, Any]] = field(default_factory=dict)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    failure: ConductorError | None = None
    asked: dict[str, int] = field(default_factory=dict)
    events: list[Watched] = field(default_factory=list)

    def put(self, *raws: dict[str, Any]) -> None:
        """Applications as they would be stored."""
        for raw in raws:
            self.store[raw["metadata"]["name"]] = raw

    def applications(self) -> tuple[Application, ...]:
        self._asked("applications")
        return tuple(pipelines.application(self.store[n]) for n in sorted(self.store))

    def application(self, name: str, namespace: str = "", *, refresh: bool = False) -> Application:
        self._asked("application")
        return pipelines.application(self._found(name))

    def pipelines(self) -> tuple[Pipeline, ...]:
        self._asked("pipelines")
        return tuple(pipelines.pipeline(self.sets[n]) for n in sorted(self.sets))

    def sync(
        self,
        name: str,
        revision: str,
        operation_id: str,
        *,
        namespace: str = "",
        prune: bool = False,
        dry_run: bool = False,
    ) -> None:
        self._asked("sync")
        raw = self._found(name)
        state = raw["status"].get("operationState", {})
        if state.get("phase") == "Running":
            raise ConflictError("another operation is already in progress")
        if revision == "no-such-revision":
            raise RefusedError("unable to resolve 'no-such-revision' to a commit SHA")
        raw["status"]["operationState"] = {
            "phase": "Running",
            "startedAt": "2026-11-24T10:00:00Z",
            "operation": {
                "info": [{"name": OPERATION, "value": operation_id}],
                "sync": {"revision": revision},
                "initiatedBy": {"username": "conductor"},
            },
            "syncResult": {"revision": revision or "b" * 40},
        }

    def finish(self, name: str, phase: str = "Succeeded", message: str = "successfully synced") -> None:
        """End the sync that runs."""
        raw = self.store[name]
        state = raw["status"]["operationState"]
        state.update(phase=phase, message=message, finishedAt="2026-11-24T10:00:09Z")
        if phase == "Succeeded":
            revision = state["syncResult"]["revision"]
            raw["status"]["sync"] = {"status": "Synced", "revision": revision}
            entries = raw["status"].setdefault("history", [])
            entries.append({"id": len(entries), "revision": revision, "deployedAt": state["finishedAt"]})

    def watch(self) -> Iterator[Watched]:
        self._asked("watch")
        for name in sorted(self.store):
            yield Watched(pipelines.application(self.store[name]))
        yield from list(self.events)

    def resources(self, name: str, namespace: str = "") -> tuple[Managed, ...]:
        self._asked("resources")
        self._found(name)
        return (Managed("argoproj.io", "Rollout", name, "api", {"kind": "Rollout"}, None),)

    def _asked(self, what: str) -> None:
        self.asked[what] = self.asked.get(what, 0) + 1
        if self.failure is not None:
            raise self.failure

    def _found(self, name: str) -> dict[str, Any]:
        if name not in self.store:
            raise NotFoundError(f"Argo CD knows no {name}, or the token may not see it.", next="List them.")
        return self.store[name]


def copied(raw: dict[str, Any], **status: Any) -> dict[str, Any]:
    """The same Application in another state."""
    out = copy.deepcopy(raw)
    out["status"].update(status)
    return out
