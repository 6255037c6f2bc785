"""The comparison agrees with an oracle that shares nothing with it, on charts of the shapes that published ones have.

The oracle runs `helm template` itself, reads with PyYAML's own loader, and counts the leaves of every object by kind,
namespace, name and JSON pointer (`*` for a place in a list: items are not matched): what differs in count is what
differs.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.comparison import ResourceDiff
from conductor_core.localplane.layout import Endpoints
from conductor_core.services.releases import ReleaseReader
from tests.fakes.cluster import FakeCluster
from tests.fakes.repository import FakeRepository
from tests.real.chart_shapes import SHAPES, Shape

pytestmark = pytest.mark.real
Place = tuple[str, str, str, str]
WIDE = {"ClusterRole", "CustomResourceDefinition"}


def written(shape: Shape, folder: Path, *, later: bool) -> Path:
    """The chart of one side."""
    files: dict[str, str | None] = {f"templates/{name}": text for name, text in shape.templates.items()}
    files |= {"Chart.yaml": f"apiVersion: v2\nname: shop\nversion: 1.0.0\n{shape.about}", **shape.files}
    files["values.yaml"] = (shape.new if later else shape.old) or "{}"
    for name, text in (files | dict(shape.later) if later else files).items():
        if text is not None:
            (folder / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "shop" / name).write_text(text)
    return folder / "shop"


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf with its place; an empty map or list has none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{at}/*")
    else:
        yield at, json.dumps(value)


def told_by_oracle(helm: str, old: Path, new: Path) -> tuple[set[Place], dict[str, set[tuple[str, str, str]]]]:
    """The places that differ in objects of both sides, and the objects of one side only."""
    sides = []
    for chart in (old, new):
        argv = [helm, "template", "shop", str(chart), "--include-crds", "--skip-tests", "--kube-version=v1.34.4"]
        text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        found = [d for d in yaml.safe_load_all(text) if d]
        found = [o for d in found for o in (d["items"] if d["kind"] == "List" else [d])]
        sides.append({named(o): Counter(leaves(o)) for o in found})
    before, after = sides
    both = before.keys() & after.keys()
    places = {(*i, at) for i in both for at, _ in ((before[i] - after[i]) + (after[i] - before[i]))}
    return places, {"removed": set(before.keys() - after.keys()), "added": set(after.keys() - before.keys())}


def named(o: Any) -> tuple[str, str, str]:
    default = "" if o["kind"] in WIDE else "default"
    return o["kind"], o["metadata"].get("namespace", default), o["metadata"]["name"]


def starred(resource: ResourceDiff, pointer: str) -> str:
    """A pointer of ours with `*` for each place in a list."""
    out, trees = "", [resource.old, resource.new]
    for token in pointer.split("/")[1:]:
        text = token.replace("~1", "/").replace("~0", "~")
        listed = any(isinstance(tree, list) for tree in trees)
        out += "/*" if listed else f"/{token}"
        trees = [inner(tree, text) for tree in trees]
    return out


def inner(tree: Any, token: str) -> Any:
    if isinstance(tree, dict):
        return tree.get(token)
    if not isinstance(tree, list):
        return None
    if token.isdigit():
        return tree[int(token)] if int(token) < len(tree) else None
    keys = dict(part.split("=", 1) for part in token.split(","))
    hits = [i for i in tree if all(str(i.get(k, "TCP" if k == "protocol" else None)) == v for k, v in keys.items())]
    return hits[0] if hits else None


def counted(resource: ResourceDiff) -> set[str]:
    """The places of one resource whose leaves differ in count, by our edits."""
    net: Counter[tuple[str, str]] = Counter()
    for edit in resource.fields:
        at = starred(resource, edit.pointer)
        for value, sign in ((edit.old, -1), (edit.new, 1)):
            if edit.op == "reordered" or (edit.op == "added" and sign < 0) or (edit.op == "removed" and sign > 0):
                continue
            for leaf in leaves(value, at):
                net[leaf] += sign
    return {at for (at, _), count in net.items() if count}


@pytest.fixture(scope="module")
def helm(plane: Endpoints) -> str:
    return str(plane.bin / "helm")


@pytest.mark.parametrize("name", SHAPES)
def test_the_comparison_finds_what_the_oracle_finds(name: str, helm: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    old, new = (written(shape, tmp_path / side, later=side == "new") for side in ("old", "new"))
    places, alone = told_by_oracle(helm, old, new)
    documents, cluster = YamlDocuments(), FakeCluster()
    program = HelmProgram(SystemCommands(), documents, helm, None, "", tmp_path / "work")
    repository = FakeRepository(tmp_path / "copies")
    repository.push("main", {"channels.yaml": b"releases: {}\n"})
    reader = ReleaseReader(repository, program, cluster, documents, mask_key=b"k" * 32)
    compared = reader.compare("shop", f"folder:{old}", f"folder:{new}", anywhere=True)
    ours = {(r.identity.kind, r.identity.namespace, r.identity.name): r for r in compared.resources}
    assert {(*i, at) for i, r in ours.items() if r.standing == "changed" for at in counted(r)} == places
    for standing, told in alone.items():
        assert {i for i, r in ours.items() if r.standing == standing} == told
    assert places or any(alone.values()), "the shape changes nothing"
    assert "canary" not in json.dumps(compared.as_json())
    assert "-secret" not in json.dumps(compared.as_json())


def test_there_are_at_least_thirty_shapes() -> None:
    assert len(SHAPES) >= 30
