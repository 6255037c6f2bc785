"""The states in which every page is tried: empty, full, broken, building."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.domain import changes as c
from conductor_core.domain.changes import Outcome
from conductor_core.localplane.progress import BuildProgress
from tests.fakes.audit import audit_on, publish, record
from tests.pages import delivery_worlds, environment_worlds
from tests.pages.support import (
    APPROVER,
    CAPTAIN,
    PROBES,
    FakeConductor,
    Releases,
    Unreachable,
    World,
    rows,
    settings,
)


def empty() -> FakeConductor:
    """Nothing has happened yet, and the local control plane is being built."""
    world = World(settings())
    building = BuildProgress("building", 3, 14, "kube-apiserver", 312, 60.0, 0.2)
    return world.conductor(Releases(()), PROBES[:1], building)


def full() -> FakeConductor:
    """A Change in every state, and everything else that a busy platform has."""
    return busy()[0]


def busy() -> tuple[FakeConductor, dict[str, str]]:
    """The full world, and the ids of its Changes by what they are."""
    world = World(settings())
    service = world.service
    ids: dict[str, str] = {}
    done = world.judge(world.ask("intelgraph", "dev"), 0)
    ids["succeeded"] = world.finish(world.start(done), ok=True).id
    broke = world.judge(world.ask("gateway", "dev", CAPTAIN), 0)
    ids["failed"] = world.finish(world.start(broke), ok=False).id
    no = world.judge(world.ask("search", "staging"), 1)
    ids["rejected"] = service.reject(APPROVER, no.id, "not during the demo").id
    off = world.judge(world.ask("search", "prod"), 2)
    ids["cancelled"] = service.cancel(off.requester, off.id, "superseded by 0.19.2").id
    ids["denied"] = world.judge(world.ask("notifier", "staging"), 1, deny=True).id
    lost = world.start(world.judge(world.ask("graph-ingest", "dev"), 0))
    told = Outcome("It can't be told whether helm_upgrade has happened.", "The worker died.", "Look, then settle it.")
    ids["unknown"] = service.apply(lost.id, c.LoseTrack(told)).id
    moved = world.judge(world.ask("gateway", "prod"), 2)
    service.approve(APPROVER, moved.id)
    service.replan(moved.requester, moved.id)
    ids["void"] = world.judge(moved, 2, plan=world.plan(commit="9e01aa7")).id
    ids["executing"] = world.start(world.judge(world.ask("search", "dev", CAPTAIN), 0)).id
    ids["requested"] = world.ask("conductor", "staging").id
    world.clock.at = datetime.now(UTC) - timedelta(minutes=12)
    ids["awaiting"] = world.judge(world.ask("intelgraph", "staging"), 1).id
    world.quarantine(ids["succeeded"], "intelgraph", "staging", "1.7.9")
    return world.conductor(Releases(rows(6)), PROBES), ids


def broken() -> FakeConductor:
    """Every service fails."""
    down = Unreachable()
    found = FakeConductor(settings(), down, down, down, down, down, down, down, down, down, down, down)
    return replace(found, release_history=down, quarantines=down, smoke=down, compatibility=down)


def large() -> FakeConductor:
    """Two hundred releases, and a comparison of five hundred resources."""
    return World(settings()).conductor(Releases(rows(200), 500, 110), PROBES)


def audit() -> object:
    """A record that can be asked: a Change in each state."""
    home = Path(tempfile.mkdtemp(prefix="conductor-audit-"))
    publish(home / "model", record(home))
    world: Any = full()
    world.audit = audit_on(DuckdbAuditDatabase(home / "model"))
    return world


WORLDS: dict[str, Callable[[], object]] = {
    "empty": empty,
    "full": full,
    "broken": broken,
    "acting": full,
    "audit": audit,
    "large": large,
    "delivery": delivery_worlds.delivery,
    "delivery-clusters": delivery_worlds.delivery_clusters,
    "delivery-down": delivery_worlds.delivery_down,
    "delivery-empty": delivery_worlds.delivery_empty,
    "delivery-owned": delivery_worlds.delivery_owned,
    "environments": lambda: environment_worlds.some(full()),
    "environments-down": lambda: environment_worlds.down(full()),
    "environments-large": lambda: environment_worlds.large(full()),
    "environments-empty": lambda: environment_worlds.empty(full()),
}
