"""Port: which container registries this user is logged in to."""

from __future__ import annotations

from typing import Protocol


class Logins(Protocol):
    """Reads the credential files of Docker, Podman and Helm; never a credential itself. Nothing is retried."""

    def hosts(self) -> tuple[str, ...]:
        """The hosts with a login, sorted; files that aren't there or can't be read count as empty."""
