"""The record of these settings: the ledger's log with its keys and witnesses, and the audit read model's builder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conductor_core.adapters.companion import Companion
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.ledger_head import PostgresLedgerRows
from conductor_core.adapters.postgres.seat import PostgresSeat
from conductor_core.adapters.signing import ed25519, open_keys, read_vkeys
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.adapters.witness import CosignedFile, read_witnesses
from conductor_core.ports.audit_database import AuditBuilder
from conductor_core.ports.ledger_index import LedgerIndex
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.report_verification import verify_report
from conductor_core.services.sealing import Sealing
from conductor_core.services.sequencing import Sequencer
from conductor_core.services.witnessing import Witnessing
from conductor_core.settings import Settings
from conductor_core.wiring.database import database_url

AUDIT = "audit"
"""The audit read model's folder in the data folder."""
LOG, KEY, VKEY, COSIGNED = "ledger", "ledger.key", "vkey", "checkpoint.cosigned"
"""The log's folder in the data folder, its private key beside that; its public keys and what witnesses signed in it."""


def open_log(folder: Path, vkeys: str = "", index: LedgerIndex | None = None, witnesses: str = "") -> LedgerReader:
    """The log in a folder, checked with these keys (one a line; empty: the ones in its folder) and those of these
    witnesses (as in the setting); opens nothing else."""
    files, file = TileFiles(folder), folder / VKEY
    keys = lambda: read_vkeys(vkeys or (file.read_text(encoding="utf-8") if file.is_file() else ""))  # noqa: E731  # read when asked: a key may be replaced
    cosigned, theirs = CosignedFile(folder / COSIGNED), [w.key for w in read_witnesses(witnesses)]
    return LedgerReader(files, keys, ed25519, index, files.widths, cosigned.kept, theirs)


def witnessing(settings: Settings) -> Witnessing | None:
    """What has the ledger cosigned; None: no witness is configured. Raises `ConfigurationError`."""
    found, folder = read_witnesses(settings.witnesses), settings.home / LOG
    reader = open_log(folder, witnesses=settings.witnesses)
    return Witnessing(reader, found, CosignedFile(folder / COSIGNED), ed25519) if found else None


def check_report(files: Mapping[str, bytes], vkeys: str, settings: Settings) -> list[str]:
    """What holds of a report's files, checked with these keys (empty: this installation's own); opens nothing else."""
    file = settings.home / LOG / VKEY
    text = vkeys or (file.read_text(encoding="utf-8") if file.is_file() else "")
    return verify_report(files, read_vkeys(text), ed25519)


def sealing(settings: Settings) -> Sealing:
    """A worker's claim on writing the ledger; a new key is made at the first start. Raises `ConfigurationError`."""
    signer, earlier = open_keys(settings.home / KEY, settings.home / LOG / VKEY)
    engine = open_engine(database_url(settings), pool_size=2)
    rows = PostgresLedgerRows(engine)
    files = TileFiles(settings.home / LOG)
    return Sealing(Sequencer(files, rows, rows, signer, ed25519, trusted=earlier), PostgresSeat(engine))


def projection() -> Companion:
    """The process that keeps the audit read model up to date, for a worker to run beside itself."""
    return Companion("conductor_core.entrypoints.projector")


def audit_builder(folder: Path) -> AuditBuilder:
    """What builds the read model in this folder."""
    from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder  # a tenth of a second for its library

    return DuckdbAuditBuilder(folder)
