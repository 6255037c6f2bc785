"""The record of these settings: the ledger's log with its keys and witnesses, and the audit read model's builder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conductor_core.adapters.companion import Companion
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.ledger_head import PostgresLedgerRows
from conductor_core.adapters.postgres.seat import PostgresSeat
from conductor_core.adapters.signing import ed25519, open_keys, read_vkeys
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.adapters.tile_objects import CosignedObject, TileObjects
from conductor_core.adapters.witness import CosignedFile, read_witnesses
from conductor_core.domain.notes import VerifierKey
from conductor_core.ports.audit_database import AuditBuilder
from conductor_core.ports.ledger_index import LedgerIndex
from conductor_core.ports.witness import CosignedStore
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
"""The log's folder in the data folder (unless a URL says otherwise), its private key beside that; its public keys and
what witnesses signed in it."""


def open_log(where: str | Path, vkeys: str = "") -> LedgerReader:
    """The log in a folder or below a URL, checked with these keys (one a line; empty: the ones beside it)."""
    store = _store(where)
    return LedgerReader(
        store, lambda: read_vkeys(vkeys or _beside(store)), ed25519, None, store.widths, where=store.where
    )


def own_log(settings: Settings, vkeys: str = "", index: LedgerIndex | None = None) -> LedgerReader:
    """The log of these settings, checked with these keys (empty: its own) and those of its witnesses."""
    store = _own_store(settings)
    keys = lambda: read_vkeys(vkeys or _own_vkeys(settings, store))  # noqa: E731  # read when asked: a key may be replaced
    theirs = [witness.key for witness in read_witnesses(settings.witnesses)]
    return LedgerReader(store, keys, ed25519, index, store.widths, _cosigned(store).kept, theirs, where=store.where)


def witnessing(settings: Settings) -> Witnessing | None:
    """What has the ledger cosigned; None: no witness is configured. Raises `ConfigurationError`."""
    found, store = read_witnesses(settings.witnesses), _own_store(settings)
    return Witnessing(own_log(settings), found, _cosigned(store), ed25519) if found else None


def check_report(files: Mapping[str, bytes], vkeys: str, settings: Settings) -> list[str]:
    """What holds of a report's files, checked with these keys (empty: this installation's own); opens nothing else."""
    store = _own_store(settings)
    return verify_report(files, read_vkeys(vkeys or _own_vkeys(settings, store)), ed25519)


def sealing(settings: Settings) -> Sealing:
    """A worker's claim on writing the ledger; a new key is made at the first start. Raises `ConfigurationError`."""
    signer, earlier = open_keys(settings.home / KEY, settings.home / LOG / VKEY)
    engine = open_engine(database_url(settings), pool_size=2)
    rows = PostgresLedgerRows(engine)
    store = _own_store(settings, (signer.key, *earlier))
    return Sealing(Sequencer(store, rows, rows, signer, ed25519, trusted=earlier), PostgresSeat(engine))


def _own_store(settings: Settings, keys: Sequence[VerifierKey] = ()) -> TileFiles | TileObjects:
    return _store(settings.ledger_url or settings.home / LOG, keys)


def _store(where: str | Path, keys: Sequence[VerifierKey] = ()) -> TileFiles | TileObjects:
    """What keeps the log; `keys` are laid beside one that lies elsewhere, by whoever writes it."""
    if isinstance(where, Path) or where.startswith("file:///"):
        return TileFiles(where if isinstance(where, Path) else Path(unquote(urlsplit(where).path)))
    return TileObjects(where, "".join(f"{key.encode()}\n" for key in keys))


def _beside(store: TileFiles | TileObjects) -> str:
    """The public keys beside the log, one a line; what is no text is no key."""
    if isinstance(store, TileObjects):
        return (store.beside(VKEY) or b"").decode("utf-8", "replace")
    file = Path(store.where) / VKEY
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _own_vkeys(settings: Settings, store: TileFiles | TileObjects) -> str:
    """The public keys in the data folder; those beside a log elsewhere only when there are none, since whoever may
    write there may write keys too."""
    return _beside(TileFiles(settings.home / LOG)) or _beside(store)


def _cosigned(store: TileFiles | TileObjects) -> CosignedStore:
    if isinstance(store, TileObjects):
        return CosignedObject(store, COSIGNED)
    return CosignedFile(Path(store.where) / COSIGNED)


def projection() -> Companion:
    """The process that keeps the audit read model up to date, for a worker to run beside itself."""
    return Companion("conductor_core.entrypoints.projector")


def audit_builder(folder: Path) -> AuditBuilder:
    """What builds the read model in this folder."""
    from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder  # a tenth of a second for its library

    return DuckdbAuditBuilder(folder)
