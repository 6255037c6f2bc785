"""The six moments of a Change as one bar."""

from __future__ import annotations

from app.components import assets
from conductor_core.domain.changes import Change, moments

_moments = assets.component("moments", "<ol></ol>")


def show(change: Change) -> None:
    """Draw where the Change is on its way."""
    seen = moments(change)
    _moments(data={"moments": [[name, state] for name, state in zip(seen.names, seen.states, strict=True)]})
