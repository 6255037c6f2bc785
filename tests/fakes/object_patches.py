"""`ObjectPatches` on a `FakeCluster`, with a hook that plays the controllers after each write."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conductor_core.domain.manifests import Kind
from conductor_core.errors import ConflictError, NotFoundError, RefusedError
from conductor_core.ports.cluster import Object
from conductor_core.ports.object_patches import Style
from tests.fakes.cluster import FakeCluster


@dataclass
class FakePatches:
    """`sent` lists every write that was accepted; `played` is called after each."""

    cluster: FakeCluster
    played: Callable[[], None] = lambda: None
    sent: list[tuple[str, str, object, str]] = field(default_factory=list)

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: object,
        *,
        style: Style = "merge",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        found = self.cluster.store.get((kind, namespace, name))
        if found is None:
            raise NotFoundError(f"There is no {kind.kind} {namespace}/{name}.")
        version = found["metadata"].get("resourceVersion", "")
        if style == "merge":
            assert isinstance(body, Mapping)
            asked = (body.get("metadata") or {}).get("resourceVersion", version)
            if asked != version:
                raise ConflictError("the object has been modified")
            part = {k: v for k, v in body.items() if (k == "status") is (subresource == "status")}
            part["metadata"] = {} if subresource else dict(body.get("metadata") or {})
            changed = merged(found, part)
        else:
            changed = _replaced(found, body)
        if dry_run:
            return dict(changed)
        spec = changed.get("spec") != found.get("spec")
        metadata = changed["metadata"]
        metadata["resourceVersion"] = str(int(version or 0) + 1)
        metadata["generation"] = metadata.get("generation", 1) + spec
        self.cluster.store[(kind, namespace, name)] = changed
        self.sent.append((kind.kind, f"{namespace}/{name}", body, subresource))
        answer: Object = copy.deepcopy(changed)
        self.played()
        return answer

    def delete(self, kind: Kind, namespace: str, name: str) -> bool:
        return self.cluster.store.pop((kind, namespace, name), None) is not None


def merged(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    out = dict(old) if isinstance(old, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merged(out.get(key), value)
    return copy.deepcopy(out)


def _replaced(old: Object, body: object) -> Object:
    out = copy.deepcopy(old)
    assert isinstance(body, list)
    for step in body:
        *parents, last = [p for p in step["path"].split("/") if p]
        place = out
        for parent in parents:
            place = place[parent]
        if step["op"] == "test":
            if place.get(last) != step["value"]:
                raise RefusedError("testing value failed")
        else:
            place[last] = copy.deepcopy(step["value"])
    return out
