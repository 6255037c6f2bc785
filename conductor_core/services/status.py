"""Status: is every configured connection healthy, how deep is the queue, and what waits for whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from enum import StrEnum

from conductor_core.errors import ConductorError, OffError

DEADLINE = 6.0
"""Seconds that one probe may take before it counts as down."""


class Health(StrEnum):
    """One word for a connection everywhere; `off` means that no setting asks for it."""

    HEALTHY = "healthy"
    DOWN = "down"
    OFF = "off"


@dataclass(frozen=True)
class Connection:
    """One connection as seen just now. `milliseconds` is how long its answer took."""

    name: str
    health: Health
    detail: str
    why: str = ""
    next: str = ""
    milliseconds: int = 0


@dataclass(frozen=True)
class Probe:
    """How to ask one connection: `check` returns a short text of what answered, or raises a `ConductorError`.

    `off`: why it isn't configured and which setting turns it on; empty when it is configured, or when that may change
    while the process runs: then `check` raises `OffError`.
    """

    name: str
    check: Callable[[], str]
    off: str = ""


class StatusService:
    """Asks every connection at once."""

    def __init__(self, probes: Sequence[Probe], queue: Callable[[], dict[str, int]]) -> None:
        self._probes = tuple(probes)
        self._queue = queue

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the connections that can be tested."""
        return tuple(p.name for p in self._probes)

    def connections(self) -> list[Connection]:
        """Every connection, in declaration order; takes as long as the slowest probe, at most its deadline."""
        pool = ThreadPoolExecutor(max_workers=max(1, len(self._probes)), thread_name_prefix="probe")
        asked = [(probe, pool.submit(ask, probe)) for probe in self._probes]
        end = time.monotonic() + DEADLINE
        found: list[Connection] = []
        for probe, answer in asked:
            try:
                found.append(answer.result(timeout=max(0.05, end - time.monotonic())))
            except LateError:
                why = f"It did not answer within {DEADLINE:.0f} s."
                found.append(Connection(probe.name, Health.DOWN, "no answer", why, "Look at its log."))
        pool.shutdown(wait=False, cancel_futures=True)
        return found

    def test(self, name: str) -> Connection:
        """Ask one connection by name."""
        return ask(next(probe for probe in self._probes if probe.name == name))

    def queue(self) -> dict[str, int]:
        """How much work is queued and running."""
        return self._queue()


def ask(probe: Probe) -> Connection:
    """Ask one connection now; never raises a `ConductorError`."""
    if probe.off:
        return Connection(probe.name, Health.OFF, "not configured", probe.off)
    started = time.monotonic()
    try:
        detail = probe.check()
    except OffError as off:
        return Connection(probe.name, Health.OFF, off.what.rstrip("."), off.next)
    except ConductorError as bad:
        said = bad.diagnostics()
        return Connection(probe.name, Health.DOWN, said.what, said.why, said.next, _ms(started))
    return Connection(probe.name, Health.HEALTHY, detail, milliseconds=_ms(started))


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def healthy(connections: Sequence[Connection]) -> bool:
    """True when every configured connection is healthy."""
    return all(c.health is not Health.DOWN for c in connections)
