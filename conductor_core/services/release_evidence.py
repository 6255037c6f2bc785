"""What every plan of a release shows and judges: manifests, values, comparison, and facts of the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conductor_core.domain import values as trees
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import Comparison
from conductor_core.domain.health import Health
from conductor_core.domain.manifests import Identity, Object
from conductor_core.domain.masking import Masker, secrets_in_values, show
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import InputError
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartRequest
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.releases import ReleaseReader

YAML = "application/yaml"
JSON = "application/json"


class ReleaseEvidence:
    """Makes it; the same world gives the same bytes."""

    def __init__(
        self, reader: ReleaseReader, documents: Documents, quarantines: QuarantineService, mask_key: bytes
    ) -> None:
        self._reader, self._documents, self._quarantines = reader, documents, quarantines
        self._mask_key = mask_key

    def pieces(
        self, objects: Mapping[Identity, Object], compared: Comparison, values: Mapping[str, Any]
    ) -> dict[str, tuple[str, bytes]]:
        """The evidence by name, secrets hidden."""
        text = "---\n".join(self._documents.dump(o) for o in self._reader.masked(objects))
        masker = Masker(self._mask_key, secrets_in_values(values))
        return {
            "manifests.yaml": (YAML, text.encode()),
            "values.yaml": (YAML, self._documents.dump(show(masker.hide_values(values))).encode()),
            "comparison.json": (JSON, canonical_bytes(compared.as_json())),
        }

    def values(self, request: ChartRequest) -> dict[str, Any]:
        """The merged values that a request gives the chart."""
        own = request.chart / "values.yaml"
        files = [own] if own.is_file() else []
        loaded = [self._documents.load(f.read_bytes(), f.name) for f in [*files, *request.values]]
        layers = [layer for layer in loaded if isinstance(layer, dict)]
        return trees.merge({}, *layers, trees.from_sets(request.sets))

    def live(self, release: str) -> dict[str, Any]:
        """What policies hear of the target: what runs in each channel, and what is in quarantine."""
        rows = [r for r in self._reader.inventory(check_step=False).rows if r.release == release and not r.foreign]
        channels = []
        for row in rows:
            history = self._reader.history(release, row.channel) if row.revision else ()
            running = [r for r in history if r.status is Status.DEPLOYED]
            version = running[-1].version if running else ""
            channels.append({"name": row.channel, "version": version, "healthy": row.health == Health.HEALTHY.value})
        quarantined = [
            {"release": q.release, "version": q.version, "reason": q.reason}
            for q in self._quarantines.active(release)
            if not q.content
        ]
        return {"channels": channels, "freezes": [], "quarantined": quarantined}


def counts(compared: Comparison) -> dict[str, str]:
    """How many resources stand how, for a plan's summary."""
    return {word: str(compared.count(word)) for word in ("added", "changed", "removed", "unchanged")}


def newest(history: tuple[Revision, ...]) -> str:
    """The newest revision and its status, for a plan's facts."""
    return f"{history[-1].revision} {history[-1].status.value}" if history else "none"


def named(change: Change) -> tuple[str, str]:
    """The release and the channel that a Change names."""
    return str(change.parameters.get("release", "")), str(change.parameters.get("channel", ""))


def sets_of(change: Change) -> dict[str, str]:
    """The values set by hand that a Change names; raises `InputError`."""
    sets = change.parameters.get("sets") or {}
    if not isinstance(sets, dict):
        raise InputError("`sets` is not a map.", next="Give dotted paths and their values.")
    return {str(key): str(value) for key, value in sets.items()}
