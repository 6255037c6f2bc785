"""Checks wait for the world, but not while an emergency waits for them."""

from __future__ import annotations

from conductor_core.domain.operations import Observation
from conductor_core.ports.locks import HeldLock
from conductor_core.services.checks import Look, Patience, drivers
from conductor_core.services.operations import Context
from tests.fakes import domain


def test_a_check_waits_until_an_emergency_wants_to_act() -> None:
    clock, urgent = [0.0], [""]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        urgent[0] = "chg-urgent" if clock[0] >= 5 else ""

    check = drivers({"pods": lambda _: Look(False, "1 of 3 ready")}, Patience(lambda: clock[0], sleep, 900))[
        "check:pods"
    ]
    context = Context(domain.change(), HeldLock("x", -1), lambda _: None, lambda: urgent[0])
    observation, told = check.dispatch(context, check.prepare(context))
    assert (observation, clock[0]) == (Observation.FAILED, 5)
    assert told["detail"] == "not waited for: it gives way to the emergency chg-urgent. 1 of 3 ready"


def test_what_has_passed_has_passed() -> None:
    check = drivers({"pods": lambda _: Look(True, "3 of 3")}, Patience(lambda: 0.0, lambda _: None))["check:pods"]
    context = Context(domain.change(), HeldLock("x", -1), lambda _: None, lambda: "chg-urgent")
    assert check.dispatch(context, {})[0] is Observation.DONE
