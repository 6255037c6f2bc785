"""A companion lives as long as its parent, and no longer."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from conductor_core.adapters.companion import Companion

pytestmark = pytest.mark.slow
PARENT = """
import threading
from conductor_core.adapters.companion import Companion
companion = Companion("tests.fakes.companion")
threading.Thread(target=companion.run, args=(threading.Event(),), daemon=True).start()
while companion.pid is None:
    pass
print(companion.pid, flush=True)
input()
"""


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_it_is_started_again_and_ends_with_its_parent() -> None:
    companion, stopping = Companion("tests.fakes.companion", pause=0.05), threading.Event()
    thread = threading.Thread(target=companion.run, args=(stopping,))
    thread.start()
    until(lambda: companion.pid)
    first = companion.pid
    assert first is not None
    psutil.Process(first).kill()
    until(lambda: companion.pid not in (None, first))
    stopping.set()
    thread.join(60)
    assert companion.pid is None


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    parent.stdout.close()
    parent.stdin.close()
