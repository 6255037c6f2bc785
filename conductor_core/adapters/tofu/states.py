"""A state file as far as the product reads it (format version 4): serial, lineage, addresses, outputs, objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from conductor_core.errors import ToolError
from conductor_core.ports.tofu import State, StateMark


def read_state(data: bytes) -> State:
    """The state in what `state pull` printed; empty before the first apply. Raises `ToolError` for another format."""
    if not data.strip():
        return State()
    try:
        found: Any = json.loads(data)
    except ValueError as bad:
        raise _refusal("It is no JSON.") from bad
    if not isinstance(found, dict) or found.get("version") != 4:
        raise _refusal("Its format is not version 4.")
    outputs = {k: o.get("value") for k, o in found.get("outputs", {}).items() if not o.get("sensitive")}
    resources = [r for r in found.get("resources", ()) if r.get("mode") == "managed"]
    addresses = tuple(sorted(_address(r, i) for r in resources for i in r.get("instances", ())))
    mark = StateMark(int(found.get("serial", 0)), str(found.get("lineage", "")))
    return State(mark, addresses, outputs, tuple(o for r in resources for o in _objects(r)))


def _address(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    key = instance.get("index_key")
    return f"{module}{resource['type']}.{resource['name']}" + ("" if key is None else f"[{json.dumps(key)}]")


def _objects(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if resource["type"] not in ("kubectl_manifest", "kubernetes_manifest"):
        return
    for instance in resource.get("instances", ()):
        known = instance.get("attributes") or {}
        shown = known.get("manifest") if isinstance(known.get("manifest"), Mapping) else None
        if shown is not None:
            about = shown.get("metadata", {})
            yield {"kind": shown.get("kind"), "name": about.get("name"), "namespace": about.get("namespace")}
        else:
            yield {key: known.get(key) for key in ("kind", "name", "namespace")}


def _refusal(why: str) -> ToolError:
    return ToolError("The state can't be read.", why=why, next="Look at the backend: it may hold something else.")
