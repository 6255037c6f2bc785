"""Reads that pages share, kept for seconds: a rerun never waits for the same answer twice, not even for a failure."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar

import streamlit as st

from app import runtime
from app.differences import Data, block, of
from conductor_core.domain import masking
from conductor_core.domain.audit_model import Table
from conductor_core.domain.changes import Change
from conductor_core.domain.checkpoints import Opened
from conductor_core.domain.comparison import Comparison, from_json
from conductor_core.domain.operations import Operation
from conductor_core.domain.proofs import Proof
from conductor_core.domain.quarantine import Quarantine
from conductor_core.errors import ConductorError, Diagnostics, StorageError
from conductor_core.ports.audit_database import Position, Question
from conductor_core.ports.change_store import ChangeQuery, RecordedEvent
from conductor_core.ports.run_log import RunLine
from conductor_core.ports.runbook_files import Catalogue
from conductor_core.services.ledger_reader import Entry
from conductor_core.services.release_inventory import Inventory
from conductor_core.services.reports import Report
from conductor_core.services.status import Connection

P = ParamSpec("P")
R = TypeVar("R")
_MASK_KEY = os.urandom(32)
FOR_EVER = 3600.0
"""Seconds that content-addressed data is kept."""


def kept(ttl: float) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a read gives, or what it fails with, for `ttl` seconds; arguments named `_x` are no part of the key."""

    def wrap(read: Callable[P, R]) -> Callable[P, R]:
        @st.cache_data(ttl=ttl, max_entries=300, show_spinner=False)
        @functools.wraps(read)
        def answer(*args: P.args, **kwargs: P.kwargs) -> tuple[R | None, Diagnostics | None, type[ConductorError]]:
            try:
                return read(*args, **kwargs), None, ConductorError
            except ConductorError as error:
                return None, error.diagnostics(), type(error)

        @functools.wraps(read)
        def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            value, said, kind = answer(*args, **kwargs)
            if said is not None:
                raise kind(said.what, why=said.why, next=said.next)
            return value  # type: ignore[return-value]  # a read without diagnostics has a value

        return ask

    return wrap


def forget() -> None:
    """Ask anew from here on: somebody has just acted, or asked for it."""
    st.cache_data.clear()


@kept(5)
def connections() -> list[Connection]:
    """Every connection, as asked within the last seconds."""
    return runtime.conductor().status.connections()


@kept(5)
def worker() -> Connection | None:
    """Whether a worker answers; None where none is asked."""
    status = runtime.conductor().status
    return status.test("worker") if "worker" in status.names else None


@kept(3)
def queue() -> dict[str, int]:
    """How much work is queued and running."""
    return runtime.conductor().status.queue()


@kept(3)
def operations(change_id: str) -> list[Operation]:
    """What a Change did to the world."""
    return runtime.conductor().operations.of(change_id)


@kept(2)
def changes(limit: int = 200) -> list[Change]:
    """The newest Changes."""
    return runtime.conductor().changes.find(ChangeQuery(limit=limit))


@kept(1)
def events(change_id: str) -> list[RecordedEvent]:
    """The facts about one Change, in order."""
    return runtime.conductor().changes.events(change_id)


@kept(2)
def latest_events(limit: int = 12) -> list[RecordedEvent]:
    """The newest facts about anything, newest first."""
    return runtime.conductor().store.events(newest=True, limit=limit)


def run_lines(change_id: str) -> list[RunLine]:
    """What the notebook of a Change has said so far."""
    return runtime.conductor().run_log.read(change_id)


@kept(5)
def catalogue() -> Catalogue:
    """Every runbook that works, and every file that doesn't."""
    return runtime.conductor().runbooks.catalogue()


@kept(FOR_EVER)
def evidence(digest: str, name: str, _change: Change) -> bytes:
    """One piece of a Change's evidence; `digest` names it for ever."""
    return runtime.conductor().evidence.read(_change, name)


@kept(FOR_EVER)
def notebook_page(digest: str, _change: Change) -> str:
    """The executed notebook as a page without scripts; `digest` names it for ever."""
    conductor = runtime.conductor()
    return conductor.notebooks.page(conductor.evidence.notebook(_change))


@kept(FOR_EVER)
def recorded_comparison(digest: str, _change: Change) -> tuple[Comparison, Data]:
    """The comparison that a Change's plan was made on, and its lines; `digest` names it for ever."""
    try:
        comparison = from_json(json.loads(runtime.conductor().evidence.read(_change, "comparison.json")))
    except (ValueError, KeyError, TypeError) as bad:
        raise StorageError(
            "The recorded comparison can't be read.", why=f"{type(bad).__name__}: {bad}", next="Re-plan this Change."
        ) from bad
    return comparison, of(comparison, digest)


