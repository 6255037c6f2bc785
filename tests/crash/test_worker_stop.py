"""A worker that is to stop ends in time, whatever it works on; the next one takes that up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conductor_core.adapters.dbos_workflows import DbosWorkflows
from conductor_core.settings import PROJECT_ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.crash, pytest.mark.slow]

WORKER = """
import sys, time
from conductor_core.entrypoints import worker
made = worker.wire

def wire(settings):
    conductor = made(settings)
    def plan(change_id):
        print(f"planning {change_id}", flush=True)
        time.sleep(float(sys.argv[1]))
        print(f"planned {change_id}", flush=True)
    conductor.execution.plan = plan
    return conductor

worker.wire, worker.GRACE_SECONDS = wire, 1.0
sys.exit(worker.main())
"""


def until(log: Path, words: str) -> None:
    end = time.monotonic() + 60
    while words not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def test_a_worker_leaves_what_does_not_end_to_the_next_one(database_url: str, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONDUCTOR_")} | {
        "CONDUCTOR_HOME": str(tmp_path / "home"),
        "CONDUCTOR_DATABASE_URL": database_url,
        "CONDUCTOR_WORKER_NAME": "stopped",
    }
    log = tmp_path / "worker.log"

    def start(seconds: float) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            argv = [sys.executable, "-c", WORKER, str(seconds)]
            return subprocess.Popen(argv, env=environment, cwd=PROJECT_ROOT, stdout=out, stderr=out)

    first = start(600)
    try:
        until(log, "is ready")
        workflows = DbosWorkflows(database_url)
        workflows.plan("chg-1", "chg-1")
        workflows.close()
        until(log, "planning chg-1")
        first.terminate()
        assert first.wait(30) == 0
        assert "left to the next worker: ['chg-1']" in log.read_text()
    finally:
        first.kill()
    second = start(0)
    try:
        until(log, "planned chg-1")
        second.terminate()
        assert second.wait(30) == 0
    finally:
        second.kill()
