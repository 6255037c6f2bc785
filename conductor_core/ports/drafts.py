"""Port: drafts of environments, which survive the closing of a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class EnvironmentDraft:
    """What somebody has typed so far; `values` as they were typed, right or wrong. `owner` is an actor's key."""

    id: str
    owner: str
    blueprint: str
    environment: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None


class Drafts(Protocol):
    """Durable drafts. Raises `UnreachableError` when the store doesn't answer, `StorageError` when it can't write."""

    def put(self, draft: EnvironmentDraft) -> None:
        """Keep it; one with the same id is replaced. Durable when this returns. Raises `ConflictError` when the id is
        somebody else's.
        """
        ...

    def get(self, owner: str, id: str) -> EnvironmentDraft:
        """The draft; raises `NotFoundError` also when it is somebody else's."""
        ...

    def of(self, owner: str) -> list[EnvironmentDraft]:
        """Everything that this person has begun, newest first."""
        ...

    def drop(self, owner: str, id: str) -> None:
        """Forget it; nothing happens when it isn't there."""
        ...
