"""The supervisor's own process: starts declared processes in order, restarts what dies, stops them in reverse.

Started detached by `supervisor.start`; single-threaded, ticking ten times a second. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

import psutil

from conductor_core.localplane.processes import MARK, Process, ProcessSet, ProcessStatus, SetStatus, write_state

TICK = 0.1
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
LOG_BYTES = 5_000_000
LOGS_KEPT = 2


class Child:
    """One declared process and what is known of it."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process, self.log = process, log
        self.running: subprocess.Popen[bytes] | None = None
        self.status = ProcessStatus(process.name, "waiting", since=time.time(), log=str(log))
        self.not_before = 0.0
        self.started = 0.0

    def set(self, **changes: object) -> None:
        """Record a change of state."""
        self.status = replace(self.status, since=time.time(), **changes)  # type: ignore[arg-type]  # field values

    def spawn(self, mark: str) -> None:
        """Start it in a process group of its own, its output appended to its log."""
        rotate(self.log)
        env = {**os.environ, **self.process.env, MARK: mark}
        env = {k: v for k, v in env.items() if v != ""}
        try:
            with self.log.open("ab") as out:
                self.running = subprocess.Popen(
                    self.process.argv,
                    env=env,
                    cwd=self.process.cwd or None,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as bad:
            self.failed(f"it can't be started: {bad}")
            return
        self.started = time.monotonic()
        try:
            created = psutil.Process(self.running.pid).create_time()
        except psutil.Error:
            created = time.time()
        self.set(state="starting", pid=self.running.pid, created=created, why="")

    def failed(self, why: str) -> None:
        """It ended or never started: wait longer each time before the next try."""
        fails = self.status.fails + 1
        self.running = None
        self.not_before = time.monotonic() + BACK_OFF[min(fails - 1, len(BACK_OFF) - 1)]
        self.set(state="backoff", pid=0, created=0.0, fails=fails, restarts=self.status.restarts + 1, why=why)

    def look(self) -> bool:
        """Notice its end or readiness; True when something changed."""
        if self.running is None:
            return False
        code = self.running.poll()
        if code is not None:
            if self.process.once and code == 0:
                self.running = None
                self.set(state="done", pid=0, fails=0)
            else:
                self.signal(signal.SIGKILL)  # what it left in its group
                self.failed(f"it ended with {'signal ' + str(-code) if code < 0 else 'exit code ' + str(code)}")
            return True
        waited = time.monotonic() - self.started
        if self.status.state == "starting" and not self.process.once:
            if self.process.ready is None or self.process.ready.passes():
                self.set(state="ready")
                return True
            if waited > self.process.patience:
                self.signal(signal.SIGKILL)
                self.running.wait()
                self.failed(f"it was not ready after {self.process.patience:.0f} s")
                return True
        if self.status.state == "ready" and self.status.fails and waited > 60:
            self.set(fails=0)
            return True
        return False

    def signal(self, number: int) -> None:
        """Signal the whole process group, if it is still there."""
        if self.running is not None:
            try:
                os.killpg(self.running.pid, number)
            except (ProcessLookupError, PermissionError):
                return


class Daemon:
    """Runs one process set until SIGTERM or SIGINT."""

    def __init__(self, declared: ProcessSet) -> None:
        self.declared = declared
        self.stopping = False
        self.children = {p.name: Child(p, declared.log_dir / f"{p.name}.log") for p in declared.processes}
        self.created = psutil.Process().create_time()

    def run(self) -> None:
        """Supervise; returns after a stop was asked for and every process has ended."""
        signal.signal(signal.SIGTERM, self._asked)
        signal.signal(signal.SIGINT, self._asked)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.record()
        looked = 0.0
        while not self.stopping:
            changed = False
            for child in self.children.values():
                changed |= self._start(child) or child.look()
            if changed:
                self.record()
            if time.monotonic() - looked > 5:
                looked = time.monotonic()
                for child in self.children.values():
                    rotate(child.log)
            time.sleep(TICK)
        self.stop()

    def _asked(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _start(self, child: Child) -> bool:
        if child.running is not None or child.status.state not in ("waiting", "backoff"):
            return False
        due = time.monotonic() >= child.not_before
        if due and all(self.children[n].status.state in ("ready", "done") for n in child.process.after):
            child.spawn(str(self.declared.folder))
            return True
        return False

    def stop(self) -> None:
        """Stop in reverse: a process is asked to end once nothing that needs it is left; it's killed when it won't."""
        self.record()
        asked: dict[str, float] = {}
        while left := {n: c for n, c in self.children.items() if c.running is not None}:
            needed = {n for c in left.values() for n in c.process.after}
            for name, child in left.items():
                if child.running is not None and child.running.poll() is not None:
                    child.signal(signal.SIGKILL)
                    child.running = None
                    child.set(state="stopped", pid=0)
                elif name not in asked and name not in needed:
                    asked[name] = time.monotonic()
                    child.signal(signal.SIGTERM)
                elif name in asked and time.monotonic() - asked[name] > child.process.stop_seconds:
                    child.signal(signal.SIGKILL)
            time.sleep(0.02)
        for child in self.children.values():
            child.set(state="stopped", pid=0)
        self.record()

    def record(self) -> None:
        """Write the state file; a full disk must not end the supervision, the next change tries again."""
        told = SetStatus(
            running=True,
            supervisor=os.getpid(),
            created=self.created,
            digest=self.declared.digest(),
            stopping=self.stopping,
            processes=tuple(c.status for c in self.children.values()),
        )
        try:
            write_state(self.declared.folder, told)
        except OSError as bad:
            print(f"the state can't be recorded: {bad}", file=sys.stderr, flush=True)


def rotate(log: Path, limit: int = LOG_BYTES) -> None:
    """Keep a log below `limit` bytes: its content moves to `.1`, the open file is emptied in place."""
    try:
        if log.stat().st_size < limit:
            return
        for number in range(LOGS_KEPT, 1, -1):
            older = log.with_name(f"{log.name}.{number - 1}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number}"))
        log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
    except OSError:
        return


def main(folder: str) -> None:
    """Detach from whoever called (fork, new session) and supervise what `folder/declared.json` declares."""
    declared = ProcessSet.from_json((Path(folder) / "declared.json").read_text(encoding="utf-8"))
    if os.fork():
        os._exit(0)
    os.setsid()
    Daemon(declared).run()


if __name__ == "__main__":
    main(sys.argv[1])
