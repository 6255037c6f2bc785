"""Port: notices to people who are elsewhere."""

from __future__ import annotations

from typing import Protocol

from conductor_core.domain.notices import Notice


class Messenger(Protocol):
    """Sends notices, each once or not at all. Raises `UnreachableError` when the other side does not answer or says
    that it is busy, `ConfigurationError` when it refuses the credential or the channel; nothing is retried.
    """

    def send(self, notice: Notice) -> None:
        """Send it; returns when the other side has taken it."""
        ...
