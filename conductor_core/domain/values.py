"""Values of a chart: merged as Helm merges them, later ones win, null takes a key away.

https://helm.sh/docs/chart_template_guide/values_files/#deleting-a-default-key
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(base: Mapping[str, Any], *overlays: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with each overlay laid over it; maps are merged, lists and scalars replaced. Nothing given is changed."""
    merged = dict(base)
    for overlay in overlays:
        for key, value in overlay.items():
            if value is None:
                merged.pop(key, None)
            elif isinstance(value, Mapping):
                below = merged.get(key)
                merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
            else:
                merged[key] = value
    return merged


def from_sets(sets: Mapping[str, str]) -> dict[str, Any]:
    """The tree that `--set` paths stand for, for reading: `image.tag` becomes `{"image": {"tag": ...}}`.

    A path with brackets or backslashes is kept as one key: what Helm makes of it is in the rendered manifests.
    """
    tree: dict[str, Any] = {}
    for path, value in sets.items():
        names = [path] if any(c in path for c in "[]\\{}") else path.split(".")
        branch: dict[str, Any] = {names[-1]: _scalar(value)}
        for name in reversed(names[:-1]):
            branch = {name: branch}
        tree = merge(tree, branch)
    return tree


def _scalar(text: str) -> object:
    """What `--set` makes of a text: true, false, null and whole numbers are taken as such."""
    words: dict[str, object] = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    digits = text.removeprefix("-")
    whole = digits.isascii() and digits.isdigit() and (digits == "0" or not digits.startswith("0"))
    return int(text) if whole and len(digits) < 19 else text


def at(values: Mapping[str, Any], *path: str) -> object:
    """What stands at a path, or None."""
    found: object = values
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def version_of(values: Mapping[str, Any], app_version: str) -> str:
    """The version that values stand for: their `image.tag`, else the chart's appVersion."""
    tag = at(values, "image", "tag")
    return tag if isinstance(tag, str) and tag else app_version
