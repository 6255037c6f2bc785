"""The plan of a rollback: cluster and Git go back, and the version that is left goes into quarantine, as one act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import values as trees
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import Comparison
from conductor_core.domain.manifests import Identity, Object, placed
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import InputError, RefusedError
from conductor_core.ports.helm import Helm
from conductor_core.services.git_reverts import GitReverts
from conductor_core.services.planning import Draft
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_evidence import ReleaseEvidence, counts, named, newest, sets_of
from conductor_core.services.release_history import Past, ReleaseHistory
from conductor_core.services.release_renders import post_told
from conductor_core.services.releases import ReleaseReader

WITH_VALUES = "chosen values"
"""The fact of a plan that goes back to a revision's chart with values set by hand."""


@dataclass(frozen=True)
class _Goal:
    """What the release would be afterwards."""

    does: str
    version: str
    objects: Mapping[Identity, Object]
    content: str
    values: Mapping[str, Any]
    compared: Comparison
    facts: dict[str, str]


@dataclass(frozen=True)
class RollbackPlan:
    """The plan function `release_rollback`."""

    reader: ReleaseReader
    history: ReleaseHistory
    contents: ReleaseContents
    evidence: ReleaseEvidence
    reverts: GitReverts
    helm: Helm

    def __call__(self, change: Change) -> Draft:
        """What it would change. Raises `NotFoundError` for an unknown release, channel or revision, `InputError` for a
        revision that never ran as a whole, and the ports' errors.
        """
        release, channel = named(change)
        self.reader.refresh()
        revisions = self.reader.history(release, channel)
        target = self.history.one(release, channel, _wanted(change))
        _refuse_broken(target.revision)
        application = self.reader.owner(self.reader.objects_of(revisions[-1]))[1]
        if application:
            raise RefusedError(
                f"{release} in {channel} is not rolled back by Helm.",
                why=f"The Argo CD Application {application} owns it, and would heal it back to what Git says.",
                next=f"conductor release revert {release} --channel {channel}: Git goes back, and the Application is "
                "synced to it. Its Rollouts can be aborted at once.",
            )
        sets = sets_of(change)
        commit = self.history.commit(release, channel, target)
        goal = self._values(release, channel, target, commit, sets) if sets else self._stored(release, channel, target)
        quarantine = self._quarantine(change, revisions[-1], goal)
        wanted = change.parameters.get("revert_git") is not False
        revert = self.reverts.plan(release, channel, commit) if wanted else None
        facts = {
            "to_revision": str(target.revision.revision),
            "content": goal.content,
            "helm": self.helm.version(),
            "revision": newest(revisions),
            **goal.facts,
            **({"commit": commit} if commit else {}),
            **(revert.facts if revert else {}),
            **quarantine,
        }
        bad = quarantine.get("quarantine", "")
        summary = {
            "does": goal.does,
            "version": goal.version,
            "git": revert.told if revert else "Git stays as it is: it was not asked for",
            "quarantine": f"{release} {bad}, until it is released; automation of {channel} is held" if bad else "none",
            **counts(goal.compared),
        }
        return Draft(
            self.evidence.pieces(goal.objects, goal.compared, goal.values),
            facts,
            summary,
            placed(goal.objects),
            goal.values,
            self.evidence.live(release),
            self.reader.channel(release, channel)[1].tier,
        )

    def _stored(self, release: str, channel: str, target: Past) -> _Goal:
        revision = target.revision
        number = revision.revision
        objects = self.reader.objects_of(revision)
        return _Goal(
            f"helm rollback {release} {number} in {revision.namespace}",
            target.version,
            objects,
            self.contents.of(objects),
            trees.merge(revision.defaults, revision.values),
            self.reader.compare(release, f"live:{channel}", f"revision:{channel}/{number}"),
            {"chart": f"{revision.chart} {revision.chart_version}"},
        )

    def _values(self, release: str, channel: str, target: Past, commit: str, sets: Mapping[str, str]) -> _Goal:
        if not commit:
            raise InputError(
                f"Revision {target.revision.revision} of {release} can't be given other values.",
                why="No commit of the channel's branch is known to give it, so its chart can't be rendered anew.",
                next="Go back to it as it ran, or deploy a commit with the values.",
            )
        ref = f"commit:{commit}/{channel}"
        made = self.reader.render(release, ref, sets)
        values = self.evidence.values(made.request)
        chart = made.output.chart
        return _Goal(
            f"helm upgrade {release} in {made.request.namespace} from {commit[:12]} with chosen values",
            trees.version_of(values, chart.app_version),
            made.everything,
            self.contents.of(made.objects),
            values,
            self.reader.compare(release, f"live:{channel}", ref, sets),
            {"chart": f"{chart.name} {chart.version}", WITH_VALUES: "yes", **post_told(made.request)},
        )

    def _quarantine(self, change: Change, bad: Revision, goal: _Goal) -> dict[str, str]:
        """The version that goes into quarantine; its content too where the version is the same on both sides."""
        if change.parameters.get("quarantine") is False:
            return {}
        version, content = bad.version, self.contents.of_revision(bad)
        if version == goal.version and content == goal.content:
            return {}
        return {"quarantine": version, **({"quarantine_content": content} if version == goal.version else {})}


def _wanted(change: Change) -> int:
    wanted = change.parameters.get("to_revision")
    return wanted if isinstance(wanted, int) else 0


def _refuse_broken(target: Revision) -> None:
    if target.status.pending or target.status is Status.FAILED:
        raise InputError(
            f"Revision {target.revision} of {target.name} can't be gone back to.",
            why=f"It is {target.status.value}: it has never run as a whole.",
            next="Choose a revision that is superseded or deployed.",
        )
