"""The probes: a part that answers but can't do its work is not healthy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conductor_core.adapters.policy_files import PolicyFiles
from conductor_core.adapters.rego import RegoEngine
from conductor_core.errors import UnreachableError
from conductor_core.services.probes import core, late_worker
from conductor_core.services.status import Health, StatusService
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.change_store import MemoryChangeStore

GOOD = 'package door\n\ndeny := set()\n\nwarn := set()\n\nrules := {"door/a"}\n'


@pytest.mark.parametrize(("text", "health"), [(GOOD, Health.HEALTHY), (GOOD + "deny contains x if {\n", Health.DOWN)])
def test_a_bundle_that_does_not_compile_is_not_healthy(tmp_path: Path, text: str, health: Health) -> None:
    (tmp_path / "door").mkdir()
    (tmp_path / "door" / "door.rego").write_text(text, encoding="utf-8")
    engine = RegoEngine(PolicyFiles(tmp_path))
    found = StatusService(core(MemoryChangeStore(), MemoryBlobs(), engine, lambda: None), dict).test("policy")
    engine.close()
    assert found.health is health
    assert health is Health.HEALTHY or ("door/door.rego" in found.why and found.next)


def test_a_worker_without_a_sign_of_life_is_down() -> None:
    assert late_worker(datetime.now(UTC)).startswith("alive")
    for seen in (None, datetime.now(UTC) - timedelta(minutes=1)):
        with pytest.raises(UnreachableError):
            late_worker(seen)
