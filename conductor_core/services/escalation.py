"""Escalation bundles: what the next level of support needs, in one archive, with secrets masked.

Whatever can't be collected doesn't stop the rest: the bundle is wanted when something is broken, so each piece that
is missing is named with its cause. Each is plain: JSON, logs, and a README that says what is where.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC
from typing import Any, Final, TypeVar

from conductor_core.domain import masking
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.domain.doctor import Symptom
from conductor_core.domain.events import Fact
from conductor_core.domain.manifests import Kind
from conductor_core.domain.pipelines import Application
from conductor_core.domain.releases import Revision
from conductor_core.errors import ConductorError
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.clock import Clock
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.log_files import LogFiles
from conductor_core.services.access import Action, Resource, authorize
from conductor_core.services.audit_pack import AuditPack
from conductor_core.services.changes import ChangeService
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.ledger import Ledger
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.report_content import plain
from conductor_core.services.setting_rows import SettingRow
from conductor_core.services.smoke import SmokeService

MADE = "conductor.escalation.made.v1"
LOG_BYTES: Final = 1_000_000
"""Bytes of each log's end that go into a bundle."""
EVENT: Final = Kind("v1", "Event")
T = TypeVar("T")
NO_REVISIONS: tuple[Revision, ...] = ()
NO_APPLICATIONS: tuple[Application, ...] = ()
_STILL = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """An archive (zip) and what of it could not be collected, as `piece: cause`."""

    name: str
    data: bytes
    pieces: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Escalation:
    """Collects bundles from what the rest of the house already knows."""

    changes: ChangeService
    releases: ReleaseReader
    cluster: Cluster
    argocd: ArgoCd
    smoke: SmokeService
    doctor: Callable[[], list[Symptom]]
    told: Callable[[str], Mapping[str, object]]
    """Gives what a report says about a Change."""
    pack: Callable[[str], AuditPack]
    """Gives the audit pack of a Change that has ended."""
    evidence: EvidenceService
    logs: LogFiles
    settings: Callable[[], list[SettingRow]]
    secrets: Callable[[], set[str]]
    """Texts that no piece may hold."""
    ledger: Ledger
    clock: Clock
    version: str
    mask_key: bytes = field(repr=False)

    def bundle(self, actor: Actor, change_id: str = "") -> Bundle:
        """A bundle about one Change, or (empty) about this installation alone; that it was made is recorded.

        Raises `NotFoundError` for a Change that isn't there, `AccessDeniedError`.
        """
        change = self.changes.get(change_id) if change_id else None
        authorize(actor, Action.ESCALATE, Resource("bundle", change_id or "installation"))
        now = self.clock.now()
        collector = _Collector(masking.Masker(self.mask_key, self.secrets()))
        about = self._about(change, collector)
        if change is not None:
            self._change(change, about, collector)
        collector.json("doctor.json", lambda: [asdict(symptom) for symptom in self.doctor()])
        collector.json("settings.json", lambda: [asdict(row) for row in self.settings()])
        collector.many("logs", lambda: self.logs.ends(LOG_BYTES))
        subject = change.id if change else "installation"
        summary = {"about": subject, "version": self.version, "made_at": now.isoformat(), "made_by": actor.key, **about}
        collector.json("summary.json", lambda: summary)
        data = collector.archive(_readme(summary, collector))
        found = {"pieces": len(collector.files), "missing": list(collector.missing), "change": change_id}
        self.ledger.append([Fact(MADE, found)], self.clock.new_id("esc"), actor)
        name = f"escalation-{subject}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"
        return Bundle(name, data, tuple(sorted(collector.files)), tuple(collector.missing))

    def _about(self, change: Change | None, collector: _Collector) -> dict[str, object]:
        """What a supporter asks for first: deployment, release, Helm revision, namespace, Applications."""
        if change is None:
            return {}
        given = {name: str(change.parameters.get(name, "")) for name in ("release", "channel", "namespace")}
        release, channel, namespace = given.values()
        if release and channel and not namespace:
            namespace = collector.ask("namespace", lambda: self.releases.namespace(release, channel), "")
        revisions = collector.ask("Helm history", lambda: self._history(release, channel), NO_REVISIONS)
        applications = collector.ask("Argo CD Applications", lambda: self._applications(namespace), NO_APPLICATIONS)
        return {
            "deployment": change.id,
            "state": change.state.value,
            "runbook": change.runbook,
            "target": change.target,
            "release": release,
            "channel": channel,
            "namespace": namespace,
            "helm_revision": revisions[-1].revision if revisions else None,
            "helm_history": [
                {"revision": r.revision, "status": r.status, "chart": f"{r.chart}-{r.chart_version}",
                 "app_version": r.app_version, "updated": r.updated, "description": r.description}
                for r in reversed(revisions)
            ],
            "applications": [
                {"name": a.name, "namespace": a.namespace, "sync": a.sync, "health": a.health, "revision": a.revision,
                 "last_error": a.last_error}
                for a in applications
            ],
        }  # fmt: skip

    def _smoke(self, release: str, channel: str) -> list[dict[str, object]]:
        return [asdict(run) for run in self.smoke.runs(release=release, channel=channel, limit=20)]

    def _history(self, release: str, channel: str) -> tuple[Revision, ...]:
        return self.releases.history(release, channel) if release and channel else ()

    def _applications(self, namespace: str) -> tuple[Application, ...]:
        return tuple(a for a in self.argocd.applications() if a.target_namespace == namespace) if namespace else ()

    def _change(self, change: Change, about: Mapping[str, Any], collector: _Collector) -> None:
        collector.json("change.json", lambda: self.told(change.id))
        collector.json("events.json", lambda: [r.event.envelope() for r in self.changes.events(change.id)])
        release, channel, namespace = about["release"], about["channel"], about["namespace"]
        if release:
            collector.json("smoke.json", lambda: self._smoke(release, channel))
        if namespace:
            collector.json("kubernetes-events.json", lambda: list(self.cluster.objects(EVENT, namespace)))
        if change.notebook:
            collector.text("notebook.ipynb", lambda: self.evidence.notebook(change))
        if change.terminal:
            collector.proof("audit-pack.tar", lambda: self.pack(change.id).data)


