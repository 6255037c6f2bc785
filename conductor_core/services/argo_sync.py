"""The deploy of a release that an Argo CD Application owns: a sync to the commit, no Helm beside its self-heal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conductor_core.domain.operations import Observation
from conductor_core.domain.pipelines import Application
from conductor_core.errors import ConflictError, TransientError
from conductor_core.ports.argocd import ArgoCd
from conductor_core.services.operations import Context, Facts

APPLICATION = "application"
"""The fact of a plan that names the owning Application, as `name` or `namespace/name`."""
PATIENCE = 600.0
"""Seconds that a sync with its hooks may take."""


@dataclass(frozen=True)
class ArgoSync:
    """Starts one sync, and waits for its end; sync hooks are run by Argo CD as part of it."""

    argocd: ArgoCd
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def owns(self, context: Context) -> bool:
        """Whether the plan of this Change goes through an Application."""
        return bool(context.change.plan and context.change.plan.facts.get(APPLICATION))

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Sync to the commit of the request, else to the planned one. An Application that syncs by itself is synced to
        what it follows, since Argo CD refuses any other revision there.
        """
        namespace, name, planned = self._named(context)
        commit = str(request.get("commit") or planned)
        now = self.argocd.application(name, namespace, refresh=True)
        revision = "" if now.automated else commit
        context.say(f"sync of the Application {name} to {revision[:12] or now.sources[0].target}")
        end = self.monotonic() + PATIENCE
        self._start(context, namespace, name, revision, end)
        while True:
            observation, seen = self.observe(context, request)
            if observation is not Observation.UNCLEAR:
                return observation, seen
            if self.monotonic() >= end:
                raise TransientError(
                    f"The sync of {name} did not end within {PATIENCE:.0f} s.",
                    why=str(seen.get("seen", "")),
                    next="Look at the Application in Argo CD; terminate the operation there if it hangs.",
                )
            self.sleep(1.0)

    def _start(self, context: Context, namespace: str, name: str, revision: str, end: float) -> None:
        """Start the sync, after whichever operation runs now: a commit may have started one already."""
        while True:
            try:
                self.argocd.sync(name, revision, context.operation_id, namespace=namespace, prune=True)
            except ConflictError:
                if self.monotonic() >= end:
                    raise
                context.say(f"waits for the operation that runs on {name}")
                self.sleep(1.0)
            else:
                return

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """What the Application says about the operation that carries this Change's id."""
        namespace, name, _ = self._named(context)
        return _seen(self.argocd.application(name, namespace), context.operation_id)

    def _named(self, context: Context) -> tuple[str, str, str]:
        facts = context.change.plan.facts if context.change.plan else {}
        namespace, _, name = facts.get(APPLICATION, "").rpartition("/")
        return namespace, name, facts.get("commit", "")


def _seen(application: Application, operation_id: str) -> tuple[Observation, Facts]:
    operation = application.operation
    if operation is None or operation.operation_id != operation_id:
        return Observation.ABSENT, {"seen": f"no sync of {application.name} carries {operation_id}"}
    said = f"{operation.phase}: {operation.message}"
    seen: Facts = {
        "application": application.name,
        "commit": operation.revision,
        "status": operation.phase,
        "seen": said,
    }
    if operation.running:
        return Observation.UNCLEAR, seen
    if operation.phase == "Succeeded":
        return Observation.DONE, seen
    bad = "; ".join(f"{resource}: {message}" for resource, _, message in operation.results[:4])
    return Observation.FAILED, seen | {"what": f"The sync of {application.name} failed.", "why": bad or said}
