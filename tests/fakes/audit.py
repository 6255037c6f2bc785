"""A record to ask: Changes in every state, as events, and a read model of it in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.domain.changes import State
from conductor_core.ports.audit_database import Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.fakes.conductor import build


def record(home: Path) -> list[RecordedEvent]:
    """The events of one Change in each state, as the store gives them."""
    conductor = build(home)
    for state in State:
        conductor.settled(state)
    return conductor.store.events(limit=100_000)


def publish(folder: Path, events: Sequence[RecordedEvent], sealed: int = 1 << 60, at_once: int = 20) -> Position:
    """Build and publish a read model of these events, so many at once; some of its rows are in the base."""
    builder = DuckdbAuditBuilder(folder)
    position = builder.open()
    for start in range(0, len(events), at_once):
        batch = project(events[start : start + at_once], position, builder.known)
        builder.write(batch)
        builder.publish(sealed)
        position = batch.position
    builder.close()
    return position
