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
    """One system call of the child on the folder: its name, its number among the calls of that name, its path."""

    name: str
    number: int
    path: str
    started: bool


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    calls: list[Call]
    injected: list[str]


def run(folder: Path, fault: str = "") -> Ended:
    """Run the child in this folder, with a fault such as `fsync:error=EIO:when=3`."""
    trace = folder.with_suffix(".trace")
    argv = ["strace", "-f", "-y", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    argv += ["-e", f"inject={fault}"] if fault else []
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
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    return Ended(done.returncode, done.stdout, list(calls_in(lines, folder)), [x for x in lines if "INJECTED" in x])


def calls_in(lines: list[str], folder: Path) -> Iterator[Call]:
    counts = dict.fromkeys(CALLS, 0)
    started = False
    for text in lines:
        found = re.match(r"\d+ +(\w+)\(", text)
        if found is None or found[1] not in counts:
            continue
        counts[found[1]] += 1
        started = started or '"started' in text
        path = re.search(re.escape(str(folder)) + r"(?:/[^>\"]*)?", text)
        if path and "= -1" not in text and not ("O_RDONLY" in text and "O_DIRECTORY" not in text):
            yield Call(found[1], counts[found[1]], path[0].removeprefix(str(folder)).lstrip("/"), started)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "ledger"
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


def fail(template: Path, call: Call, fault: str) -> None:
    folder = template.with_name(f"{call.name}-{call.number}-{re.sub('[^A-Z]', '', fault)}")
    shutil.copytree(template, folder)
    ended = run(folder, f"{call.name}:{fault}:when={call.number}")
    if "signal" in fault:
        assert ended.code == -9
    else:
        assert len(ended.injected) == 1
        assert call.path in ended.injected[0]
        assert ended.code == 3, "after a failure the process ends"
        assert ended.said.count("failed") == 1
    check(folder, ended)
    shutil.rmtree(folder)


def appends(whole: Ended, name: str, every: int = 1) -> list[Call]:
    found = [c for c in whole.calls if c.started and c.name == name]
    assert found, f"an append has no {name}"
    return found[::every]


@pytest.mark.parametrize(
    ("name", "fault", "every"),
    [
        ("write", "error=EIO", 1),
        ("write", "error=ENOSPC", 1),
        ("write", "signal=KILL", 1),
        ("fsync", "error=EIO", 1),
        ("fsync", "error=ENOSPC", 3),
        ("fsync", "signal=KILL", 1),
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
    for call in appends(whole, name, every):
        fail(template, call, fault)


def test_a_second_fault_during_the_recovery(template: Path, whole: Ended, tmp_path: Path) -> None:
    head = next(c for c in whole.calls if c.started and c.name == "rename" and "head" in c.path)
    crashed = shutil.copytree(template, tmp_path / "crashed")
    run(crashed, f"rename:signal=KILL:when={head.number}")
    trial = run(shutil.copytree(crashed, tmp_path / "trial"))
    recovery = [c for c in trial.calls if not c.started and c.name != "openat"]
    assert {c.name for c in recovery} >= {"mkdir", "rename", "fsync"}, "what was not acknowledged is set aside"
    again = [c for c in trial.calls if c.started and c.name in ("write", "fsync")]
    for number, call in enumerate((*recovery, *again[::4])):
        folder = shutil.copytree(crashed, tmp_path / f"again-{number}")
        ended = run(folder, f"{call.name}:{('error=EIO', 'signal=KILL')[number % 2]}:when={call.number}")
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
    assert any(c.name == "fsync" and c.path == "log" for c in calls[show:])
