"""How far the build of the programs is, kept in a file so that other processes (Status page, CLI) can tell too.

Rule: the first build runs in the background and everybody sees "program n of m, time left" (`infra/local/README.md`).
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psutil

from conductor_core.settings import Settings

State = Literal["idle", "building", "done", "failed"]


@dataclass(frozen=True)
class BuildProgress:
    """`done` of `total` programs are there; `current` is being built; `seconds_left` is an estimate, 0 when unknown."""

    state: State
    done: int
    total: int
    current: str = ""
    seconds_left: int = 0
    elapsed: float = 0.0
    fraction: float = 0.0
    why: str = ""


def progress_file(settings: Settings) -> Path:
    """The file that the building process writes; it lives beside the programs, which all homes share."""
    return settings.cache / "programs" / "progress.json"


def write(settings: Settings, progress: BuildProgress) -> None:
    """Publish `progress` by atomic rename, with the writer's identity so that a dead writer is noticed."""
    path = progress_file(settings)
    me = psutil.Process()
    body = {"pid": me.pid, "created": me.create_time(), "at": time.time(), **asdict(progress)}
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(body), encoding="utf-8")
    temporary.replace(path)


def read(settings: Settings) -> BuildProgress:
    """The last published progress; `idle` when nothing was ever built or the builder died without a word."""
    try:
        body = json.loads(progress_file(settings).read_text(encoding="utf-8"))
        progress = BuildProgress(**{k: body[k] for k in BuildProgress.__dataclass_fields__})
        writer = (int(body["pid"]), float(body["created"]))
        age = max(0.0, time.time() - float(body["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return BuildProgress("idle", 0, 0)
    if progress.state != "building":
        return progress
    if not _alive(*writer):
        return BuildProgress("idle", progress.done, progress.total, why="The build was interrupted; it resumes.")
    return BuildProgress(
        "building",
        progress.done,
        progress.total,
        progress.current,
        max(1, round(progress.seconds_left - age)),
        progress.elapsed + age,
        progress.fraction,
    )


def _alive(pid: int, created: float) -> bool:
    try:
        return abs(psutil.Process(pid).create_time() - created) < 1.0
    except psutil.Error:
        return False


@dataclass
class Clock:
    """Estimates the time left from the catalogue's weights, corrected by how fast this machine has been so far."""

    weights: dict[str, int]
    started: float
    spent: float = 0.0
    finished: float = 0.0

    def left(self, remaining: list[str], now: float) -> int:
        """Seconds left for `remaining` (the first one running since `started`)."""
        pace = self.spent / self.finished if self.finished else 1.0
        ahead = sum(self.weights[n] for n in remaining) * min(5.0, max(0.02, pace))
        return max(1, round(ahead - (now - self.started))) if remaining else 0

    def finish(self, name: str, now: float) -> None:
        """Program `name` is built: learn the pace from it."""
        self.spent += now - self.started
        self.finished += self.weights[name]
        self.started = now
