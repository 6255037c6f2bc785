"""The operations of a Helm release: upgrade and roll back, each recognised afterwards in the release's own history.

Helm writes a revision before it touches an object, so the revision that follows the one noted in `prepare` tells what
became of an act: no such revision means that nothing was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conductor_core.domain.operations import Observation
from conductor_core.domain.post_renderers import FACT
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import ConductorError, StateError, ToolError
from conductor_core.ports.helm import ChartRequest, Helm
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.hook_failures import HookFailures
from conductor_core.services.operations import Context, Facts
from conductor_core.services.release_renders import CHART_CONTENT, content_of, post_told
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.rollback_plan import WITH_VALUES

TIMEOUT = 300.0
"""Seconds that Helm may wait for hooks."""


@dataclass(frozen=True)
class HelmUpgrade:
    """`helm upgrade --install` of the planned commit; where an Application owns the release, its sync."""

    helm: Helm
    source: ReleaseReader
    argo: ArgoSync | None = None
    failures: HookFailures | None = None

    def prepare(self, context: Context) -> Facts:
        """Where the release is now."""
        release, channel = _named(context)
        return {"from_revision": max((r.revision for r in self.source.history(release, channel)), default=0)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Run Helm on exactly the commit that the plan names."""
        if self.argo is not None and self.argo.owns(context):
            return self.argo.dispatch(context, request)
        release, channel = _named(context)
        plan = context.change.plan
        commit = plan.facts["commit"] if plan else ""
        sets = context.change.parameters.get("sets") or {}
        assert isinstance(sets, dict)
        chart: ChartRequest = self.source.chart_request(release, channel, commit, {k: str(v) for k, v in sets.items()})
        planned = plan.facts.get(CHART_CONTENT, "") if plan else ""
        if planned and content_of(chart) != planned:
            raise StateError(
                f"The chart of {release} is not the one that was planned.",
                why=f"Its address now stands for {content_of(chart)[:12]}, and {planned[:12]} was approved.",
                next="Request the deploy anew, and ask who published another chart under the same version.",
            )
        bound, now = plan.facts.get(FACT, "none") if plan else "none", post_told(chart).get(FACT, "none")
        if bound != now:
            raise StateError(
                f"The post-renderer of {release} is not the one that was planned.",
                why=f"Planned: {bound[:90]}; now: {now[:90]}.",
                next="Request the deploy anew, and ask who changed the program or its place in channels.yaml.",
            )
        context.say(f"helm upgrade --install {release} in {chart.namespace} from {commit[:12]}")
        try:
            outcome = self.helm.upgrade(
                chart, context.operation_id, create_namespace=True, timeout=TIMEOUT, inherit_fds=(context.lock.fd,)
            )
        except ToolError as bad:
            if bad.what.startswith("A hook of") and self.failures is not None:
                raise self._explained(bad, context, release, f"commit:{commit}/{channel}", chart.sets) from bad
            raise
        return Observation.DONE, {"revision": outcome.revision, "status": outcome.status, "notes": outcome.notes}

    def _explained(
        self, bad: ToolError, context: Context, release: str, ref: str, sets: Mapping[str, str]
    ) -> ToolError:
        """The failure with what the hooks' jobs say; those who watch see their logs and events."""
        try:
            made = self.source.render(release, ref, sets)
            told = self.failures.told(made.hooks, made.objects.values()) if self.failures else []
        except ConductorError as blind:
            told = [f"What its hooks say can't be read: {blind}"]
        for line in told:
            context.say(line)
        return ToolError(bad.what, why="\n".join([bad.why, *told])[:4000], next=bad.next)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Look for the revision that this operation made."""
        if self.argo is not None and self.argo.owns(context):
            return self.argo.observe(context, request)
        release, channel = _named(context)
        return _observed(
            self.source.history(release, channel), request, lambda revision: revision.made_by(context.operation_id)
        )


@dataclass(frozen=True)
class HelmRollback:
    """`helm rollback` to the planned revision; with chosen values, an upgrade to the commit that revision came from."""

    helm: Helm
    source: ReleaseReader

    @property
    def _upgrade(self) -> HelmUpgrade:
        return HelmUpgrade(self.helm, self.source)

    def prepare(self, context: Context) -> Facts:
        """Where the release is now; raises `StateError` when it has moved since the plan."""
        release, channel = _named(context)
        return {"from_revision": max((r.revision for r in self.source.history(release, channel)), default=0)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Run Helm."""
        if _chosen(context):
            return self._upgrade.dispatch(context, request)
        release, channel = _named(context)
        revision = _target(context)
        namespace = self.source.namespace(release, channel)
        context.say(f"helm rollback {release} {revision} in {namespace}")
        outcome = self.helm.rollback(
            release, namespace, revision, context.operation_id, timeout=TIMEOUT, inherit_fds=(context.lock.fd,)
        )
        return Observation.DONE, {"revision": outcome.revision, "status": outcome.status, "notes": outcome.notes}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Helm describes a rollback itself: the revision after the noted one that says so is ours."""
        if _chosen(context):
            return self._upgrade.observe(context, request)
        release, channel = _named(context)
        words = f"Rollback to {_target(context)}"
        return _observed(
            self.source.history(release, channel),
            request,
            lambda revision: revision.description.startswith(words) or revision.status is Status.PENDING_ROLLBACK,
        )


def _observed(
    history: tuple[Revision, ...], request: Mapping[str, object], ours: Callable[[Revision], bool]
) -> tuple[Observation, Facts]:
    before = int(str(request.get("from_revision", 0)))
    later = [r for r in history if r.revision > before]
    if not later:
        return Observation.ABSENT, {"seen": f"no revision after {before}"}
    mine = [r for r in later if ours(r)]
    if not mine:
        return Observation.ABSENT, {"seen": f"revision {later[0].revision} is somebody else's"}
    found = mine[0]
    said = f"revision {found.revision} is {found.status.value}"
    seen: Facts = {"revision": found.revision, "status": found.status.value, "seen": said}
    if found.status.pending:
        return Observation.UNCLEAR, seen
    return (Observation.FAILED if found.status is Status.FAILED else Observation.DONE), seen


def _named(context: Context) -> tuple[str, str]:
    parameters = context.change.parameters
    return str(parameters.get("release", "")), str(parameters.get("channel", ""))


def _chosen(context: Context) -> bool:
    """Whether the plan goes back with values set by hand."""
    return bool(context.change.plan and WITH_VALUES in context.change.plan.facts)


def _target(context: Context) -> int:
    wanted = context.change.parameters.get("to_revision")
    if not isinstance(wanted, int) or wanted < 1:
        raise StateError("The Change names no revision.", why=f"to_revision is {wanted!r}.", next="Request a new one.")
    return wanted
