"""The plan functions of releases: deploy and validate, each with the evidence that a person approves."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain import manifests
from conductor_core.domain import values as trees
from conductor_core.domain.changes import Change
from conductor_core.domain.manifests import Kind
from conductor_core.domain.releases import Revision
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.helm import Helm
from conductor_core.services.argo_sync import APPLICATION, ArgoSync
from conductor_core.services.planning import Draft, PlanFunction
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_evidence import ReleaseEvidence, counts, named, newest, sets_of
from conductor_core.services.release_renders import CHART_CONTENT, Render, post_told
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.synced_commits import SyncedCommits


@dataclass(frozen=True)
class ReleasePlans:
    """Reads what a Change of a release would do; the same world gives the same bytes."""

    reader: ReleaseReader
    contents: ReleaseContents
    evidence: ReleaseEvidence
    helm: Helm
    synced: SyncedCommits
    argo: ArgoSync | None = None

    def functions(self) -> dict[str, PlanFunction]:
        """The plan functions by the name that a runbook's `plan` gives."""
        return {"release_deploy": self.deploy, "release_validate": self.validate}

    def deploy(self, change: Change) -> Draft:
        """What `helm upgrade --install` of the channel's branch would change.

        Raises `NotFoundError` for an unknown release, channel or overlay, `StateError` when Helm is in the middle of
        something, and the ports' errors.
        """
        release, channel = named(change)
        sets = sets_of(change)
        self.reader.refresh()
        history = self.reader.history(release, channel)
        _refuse_pending(history, release, channel)
        made = self.reader.render(release, f"channel:{channel}", sets)
        compared = self.reader.compare(release, f"live:{channel}", f"channel:{channel}", sets)
        values = self.evidence.values(made.request)
        objects = made.everything
        facts = {
            "commit": made.commit,
            "content": self.contents.of(made.objects),
            "chart": f"{made.output.chart.name} {made.output.chart.version}",
            "app version": made.output.chart.app_version,
            "helm": self.helm.version(),
            "revision": newest(history),
            **({"chart from": made.source, CHART_CONTENT: made.content} if made.source else {}),
            **post_told(made.request),
        }
        namespace, application = self.reader.owner(made.objects)
        if application and sets:
            raise InputError(
                f"{release} in {channel} can't be deployed with values set by hand.",
                why=f"The Argo CD Application {application} owns it, and would undo what Git doesn't say.",
                next="Commit the values to the channel's branch, then deploy without --set.",
            )
        does = f"helm upgrade --install {release} in {made.request.namespace}"
        if application:
            facts[APPLICATION] = f"{namespace}/{application}" if namespace else application
            does = f"sync of the Argo CD Application {application} to {made.commit[:12]}, which owns the release"
        summary = {
            "does": does,
            "version": trees.version_of(values, made.output.chart.app_version),
            **counts(compared),
        }
        return Draft(
            self.evidence.pieces(objects, compared, values),
            facts,
            summary,
            manifests.placed(objects),
            values,
            self.evidence.live(release),
            self.reader.channel(release, channel)[1].tier,
            arriving=_arriving(made, installed=bool(history), by_argo=bool(application)),
        )

    def validate(self, change: Change) -> Draft:
        """Names the installed revision, or the commit that an Argo CD Application synced last; raises `NotFoundError`
        when nothing is installed.
        """
        release, channel = named(change)
        self.reader.refresh()
        history = self.reader.history(release, channel)
        facts = {"revision": newest(history)} if history else self._synced(release, channel)
        return Draft(facts=facts, summary={"does": change.title}, live=self.evidence.live(release))

    def _synced(self, release: str, channel: str) -> dict[str, str]:
        tip = self.reader.render(release, f"channel:{channel}")
        namespace, name = self.reader.owner(tip.objects)
        if not name or self.argo is None:
            raise NotFoundError(
                f"{release} is not installed in {channel}.",
                why=f"Helm has no revision of it in {self.reader.namespace(release, channel)}, and no Argo CD "
                "Application owns its objects.",
                next="Deploy it first.",
            )
        application = self.argo.argocd.application(name, namespace)
        runs = self.synced.deployed(release, channel, application, tip)
        return {"commit": runs.commit, APPLICATION: f"{namespace}/{name}" if namespace else name}


def _arriving(made: Render, *, installed: bool, by_argo: bool) -> frozenset[Kind]:
    """The kinds that the deploy brings itself: Helm creates what is in `crds/` before all else, at the first install
    only (https://helm.sh/docs/chart_best_practices/custom_resource_definitions/); Argo CD applies definitions first.
    """
    definitions = made.everything if by_argo else {} if installed else made.crds
    return manifests.defined_kinds(definitions.values())


def _refuse_pending(history: tuple[Revision, ...], release: str, channel: str) -> None:
    if history and history[-1].status.pending:
        last = history[-1]
        since = f"{last.updated:%Y-%m-%d %H:%M} UTC" if last.updated else "an unknown time"
        raise StateError(
            f"{release} in {channel} is in the middle of something.",
            why=f"Revision {last.revision} is {last.status.value} since {since}: {last.description}.",
            next=f"Wait until it has ended; if nothing runs any more: conductor release mend {release} "
            f"--channel {channel}.",
        )
