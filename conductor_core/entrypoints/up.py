"""`conductor up` and `conductor down`: the workbench and what it needs, supervised, on this machine."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conductor_core.errors import ConfigurationError, StorageError
from conductor_core.localplane import programs, supervisor
from conductor_core.localplane.supervisor import Probe, Process, ProcessSet, SetStatus
from conductor_core.settings import PROJECT_ROOT, Settings
from conductor_core.wiring import prepare_database, stop_database
from conductor_core.wiring.serving import settings_digest

Say = Callable[[str], None]
PORTS_TRIED = 50
PLANE_PATIENCE = 7200.0
"""Seconds that the first build may take on a slow machine."""


@dataclass(frozen=True)
class Running:
    """What runs: `url` is the workbench; `plane`: a local control plane comes along."""

    url: str
    api_url: str
    plane: bool
    already: bool


def up(settings: Settings, say: Say) -> Running:
    """Start PostgreSQL, API, worker, UI and, when no context is chosen, the local control plane in the background.

    A second call reports what runs, and starts it anew when the settings or the program have changed; a half-finished
    earlier start is ended first. Raises `ToolError` with the end of
    the log when a process won't stay up, `ConfigurationError` when no port is free, `StorageError` on a full disk.
    """
    said: set[str] = set()

    def report(status: SetStatus) -> None:
        for process in status.processes:
            line = f"{process.name}: {process.state}" + (f" ({process.why})" if process.why else "")
            if line not in said and process.state not in ("waiting", "stopped"):
                said.add(line)
                say(line)

    now = supervisor.cleared(_folder(settings), report)
    ports = _ports(settings, now)
    declared = declare(settings, ports)
    already = now.ready and now.digest == declared.digest()
    if now.running and now.digest != declared.digest():
        say("settings or program have changed since the last start: it is started anew; a Change that runs goes on")
        said.clear()
    say("the database" + ("" if already else ": starting, then brought up to date"))
    prepare_database(settings)
    supervisor.start(declared, report)
    host = settings.host
    return Running(
        settings.public_url or f"http://{host}:{ports['ui']}",
        f"http://{host}:{ports['api']}",
        not settings.kube_context,
        already,
    )


def down(settings: Settings, say: Say) -> bool:
    """Stop what `up` started and nothing else; True when something was running."""
    from conductor_core.localplane import plane  # only here: it costs a start-up nothing else needs

    stopped = supervisor.stop(_folder(settings))
    supervisor.stop(settings.run_dir / "plane")
    if stopped:
        say("workbench, API and worker: stopped")
    if plane.down(settings):
        stopped = True
        say("local control plane: stopped")
    if stop_database(settings):
        stopped = True
        say("database: stopped")
    return stopped


def declare(settings: Settings, ports: dict[str, int]) -> ProcessSet:
    """The processes of the workbench on those ports."""
    python, host = sys.executable, settings.host
    env = {
        "CONDUCTOR_HOME": str(settings.home),
        "CONDUCTOR_CACHE": str(settings.cache),
        "CONDUCTOR_STARTED_WITH": f"{settings_digest(settings)[:16]} {_program()[:16]}",
    }
    api = Process(
        "maestro-api",
        (python, "-m", "conductor_core.entrypoints.api.main", "--host", host, "--port", str(ports["api"])),
        env=env,
        cwd=str(PROJECT_ROOT),
        ready=Probe("http", f"http://{host}:{ports['api']}/healthz"),
    )
    worker = Process(
        "maestro-worker", (python, "-m", "conductor_core.entrypoints.worker"), env=env, cwd=str(PROJECT_ROOT)
    )
    ui = Process(
        "maestro-ui",
        (python, "-m", "conductor_core.entrypoints.ui", "--host", host, "--port", str(ports["ui"])),
        env=env,
        cwd=str(PROJECT_ROOT),
        ready=Probe("http", f"http://{host}:{ports['ui']}/_stcore/health"),
    )
    return ProcessSet("conductor", _folder(settings), settings.log_dir, (api, worker, ui))


def follow_plane(settings: Settings, report: Callable[[SetStatus], None] = lambda _: None) -> None:
    """Build (the first time) and start the local control plane under a supervisor of its own; returns when it is up.

    Whoever stops waiting leaves it going on. Raises what `supervisor.start` raises.
    """
    env = {"CONDUCTOR_HOME": str(settings.home), "CONDUCTOR_CACHE": str(settings.cache)}
    argv = (sys.executable, "-m", "conductor_core.entrypoints.cli.main", "local", "up")
    builder = Process("local-plane", argv, env=env, cwd=str(PROJECT_ROOT), once=True, patience=PLANE_PATIENCE)
    folder = settings.run_dir / "plane"
    if supervisor.status(folder).ready:
        supervisor.stop(folder)  # done once; whether the plane still runs is asked anew
    declared = ProcessSet("local-plane", folder, settings.log_dir, (builder,))
    supervisor.start(declared, report, timeout=PLANE_PATIENCE)


def plane_is_built(settings: Settings) -> bool:
    """True when the local control plane can start at once, without building a program first."""
    return not programs.missing(settings)


def _program() -> str:
    """A digest that changes with the program's files."""
    found = [file for folder in ("conductor_core", "app", "pages") for file in (PROJECT_ROOT / folder).rglob("*.py")]
    seen = [f"{file} {stat.st_size} {stat.st_mtime_ns}" for file, stat in ((f, f.stat()) for f in sorted(found))]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _folder(settings: Settings) -> Path:
    return settings.run_dir / "workbench"


def _ports(settings: Settings, now: SetStatus) -> dict[str, int]:
    """The ports of this home: those of the last start while it runs or they are free, else the next free ones from
    those that the settings ask for; other ones asked for are other ports.
    """
    file = settings.run_dir / "ports.json"
    wanted = {"ui": settings.ui_port, "api": settings.api_port}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        kept = {name: int(told[name]) for name in wanted if told.get("asked", wanted)[name] == wanted[name]}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        kept = {}
    ports: dict[str, int] = {}
    for name, first in wanted.items():
        old = kept.get(name, first)
        usable = old if (now.running and name in kept) or _free(settings.host, old) else 0
        ports[name] = usable or _next_free(settings.host, first, set(ports.values()))
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(json.dumps(ports | {"asked": wanted}), encoding="utf-8")
    except OSError as bad:
        raise StorageError(
            f"The data folder {settings.home} can't be written.",
            why=str(bad),
            next="Make room or name another folder in CONDUCTOR_HOME.",
        ) from bad
    return ports


def _next_free(host: str, first: int, taken: set[int]) -> int:
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        if port not in taken and _free(host, port):
            return port
    raise ConfigurationError(
        f"No port from {first} to {first + PORTS_TRIED - 1} is free on {host}.",
        why="Other programs listen on all of them.",
        next="Set CONDUCTOR_UI_PORT and CONDUCTOR_API_PORT to free ports.",
    )


def _free(host: str, port: int) -> bool:
    if port == 0:
        return False
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
