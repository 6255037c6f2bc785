"""Post-flight checks: is what a Change left behind healthy? They wait, tell what they see, and then give one answer.

They wait no longer than until an emergency on the same target wants to act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conductor_core.domain.changes import NOT_ASKED
from conductor_core.domain.emergencies import gives_way
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConductorError
from conductor_core.services.operations import Context, Driver, Facts


@dataclass(frozen=True)
class Look:
    """One look at the world: passed, not yet, or `hopeless` (waiting won't help); and what was seen."""

    passed: bool
    detail: str
    hopeless: bool = False

    @classmethod
    def skipped(cls, why: str) -> Look:
        """There is nothing to look at, and why."""
        return cls(True, f"{NOT_ASKED}{why}")


Probe = Callable[[Context], Look]


@dataclass(frozen=True)
class Patience:
    """How long a check may take: `deadline` in seconds by the `monotonic` clock, a look every half second."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    deadline: float = 900.0


@dataclass(frozen=True)
class _Check:
    """A check as an operation: asked until it passes, is hopeless, or its time is over; safe to ask again."""

    name: str
    probe: Probe
    patience: Patience

    def prepare(self, context: Context) -> Facts:
        return {"check": self.name}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        look = self._wait(context)
        if look.passed:
            return Observation.DONE, {"detail": look.detail}
        what = f"The check {self.name} did not pass."
        return Observation.FAILED, {"detail": look.detail, "what": what, "why": look.detail}

    def _wait(self, context: Context) -> Look:
        end = self.patience.monotonic() + self.patience.deadline
        said = ""
        while True:
            look = self._look(context)
            if look.detail != said:
                context.say(f"{self.name}: {look.detail}")
                said = look.detail
            if look.passed or look.hopeless or self.patience.monotonic() >= end:
                return look
            if by := context.overtaken():
                return Look(False, f"not waited for: {gives_way(by)}. {look.detail}")
            self.patience.sleep(0.5)

    def _look(self, context: Context) -> Look:
        try:
            return self.probe(context)
        except ConductorError as blind:
            return Look(False, f"could not be asked: {blind}")


def drivers(probes: Mapping[str, Probe], patience: Patience) -> dict[str, Driver]:
    """The operation drivers `check:<name>`, one for each probe."""
    return {f"check:{name}": _Check(name, probe, patience) for name, probe in probes.items()}
