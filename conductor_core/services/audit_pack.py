"""Audit packs: one archive that proves, offline and to anybody, what was done: entries, proofs, records and evidence.

A pack is plain: `entries/` and `proofs/` of the ledger under one `checkpoint`, `blobs/` named by the digests that stand
in entries, and `verify.py`, which checks all of it with nothing but Python. The same content is always the same bytes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from conductor_core.domain import pack_verifier
from conductor_core.domain.canonical import canonical_bytes, digest_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.notes import Note
from conductor_core.domain.operations import recorded
from conductor_core.domain.pack_verifier import DoubtError
from conductor_core.domain.transitions import SEALED, record_of
from conductor_core.errors import ConductorError, InputError, LedgerError, TransientError
from conductor_core.ports.blobs import Blobs
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.operation_store import OperationStore
from conductor_core.services.ledger_reader import Entry, LedgerReader

MOST_ENTRIES = 20_000
"""Entries of one pack, which is made in memory."""


@dataclass(frozen=True)
class AuditPack:
    """An archive. `missing`: evidence that its entries name and that is gone or damaged here; it then can't hold."""

    data: bytes
    entries: int
    changes: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the archive."""
        return digest_bytes(self.data)


class AuditPacks:
    """Makes packs out of the ledger, the records of Changes, and the evidence store."""

    def __init__(self, ledger: LedgerReader, store: ChangeStore, operations: OperationStore, blobs: Blobs) -> None:
        self._ledger = ledger
        self._store = store
        self._operations = operations
        self._blobs = blobs

    def of_change(self, change_id: str) -> AuditPack:
        """Everything about one Change. Raises `NotFoundError`, and `TransientError` while it waits for the ledger."""
        change = self._store.get(change_id)
        return self._pack(self._indexes(change.id), [change])

    def of_period(self, start: datetime, end: datetime) -> AuditPack:
        """Every entry from `start` until before `end`, without a gap, and everything about the Changes sealed then.

        Raises `InputError` for a period without entries or with too many.
        """
        within = self._ledger.between(start, end)
        if not within:
            raise InputError(
                "Nothing was recorded in that period.",
                why=f"The ledger has no entry from {start.isoformat()} until before {end.isoformat()}.",
                next="Widen it; `conductor ledger entries` shows the latest entries.",
            )
        if len(within) > MOST_ENTRIES:
            raise InputError(
                f"A pack of {len(within)} entries is too large.",
                why=f"It may have {MOST_ENTRIES} entries.",
                next="Make one pack for each part of the period, or `conductor ledger export` the whole log.",
            )
        sealed = [e.event for e in self._ledger.walk(within) if e.event.get("type") == SEALED]
        changes = [self._store.get(str(event["subject"])) for event in sealed]
        return self._pack({*within, *(i for change in changes for i in self._indexes(change.id))}, changes)

    def _indexes(self, change_id: str) -> set[int]:
        found = self._ledger.of_change(change_id)
        placed = {index for index in found if index is not None}
        if len(placed) < len(found):
            raise TransientError(
                f"{change_id} is not in the ledger yet.",
                why=f"{len(found) - len(placed)} of its {len(found)} events wait for their place.",
                next="Try again in a second; `conductor status` says whether the ledger is being written.",
            )
        return placed

    def _pack(self, indexes: Iterable[int], changes: list[Change]) -> AuditPack:
        opened, wanted = self._ledger.checkpoint(), sorted(indexes)
        if wanted[-1] >= opened.checkpoint.size:
            raise TransientError("The checkpoint is just being written.", next="Try again in a second.")
        entries = list(self._ledger.walk(wanted))
        blobs, missing = self._evidence(entries, changes)
        checkpoint = Note(opened.note.text, opened.signed_by[:1]).encode()  # a signature without its key proves nothing
        proofs = [replace(proof, checkpoint=checkpoint) for proof in self._ledger.proofs(wanted, opened)]
        files = {
            "vkey": f"{self._ledger.vkey_of(opened)}\n".encode(),
            "checkpoint": checkpoint,
            "verify.py": inspect.getsource(pack_verifier).encode(),
            **{f"entries/{e.index:012}.json": e.data for e in entries},
            **{f"proofs/{p.index:012}.tlog-proof": p.encode() for p in proofs},
            **blobs,
        }
        digests = {name: digest_bytes(held) for name, held in files.items()}
        files["manifest.json"] = canonical_bytes({"files": digests, "format": pack_verifier.FORMAT})
        ids = tuple(change.id for change in changes)
        return AuditPack(pack_verifier.archive(files), len(entries), ids, tuple(missing))

    def _evidence(self, entries: list[Entry], changes: list[Change]) -> tuple[dict[str, bytes], list[str]]:
        """Everything that the entries name by digest, and what of it can't be read."""
        found: dict[str, bytes] = {}
        missing: list[str] = []
        for subject in sorted({str(e.event["subject"]) for e in entries if _is_operation(e)}):
            for operation in self._operations.of(subject):
                _keep(found, *filter(None, (recorded(operation.request), recorded(operation.result))))
        for change in (change for change in changes if change.terminal):
            _keep(found, canonical_bytes(record_of(change)))
            pieces = {f"{e.name} of {change.id}": e.digest for e in (change.plan.evidence if change.plan else ())}
            if change.plan:
                _keep(found, canonical_bytes(change.plan.document))
            if change.notebook:
                pieces[f"executed notebook of {change.id}"] = change.notebook
            for name, digest in pieces.items():
                try:
                    _keep(found, self._blobs.get(digest))
                except ConductorError as gone:
                    missing.append(f"{name}: {gone.what}")
        return found, missing


def verify_pack(data: bytes, key: str = "") -> list[str]:
    """What holds of a pack, line by line. Needs nothing but the bytes; raises `LedgerError` for what does not hold."""
    try:
        return pack_verifier.verify(data, key)
    except DoubtError as bad:
        raise LedgerError(
            "The audit pack does not hold.",
            why=f"As read: {bad}.",
            next="Don't trust it; ask whoever gave it to you for a fresh one, and keep this one as it is.",
        ) from bad


def _keep(found: dict[str, bytes], *pieces: bytes) -> None:
    found.update({f"blobs/{digest_bytes(piece).removeprefix('sha256:')}": piece for piece in pieces})


def _is_operation(entry: Entry) -> bool:
    return str(entry.event.get("type")).startswith("conductor.operation.")
