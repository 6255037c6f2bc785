"""Projects a record of large events that nobody holds in memory, and tells how large its process became.

`python -m tests.fakes.large_record FOLDER`: prints the peak of its resident memory before and after, in bytes.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.domain.events import Event
from conductor_core.ports.change_store import ChangeStore, RecordedEvent
from conductor_core.services.audit_projector import AuditProjector

BACKLOG, LATER, STEPS = 1000, 100, 2
"""Events there are at the start; then so many more in each of so many steps."""
PIECES = 300
"""Pieces of evidence that each plan names, which makes an event of 32 kB."""
START = datetime(2026, 1, 1, tzinfo=UTC)


class Large:
    """The events of a `ChangeStore`: plans with much evidence, made when they are asked for."""

    def __init__(self) -> None:
        self.count = BACKLOG

    def events(self, after: int = 0, limit: int = 1000, **_: object) -> list[RecordedEvent]:
        return [_plan(n) for n in range(after + 1, min(after + limit, self.count) + 1)]


def _plan(n: int) -> RecordedEvent:
    digits = random.Random(n)
    evidence = [
        {"name": f"rendered/{i}.yaml", "digest": f"sha256:{digits.getrandbits(256):064x}"} for i in range(PIECES)
    ]
    data: dict[str, object] = {"plan": f"sha256:{n:064x}", "evidence": evidence}
    return RecordedEvent(
        n, Event(f"evt-{n:026}", "conductor.plan.made.v1", f"chg-{n:026}", START + timedelta(0, n), "x|y", data)
    )


def _peak() -> int:
    """Of this program alone (Linux: `VmHWM`; `ru_maxrss` would begin at what the process that started it had)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes) * 1024


def main() -> None:
    """Catch up with the backlog, then with what comes."""
    folder, store = Path(sys.argv[1]), Large()
    builder, locks = DuckdbAuditBuilder(folder / "audit"), FileLocks(folder / "locks")
    projector = AuditProjector(cast("ChangeStore", store), builder, locks, lambda: 1 << 60)
    before = _peak()
    for _ in range(STEPS + 1):
        position = projector.catch_up()
        if position.events != store.count:
            raise SystemExit(f"{position} of {store.count}")
        store.count += LATER
    print(before, _peak())


if __name__ == "__main__":
    main()
