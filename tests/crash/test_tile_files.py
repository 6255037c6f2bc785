"""Faults at each system call of an append and of the recovery after it: nothing acknowledged is lost or doubled.

A child process writes under `strace`, which fails a call (EIO, ENOSPC) or kills the process before it. One append is
chosen that does everything at once: it fills a tile, begins others, makes folders, and prunes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conductor_core.adapters.signing import ed25519
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.domain import tiles
from conductor_core.services.verification import verify
from conductor_core.settings import PROJECT_ROOT
from tests.crash import ledger_writer

pytestmark = pytest.mark.crash

BEFORE, TOTAL = (100, 300, 510), 513
CALLS = ("openat", "write", "fsync", "rename", "mkdir", "unlink", "rmdir")


@dataclass(frozen=True)
class Call:
    """One system call of the child on the folder: name, path, its number among the thread's calls of both."""

    name: str
    path: str
    number: int
    started: bool


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    calls: list[Call]
    injected: int


def run(folder: Path, call: Call | None = None, fault: str = "") -> Ended:
    """Run the child in this folder, with a fault such as `error=EIO` or `signal=KILL` at one call."""
    trace = folder.with_suffix(".trace")
    argv = ["strace", "-f", "-y", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    if call:
        argv += ["-P", str(folder / call.path), "-e", f"inject={call.name}:{fault}:when={call.number}"]
    argv += [] if "signal" in fault else ["--seccomp-bpf"]  # faster, but injected signals would get lost
    program = [sys.executable, "-B", str(PROJECT_ROOT / "tests/crash/ledger_writer.py"), str(folder), str(TOTAL)]
    done = subprocess.run(
        [*argv, *program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        check=False,
    )
    text = trace.read_text(encoding="utf-8", errors="replace")
    return Ended(done.returncode, done.stdout, list(calls_in(text, folder)), text.count("INJECTED"))


def calls_in(trace: str, folder: Path) -> Iterator[Call]:
    """The calls that change something, in the order in which they began."""
    counts: Counter[tuple[str, str, str]] = Counter()
    started = False
    for text in trace.splitlines():
        found = re.match(r"(\d+) +(\w+)\(", text)
        path = re.search(re.escape(str(folder)) + r"(?:/[^>\"]*)?", text)
        started = started or '"started' in text
        if found and path:
            where = path[0].removeprefix(str(folder)).lstrip("/")
            counts[found[1], found[2], where] += 1
            number = counts[found[1], found[2], where]
            if "= -1" not in text and not ("O_RDONLY" in text and "O_DIRECTORY" not in text):
                yield Call(found[2], where, number, started)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder in memory where there is one: the faults are strace's, and a busy disk would only make them slow."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ledger-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def template(place: Path) -> Path:
    folder = place / "ledger"
    folder.mkdir()
    for total in BEFORE:
        writer = ledger_writer.sequencer(folder, total)
        writer.start()
        writer.step()
    return folder


@pytest.fixture(scope="module")
def whole(template: Path) -> Ended:
    """The append without any fault."""
    folder = shutil.copytree(template, template.with_name("whole"))
    ended = run(folder)
    assert (ended.code, ended.said) == (0, "started\nacknowledged 3\n")
    check(folder, ended)
    return ended


def check(folder: Path, ended: Ended) -> None:
    """Recover, finish, and look at every entry; what was acknowledged must be in the head before that."""
    head = ledger_writer.FileRows(folder, TOTAL).head()
    assert head is not None
    assert head.size in (BEFORE[-1], TOTAL)
    if "acknowledged" in ended.said:
        assert head.size == TOTAL
    writer = ledger_writer.sequencer(folder, TOTAL)
    assert writer.start() == head
    assert writer.step() == TOTAL - head.size
    files = TileFiles(folder / "log")
    opened = verify(files.published(), files.read, [ledger_writer.SIGNER.key], ed25519, widths=files.widths)
    assert opened.checkpoint.size == TOTAL
    bundles = [p for p in tiles.places(TOTAL) if p.level == tiles.ENTRIES]
    entries = [e for p in bundles for e in tiles.read_entries(files.read, p)]
    assert entries == [ledger_writer.entry(n) for n in range(TOTAL)]


def fail(template: Path, call: Call, fault: str, trial: int) -> None:
    folder = shutil.copytree(template, template.with_name(f"{call.name}-{trial}"))
    ended = run(folder, call, fault)
    if "signal" in fault:
        assert ended.code == -9
    else:
        assert ended.injected == 1
        assert ended.code == 3, "after a failure the process ends"
        assert ended.said.count("failed") == 1
    check(folder, ended)
    shutil.rmtree(folder)


def appends(whole: Ended, name: str, every: int = 1) -> list[Call]:
    """The append's calls of this name, each path once (threads fsync, and they take turns as they like)."""
    found = [c for c in dict.fromkeys(whole.calls) if c.started and c.name == name]
    assert found, f"an append has no {name}"
    return [c for c in found if name != "fsync" or c.number == 1][::every]


@pytest.mark.parametrize(
    ("name", "fault", "every"),
    [
        ("write", "error=EIO", 1),
        ("write", "error=ENOSPC", 3),
        ("write", "signal=KILL", 1),
        ("fsync", "error=EIO", 1),
        ("fsync", "error=ENOSPC", 3),
        ("fsync", "signal=KILL", 2),
        ("rename", "error=EIO", 1),
        ("rename", "signal=KILL", 1),
        ("openat", "error=EIO", 3),
        ("openat", "error=ENOSPC", 5),
        ("openat", "error=EMFILE", 7),
        ("mkdir", "error=ENOSPC", 1),
        ("mkdir", "signal=KILL", 1),
        ("unlink", "error=EIO", 1),
        ("unlink", "signal=KILL", 1),
        ("rmdir", "signal=KILL", 1),
    ],
)
def test_a_fault_in_an_append(template: Path, whole: Ended, name: str, fault: str, every: int) -> None:
    for trial, call in enumerate(appends(whole, name, every)):
        fail(template, call, fault, trial)


def test_a_second_fault_during_the_recovery(template: Path, whole: Ended, place: Path) -> None:
    head = next(c for c in whole.calls if c.started and c.name == "rename" and "head" in c.path)
    crashed = shutil.copytree(template, place / "crashed")
    assert run(crashed, head, "signal=KILL").code == -9
    trial = run(shutil.copytree(crashed, place / "trial"))
    # A thread's later calls on one path come in another order each time; its first one always comes.
    first = [c for c in trial.calls if c.number == 1]
    recovery = [c for c in first if not c.started and c.name != "openat"]
    assert {c.name for c in recovery} >= {"mkdir", "rename", "fsync"}, "what was not acknowledged is set aside"
    again = [c for c in first if c.started and c.name in ("write", "fsync")]
    for number, call in enumerate((*recovery[::2], *again[::6])):
        folder = shutil.copytree(crashed, place / f"again-{number}")
        ended = run(folder, call, ("error=EIO", "signal=KILL")[number % 2])
        assert ended.code != 0
        check(folder, ended)


def test_the_head_moves_only_when_all_before_it_is_durable(whole: Ended) -> None:
    calls = [c for c in whole.calls if c.started]
    swap = next(n for n, c in enumerate(calls) if c.name == "rename" and "head" in c.path)
    show = next(n for n, c in enumerate(calls) if c.name == "rename" and "checkpoint" in c.path)
    assert swap < show
    written = {c.path: n for n, c in enumerate(calls) if c.name == "write"}
    synced = {c.path: n for n, c in enumerate(calls[:swap]) if c.name == "fsync"}
    resources = [path for path in written if path.startswith("log/tile/")]
    assert len(resources) == 5, "bundles 1 and 2, tiles 1 and 2 of level 0, tile 0 of level 1"
    for path in resources:
        assert written[path] < synced[path] < swap
        folder = path.rpartition("/")[0]
        assert synced[folder] > written[path], f"{folder} must be durable after {path} got its name"
    made = [c.path for c in calls if c.name == "mkdir" and c.path.startswith("log/tile/")]
    for path in made:
        assert path.rpartition("/")[0] in synced
    checkpoint = [c.name for c in calls[swap:] if "checkpoint.new" in c.path]
    assert checkpoint == ["openat", "write", "fsync", "rename"]
