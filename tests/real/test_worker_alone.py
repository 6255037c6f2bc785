"""A worker on its own database, without a cluster: how much memory it keeps, who cosigns, and what ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from conductor_core.adapters.duckdb_audit import published
from conductor_core.adapters.signing import open_keys
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.events import Fact
from conductor_core.settings import Settings
from conductor_core.wiring import KEY, LOG, VKEY, prepare_database, stop_database, wire
from tests.fakes.witness import Rules, serving

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]
EVENTS = 20_000
MOST_RESIDENT = 300_000_000
"""Bytes that a worker may keep, however long the record is."""


def until(true: Callable[[], object], why: Callable[[], str], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, why()
        time.sleep(0.1)


def test_a_worker_stays_small_and_takes_its_projector_along() -> None:
    with tempfile.TemporaryDirectory(prefix="conductor-worker-", dir="/tmp") as name:  # PostgreSQL's user must reach it
        home = Path(name)
        home.chmod(0o755)
        signer, _ = open_keys(home / KEY, home / LOG / VKEY)
        rules = Rules("witness.example/w1", [signer.key])
        with serving(rules) as url:
            settings = Settings(home=home, witnesses=f"{rules.key.encode()} {url}")
            prepare_database(settings)
            try:
                _run(settings)
            finally:
                stop_database(settings)


def _run(settings: Settings) -> None:
    conductor = wire(settings)
    for first in range(0, EVENTS, 1000):
        facts = [Fact("conductor.report.made.v1", {"title": f"{n}"}) for n in range(first, first + 1000)]
        conductor.ledger.append(facts, "rep-01", SYSTEM)
    environment = os.environ | {"CONDUCTOR_HOME": str(settings.home), "CONDUCTOR_WITNESSES": settings.witnesses}
    log = settings.home / "worker.log"
    with log.open("ab") as out:
        argv = [sys.executable, "-m", "conductor_core.entrypoints.worker"]
        worker = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until(lambda: _projected(settings.home) >= EVENTS, lambda: log.read_text()[-2000:])
        until(lambda: (found := conductor.ledger_reader.cosigned()) and found.checkpoint.size >= EVENTS, log.read_text)
        process = psutil.Process(worker.pid)
        (projector,) = [p for p in process.children() if "projector" in " ".join(p.cmdline())]
        print(f"worker {process.memory_info().rss / 1e6:.0f} MB, projector {projector.memory_info().rss / 1e6:.0f} MB")
        assert process.memory_info().rss < MOST_RESIDENT
        assert not [m.path for m in process.memory_maps() if "duckdb" in m.path or "pyarrow" in m.path]
        worker.kill()
        worker.wait()
        until(lambda: not projector.is_running() or projector.status() == psutil.STATUS_ZOMBIE, log.read_text, 60)
    finally:
        worker.kill()
        worker.wait()
        conductor.store._engine.dispose()  # type: ignore[attr-defined]  # a connection that is left open is a warning


def _projected(home: Path) -> int:
    made = published.read(home / "audit")
    return made.position.events if made else 0
