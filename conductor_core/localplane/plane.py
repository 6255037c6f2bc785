"""The local control plane as a whole: `up`, `down`, `status`, `reset`, `endpoints`.

Builds what is missing, then hands the declared processes to the supervisor. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from conductor_core.errors import ConductorError, StateError, StorageError
from conductor_core.localplane import certificates, operations_repo, ports, progress, supervisor
from conductor_core.localplane import layout as layouts
from conductor_core.localplane.build import build
from conductor_core.localplane.declared import PORTS, process_set, write_configuration
from conductor_core.localplane.layout import CONTEXT, Endpoints, Layout
from conductor_core.localplane.processes import ProcessStatus, SetStatus
from conductor_core.localplane.programs import Programs, missing
from conductor_core.localplane.progress import BuildProgress
from conductor_core.settings import Settings

PROVIDER = "registry.opentofu.org/gavinbunney/kubectl/1.19.0"
State = Literal["absent", "building", "stopped", "starting", "ready", "degraded"]


@dataclass(frozen=True)
class PlaneProgress:
    """How far `up` is: `done` of `total` programs (building) or processes (starting), waiting for `current`."""

    stage: Literal["building", "starting", "ready"]
    done: int
    total: int
    current: str
    seconds_left: int = 0
    fraction: float = 0.0


@dataclass(frozen=True)
class PlaneStatus:
    """The plane as it is now; `endpoints` is None when this home never had one."""

    state: State
    build: BuildProgress
    missing_programs: tuple[str, ...]
    processes: tuple[ProcessStatus, ...]
    endpoints: Endpoints | None


@dataclass(frozen=True)
class PlaneUp:
    """What `up` found or made; `started` is False when it ran already."""

    endpoints: Endpoints
    started: bool


Report = Callable[[PlaneProgress], None]


def up(settings: Settings, report: Report = lambda _: None, timeout: float = 180.0) -> PlaneUp:
    """Build, start and seed the plane of this home, and wait until all of it is ready.

    Raises what `build` and `supervisor.start` raise; nothing is left running on failure.
    """
    programs = build(settings, lambda told: report(_building(told)))
    layout = layouts.of(settings)
    try:
        layout.make()
        with supervisor.locked(layout.run, lambda now: report(_starting(now)), "up.lock"):
            return _up(layout, programs, report, timeout)
    except OSError as bad:
        raise StorageError(
            "The state of the local control plane can't be written.",
            why=str(bad),
            next=f"Make room in {layout.root}, then run `conductor local up`.",
        ) from bad


def _up(layout: Layout, programs: Programs, report: Report, timeout: float) -> PlaneUp:
    before = supervisor.status(layout.run)
    chosen = _ports(layout, before)
    certificates.ensure(layout)
    certificates.write_kubeconfigs(layout, chosen["kube-apiserver"])
    write_configuration(layout, chosen)
    _provider_mirror(layout, programs)
    operations_repo.seed(layout.ops_repo)
    found = _endpoints(layout, programs, chosen)
    layouts.write_private(layout.endpoints_file, json.dumps(found.as_json(), indent=1))
    declared = process_set(layout, programs, chosen)
    after = supervisor.start(declared, lambda now: report(_starting(now)), timeout)
    report(PlaneProgress("ready", len(after.processes), len(after.processes), "", 0, 1.0))
    return PlaneUp(found, started=(after.supervisor, after.created) != (before.supervisor, before.created))


def down(settings: Settings) -> bool:
    """Stop the plane of this home and nothing else; True when something ran."""
    return supervisor.stop(layouts.of(settings).run)


def reset(settings: Settings) -> bool:
    """Stop the plane and delete all its state, the operations repository included; True when there was any."""
    layout = layouts.of(settings)
    ran = down(settings)
    had = layout.root.exists()
    try:
        shutil.rmtree(layout.root, ignore_errors=False) if had else None
        shutil.rmtree(layout.logs, ignore_errors=True)
    except OSError as bad:
        raise StorageError(
            "The state of the local control plane can't be deleted.",
            why=str(bad),
            next=f"Delete {layout.root} by hand.",
        ) from bad
    return ran or had


def status(settings: Settings) -> PlaneStatus:
    """What is built and what runs; reads files only, a few milliseconds."""
    layout = layouts.of(settings)
    told = progress.read(settings)
    try:
        lacking = tuple(missing(settings))
    except ConductorError:
        lacking = ()
    now = supervisor.status(layout.run)
    try:
        found: Endpoints | None = layouts.read_endpoints(layout)
    except StateError:
        found = None
    return PlaneStatus(_state(told, now, found), told, lacking, now.processes, found)


def endpoints(settings: Settings) -> Endpoints:
    """How to reach the plane; raises `StateError` when this home never had one."""
    return layouts.read_endpoints(layouts.of(settings))


def _state(told: BuildProgress, now: SetStatus, found: Endpoints | None) -> State:
    if now.running:
        if now.ready:
            return "ready"
        return "degraded" if any(p.restarts for p in now.processes) else "starting"
    if told.state == "building":
        return "building"
    return "stopped" if found else "absent"


def _building(told: BuildProgress) -> PlaneProgress:
    return PlaneProgress("building", told.done, told.total, told.current, told.seconds_left, told.fraction)


def _starting(now: SetStatus) -> PlaneProgress:
    late = [p.name for p in now.processes if p.state not in ("ready", "done")]
    total = len(now.processes)
    done = total - len(late)
    return PlaneProgress("starting", done, total, late[0] if late else "", 0, done / total if total else 0.0)


def _ports(layout: Layout, now: SetStatus) -> dict[str, int]:
    """The ports of a running plane as they are; else the kept ones, with taken ones replaced once orphans are gone."""
    if now.running:
        return ports.choose(layout.ports_file, PORTS, is_free=lambda _: True)
    supervisor.sweep(layout.run)
    return ports.choose(layout.ports_file, PORTS)


def _endpoints(layout: Layout, programs: Programs, chosen: dict[str, int]) -> Endpoints:
    def local(name: str) -> str:
        return f"http://127.0.0.1:{chosen[name]}"

    return Endpoints(
        kubeconfig=layout.kubeconfig("admin"),
        context=CONTEXT,
        api_url=f"https://127.0.0.1:{chosen['kube-apiserver']}",
        argocd_url=local("argocd-server"),
        argocd_token_file=layout.token_file,
        prometheus_url=local("prometheus"),
        simulator_url=local("simulator"),
        ops_repo=layout.ops_repo,
        bin=programs.bin,
        tofu_config=layout.tofu_config,
    )


def _provider_mirror(layout: Layout, programs: Programs) -> None:
    """tofu finds its one provider in a `filesystem_mirror`, unpacked layout, as its documentation describes it."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    folder = layout.provider_mirror / PROVIDER / f"{platform.system().lower()}_{machine}"
    place = folder / f"terraform-provider-kubectl_v{PROVIDER.rpartition('/')[2]}"
    source = programs.path("terraform-provider-kubectl")
    if not place.is_file() or place.stat().st_size != source.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{os.getpid()}.tmp"
        shutil.copy2(source, temporary)
        temporary.replace(place)
    layouts.write_private(
        layout.tofu_config,
        "disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n"
        f'    path = "{layout.provider_mirror}"\n  }}\n}}\n',
    )
