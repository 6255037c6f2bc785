"""Changes: requested, approved, rejected, cancelled and settled here, by every door alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conductor_core.domain import changes as c
from conductor_core.domain.actors import SYSTEM, Actor
from conductor_core.domain.changes import Change, State
from conductor_core.domain.emergencies import declared
from conductor_core.domain.events import Fact
from conductor_core.domain.ids import CHANGE_ID
from conductor_core.domain.transitions import decide
from conductor_core.errors import ConflictError, InputError, NotFoundError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore, RecordedEvent
from conductor_core.ports.clock import Clock
from conductor_core.ports.workflows import Workflows
from conductor_core.services.access import Action, Resource, authorize, to_request
from conductor_core.services.ledger import Ledger
from conductor_core.services.runbooks import RunbookService

ATTEMPTS = 8
"""How often a transition is decided anew when somebody else wrote first."""


class ChangeService:
    """The acts on Changes. What is acknowledged is durable; the work that follows is enqueued, and swept if lost."""

    def __init__(
        self,
        store: ChangeStore,
        runbooks: RunbookService,
        workflows: Workflows,
        ledger: Ledger,
        clock: Clock,
        tell: Callable[[Change], None] = lambda _: None,
    ) -> None:
        """`tell` is called with each Change that has moved; it must not raise."""
        self._store = store
        self._runbooks = runbooks
        self._workflows = workflows
        self._ledger = ledger
        self._clock = clock
        self._tell = tell

    def request(self, actor: Actor, runbook_name: str, parameters: Mapping[str, object], reason: str) -> Change:
        """A new Change, to be planned by a worker. Raises `AccessDeniedError`, `InputError`, `NotFoundError`."""
        authorize(actor, Action.VIEW, Resource("runbook", runbook_name))
        runbook = self._runbooks.get(runbook_name)
        authorize(actor, to_request(runbook), Resource("runbook", runbook_name))
        reason = _reason(reason)
        checked, title, target, tier = self._runbooks.bind(runbook, parameters)
        now = self._clock.now()
        change = Change(
            id=self._clock.new_id("chg"),
            runbook=runbook.name,
            title=title,
            target=target,
            tier=tier,
            parameters=checked,
            requester=actor,
            reason=reason,
            created_at=now,
            updated_at=now,
        )
        requested = Fact(
            "conductor.change.requested.v1",
            {
                "runbook": runbook.name,
                "runbook_digest": runbook.digest,
                "title": title,
                "target": target,
                "tier": tier,
                "reason": reason,
                "parameters": {k: v if isinstance(v, str | int | bool) else str(v) for k, v in checked.items()},
            },
        )
        facts = [requested, declared(change)] if runbook.emergency else [requested]
        self._store.create(change, self._ledger.stamp(facts, change.id, actor))
        self.dispatch(change)
        return change

    def approve(self, actor: Actor, change_id: str, plan_digest: str = "", reason: str = "") -> Change:
        """Say yes to the plan with that digest (empty: the present one). The last approval needed starts the run."""
        change = self.get(change_id)
        authorize(actor, Action.APPROVE, _resource(change))
        return self.apply(change_id, c.Approve(actor, plan_digest or change.plan_digest, reason), actor)

    def reject(self, actor: Actor, change_id: str, reason: str) -> Change:
        """Say no; the Change ends."""
        authorize(actor, Action.REJECT, _resource(self.get(change_id)))
        return self.apply(change_id, c.Reject(actor, _reason(reason)), actor)

    def cancel(self, actor: Actor, change_id: str, reason: str) -> Change:
        """Withdraw a Change that doesn't run yet."""
        authorize(actor, Action.CANCEL, _resource(self.get(change_id)))
        return self.apply(change_id, c.Cancel(actor, _reason(reason)), actor)

    def replan(self, actor: Actor, change_id: str) -> Change:
        """Make the plan again; approvals count only if nothing has changed."""
        authorize(actor, Action.REPLAN, _resource(self.get(change_id)))
        return self.apply(change_id, c.Replan((f"asked for by {actor.name}",)), actor)

    def settle(self, actor: Actor, change_id: str, *, succeeded: bool, reason: str) -> Change:
        """Say how an unknown Change ended, after looking at the world."""
        authorize(actor, Action.SETTLE, _resource(self.get(change_id)))
        return self.apply(change_id, c.Settle(actor, succeeded, _reason(reason)), actor)

    def get(self, change_id: str) -> Change:
        """The Change; raises `NotFoundError`."""
        if not CHANGE_ID.fullmatch(change_id):
            raise NotFoundError(
                f"{change_id!r} is not the id of a Change.",
                why="Ids look like chg-01KB0000000000000000000000.",
                next="Run `conductor change list`.",
            )
        return self._store.get(change_id)

    def find(self, query: ChangeQuery | None = None) -> list[Change]:
        """The Changes that match, newest first."""
        return self._store.find(query or ChangeQuery())

    def events(self, change_id: str, after: int = 0) -> list[RecordedEvent]:
        """The facts about one Change, in order."""
        return self._store.events(subject=change_id, after=after)

    def apply(self, change_id: str, message: c.Message, actor: Actor = SYSTEM) -> Change:
        """One transition: decide on the present state, write state and facts together, enqueue what follows."""
        for _ in range(ATTEMPTS):
            before = self._store.get(change_id)
            after, facts = decide(before, message, self._clock.now())
            try:
                self._store.save(after, before.version, self._ledger.stamp(facts, change_id, actor))
            except ConflictError:
                continue
            self.dispatch(after)
            self._tell(after)
            return after
        raise ConflictError(
            f"{change_id} changes too fast.",
            why=f"Others wrote first {ATTEMPTS} times in a row.",
            next="Look at its page, then try again.",
        )

    def dispatch(self, change: Change) -> None:
        """Enqueue the work that the state asks for; the keys make it safe to call again and again."""
        if change.state is State.REQUESTED:
            self._workflows.plan(change.id, f"{change.id}:plan:{change.version}")
        elif change.state is State.APPROVED:
            self._workflows.execute(change.id, change.target, f"{change.id}:run:{change.version}")

    def sweep(self) -> int:
        """Enqueue what an acknowledged transition left unqueued when its process died; returns how many were looked at.

        Called by the worker, every few seconds and at start-up.
        """
        waiting = self._store.find(ChangeQuery(states=frozenset({State.REQUESTED, State.APPROVED}), limit=1000))
        for change in waiting:
            self.dispatch(change)
        return len(waiting)


def _resource(change: Change) -> Resource:
    return Resource("change", change.id, change.requester.key)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not 3 <= len(reason) <= 2000:
        raise InputError(
            "A reason is needed." if len(reason) < 3 else "The reason is too long.",
            why="It goes into the record: three characters at least, 2,000 at most.",
            next="Say in a few words why this is done.",
        )
    return reason
