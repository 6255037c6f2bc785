"""The patches that acts are made of, the same that `kubectl argo rollouts` sends.

Source: pkg/kubectl-argo-rollouts/cmd/{promote,abort,pause,retry,restart,undo} of argo-rollouts 1.9. One is added: an
abort takes back a full promotion that was asked for, because the controller ignores the abort otherwise. And one order
is turned round, see `Patches.in_order`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Rollout

UNPAUSED: dict[str, Any] = {"pauseConditions": None}
"""The patch of the status that ends the controller's own pauses."""


@dataclass(frozen=True)
class Patches:
    """Merge patches to the status and to the object; None is not sent."""

    status: dict[str, Any] | None = None
    spec: dict[str, Any] | None = None

    @property
    def in_order(self) -> list[tuple[str, dict[str, Any]]]:
        """What is sent, one after another: the subresource ('' for the object) and the patch.

        The status comes first, but for the end of a pause: a controller that looks in between, at a Rollout that is
        still paused by hand, forgets that the pause of the step was ended, and pauses that step once more.
        """
        status = [("status", {"status": self.status})] if self.status is not None else []
        spec = [("", {"spec": self.spec})] if self.spec is not None else []
        return spec + status if self.status == UNPAUSED else status + spec


def patches(rollout: Rollout, act: Act, at: str = "") -> Patches:
    """What the act sends; an undo is a patch of another kind and not made here."""
    unpause = {"paused": False} if rollout.paused_by_hand else None
    if act is Act.PROMOTE:
        return Patches(_promoted(rollout), unpause)
    if act is Act.RESUME:
        return Patches(UNPAUSED if rollout.pauses else None, unpause)
    if act is Act.PROMOTE_FULL:
        return Patches({"promoteFull": True}, unpause)
    if act is Act.SKIP:
        return Patches({"currentStepIndex": _next(rollout)})
    if act is Act.PAUSE:
        return Patches(spec={"paused": True})
    if act is Act.ABORT:
        return Patches({"abort": True} | ({"promoteFull": False} if rollout.promote_full else {}))
    if act is Act.RETRY:
        return Patches({"abort": False})
    return Patches(spec={"restartAt": at})


def _promoted(rollout: Rollout) -> dict[str, Any] | None:
    if rollout.inconclusive and rollout.pauses and rollout.controller_pause:
        return {"pauseConditions": None, "controllerPause": False, "currentStepIndex": _next(rollout)}
    if rollout.pauses:
        return UNPAUSED
    if rollout.strategy == "canary" and rollout.steps and rollout.in_progress:
        return {"pauseConditions": None, "currentStepIndex": _next(rollout)}
    return None


def _next(rollout: Rollout) -> int:
    return min(rollout.step + 1, len(rollout.steps))
