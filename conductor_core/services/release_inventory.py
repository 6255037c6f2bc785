"""The release x channel matrix: what each channel has, whether it is well, and whether it is what its branch would
install.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from conductor_core.domain.application_owners import Owned, Wanted
from conductor_core.domain.channels import Catalogue, Channel, Problem, ReleaseSpec
from conductor_core.domain.health import Finding
from conductor_core.domain.quarantine import Quarantine
from conductor_core.domain.releases import Head, Revision, Status, latest
from conductor_core.errors import ConductorError
from conductor_core.services.release_cluster import AT_ONCE, Applications, ReleaseCluster


@dataclass(frozen=True)
class Row:
    """One release in one channel, or (`channel` is '') one in the cluster that no channel owns.

    `revision` is 0 when nothing is installed. `health` is a word of `domain.health.Health`, '' when nothing is
    installed. `in_step` is None when it isn't known (`reason` says why), True when the branch's tip would install
    exactly what is installed.
    """

    release: str
    channel: str
    namespace: str
    tier: str = ""
    revision: int = 0
    status: str = ""
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    updated: datetime | None = None
    description: str = ""
    health: str = ""
    reason: str = ""
    in_step: bool | None = None
    version: str = ""
    quarantined: str = ""
    """Why its version is in quarantine; empty: it isn't."""
    application: str = ""
    """The Argo CD Application that installs it in Helm's place: `revision` is 0, `version` the commit synced last."""
    earlier: str = ""
    """With an Application: the commit that was synced before; '' when there was none."""

    @property
    def runs(self) -> str:
        """The version that it runs, as people name it: that of its main image or commit, else the chart's."""
        return self.version or self.app_version or self.chart_version

    @property
    def installed(self) -> bool:
        """Whether it is in the cluster, by Helm or by Argo CD."""
        return self.revision > 0 or bool(self.application)

    @property
    def foreign(self) -> bool:
        """Whether no channel owns it."""
        return not self.channel

    def as_json(self) -> dict[str, object]:
        """Plain JSON; `updated` as RFC 3339 or null."""
        return {
            "release": self.release,
            "channel": self.channel,
            "namespace": self.namespace,
            "tier": self.tier,
            "foreign": self.foreign,
            "revision": self.revision,
            "status": self.status,
            "chart": self.chart,
            "chart_version": self.chart_version,
            "app_version": self.app_version,
            "updated": self.updated.isoformat() if self.updated else None,
            "description": self.description,
            "health": self.health,
            "reason": self.reason,
            "in_step": self.in_step,
            "version": self.version,
            "quarantined": self.quarantined,
            "application": self.application,
            "earlier": self.earlier,
        }


@dataclass(frozen=True)
class Inventory:
    """Rows in the order of the channels file, foreign ones last; entries of the file that are left out; what could
    not be asked.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Plain JSON under `releases`, `problems` and `notes`."""
        return {
            "releases": [r.as_json() for r in self.rows],
            "problems": [{"where": p.where, "why": p.why} for p in self.problems],
            "notes": list(self.notes),
        }


Key = tuple[str, str]
"""Namespace and name of a release."""

InStep = Callable[[ReleaseSpec, Channel, Revision], bool]


def inventory(
    catalogue: Catalogue, cluster: ReleaseCluster, in_step: InStep | None, elsewhere: Applications | None = None
) -> Inventory:
    """The matrix. `in_step` renders and compares (None: not asked); `elsewhere`: see `ReleaseCluster.owners`. An
    unreachable cluster leaves the cells empty, with a note.
    """
    cells = [(spec, channel) for spec in catalogue.releases for channel in spec.channels]
    try:
        newest = latest(cluster.heads())
    except ConductorError as bad:
        rows = tuple(Row(s.name, c.name, c.namespace, c.tier, reason="The cluster wasn't asked.") for s, c in cells)
        return Inventory(rows, catalogue.problems, (str(bad),))
    notes: list[str] = []
    revisions = _read(cluster, newest, notes)
    healths = _healths(cluster, revisions, notes)
    missing = [w for w in map(_wanted, cells) if (w.namespace, w.release) not in revisions]
    owners = _owners(cluster, missing, elsewhere, notes)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="inventory") as pool:
        rows = tuple(
            pool.map(lambda cell: _row(cell[0], cell[1], revisions, healths, in_step, owners.get(_wanted(cell))), cells)
        )
    owned = {(c.namespace, s.name) for s, c in cells}
    foreign = tuple(_filled(Row(k[1], "", k[0]), r, healths.get(k)) for k, r in revisions.items() if k not in owned)
    return Inventory(rows + foreign, catalogue.problems, tuple(notes))