@dataclass(frozen=True)
class Past:
    """One stored revision as lists show it; its values and manifests stay where they are."""

    revision: int
    status: str
    version: str
    updated: datetime | None
    description: str
    change: str
    good: bool = False
    quarantined: str = ""
    commit: str = ""


@kept(15)
def inventory() -> Inventory:
    """The release x channel matrix, as read within the last seconds."""
    return runtime.conductor().releases.inventory()


@kept(15)
def comparison(
    release: str,
    old: str,
    new: str,
    sets: tuple[tuple[str, str], ...] = (),
    *,
    all_fields: bool = False,
    confirm: bool = False,
) -> tuple[Comparison, Data]:
    """What turns one state of a release into another, and its lines; `sets` are given to the side `new`, the rest as
    in `ReleaseReader.compare`.
    """
    found = runtime.conductor().releases.compare(release, old, new, dict(sets), all_fields=all_fields, confirm=confirm)
    marks = "".join(r.before + r.after for r in found.resources)
    named = f"{release} {old} {new} {sets} {all_fields} {found.basis} {marks}"
    return found, of(found, hashlib.sha256(named.encode()).hexdigest())


@kept(10)
def history(release: str, channel: str) -> list[Past]:
    """Every stored revision of a release in a channel, newest first."""
    return [
        Past(
            p.revision.revision,
            p.revision.status.value,
            p.version or p.revision.chart_version,
            p.revision.updated,
            p.revision.description,
            p.change.id if p.change else p.revision.operation_id,
            p.good,
            p.quarantine.reason if p.quarantine else "",
            p.commit,
        )
        for p in runtime.conductor().release_history.of(release, channel)
    ]


@kept(5)
def quarantines(release: str) -> list[Quarantine]:
    """The quarantines of a release that stand, newest first."""
    return runtime.conductor().quarantines.active(release)


@kept(10)
def values(release: str, channel: str, revision: int) -> str:
    """The values that were given to Helm for a revision, as text to read, secrets hidden."""
    found = next(r for r in runtime.conductor().releases.history(release, channel) if r.revision == revision)
    masker = masking.Masker(_MASK_KEY, masking.secrets_in_values(found.values))
    return "\n".join(block(masking.show(masker.hide_values(found.values)))) if found.values else ""


@kept(1)
def ledger_checkpoint() -> tuple[Opened, str]:
    """The signed checkpoint, and the vkey of the key that signed it."""
    reader = runtime.conductor().ledger_reader
    opened = reader.checkpoint()
    return opened, reader.vkey_of(opened)


def ledger_place() -> str:
    """The folder or URL in which the ledger is kept."""
    return runtime.conductor().ledger_reader.where


@kept(1)
def ledger_cosigned() -> Opened | None:
    """The last checkpoint that witnesses cosigned; None: none has."""
    return runtime.conductor().ledger_reader.cosigned()


@kept(FOR_EVER)
def ledger_latest(size: int, limit: int = 100) -> list[Entry]:
    """The last entries of the ledger of that size, newest first."""
    return runtime.conductor().ledger_reader.entries(max(-1, size - 1 - limit), limit)[::-1]


@kept(30)
def ledger_growth() -> list[tuple[datetime, int]]:
    """How many entries there were at which time, at even distances."""
    return [(entry.at, entry.index + 1) for entry in runtime.conductor().ledger_reader.growth()]


@kept(FOR_EVER)
def ledger_proof(index: int, size: int) -> tuple[Entry, Proof]:
    """An entry, and its proof under a checkpoint of at least that size."""
    reader = runtime.conductor().ledger_reader
    return reader.entry(index), reader.prove(index)


@kept(2)
def ledger_places(change_id: str) -> list[int | None]:
    """The indexes of a Change's facts; None for one that waits for its place."""
    return runtime.conductor().ledger_reader.of_change(change_id)


@kept(5)
def audit_questions() -> tuple[list[Question], list[str]]:
    """The saved questions, and what is wrong with the files that are none."""
    found, problems = runtime.conductor().audit.questions()
    return list(found), list(problems)


@kept(FOR_EVER)
def audit_tables() -> tuple[Table, ...]:
    """The tables that can be asked."""
    return runtime.conductor().audit.tables()


@kept(1)
def audit_freshness() -> Position | None:
    """How far the read model is; None: there is none."""
    return runtime.conductor().audit.freshness()


@kept(5)
def reports() -> list[Report]:
    """The reports that are kept, newest first."""
    return runtime.conductor().reports.all()
