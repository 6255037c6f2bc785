"""Do the places that state a release's version agree: appVersion of the chart, tag of the values, labels, the API.

Rule: the guide, 2.5. A version may carry a leading `v` in one place and not in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABELS = ("version", "app.kubernetes.io/version")
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"})


@dataclass(frozen=True)
class Claim:
    """One place that states a version, and the version that it states."""

    place: str
    version: str


@dataclass(frozen=True)
class Compatibility:
    """The claims of one release in one channel; they agree when all state the same."""

    claims: tuple[Claim, ...]

    @property
    def differences(self) -> tuple[str, ...]:
        """One sentence for each version that is stated beside the first one; none when they agree."""
        if not self.claims:
            return ()
        first = self.claims[0]
        others = [c for c in self.claims[1:] if plain(c.version) != plain(first.version)]
        return tuple(f"{c.place} says {c.version}, {first.place} says {first.version}" for c in others)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        claims = [{"place": c.place, "version": c.version} for c in self.claims]
        return {"agree": not self.differences, "claims": claims, "differences": list(self.differences)}


def plain(version: str) -> str:
    """A version without a leading v and without the digest of an image."""
    text = version.split("@")[0]
    return text[1:] if text[:1] in "vV" and text[1:2].isdigit() else text


def claims(
    app_version: str, tag: str, manifests: Iterable[Mapping[str, Any]], where: str = "rendered"
) -> tuple[Claim, ...]:
    """What chart, values and the workloads of the release's main version state; empty statements are left out.

    Of workloads only those count whose main image carries the tag, or whose label names any version of the API.
    """
    found = [Claim("image.tag of the values", tag), Claim("appVersion of the chart", app_version)]
    for manifest in manifests:
        if manifest.get("kind") in WORKLOADS:
            found += _of_workload(manifest, tag or app_version, where)
    return tuple(dict.fromkeys(c for c in found if c.version))


def _of_workload(manifest: Mapping[str, Any], version: str, where: str) -> Sequence[Claim]:
    template = (manifest.get("spec") or {}).get("template") or {}
    images = [str(c.get("image", "")) for c in ((template.get("spec") or {}).get("containers") or [])]
    if not any(plain(image.partition("@")[0].rpartition(":")[2]) == plain(version) for image in images):
        return ()
    labels = (template.get("metadata") or {}).get("labels") or {}
    name = f"{manifest.get('kind')}/{(manifest.get('metadata') or {}).get('name')}"
    return [Claim(f"label {key} of {name} ({where})", str(labels[key])) for key in LABELS if labels.get(key)]
