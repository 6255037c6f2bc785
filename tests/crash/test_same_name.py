"""A worker that can't serve ends with its reason; its threads don't keep it alive without work."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from conductor_core.settings import PROJECT_ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.crash, pytest.mark.slow]


def test_a_second_worker_of_the_same_name_ends(database_url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="same-name-") as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CONDUCTOR_")} | {
            "CONDUCTOR_HOME": folder,
            "CONDUCTOR_DATABASE_URL": database_url,
            "CONDUCTOR_WORKER_NAME": "twin",
        }
        log = Path(folder) / "worker.log"

        def start() -> subprocess.Popen[bytes]:
            with log.open("ab") as out:
                argv = [sys.executable, "-m", "conductor_core.entrypoints.worker"]
                return subprocess.Popen(argv, env=environment, cwd=PROJECT_ROOT, stdout=out, stderr=out)

        first = start()
        try:
            end = time.monotonic() + 60
            while "is ready" not in log.read_text() and time.monotonic() < end:
                time.sleep(0.1)
            second = start()
            try:
                assert second.wait(90) != 0
            finally:
                second.kill()
                second.wait()
            assert "ConflictError" in log.read_text()
            assert first.poll() is None
        finally:
            first.terminate()
            assert first.wait(60) == 0
