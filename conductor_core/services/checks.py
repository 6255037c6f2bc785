"""Post-flight checks: is what a Change left behind healthy? They wait, tell what they see, and then give one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.changes import Check
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConductorError, ToolError
from conductor_core.services.operations import Context, Facts

Probe = Callable[[Context], Check]
"""One look at the world: passed or not yet, and what was seen."""


@dataclass(frozen=True)
class CheckDriver:
    """A check as an operation: asked until it passes, fails for good, or its time is over; safe to ask again.

    `probes` by name; `failed_for_good` tells from the detail that waiting won't help; `sleep` and `monotonic` in s.
    """

    probes: Mapping[str, Probe]
    failed_for_good: Callable[[str], bool]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    deadline: float = 600.0

    def named(self, name: str) -> _OneCheck:
        """The driver of one check; raises `ToolError` for an unknown one."""
        if name not in self.probes:
            raise ToolError(f"There is no check {name!r}.", why=f"Known: {', '.join(sorted(self.probes))}.")
        return _OneCheck(self, name)


@dataclass(frozen=True)
class _OneCheck:
    checks: CheckDriver
    name: str

    def prepare(self, context: Context) -> Facts:
        return {"check": self.name}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        check = self._wait(context)
        if check.passed:
            return Observation.DONE, {"detail": check.detail}
        what = f"The check {self.name} did not pass."
        return Observation.FAILED, {"detail": check.detail, "what": what, "why": check.detail}

    def _wait(self, context: Context) -> Check:
        end = self.checks.monotonic() + self.checks.deadline
        said = ""
        while True:
            check = self._look(context)
            if check.detail != said:
                context.say(f"{self.name}: {check.detail}")
                said = check.detail
            if check.passed or self.checks.failed_for_good(check.detail) or self.checks.monotonic() >= end:
                return check
            self.checks.sleep(0.5)

    def _look(self, context: Context) -> Check:
        try:
            return self.checks.probes[self.name](context)
        except ConductorError as blind:
            return Check(self.name, False, f"could not be asked: {blind}")


def all_of(name: str, findings: Mapping[str, str], healthy: str) -> Check:
    """A check over many objects: passed when `findings` (object: what is wrong with it) is empty."""
    if not findings:
        return Check(name, True, healthy)
    shown = "; ".join(f"{what}: {wrong}" for what, wrong in sorted(findings.items())[:5])
    more = f" and {len(findings) - 5} more" if len(findings) > 5 else ""
    return Check(name, False, shown + more)


def workload_problem(workload: Mapping[str, Any]) -> str:
    """What keeps a Deployment, StatefulSet, DaemonSet, Rollout or Job from being healthy; empty when nothing does.

    The rules are those by which `kubectl rollout status` and the Rollouts controller call a workload done.
    """
    kind = workload.get("kind")
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    if kind == "Rollout":
        return _rollout_problem(workload)
    if kind == "Job":
        return "" if status.get("succeeded", 0) >= spec.get("completions", 1) else "not completed"
    if status.get("observedGeneration", 0) < workload.get("metadata", {}).get("generation", 0):
        return "not yet seen by its controller"
    if kind == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        updated = status.get("updatedNumberScheduled", 0)
    else:
        wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
        updated = status.get("updatedReplicas", 0)
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return f"failed: {condition.get('message', 'its progress deadline is over')}"
    if updated < wanted:
        return f"{updated} of {wanted} replicas updated"
    return "" if ready >= wanted else f"{ready} of {wanted} replicas ready"


def _rollout_problem(rollout: Mapping[str, Any]) -> str:
    status = rollout.get("status") or {}
    if str(status.get("observedGeneration", "0")) != str(rollout.get("metadata", {}).get("generation", 0)):
        return "not yet seen by its controller"
    phase, message = status.get("phase", "Unknown"), status.get("message", "")
    if phase == "Healthy":
        return ""
    if phase == "Degraded":
        return f"failed: {message or 'degraded'}"
    steps = (rollout.get("spec", {}).get("strategy", {}).get("canary") or {}).get("steps") or []
    at = f", step {status.get('currentStepIndex', 0)} of {len(steps)}" if steps else ""
    return f"{phase.lower()}{at}{': ' + message if message else ''}"
