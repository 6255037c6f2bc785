"""Port: witnesses, who cosign a checkpoint after they have seen that it extends the last one they saw, and where what
they signed is kept (C2SP tlog-witness, https://c2sp.org/tlog-witness)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from conductor_core.domain.notes import VerifierKey
from conductor_core.errors import ConflictError


class BehindError(ConflictError):
    """The witness has seen another size than the proof starts from: `size`."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(
            f"The witness {name} has last seen {size} entries.",
            why="The consistency proof starts from another size.",
            next="Send it a proof from that size.",
        )
        self.size = size


class Witness(Protocol):
    """One witness. It signs nothing that does not extend what it has signed; nothing is retried here."""

    @property
    def key(self) -> VerifierKey:
        """The public key that its cosignatures are checked with (type 0x04)."""

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> bytes:
        """Its signature lines for the signed checkpoint `note`, whose log had `old` entries when it last signed.

        The lines are not checked here. Raises `BehindError` when it last saw another size, `RefusedError` when it does
        not know the log or finds the proof wrong, `UnreachableError`.
        """


class CosignedStore(Protocol):
    """Keeps the last cosigned checkpoint beside the log. Raises `StorageError`."""

    def keep(self, note: bytes) -> None:
        """Replace it; a reader sees the old one or the new one, whole."""

    def kept(self) -> bytes | None:
        """It, or None before the first."""
