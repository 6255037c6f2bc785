"""What the composition of services needs of smoke tests and of the compatibility check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conductor_core.services.checks import Probe
from conductor_core.services.compatibility import GATE as COMPATIBILITY
from conductor_core.services.compatibility import CompatibilityGate, CompatibilityService
from conductor_core.services.ledger import Ledger
from conductor_core.services.planning import Gate, PlanFunction
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.smoke import SmokeParts, SmokeService, addresses
from conductor_core.services.smoke_gate import GATE as SMOKE
from conductor_core.services.smoke_gate import SmokeCheck, SmokeGate, SmokePlan
from conductor_core.services.smoke_runner import SmokeRunner

if TYPE_CHECKING:
    from conductor_core.services.parts import Parts


@dataclass(frozen=True)
class SmokeShelf:
    """Services, and gates, plan functions and probes by name."""

    smoke: SmokeService
    compatibility: CompatibilityService
    gates: dict[str, Gate]
    plans: dict[str, PlanFunction]
    probes: dict[str, Probe]


def smoke_shelf(parts: Parts, reader: ReleaseReader, ledger: Ledger) -> SmokeShelf:
    """Everything that tries a release out, joined over its ports."""
    runner = SmokeRunner(parts.web, parts.monotonic)
    known = lambda: addresses(parts.now())  # noqa: E731  # asked at each run
    stands_on = SmokeParts(parts.smoke_suites, parts.smoke_runs, runner, parts.k6, known, parts.monotonic)
    smoke = SmokeService(stands_on, reader, ledger, parts.clock)
    return SmokeShelf(
        smoke,
        CompatibilityService(reader, parts.web, lambda: parts.now().intelgraph_url),
        {SMOKE: SmokeGate(smoke, reader), COMPATIBILITY: CompatibilityGate()},
        {"smoke": SmokePlan(smoke)},
        {SMOKE: SmokeCheck(smoke)},
    )
