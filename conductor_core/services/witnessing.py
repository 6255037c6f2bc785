"""Witnessing: has every configured witness cosign the log's checkpoints, so that nobody can be shown another log.

Rule: C2SP tlog-witness. The log goes on without its witnesses: what they have signed is kept beside it and shown as
that, and a witness that is away or behind is caught up later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from conductor_core.domain import checkpoints, notes
from conductor_core.domain.notes import Ed25519
from conductor_core.errors import ConductorError, ConflictError, LedgerError
from conductor_core.ports.witness import BehindError, CosignedStore, Witness
from conductor_core.services.ledger_reader import LedgerReader

log = logging.getLogger("witness")
EVERY = 5.0
"""Seconds between two looks for a checkpoint that is not cosigned yet."""
OFTEN = 3
"""How often a witness is asked about one checkpoint when it has last seen another size than the proof starts from."""


class Witnessing:
    """Asks these witnesses about one log."""

    def __init__(
        self, ledger: LedgerReader, witnesses: Sequence[Witness], store: CosignedStore, ed25519: Ed25519
    ) -> None:
        self._ledger = ledger
        self._witnesses = witnesses
        self._store = store
        self._ed25519 = ed25519
        self._seen: dict[str, int] = {}
        self._said: dict[str, str] = {}

    def step(self) -> checkpoints.Opened | None:
        """Have the present checkpoint cosigned; None when it is already, or nobody does.

        A witness that refuses or does not answer is logged, once for each reason. Raises `NotFoundError` before the
        first checkpoint, `LedgerError`, `StorageError`.
        """
        opened = self._ledger.checkpoint()
        kept = self._ledger.cosigned()
        have = (
            {(s.name, s.key_id): s for s in kept.cosigned_by} if kept and kept.checkpoint == opened.checkpoint else {}
        )
        missing = [w for w in self._witnesses if (w.key.name, w.key.key_id) not in have]
        fresh = [line for witness in missing if (line := self._ask(witness, opened)) is not None]
        if not fresh:
            return None
        note = notes.Note(opened.note.text, (*opened.signed_by, *have.values(), *fresh)).encode()
        self._store.keep(note)
        return self._ledger.cosigned()

    def run(self, stopping: threading.Event, seated: Callable[[], bool], every: float = EVERY) -> None:
        """Do so again and again until `stopping` is set, in the one process that writes the ledger."""
        while not stopping.is_set():
            if seated():
                try:
                    self.step()
                except ConductorError as bad:
                    log.warning("the checkpoint is not cosigned: %s %s", bad, bad.next)
            stopping.wait(every)

    def _ask(self, witness: Witness, opened: checkpoints.Opened) -> notes.Signature | None:
        name, size, note = witness.key.name, opened.checkpoint.size, opened.note.encode()
        old = self._seen.get(name, 0)
        try:
            for _ in range(OFTEN):
                try:
                    lines = witness.add_checkpoint(old, self._ledger.consistency(old, size), note)
                except BehindError as behind:
                    if behind.size > size:
                        raise _ahead(name, behind.size, size) from behind
                    old = behind.size
                    continue
                line = self._checked(witness, opened, lines)
                self._seen[name] = size
                self._said.pop(name, None)
                return line
            raise ConflictError(f"The witness {name} sees other sizes all the time.", next="Does another log use it?")
        except ConductorError as bad:
            if self._said.get(name) != str(bad):
                log.warning("%s %s %s", bad, bad.why, bad.next)
            self._said[name] = str(bad)
            return None

    def _checked(self, witness: Witness, opened: checkpoints.Opened, lines: bytes) -> notes.Signature:
        """Its signature of this checkpoint; raises `LedgerError` when there is none that holds."""
        signed = opened.note.text + b"\n" + lines
        found = notes.open_note(signed, [witness.key], self._ed25519)
        for line in found.signatures:
            if line.verified and line.timestamp is not None:
                return line
        raise LedgerError(f"The witness {witness.key.name} sent no cosignature.", next="Ask who runs it.")


def at(cosignature: notes.Signature) -> datetime:
    """When a witness signed, in UTC."""
    return datetime.fromtimestamp(cosignature.timestamp or 0, UTC)


def _ahead(name: str, seen: int, size: int) -> LedgerError:
    return LedgerError(
        f"The witness {name} has cosigned a longer log than this one.",
        why=f"It has seen {seen} entries; this log has {size}.",
        next="Was an old copy of the data folder restored? Keep it as it is and compare it with what the witness has.",
    )
