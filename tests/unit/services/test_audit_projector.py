"""The projector's process stays small, whatever it projects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conductor_core.settings import PROJECT_ROOT

MOST = 400 << 20
"""Bytes that the process of a projector may have resident at its peak; reading 5,000 events at once, it had 700 MB."""


@pytest.mark.slow
def test_a_record_of_large_events_is_projected_in_little_memory(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tests.fakes.large_record", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(argv, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, peak = map(int, done.stdout.split())
    assert before < peak < MOST, f"{peak / 1e6:.0f} MB"
