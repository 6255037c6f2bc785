"""Helm releases as the cluster stores them: one Secret a revision, labelled, with the release gzipped in it.

Format: https://helm.sh/docs/topics/advanced/#storage-backends and Helm's pkg/storage/driver (labels name, owner,
status, version; payload base64 of gzip of JSON). Any chart's release is read, also those that others installed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from conductor_core.domain.values import merge, version_of
from conductor_core.errors import InputError

OWNED_BY_HELM = "owner=helm"
SECRET_TYPE = "helm.sh/release.v1"  # noqa: S105  # a type, not a password
OPERATION_LABEL = "conductor-operation"
_PREFIX = "conductor:"
_ROLLBACK = re.compile(r"Rollback to ([1-9][0-9]{0,8})", re.ASCII)
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PAYLOAD_CAP = 64 * 1024 * 1024
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Status(StrEnum):
    """Helm's word for where a revision stands."""

    UNKNOWN = "unknown"
    DEPLOYED = "deployed"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    UNINSTALLED = "uninstalled"
    UNINSTALLING = "uninstalling"
    PENDING_INSTALL = "pending-install"
    PENDING_UPGRADE = "pending-upgrade"
    PENDING_ROLLBACK = "pending-rollback"

    @property
    def pending(self) -> bool:
        """Whether Helm was (or died) in the middle of it."""
        return self.value.startswith("pending-") or self is Status.UNINSTALLING


@dataclass(frozen=True, order=True)
class Head:
    """What the labels of a release Secret say: enough for lists, without its payload. `secret` is the Secret's name."""

    namespace: str
    name: str
    revision: int
    status: Status = field(compare=False)
    secret: str = field(compare=False)
    resource_version: str = field(compare=False, default="")


@dataclass(frozen=True)
class Revision:
    """One stored revision of a release. `values` are those given to Helm (not the chart's own), `manifest` and
    `hooks` are YAML streams, `updated` is None when Helm never wrote it.
    """

    namespace: str
    name: str
    revision: int
    status: Status
    chart: str
    chart_version: str
    app_version: str
    description: str
    updated: datetime | None
    values: Mapping[str, Any] = field(repr=False, hash=False)
    manifest: str = field(repr=False)
    hooks: str = field(repr=False)
    notes: str = field(repr=False)

    label: str = ""
    """The value of the label of `operation_label`; `history` keeps it only where it began."""
    defaults: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    """The chart's own values, below those that were given."""
    crds: tuple[str, ...] = field(default=(), repr=False)
    """What the chart has in `crds/`, as YAML streams; those of its subcharts aren't kept by Helm."""

    def made_by(self, operation_id: str) -> bool:
        """Whether an operation of ours made this revision, also when it died or failed in the middle."""
        return self.operation_id == operation_id or (self.label != "" and self.label == _label_value(operation_id))

    @property
    def version(self) -> str:
        """The version that it stands for: the tag of its main image, else the chart's appVersion."""
        return version_of(merge(self.defaults, self.values), self.app_version)

    @property
    def rolled_back_to(self) -> int:
        """The revision whose content this one has, when Helm made it by a rollback; else 0."""
        found = _ROLLBACK.fullmatch(self.description)
        return int(found[1]) if found else 0

    @property
    def operation_id(self) -> str:
        """The operation of ours that made this revision, or ''; a digest of it when the id can't be a label."""
        return operation_id_of(self.description) or self.label


def description_for(operation_id: str) -> str:
    """The description that a revision made by an operation carries."""
    return _PREFIX + operation_id


def operation_label(operation_id: str) -> str:
    """`key=value`: the label that a revision carries from its first moment, when its description isn't written yet."""
    return f"{OPERATION_LABEL}={_label_value(operation_id)}"


