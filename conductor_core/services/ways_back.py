"""The way back from a rollout that has failed, filled in from the rollout, its verdict and whoever owns the release.

Helm goes back to a revision (`rollback_release`); what an Argo CD Application owns goes back by a commit
(`revert_release`), since Argo CD would heal anything else. Each has its emergency, which nobody approves beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollout_words import red
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.argocd import ArgoCd
from conductor_core.services.changes import ChangeService
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.release_history import ReleaseHistory
from conductor_core.services.synced_commits import SyncedCommits

BY_HELM, BY_GIT = "rollback_release", "revert_release"
EMERGENCIES = {BY_HELM: "emergency_rollback", BY_GIT: "emergency_revert"}
_LONGEST = 300


@dataclass(frozen=True)
class WayBack:
    """A way back that is ready to be requested: `version` is left for `to_version`, which `to` stands for (a revision
    such as r3, or the start of a commit). `application` is the Argo CD Application that owns the release, or ''.
    """

    release: str
    channel: str
    version: str
    to: str
    to_version: str
    reason: str
    runbook: str = BY_HELM
    application: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def emergency(self) -> str:
        """The runbook that does the same before anybody has approved."""
        return EMERGENCIES[self.runbook]

    @property
    def effect(self) -> str:
        """What it does, in a sentence or two."""
        left = f"{self.version} goes into quarantine until somebody releases it."
        if self.application:
            return (
                f"One commit gives the branch of {self.channel} back the content of {self.to} ({self.to_version}), and "
                f"the Argo CD Application {self.application} is synced to it. {left}"
            )
        return (
            f"helm rollback to {self.to} ({self.to_version}); one commit gives the branch of {self.channel} back what "
            f"it had then. {left}"
        )


@dataclass(frozen=True)
class WaysBack:
    """Finds the way back; requests it as the Change that it is."""

    delivery: DeliveryReader
    history: ReleaseHistory
    synced: SyncedCommits
    argocd: ArgoCd
    changes: ChangeService

    def of(self, detail: Detail, verdict: WaveVerdict) -> WayBack:
        """The way back from a rollout that has failed or is under way. Raises `NotFoundError` when no channel declares
        it or nothing earlier was good, `StateError` when it is well, and the ports' errors.
        """
        rollout = detail.rollout
        if not red(rollout) and not rollout.moving:
            raise StateError(
                f"{rollout.id} is well.", why=verdict.summary, next="Roll back on the Releases page if it is wanted."
            )
        owner = self.delivery.release_of(rollout)
        if owner is None:
            raise NotFoundError(
                f"No channel declares {rollout.id}.",
                why="A rollback is one of a release; this rollout belongs to none.",
                next="Undo its template instead, or declare its channel.",
            )
        release, channel = owner
        where: dict[str, object] = {"release": release, "channel": channel, "quarantine": True}
        said = reason(rollout, verdict)
        namespace, name = rollout.application
        if name:
            commit = self.synced.last_good(release, channel, self.argocd.application(name, namespace))
            given = where | {"to_commit": commit.commit}
            to = commit.commit[:12]
            return WayBack(
                release, channel, rollout.version, to, commit.version, said, BY_GIT, application=name, parameters=given
            )
        past = self.history.last_good(release, channel)
        number = past.revision.revision
        given = where | {"to_revision": number, "revert_git": True}
        return WayBack(release, channel, rollout.version, f"r{number}", past.version, said, parameters=given)

    def request(self, actor: Actor, namespace: str, name: str, reason: str = "", *, emergency: bool = False) -> Change:
        """Request it; an empty reason is the one that the rollout gives. Raises as `of` does, and `AccessDeniedError`
        for an emergency without the break-glass role.
        """
        found = self.of(*self.delivery.verdict(namespace, name))
        runbook = found.emergency if emergency else found.runbook
        return self.changes.request(actor, runbook, found.parameters, reason or found.reason)


def chosen(runbook: str, given: Mapping[str, object], *, emergency: bool) -> tuple[str, dict[str, object]]:
    """The runbook and parameters of a rollback or revert, or of its emergency.

    Raises `InputError` when an emergency is to come with values of its own: what comes back must have run as a whole.
    """
    if not emergency:
        return runbook, dict(given)
    if given.get("sets"):
        raise InputError(
            "An emergency takes no values of its own.",
            why="Nobody has approved it and policy is not asked: what comes back has to have run here as a whole.",
            next="Leave the values out, or ask for an ordinary rollback.",
        )
    return EMERGENCIES[runbook], {name: value for name, value in given.items() if name != "sets"}


def reason(rollout: Rollout, verdict: WaveVerdict) -> str:
    """Why somebody would leave this version, in the words of its verdict."""
    said = f"rollout {rollout.id} at {rollout.version}: {verdict.summary}"
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
