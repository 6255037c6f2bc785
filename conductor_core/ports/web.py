"""Port: one GET to an address that comes from the settings (security rule 14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class WebAnswer:
    """What an address answered; `text` is cut at 1 MB."""

    status: int
    text: str
    milliseconds: int
    headers: Mapping[str, str] = field(default_factory=dict)


class Web(Protocol):
    """Asks addresses. Nothing is retried: whoever asks decides."""

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, timeout: float = 5.0) -> WebAnswer:
        """Any status is an answer; redirects are followed on the same host only.

        Raises `UnreachableError` when nothing answers within `timeout` seconds, `InputError` for an address that isn't
        http or https.
        """

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 5.0,
    ) -> WebAnswer:
        """One request with any method, from many threads at once; otherwise as `get`, but no redirect is followed."""