class _Collector:
    """Pieces by name, masked, and what could not be had."""

    def __init__(self, masker: masking.Masker) -> None:
        self.files: dict[str, bytes] = {}
        self.missing: list[str] = []
        self._masker = masker

    def ask(self, piece: str, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except ConductorError as bad:
            self.missing.append(masking.show(self._masker.text(f"{piece}: {bad.what} {bad.why}".strip())))
            return otherwise

    def json(self, name: str, ask: Callable[[], object]) -> None:
        found = self.ask(name, ask, None)
        if found is not None:
            hidden = masking.show(self._masker.hide_values({"": plain(found)}))[""]
            self.files[name] = json.dumps(hidden, indent=2, ensure_ascii=False, sort_keys=False).encode() + b"\n"

    def text(self, name: str, ask: Callable[[], bytes]) -> None:
        found = self.ask(name, ask, b"")
        if found:
            self.files[name] = self._hidden(found)

    def many(self, folder: str, ask: Callable[[], Mapping[str, bytes]]) -> None:
        none: Mapping[str, bytes] = {}
        for name, data in self.ask(folder, ask, none).items():
            self.files[f"{folder}/{name}"] = self._hidden(data)

    def proof(self, name: str, ask: Callable[[], bytes]) -> None:
        """A piece that proves something: its bytes stay as they are; secrets were masked before they were recorded."""
        found = self.ask(name, ask, b"")
        if found:
            self.files[name] = found

    def archive(self, readme: str) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in {"README.md": readme.encode(), **dict(sorted(self.files.items()))}.items():
                packed.writestr(zipfile.ZipInfo(name, _STILL), data, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def _hidden(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "replace")
        return str(masking.show(self._masker.text(text))).encode()


def _readme(summary: Mapping[str, Any], collector: _Collector) -> str:
    told = {
        "summary.json": "what was asked about: deployment, release, Helm revision, Argo CD Applications",
        "change.json": "the Change: reason, gates, approvals, operations, how it ended, its proof",
        "events.json": "every recorded fact about it, oldest first",
        "smoke.json": "the latest smoke runs of that release",
        "kubernetes-events.json": "Kubernetes events of its namespace",
        "notebook.ipynb": "the runbook's notebook as it was executed",
        "audit-pack.tar": "entries and proofs of the ledger; its verify.py checks them offline",
        "doctor.json": "tools, contexts, logins, settings and connections as they were found",
        "settings.json": "every setting and where it came from; secrets say only that they are set",
        "logs/": f"the last {LOG_BYTES // 1_000_000} MB of each process's log",
    }
    lines = [f"- `{name}`: {line}" for name, line in told.items() if any(f.startswith(name) for f in collector.files)]
    gone = [f"- {piece}" for piece in collector.missing] or ["- nothing"]
    head = f"Made at {summary['made_at']} by {summary['made_by']} with Maestro Conductor {summary['version']}."
    parts = [f"# Escalation bundle: {summary['about']}", head, "Secrets are masked.", "## What is here"]
    return "\n\n".join([*parts, "\n".join(lines), "## What could not be collected", "\n".join(gone)]) + "\n"