def _label_value(operation_id: str) -> str:
    if _LABEL_VALUE.fullmatch(operation_id):
        return operation_id
    return hashlib.sha256(operation_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def history(revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """The revisions, oldest first. Helm hands labels on to later revisions, so an operation's label counts only where
    it began.
    """
    out: list[Revision] = []
    seen: set[str] = set()
    for revision in sorted(revisions, key=lambda r: r.revision):
        out.append(replace(revision, label="") if revision.label in seen else revision)
        seen.add(revision.label)
    return tuple(out)


def operation_id_of(description: str) -> str:
    """The operation id in a description, or '' when the revision isn't ours."""
    return description.removeprefix(_PREFIX) if description.startswith(_PREFIX) else ""


def heads(secrets: Iterable[Mapping[str, Any]]) -> tuple[Head, ...]:
    """The revisions that release Secrets (whole or metadata only) stand for, sorted; Secrets that aren't Helm's are
    left out.
    """
    out: list[Head] = []
    for secret in secrets:
        metadata = secret.get("metadata") or {}
        labels = metadata.get("labels") or {}
        version = str(labels.get("version", ""))
        if labels.get("owner") != "helm" or not (version.isascii() and version.isdigit()) or not labels.get("name"):
            continue
        out.append(
            Head(
                str(metadata.get("namespace", "")),
                str(labels["name"]),
                int(version),
                _status(labels.get("status")),
                str(metadata.get("name", "")),
                str(metadata.get("resourceVersion", "")),
            )
        )
    return tuple(sorted(out))


def latest(found: Iterable[Head]) -> dict[tuple[str, str], Head]:
    """The newest revision of each release, by (namespace, name)."""
    return {(h.namespace, h.name): h for h in sorted(found)}


def decode(secret: Mapping[str, Any]) -> Revision:
    """The revision in a release Secret as the API gives it; raises `InputError` when it holds none."""
    name = str((secret.get("metadata") or {}).get("name", "?"))
    namespace = str((secret.get("metadata") or {}).get("namespace", ""))
    try:
        payload = base64.b64decode(base64.b64decode(secret["data"]["release"], validate=True), validate=True)
        if payload[:3] == b"\x1f\x8b\x08":
            unzip = zlib.decompressobj(wbits=31)
            payload = unzip.decompress(payload, _PAYLOAD_CAP)
            if unzip.unconsumed_tail:
                raise ValueError("it unpacks to more than 64 MB")
        label = str((secret["metadata"].get("labels") or {}).get(OPERATION_LABEL, ""))
        return _revision(json.loads(payload), namespace, label)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, zlib.error, RecursionError) as bad:
        raise InputError(
            f"The Secret {namespace}/{name} holds no Helm release that can be read.",
            why=f"{type(bad).__name__}: {str(bad)[:200]}",
            next="Look at it with `helm history`; if Helm can't read it either, delete that revision's Secret.",
        ) from bad


def _revision(release: dict[str, Any], namespace: str, label: str) -> Revision:
    info, chart = release.get("info") or {}, (release.get("chart") or {}).get("metadata") or {}
    hooks = [f"# Source: {h.get('path', '')}\n{h.get('manifest', '')}" for h in release.get("hooks") or []]
    config, defaults = release.get("config"), (release.get("chart") or {}).get("values")
    return Revision(
        namespace=str(release.get("namespace") or namespace),
        name=str(release["name"]),
        revision=int(release["version"]),
        status=_status(info.get("status")),
        chart=str(chart.get("name", "")),
        chart_version=str(chart.get("version", "")),
        app_version=str(chart.get("appVersion", "")),
        description=str(info.get("description", "")),
        updated=_time(info.get("last_deployed")),
        values=config if isinstance(config, dict) else {},
        manifest=str(release.get("manifest", "")),
        hooks="\n---\n".join(hooks),
        notes=str(info.get("notes", "")),
        label=label,
        defaults=defaults if isinstance(defaults, dict) else {},
        crds=tuple(_crds((release.get("chart") or {}).get("files") or [])),
    )


def _crds(files: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for file in files:
        if str(file.get("name", "")).startswith("crds/") and str(file["name"]).endswith((".yaml", ".yml", ".json")):
            yield base64.b64decode(file.get("data") or "").decode("utf-8", "replace")


def _status(text: object) -> Status:
    try:
        return Status(str(text))
    except ValueError:
        return Status.UNKNOWN


def _time(text: object) -> datetime | None:
    """RFC 3339 with up to nine decimals, as Go writes it; its zero time is None."""
    found = _TIME.fullmatch(str(text))
    if not found or found[1].startswith("0001-"):
        return None
    zone = "+00:00" if found[3] == "Z" else found[3]
    return datetime.fromisoformat(f"{found[1]}{(found[2] or '')[:7]}{zone}").astimezone(UTC)
