"""Drafts in memory."""

from __future__ import annotations

from datetime import UTC, datetime

from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.drafts import EnvironmentDraft


class MemoryDrafts:
    """`Drafts` in a dictionary."""

    def __init__(self) -> None:
        self._kept: dict[str, EnvironmentDraft] = {}

    def put(self, draft: EnvironmentDraft) -> None:
        if draft.id in self._kept and self._kept[draft.id].owner != draft.owner:
            raise ConflictError(f"The draft {draft.id} is somebody else's.")
        self._kept[draft.id] = draft

    def get(self, owner: str, id: str) -> EnvironmentDraft:
        if id not in self._kept or self._kept[id].owner != owner:
            raise NotFoundError(f"There is no draft {id!r} of yours.")
        return self._kept[id]

    def of(self, owner: str) -> list[EnvironmentDraft]:
        own = [d for d in self._kept.values() if d.owner == owner]
        first = datetime(1970, 1, 1, tzinfo=UTC)
        return sorted(own, key=lambda d: d.updated_at or first, reverse=True)

    def drop(self, owner: str, id: str) -> None:
        if id in self._kept and self._kept[id].owner == owner:
            del self._kept[id]
