"""Starts, stops and reads a set of supervised processes from outside: `start`, `stop`, `status`.

Used by the local control plane and by the product's own `up`. A supervisor that was killed leaves no orphan: the next
start finds them by recorded identity and by a mark in their environment, never by a bare pid. Rule:
`infra/local/README.md`.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from conductor_core.errors import StorageError, ToolError, TransientError
from conductor_core.localplane.processes import (
    MARK,
    STOPPED,
    Probe,
    Process,
    ProcessSet,
    ProcessStatus,
    SetStatus,
    read_state,
    same_process,
)

__all__ = [
    "Probe",
    "Process",
    "ProcessSet",
    "ProcessStatus",
    "SetStatus",
    "cleared",
    "locked",
    "start",
    "status",
    "stop",
    "sweep",
    "tail",
]

Report = Callable[[SetStatus], None]
TRIES = 3
_ROOT = Path(__file__).resolve().parents[2]


def status(folder: Path) -> SetStatus:
    """What runs in `folder`; `running` is False when its supervisor is gone."""
    return read_state(folder)


def start(declared: ProcessSet, report: Report = lambda _: None, timeout: float = 120.0) -> SetStatus:
    """Start the set and wait until all of it is ready; a set that already runs so is left as it is.

    A set running with another declaration, a half-finished start and orphans of a killed supervisor are ended first.
    Raises `ToolError` with the log's end when a process won't stay up, `TransientError` when `timeout` seconds pass or
    somebody stops it meanwhile, `StorageError` when the folder can't be written. On failure nothing is left running.
    """
    try:
        for folder in (declared.folder, declared.log_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(declared.folder, report):
            now = status(declared.folder)
            if not now.running or now.digest != declared.digest():
                stop(declared.folder)
                _launch(declared)
            return _wait(declared, report, timeout)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as bad:
        raise ToolError(
            f"The supervisor of {declared.name} can't be started.",
            why=tail(str(declared.log_dir / f"{declared.name}-supervisor.log")) or str(bad),
            next="Mend the cause, then start again.",
        ) from bad
    except OSError as bad:
        raise StorageError(
            f"{declared.name} can't be started: its folder can't be written.",
            why=str(bad),
            next=f"Make room in {declared.folder}, then try again.",
        ) from bad


def stop(folder: Path, patience: float = 60.0) -> bool:
    """Stop the set cleanly, in reverse order, and end every orphan; True when something was running."""
    told = read_state(folder)
    supervisor = same_process(told.supervisor, told.created)
    if supervisor is not None:
        supervisor.terminate()
        try:
            supervisor.wait(patience)
        except psutil.TimeoutExpired:
            supervisor.kill()
    swept = sweep(folder)
    (folder / "state.json").unlink(missing_ok=True)
    return supervisor is not None or swept > 0


def cleared(folder: Path, report: Report = lambda _: None) -> SetStatus:
    """What runs in `folder`, after what a killed supervisor left there was ended and its ports are free again; a start
    that is at work is waited for.
    """
    if folder.is_dir() and not status(folder).running:
        with suppress(OSError), locked(folder, report):  # a folder that can't be written is told by whoever writes next
            if not status(folder).running:
                stop(folder)
    return status(folder)


def sweep(folder: Path, patience: float = 5.0) -> int:
    """End what a dead supervisor of `folder` left behind; returns how many processes that were."""
    orphans = {p.pid: p for p in _marked(folder)}
    for told in read_state(folder).processes:
        found = same_process(told.pid, told.created)
        if found is not None:
            orphans[found.pid] = found
    for process in orphans.values():
        _end(process, kill=False)
    _, alive = psutil.wait_procs(list(orphans.values()), timeout=patience)
    for process in alive:
        _end(process, kill=True)
    psutil.wait_procs(alive, timeout=patience)
    return len(orphans)


def tail(log: str, lines: int = 15) -> str:
    """The last `lines` of a log file, or nothing when it can't be read."""
    try:
        with Path(log).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _marked(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(folder):
                yield process
        except (psutil.Error, OSError):
            continue  # gone, or somebody else's: not ours either way


def _end(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.Error:
        return


def _launch(declared: ProcessSet) -> None:
    path = declared.folder / "declared.json"
    path.touch(mode=0o600)
    path.write_text(declared.as_json(), encoding="utf-8")
    here = os.environ.get("PYTHONPATH", "")
    env = {**os.environ, MARK: str(declared.folder), "PYTHONPATH": f"{_ROOT}{os.pathsep}{here}".rstrip(os.pathsep)}
    with (declared.log_dir / f"{declared.name}-supervisor.log").open("ab") as log:
        subprocess.run(
            [sys.executable, "-m", "conductor_core.localplane.daemon", str(declared.folder)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
            start_new_session=True,
            timeout=60,
        )


def _wait(declared: ProcessSet, report: Report, timeout: float) -> SetStatus:
    begun = time.monotonic()
    last = STOPPED
    seen = False
    while True:
        now = status(declared.folder)
        seen = seen or now.running
        if now != last:
            report(now)
            last = now
        if now.ready:
            return now
        waited = time.monotonic() - begun
        failing = next((p for p in now.processes if p.fails >= TRIES), None)
        if failing is not None:
            stop(declared.folder)
            raise ToolError(
                f"{failing.name} does not stay up.",
                why=f"{failing.why}\n{tail(failing.log)}".strip(),
                next=f"Read {failing.log}, mend the cause, then start again.",
            )
        if not now.running and (seen or waited > 20):
            raise TransientError(
                f"{declared.name} was stopped while it was starting.",
                why=tail(str(declared.log_dir / f"{declared.name}-supervisor.log")),
                next="Start it again.",
            )
        if waited > timeout:
            late = ", ".join(p.name for p in now.processes if p.state not in ("ready", "done"))
            stop(declared.folder)
            raise TransientError(
                f"{declared.name} did not get ready within {timeout:.0f} s.",
                why=f"Not ready: {late}.",
                next=f"Read the logs in {declared.log_dir}, then start again.",
            )
        time.sleep(0.05)


@contextmanager
def locked(folder: Path, report: Report = lambda _: None, name: str = "start.lock") -> Iterator[None]:
    """Hold the lock `name` of `folder`; while another process has it, tell how far that one is."""
    with (folder / name).open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(status(folder))
                time.sleep(0.2)
        yield