def marked(found: Inventory, standing: Sequence[Quarantine]) -> Inventory:
    """The matrix with a word on each row whose version is in quarantine."""

    def why(row: Row) -> str:
        hits = [q for q in standing if q.release == row.release and not row.foreign and q.blocks(row.version)]
        return hits[0].reason if hits and row.revision else ""

    return replace(found, rows=tuple(replace(row, quarantined=why(row)) for row in found.rows)) if standing else found


def _read(cluster: ReleaseCluster, newest: dict[Key, Head], notes: list[str]) -> dict[Key, Revision]:
    def one(head: Head) -> Revision | ConductorError:
        try:
            return cluster.revision(head)
        except ConductorError as bad:
            return bad

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="revisions") as pool:
        read = dict(zip(newest, pool.map(one, newest.values()), strict=True))
    notes.extend(str(r) for r in read.values() if isinstance(r, ConductorError))
    return {k: r for k, r in read.items() if isinstance(r, Revision)}


def _wanted(cell: tuple[ReleaseSpec, Channel]) -> Wanted:
    spec, channel = cell
    return Wanted(spec.name, channel.namespace, channel.chart or spec.chart)


def _owners(
    cluster: ReleaseCluster, wanted: list[Wanted], elsewhere: Applications | None, notes: list[str]
) -> dict[Wanted, Owned]:
    """Argo CD's Applications that own what Helm has no revision of; one list for all."""
    try:
        return cluster.owners(wanted, elsewhere) if wanted else {}
    except ConductorError as bad:
        notes.append(str(bad))
        return {}


def _healths(cluster: ReleaseCluster, revisions: dict[Key, Revision], notes: list[str]) -> dict[Key, Finding]:
    """Health of what is installed; a manifest that can't be read costs only its own release's health."""
    out: dict[Key, Finding] = {}
    standing = [r for r in revisions.values() if r.status is not Status.UNINSTALLED]
    try:
        return cluster.health(standing)
    except ConductorError:
        for revision in standing:
            try:
                out |= cluster.health([revision])
            except ConductorError as bad:
                notes.append(f"{revision.namespace}/{revision.name}: {bad}")
    return out


def _row(
    spec: ReleaseSpec,
    channel: Channel,
    revisions: dict[Key, Revision],
    healths: dict[Key, Finding],
    in_step: InStep | None,
    owner: Owned | None,
) -> Row:
    row = Row(spec.name, channel.name, channel.namespace, channel.tier)
    revision = revisions.get((channel.namespace, spec.name))
    if revision is None and owner is not None:
        return _by_argo_cd(row, owner)
    if revision is None:
        return replace(row, reason="It isn't installed.")
    row = _filled(row, revision, healths.get((channel.namespace, spec.name)))
    if revision.status is Status.FAILED:
        told = f"Revision {revision.revision} failed: {revision.description} {row.reason}"
        return replace(row, reason=" ".join(told.split()))
    if in_step is None or revision.status is not Status.DEPLOYED:
        return row
    try:
        return replace(row, in_step=in_step(spec, channel, revision))
    except ConductorError as bad:
        return replace(row, reason=row.reason or str(bad))


def _by_argo_cd(row: Row, owner: Owned) -> Row:
    return replace(
        row,
        status=owner.sync,
        updated=owner.at,
        health=owner.health.lower(),
        reason=owner.message,
        in_step={"Synced": True, "OutOfSync": False}.get(owner.sync),
        version=owner.revision[:12],
        application=owner.application,
        earlier=owner.earlier,
    )


def _filled(row: Row, revision: Revision, finding: Finding | None) -> Row:
    return replace(
        row,
        revision=revision.revision,
        status=revision.status.value,
        chart=revision.chart,
        chart_version=revision.chart_version,
        app_version=revision.app_version,
        updated=revision.updated,
        description=revision.description,
        health=finding.health.value if finding else "",
        reason=finding.reason if finding else "",
        version=revision.version,
    )
