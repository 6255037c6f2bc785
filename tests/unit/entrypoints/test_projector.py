"""The projector's process: what it keeps in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conductor_core.settings import PROJECT_ROOT

PUBLISHING = """
import sys
from pathlib import Path
import psutil
from conductor_core.settings import Settings
from conductor_core.wiring import wire
from tests.fakes.audit import publish, record

wire(Settings(home=Path(sys.argv[1]), database_url="postgresql://nobody@127.0.0.1:1/none"))
events = record(Path(sys.argv[1]))
sizes = []
for turn in range(3):
    publish(Path(sys.argv[1]) / f"audit-{turn}", events, at_once=2)
    sizes.append(psutil.Process().memory_info().rss)
print(*sizes)
"""


@pytest.mark.slow
def test_publications_give_their_memory_back(tmp_path: Path) -> None:
    """With everything loaded that the process loads: another native library once kept DuckDB from it."""
    argv = [sys.executable, "-c", PUBLISHING, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    first, _, last = map(int, done.stdout.split())
    assert last < 300e6
    assert last - first < 60e6, "after 56 more publications"
