"""The system's clock and chance (port `clock`)."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime

from conductor_core.domain.ids import sortable_id


class SystemClock:
    """Implements `ports.clock.Clock`. The ids of one process sort strictly by when they were made, also within one
    millisecond and when the system's clock is set back; ids of two processes sort by their millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._chance = 0

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def new_id(self, prefix: str) -> str:
        """`<prefix>-<26 characters>`, 80 bits of chance after 48 of time."""
        with self._lock:
            now = self.now()
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            if now > self._last:
                self._last, self._chance = now, secrets.randbits(79)
            else:
                self._chance += 1 + secrets.randbits(32)
            return sortable_id(prefix, self._last, self._chance.to_bytes(10, "big"))
