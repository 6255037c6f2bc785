"""Ports of smoke tests: where suites come from, where runs are kept, and k6."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from conductor_core.domain.events import Event
from conductor_core.domain.smoke import Measured, SmokeRun, Suite


@dataclass(frozen=True)
class BrokenSuite:
    """A suite's file that can't be used, and why; the others work."""

    file: str
    problem: str


@dataclass(frozen=True)
class Suites:
    """Suites by name, and files that are none."""

    suites: Mapping[str, Suite]
    broken: tuple[BrokenSuite, ...] = ()


class SmokeSuites(Protocol):
    """Declared suites. Read again at every call; nothing is retried."""

    def suites(self) -> Suites:
        """All of them; never raises for a single bad file."""

    def script(self, suite: Suite) -> str:
        """The absolute path of a suite's k6 script, inside the suites' folder; raises `NotFoundError`."""


class SmokeRuns(Protocol):
    """Durable store of runs. `put` returns after the run and its events are both durable, in one transaction. Every
    method raises `UnreachableError` when the store doesn't answer, `StorageError` when it can't write.
    """

    def put(self, run: SmokeRun, events: Sequence[Event]) -> None:
        """Store a run; raises `ConflictError` when its id exists."""

    def of(self, *, suite: str = "", release: str = "", channel: str = "", limit: int = 100) -> list[SmokeRun]:
        """The newest runs that match, newest first; '' matches any."""


class LoadProgram(Protocol):
    """k6: https://k6.io. Nothing is retried."""

    def version(self) -> str:
        """Its version; raises `ToolError` when it is not there."""

    def run(
        self, script: str, address: str, say: Callable[[str], None], timeout: float
    ) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
        """Run a script against an address (`BASE_URL` in its environment): what it measured, and which of its own
        thresholds it did not keep. `say` hears its lines as they come. Raises `ToolError` when it ends without a
        summary, `TransientError` at the deadline (seconds).
        """
