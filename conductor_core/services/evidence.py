"""Evidence of a Change, read back by name with its digest checked."""

from __future__ import annotations

from collections.abc import Iterator

from conductor_core.domain.changes import Change
from conductor_core.domain.plans import Evidence
from conductor_core.errors import NotFoundError
from conductor_core.ports.blobs import Blobs


class EvidenceService:
    """Stores and reads what plans and runs leave behind."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def put(self, name: str, media_type: str, data: bytes) -> Evidence:
        """Store one piece and name it."""
        digest, size = self._blobs.put(data)
        return Evidence(name, media_type, digest, size)

    def read(self, change: Change, name: str) -> bytes:
        """The bytes of one piece of the plan's evidence; raises `NotFoundError` that lists what there is."""
        return self._blobs.get(self._find(change, name).digest)

    def blob(self, digest: str) -> bytes:
        """Bytes that a plan names by a fact: kept, but no evidence that everybody who may look may have."""
        return self._blobs.get(digest)

    def stream(self, change: Change, name: str) -> Iterator[bytes]:
        """The same in chunks."""
        return self._blobs.stream(self._find(change, name).digest)

    def notebook(self, change: Change) -> bytes:
        """The executed notebook; raises `NotFoundError` when it has not run."""
        if not change.notebook:
            raise NotFoundError(
                f"{change.id} has no executed notebook.",
                why=f"It is {change.state.value}.",
                next="Wait until it has run.",
            )
        return self._blobs.get(change.notebook)

    def verify(self, change: Change) -> list[str]:
        """The names of the evidence whose bytes have changed or are gone; empty when all of it holds."""
        bad: list[str] = []
        for piece in change.plan.evidence if change.plan else ():
            try:
                for _ in self._blobs.stream(piece.digest):
                    pass
            except Exception:  # noqa: BLE001  # whatever the reason is, the evidence does not hold
                bad.append(piece.name)
        return bad

    @staticmethod
    def _find(change: Change, name: str) -> Evidence:
        piece = change.plan.find(name) if change.plan else None
        if piece is None:
            names = ", ".join(e.name for e in change.plan.evidence) if change.plan else "no plan yet"
            raise NotFoundError(f"{change.id} has no evidence {name!r}.", why=f"It has: {names}.")
        return piece
