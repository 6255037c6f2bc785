"""Security rules 1, 2 and 5: who may do what, spelled out; nobody approves their own; an approval is for one plan."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from conductor_core.adapters.clock import SystemClock
from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.runbook_files import RunbookFolder
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.changes import Change, Planned, Replan, State
from conductor_core.errors import AccessDeniedError, ConductorError, RefusedError, StateError
from conductor_core.ports.change_store import ChangeStore
from conductor_core.services.access import Action, Resource, authorize, to_request
from conductor_core.services.changes import ChangeService
from conductor_core.services.ledger import Ledger
from conductor_core.services.runbooks import RunbookService
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.domain import ALLOW, REQUESTER, change, plan
from tests.fakes.idle import EmptyShelf, IdleWorker

ID = "chg-01KB0000000000000000000000"
MAY: dict[Role, set[str]] = {
    Role.VIEWER: {"view"},
    Role.OPERATOR: {"view", "change.request", "change.replan", "change.cancel", "support.escalate"},
    Role.APPROVER: {"view", "change.approve", "change.reject", "emergency.review", "support.escalate"},
    Role.CAPTAIN: {
        "view",
        "change.request",
        "change.replan",
        "change.cancel",
        "change.approve",
        "change.reject",
        "change.settle",
        "emergency.review",
        "support.escalate",
    },
    Role.BREAK_GLASS: {"view", "emergency.act", "support.escalate"},
}
"""Written down a second time on purpose: whoever changes a grant has to change it here too."""
EMERGENCIES = {"emergency_abort", "emergency_fleet_abort", "emergency_revert", "emergency_rollback"}
SPELLINGS = {
    "as it is": REQUESTER,
    "upper case": replace(REQUESTER, subject="REQUESTER", issuer="LOCAL"),
    "spaces": replace(REQUESTER, subject="  requester\n", issuer=" local "),
    "slash": replace(REQUESTER, issuer="local/"),
    "full width": replace(REQUESTER, subject="ｒｅｑｕｅｓｔｅｒ", issuer="ｌｏｃａｌ／"),
    "mathematical": replace(REQUESTER, subject="𝓻𝓮𝓺𝓾𝓮𝓼𝓽𝓮𝓻"),
    "zero width": replace(REQUESTER, subject="re\u200bques\u2060ter\ufeff"),
    "soft hyphen": replace(REQUESTER, subject="reques\u00adter"),
    "variation selector": replace(REQUESTER, subject="requester\ufe0f"),
    "filler": replace(REQUESTER, subject="\u3164requester"),
    "tag": replace(REQUESTER, subject="requester\U000e0041"),
    "right to left mark": replace(REQUESTER, subject="\u202erequester\u202c"),
    "another name": replace(REQUESTER, name="Anna Approver"),
}


def person(name: str, *roles: Role) -> Actor:
    return Actor("https://idp.example", name, name, frozenset(roles))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_this_and_no_more(role: Role, action: Action) -> None:
    who = person("anna", role)
    thing = Resource("change", ID, "" if action in (Action.APPROVE, Action.REVIEW) else who.key)
    if action.value in MAY[role]:
        authorize(who, action, thing)
        return
    with pytest.raises(AccessDeniedError) as refused:
        authorize(who, action, thing)
    assert all(refused.value.diagnostics().as_dict().values())


def test_these_runbooks_act_before_anybody_has_approved_and_no_other() -> None:
    known = RunbookFolder(PROJECT_ROOT / "runbooks", PROJECT_ROOT / "notebooks", PapermillRuns().parameters).catalogue()
    assert {name for name, found in known.runbooks.items() if found.emergency} == EMERGENCIES
    for name, found in known.runbooks.items():
        assert to_request(found) is (Action.BREAK_GLASS if name in EMERGENCIES else Action.REQUEST)
        if name in EMERGENCIES:
            assert set(found.approvals.values()) == {0}
    fleets = [known.runbooks[name] for name in ("fleet_abort", "emergency_fleet_abort")]
    assert len({(f.target, f.plan) for f in fleets}) == 1  # one target: what runs there is overtaken


@pytest.mark.parametrize("action", Action)
def test_without_a_role_nothing_is_allowed(action: Action) -> None:
    with pytest.raises(AccessDeniedError):
        authorize(person("anna"), action, Resource("change", ID))


def test_only_the_requester_or_a_captain_cancels() -> None:
    anna, ben = person("anna", Role.OPERATOR), person("ben", Role.OPERATOR)
    theirs = Resource("change", ID, anna.key)
    authorize(replace(anna, subject="ANNA\u200b"), Action.CANCEL, theirs)
    authorize(person("cleo", Role.CAPTAIN), Action.CANCEL, theirs)
    with pytest.raises(AccessDeniedError):
        authorize(ben, Action.CANCEL, theirs)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[ChangeStore]:
    if request.param == "memory":
        yield MemoryChangeStore()
        return
    engine = open_engine(request.getfixturevalue("database_url"))
    yield PostgresChangeStore(engine)
    engine.dispose()


@pytest.fixture
def changes(store: ChangeStore) -> ChangeService:
    clock = SystemClock()
    return ChangeService(store, RunbookService(EmptyShelf()), IdleWorker(), Ledger(store, clock), clock)


def waiting(store: ChangeStore, changes: ChangeService, approvals: int = 1) -> Change:
    """A stored Change that waits for approvals."""
    store.create(change(ID), [])
    return changes.apply(ID, Planned(plan(), (ALLOW,), approvals))


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_the_requester_never_approves_however_spelled(
    store: ChangeStore, changes: ChangeService, spelling: Actor
) -> None:
    waiting(store, changes)
    sly = replace(spelling, roles=frozenset(Role))
    for digest in ("", plan().digest, "sha256:other"):
        with pytest.raises(AccessDeniedError, match="requester of a Change can't approve"):
            changes.approve(sly, ID, digest)
    assert changes.get(ID).state is State.AWAITING_APPROVAL
    assert changes.get(ID).approvals == ()


def test_one_person_is_one_approval_however_spelled(store: ChangeStore, changes: ChangeService) -> None:
    waiting(store, changes, approvals=2)
    anna = person("anna", Role.APPROVER)
    assert changes.approve(anna, ID, plan().digest).state is State.AWAITING_APPROVAL
    for again in (anna, replace(anna, subject="ＡＮＮＡ\u200b"), replace(anna, issuer="https://IDP.example/")):
        with pytest.raises(StateError, match="already approved"):
            changes.approve(again, ID, plan().digest)
    assert changes.approve(person("ben", Role.APPROVER), ID, plan().digest).state is State.APPROVED


def test_an_approval_of_what_is_no_longer_the_plan_is_refused(store: ChangeStore, changes: ChangeService) -> None:
    waiting(store, changes)
    changes.apply(ID, Replan())
    changes.apply(ID, Planned(plan("b"), (ALLOW,), 1))
    anna = person("anna", Role.APPROVER)
    with pytest.raises(StateError, match="another plan"):
        changes.approve(anna, ID, plan().digest)
    assert changes.approve(anna, ID, plan("b").digest).state is State.APPROVED


def test_approvals_that_arrive_together_are_all_kept_and_counted_once(
    store: ChangeStore, changes: ChangeService
) -> None:
    waiting(store, changes, approvals=4)
    acknowledged: list[str] = []

    def approve(name: str) -> None:
        try:
            changes.approve(person(name, Role.APPROVER), ID, plan().digest)
        except RefusedError:
            return
        except ConductorError as lost:
            acknowledged.append(lost.what)
            return
        acknowledged.append(name)

    names = ["anna", "ben", "cleo", "ANNA", "Ben", "anna"]
    threads = [threading.Thread(target=approve, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    stored = changes.get(ID)
    assert sorted(name.casefold() for name in acknowledged) == ["anna", "ben", "cleo"]
    assert sorted(approval.actor.name for approval in stored.approvals) == sorted(acknowledged)
    assert (stored.state, stored.approvals_given) == (State.AWAITING_APPROVAL, 3)
    given = store.events(ID, kind="conductor.approval.given")
    assert len(given) == 3
