"""What progressive delivery brings to Changes: plan functions, gates and operation drivers, joined over its ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.checks import Patience
from conductor_core.services.operations import Driver
from conductor_core.services.planning import Gate, PlanFunction
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.rollout_operations import FleetAbort, RolloutAct
from conductor_core.services.rollout_plans import RolloutPlans

READ_BACK = 90.0
"""Seconds in which an act must show the weight and the replicas that it promises."""


@dataclass(frozen=True)
class Shelf:
    """Each by the name that runbooks and notebooks use."""

    plans: Mapping[str, PlanFunction]
    gates: Mapping[str, Gate]
    drivers: Mapping[str, Driver]


def delivery_shelf(
    rollouts: Rollouts,
    releases: ReleaseReader,
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
    now: Callable[[], datetime],
) -> Shelf:
    """The shelf over these ports."""
    plans = RolloutPlans(rollouts, releases)
    patience = Patience(monotonic, sleep, READ_BACK)
    return Shelf(
        plans.functions(),
        plans.gates(),
        {
            "rollout_act": RolloutAct(rollouts, plans, patience, now),
            "fleet_abort": FleetAbort(rollouts, patience),
        },
    )
