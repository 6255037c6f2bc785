"""The rollback of a release that an Argo CD Application owns: Git goes back in one commit, and the Application is
synced to it. Helm never acts beside Argo CD, which would heal whatever Git doesn't say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conductor_core.domain import names
from conductor_core.domain import values as trees
from conductor_core.domain.changes import Change
from conductor_core.domain.manifests import defined_kinds, placed
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConflictError, RefusedError
from conductor_core.ports.helm import Helm
from conductor_core.services.argo_sync import APPLICATION, ArgoSync
from conductor_core.services.git_reverts import GitReverts
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_evidence import ReleaseEvidence, counts, named
from conductor_core.services.release_renders import Render
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.synced_commits import SyncedCommits


@dataclass(frozen=True)
class ArgoRevertPlan:
    """The plan function `release_revert`."""

    reader: ReleaseReader
    contents: ReleaseContents
    evidence: ReleaseEvidence
    reverts: GitReverts
    helm: Helm
    argo: ArgoSync
    synced: SyncedCommits

    def __call__(self, change: Change) -> Draft:
        """What it would change. Raises `RefusedError` when no Application owns the release, `NotFoundError` for an
        unknown release, channel or commit, and the ports' errors.
        """
        release, channel = named(change)
        self.reader.refresh()
        tip = self.reader.render(release, f"channel:{channel}")
        namespace, name = self.reader.owner(tip.objects)
        if not name:
            raise RefusedError(
                f"{release} in {channel} is not rolled back by Git alone.",
                why="No Argo CD Application owns its objects, so nothing would act on the commit.",
                next=f"conductor release rollback {release} --channel {channel} --last-good",
            )
        application = self.argo.argocd.application(name, namespace)
        bad = self.synced.deployed(release, channel, application, tip)
        wanted = str(change.parameters.get("to_commit") or "")
        commit = wanted or self.synced.last_good(release, channel, application).commit
        target = self.reader.render(release, f"commit:{names.commit(commit)}/{channel}")
        revert = self.reverts.plan(release, channel, target.commit)
        compared = self.reader.compare(release, f"live:{channel}", f"commit:{target.commit}/{channel}")
        values = self.evidence.values(target.request)
        version = trees.version_of(values, target.output.chart.app_version)
        content = self.contents.of(target.objects)
        quarantine = self._quarantine(change, bad, version, content)
        facts = {
            "commit": target.commit,
            "content": content,
            "chart": f"{target.output.chart.name} {target.output.chart.version}",
            "helm": self.helm.version(),
            "from commit": bad.commit,
            APPLICATION: f"{namespace}/{name}" if namespace else name,
            **revert.facts,
            **quarantine,
        }
        left = quarantine.get("quarantine", "")
        summary = {
            "does": f"revert in Git to {target.commit[:12]}, then sync of the Argo CD Application {name}",
            "version": version,
            "git": revert.told,
            "quarantine": f"{release} {left}, until it is released; automation of {channel} is held"
            if left
            else "none",
            **counts(compared),
        }
        objects = target.everything
        return Draft(
            self.evidence.pieces(objects, compared, values),
            facts,
            summary,
            placed(objects),
            values,
            self.evidence.live(release),
            self.reader.channel(release, channel)[1].tier,
            arriving=defined_kinds(objects.values()),
        )

    def _quarantine(self, change: Change, bad: Render, version: str, content: str) -> dict[str, str]:
        if change.parameters.get("quarantine") is False:
            return {}
        left = trees.version_of(self.evidence.values(bad.request), bad.output.chart.app_version)
        left_content = self.contents.of(bad.objects)
        if (left, left_content) == (version, content):
            return {}
        return {"quarantine": left, **({"quarantine_content": left_content} if left == version else {})}


@dataclass(frozen=True)
class ArgoRevertSync:
    """The operation `argo_sync`: the Application is synced to the commit that the revert has made."""

    reader: ReleaseReader
    contents: ReleaseContents
    argo: ArgoSync

    def prepare(self, context: Context) -> Facts:
        """The branch's tip, when it renders to what was planned; raises `ConflictError` when it doesn't."""
        release, channel = named(context.change)
        self.reader.refresh()
        made = self.reader.render(release, f"channel:{channel}")
        planned = context.change.plan.facts["content"] if context.change.plan else ""
        if self.contents.of(made.objects) != planned:
            raise ConflictError(
                f"The branch of {channel} has moved on.",
                why=f"{made.commit[:12]} renders to something else than what was approved.",
                next="Look at the new commits, then request the revert again.",
            )
        return {"commit": made.commit}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Sync, and wait for the end."""
        return self.argo.dispatch(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """What the Application says about it."""
        return self.argo.observe(context, request)
