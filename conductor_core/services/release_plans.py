"""The plan functions of releases: deploy, roll back and validate, each with the evidence that a person approves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conductor_core.domain import values as trees
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import Comparison
from conductor_core.domain.health import Health
from conductor_core.domain.manifests import Object
from conductor_core.domain.masking import Masker, secrets_in, secrets_in_values, show
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartRequest, Helm
from conductor_core.services.planning import Draft, PlanFunction
from conductor_core.services.releases import ReleaseReader

YAML = "application/yaml"
JSON = "application/json"


class ReleasePlans:
    """Reads what a Change of a release would do; the same world gives the same bytes."""

    def __init__(self, reader: ReleaseReader, helm: Helm, documents: Documents, mask_key: bytes) -> None:
        self._reader = reader
        self._helm = helm
        self._documents = documents
        self._mask_key = mask_key

    def functions(self) -> dict[str, PlanFunction]:
        """The plan functions by the name that a runbook's `plan` gives."""
        return {"release_deploy": self.deploy, "release_rollback": self.rollback, "release_validate": self.validate}

    def deploy(self, change: Change) -> Draft:
        """What `helm upgrade --install` of the channel's branch would change.

        Raises `NotFoundError` for an unknown release, channel or overlay, `StateError` when Helm is in the middle of
        something, and the ports' errors.
        """
        release, channel = _named(change)
        sets = _sets(change)
        self._reader.refresh()
        history = self._reader.history(release, channel)
        _refuse_pending(history, release, channel)
        made = self._reader.render(release, f"channel:{channel}", sets)
        compared = self._reader.compare(release, f"live:{channel}", f"channel:{channel}", sets)
        values = self._values(made.request)
        objects = {**made.objects, **made.hooks}
        facts = {
            "commit": made.commit,
            "chart": f"{made.output.chart.name} {made.output.chart.version}",
            "helm": self._helm.version(),
            "revision": _newest(history),
        }
        summary = {
            "does": f"helm upgrade --install {release} in {made.request.namespace}",
            "version": version_of(values, made.output.chart.app_version),
            **_counts(compared),
        }
        return Draft(
            self._pieces(objects_masked=self._reader.masked(objects), compared=compared, values=values),
            facts,
            summary,
            tuple(objects.values()),
            values,
            self._live(release),
            self._reader.channel(release, channel)[1].tier,
        )

    def rollback(self, change: Change) -> Draft:
        """What `helm rollback` to the chosen revision would change; raises as `deploy` does."""
        release, channel = _named(change)
        wanted = change.parameters.get("to_revision")
        self._reader.refresh()
        history = self._reader.history(release, channel)
        target = next((r for r in history if r.revision == wanted), None)
        if target is None:
            known = ", ".join(str(r.revision) for r in history) or "none"
            raise NotFoundError(
                f"{release} in {channel} has no revision {wanted}.",
                why=f"Its revisions are: {known}.",
                next="Choose one of these.",
            )
        if target.status.pending or target.status is Status.FAILED:
            raise InputError(
                f"Revision {wanted} of {release} can't be gone back to.",
                why=f"It is {target.status.value}: it has never run as a whole.",
                next="Choose a revision that is superseded or deployed.",
            )
        compared = self._reader.compare(release, f"live:{channel}", f"revision:{channel}/{wanted}")
        objects = tuple(o for o in self._documents.load_all(target.manifest, "manifest") if isinstance(o, dict))
        facts = {
            "to_revision": str(wanted),
            "chart": f"{target.chart} {target.chart_version}",
            "helm": self._helm.version(),
            "revision": _newest(history),
        }
        summary = {
            "does": f"helm rollback {release} {wanted} in {target.namespace}",
            "version": version_of(target.values, target.app_version),
            **_counts(compared),
        }
        pieces = self._pieces(objects_masked=_masked(self._mask_key, objects), compared=compared, values=target.values)
        tier = self._reader.channel(release, channel)[1].tier
        return Draft(pieces, facts, summary, objects, target.values, self._live(release), tier)

    def validate(self, change: Change) -> Draft:
        """Names the installed revision; raises `NotFoundError` when nothing is installed."""
        release, channel = _named(change)
        self._reader.refresh()
        history = self._reader.history(release, channel)
        if not history:
            raise NotFoundError(
                f"{release} is not installed in {channel}.",
                why=f"Helm has no revision of it in {self._reader.namespace(release, channel)}.",
                next="Deploy it first.",
            )
        facts = {"revision": _newest(history)}
        return Draft(facts=facts, summary={"does": change.title}, live=self._live(release))

    def _pieces(
        self, *, objects_masked: tuple[Object, ...], compared: Comparison, values: Mapping[str, Any]
    ) -> dict[str, tuple[str, bytes]]:
        text = "---\n".join(self._documents.dump(o) for o in objects_masked)
        masker = Masker(self._mask_key, secrets_in_values(values))
        return {
            "manifests.yaml": (YAML, text.encode()),
            "values.yaml": (YAML, self._documents.dump(show(masker.hide_values(values))).encode()),
            "comparison.json": (JSON, canonical_bytes(compared.as_json())),
        }

    def _values(self, request: ChartRequest) -> dict[str, Any]:
        own = request.chart / "values.yaml"
        files = [own] if own.is_file() else []
        loaded = [self._documents.load(f.read_bytes(), f.name) for f in [*files, *request.values]]
        layers = [layer for layer in loaded if isinstance(layer, dict)]
        return trees.merge({}, *layers, trees.from_sets(request.sets))

    def _live(self, release: str) -> dict[str, Any]:
        rows = [r for r in self._reader.inventory(check_step=False).rows if r.release == release and not r.foreign]
        channels = []
        for row in rows:
            history = self._reader.history(release, row.channel) if row.revision else ()
            running = [r for r in history if r.status is Status.DEPLOYED]
            version = version_of(running[-1].values, running[-1].app_version) if running else ""
            channels.append({"name": row.channel, "version": version, "healthy": row.health == Health.HEALTHY.value})
        return {"channels": channels, "freezes": [], "quarantined": []}


def version_of(values: Mapping[str, Any], app_version: str) -> str:
    """The version that values stand for: their `image.tag`, else the chart's appVersion."""
    tag = trees.at(values, "image", "tag")
    return tag if isinstance(tag, str) and tag else app_version


def _masked(key: bytes, objects: tuple[Object, ...]) -> tuple[Object, ...]:
    masker = Masker(key, secrets_in(objects))
    return tuple(show(masker.hide(o)) for o in objects)


def _counts(compared: Comparison) -> dict[str, str]:
    return {word: str(compared.count(word)) for word in ("added", "changed", "removed", "unchanged")}


def _newest(history: tuple[Revision, ...]) -> str:
    return f"{history[-1].revision} {history[-1].status.value}" if history else "none"


def _refuse_pending(history: tuple[Revision, ...], release: str, channel: str) -> None:
    if history and history[-1].status.pending:
        last = history[-1]
        raise StateError(
            f"{release} in {channel} is in the middle of something.",
            why=f"Revision {last.revision} is {last.status.value} since {last.updated}: {last.description}",
            next="Wait until it has ended; if nothing runs any more, roll back to the last good revision.",
        )


def _named(change: Change) -> tuple[str, str]:
    return str(change.parameters.get("release", "")), str(change.parameters.get("channel", ""))


def _sets(change: Change) -> dict[str, str]:
    sets = change.parameters.get("sets") or {}
    if not isinstance(sets, dict):
        raise InputError("`sets` is not a map.", next="Give dotted paths and their values.")
    return {str(key): str(value) for key, value in sets.items()}
