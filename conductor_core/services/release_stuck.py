"""Releases that stand in the middle of something: who began it, since when, whether anything runs, how it is mended.

Helm marks a revision as pending before it acts; killed, it leaves the mark, and refuses every upgrade from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from conductor_core.domain.changes import Change, State
from conductor_core.domain.operations import Observation
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import StateError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.clock import Clock
from conductor_core.ports.helm import Helm
from conductor_core.services.hook_failures import HookFailures
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft
from conductor_core.services.release_evidence import named, newest
from conductor_core.services.releases import ReleaseReader

PATIENCE = timedelta(minutes=10)
"""How long an act of somebody else's Helm is taken to be alive."""
_RUNS = frozenset({State.EXECUTING, State.VALIDATING})
BACK_TO = "back to"


@dataclass(frozen=True)
class Stuck:
    """A pending revision. `by`: a Change's id and requester, or Helm's own words. `running`: what may still be at work
    on it; nothing: it is dead. `back_to`: the revision that a mend goes back to; 0: none, it is uninstalled.
    """

    revision: int
    status: str
    since: datetime | None
    by: str
    change: str
    running: tuple[str, ...]
    back_to: int

    @property
    def told(self) -> str:
        """Who and since when, in one sentence."""
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"Revision {self.revision} is {self.status}{since}, begun by {self.by}."

    @property
    def mend(self) -> str:
        """What mending it would do."""
        return (
            f"helm rollback to revision {self.back_to}"
            if self.back_to
            else "helm uninstall: no revision was there before"
        )

    def as_json(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "revision": self.revision,
            "status": self.status,
            "since": self.since.isoformat() if self.since else None,
            "by": self.by,
            "change": self.change,
            "running": list(self.running),
            "back_to": self.back_to,
        }


@dataclass(frozen=True)
class ReleaseStuck:
    """Diagnoses, and plans the mend; `clock` tells how old a foreign act is."""

    reader: ReleaseReader
    store: ChangeStore
    hooks: HookFailures
    clock: Clock
    helm: Helm

    def of(self, release: str, channel: str, without: str = "") -> Stuck | None:
        """What is stuck there; None: nothing. `without`: a Change that doesn't count as running. Raises `NotFoundError`
        for an unknown release or channel, and the cluster's errors.
        """
        history = self.reader.history(release, channel)
        if not history or not history[-1].status.pending:
            return None
        last = history[-1]
        target = f"release/{release}@{channel}"
        changes = {c.id: c for c in self.store.find(ChangeQuery(target=target, limit=1000))}
        made = next((c for c in changes.values() if last.made_by(c.id)), None)
        running = [f"the Change {c.id} ({c.title})" for c in changes.values() if c.state in _RUNS and c.id != without]
        running += [f"its hook {name}" for name in self.hooks.running(self.reader.hooks_of(last))]
        if made is None and last.updated and self.clock.now() - last.updated < PATIENCE:
            running.append(f"perhaps the Helm that began it less than {PATIENCE.seconds // 60} minutes ago")
        whole = [r.revision for r in history if r.status in (Status.DEPLOYED, Status.SUPERSEDED)]
        failed = [r.revision for r in history if r.status is Status.FAILED]  # it may have left what runs now
        return Stuck(
            last.revision,
            last.status.value,
            last.updated,
            _by(made, last),
            made.id if made else "",
            tuple(running),
            max(whole or failed, default=0),
        )

    def plan(self, change: Change) -> Draft:
        """The plan function `release_mend`. Raises `StateError` when nothing is stuck, or when something still runs."""
        release, channel = named(change)
        self.reader.refresh()
        found = self.of(release, channel, without=change.id)
        if found is None:
            raise StateError(
                f"{release} in {channel} is not in the middle of anything.",
                why=f"Its newest revision is {newest(self.reader.history(release, channel))}.",
                next="Nothing has to be mended; deploy or roll back as usual.",
            )
        if found.running:
            raise StateError(
                f"{release} in {channel} is still being worked on.",
                why=f"{found.told} At work: {'; '.join(found.running)}.",
                next="Wait until it has ended, then ask again; a hook's Job that never ends has to be deleted first.",
            )
        facts = {"stuck": f"{found.revision} {found.status}", BACK_TO: str(found.back_to), "helm": self.helm.version()}
        summary = {"does": found.mend, "stuck": found.told, "at work": "nothing"}
        return Draft(facts=facts, summary=summary, tier=self.reader.channel(release, channel)[1].tier)


@dataclass(frozen=True)
class HelmMend:
    """The operation `helm_mend`: back to the newest revision that ran as a whole, or uninstalled when none did."""

    helm: Helm
    reader: ReleaseReader

    def prepare(self, context: Context) -> Facts:
        """Where the release is now, and where it goes."""
        release, channel = named(context.change)
        facts = context.change.plan.facts if context.change.plan else {}
        last = max((r.revision for r in self.reader.history(release, channel)), default=0)
        return {"from_revision": last, BACK_TO: int(facts.get(BACK_TO, "0"))}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Run Helm."""
        release, channel = named(context.change)
        namespace, back = self.reader.namespace(release, channel), int(str(request[BACK_TO]))
        fds = (context.lock.fd,)
        if not back:
            context.say(f"helm uninstall {release} in {namespace}")
            self.helm.uninstall(release, namespace, context.operation_id, inherit_fds=fds)
            return Observation.DONE, {"status": Status.UNINSTALLED.value}
        context.say(f"helm rollback {release} {back} in {namespace}")
        outcome = self.helm.rollback(release, namespace, back, context.operation_id, inherit_fds=fds)
        return Observation.DONE, {"revision": outcome.revision, "status": outcome.status}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Whether the newest revision is whole again."""
        history = self.reader.history(*named(context.change))
        last = history[-1] if history else None
        seen: Facts = {"seen": f"revision {last.revision} is {last.status.value}" if last else "no revision"}
        if last is None or last.status is Status.UNINSTALLED:
            return (Observation.ABSENT if int(str(request[BACK_TO])) else Observation.DONE), seen
        if last.revision == request["from_revision"] and last.status is not Status.UNINSTALLING:
            return Observation.ABSENT, seen
        if last.status.pending:
            return Observation.UNCLEAR, seen
        return (Observation.FAILED if last.status is Status.FAILED else Observation.DONE), seen


def _by(made: Change | None, revision: Revision) -> str:
    if made is not None:
        return f"{made.requester.name} with {made.id}"
    return f"a Helm outside Conductor ({revision.description})" if revision.description else "a Helm outside Conductor"
