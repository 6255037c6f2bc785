"""Smoke suites and a k6 of a test's own."""

from __future__ import annotations

from collections.abc import Callable

from conductor_core.domain.smoke import Measured, Suite
from conductor_core.errors import NotFoundError
from conductor_core.ports.smoke import BrokenSuite, Suites


class ShelfOfSuites:
    """`SmokeSuites` of those that it is given."""

    def __init__(self, *suites: Suite) -> None:
        self.found = {suite.name: suite for suite in suites}

    def suites(self) -> Suites:
        return Suites(self.found, (BrokenSuite("half.yaml", "Line 1: it has no title"),))

    def script(self, suite: Suite) -> str:
        if not suite.k6:
            raise NotFoundError(f"{suite.name} has no script.")
        return f"/suites/{suite.k6}"


class FakeK6:
    """`LoadProgram` that measures what it is told."""

    def __init__(self, measured: tuple[Measured, ...] = (), problems: tuple[str, ...] = ()) -> None:
        self.measured, self.problems = measured, problems
        self.ran: list[tuple[str, str]] = []

    def version(self) -> str:
        return "1.2.3"

    def run(
        self, script: str, address: str, say: Callable[[str], None], timeout: float
    ) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
        self.ran.append((script, address))
        say("running")
        return self.measured, self.problems
