"""The state machine: total, and its promises hold under every sequence of messages that Hypothesis can think of."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conductor_core.domain import changes as c
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.approvals import Approval
from conductor_core.domain.changes import Change, Check, Message, Outcome, State
from conductor_core.domain.events import Fact
from conductor_core.domain.gates import Verdict
from conductor_core.domain.plans import Plan
from conductor_core.domain.transitions import decide, seal_of
from conductor_core.errors import AccessDeniedError, RefusedError, StateError
from tests.examples import examples
from tests.fakes.domain import ALLOW, APPROVER, CAPTAIN, DENY, NOW, REQUESTER, SECOND, change, plan

LATER = NOW + timedelta(minutes=1)
MENDED = Outcome("Tool failed.", "exit 1", "Look at it.")

SAMPLES: dict[type[object], Message] = {
    c.Planned: c.Planned(plan(), (ALLOW,), 1),
    c.PlanFailed: c.PlanFailed(MENDED),
    c.Approve: c.Approve(APPROVER, plan().digest, "fine"),
    c.Reject: c.Reject(APPROVER, "no"),
    c.Refuse: c.Refuse(MENDED),
    c.Cancel: c.Cancel(REQUESTER, "not now"),
    c.Replan: c.Replan(("commit moved",)),
    c.Start: c.Start(plan().digest),
    c.Validate: c.Validate(),
    c.Finish: c.Finish((Check("pods", True, "3 of 3"),)),
    c.LoseTrack: c.LoseTrack(MENDED),
    c.Settle: c.Settle(CAPTAIN, True, "it is there"),
}

ALLOWED: dict[tuple[State, type[object]], State] = {
    (State.REQUESTED, c.Planned): State.AWAITING_APPROVAL,
    (State.REQUESTED, c.PlanFailed): State.FAILED,
    (State.REQUESTED, c.Cancel): State.CANCELLED,
    (State.DENIED, c.Cancel): State.CANCELLED,
    (State.DENIED, c.Replan): State.REQUESTED,
    (State.AWAITING_APPROVAL, c.Approve): State.APPROVED,
    (State.AWAITING_APPROVAL, c.Reject): State.REJECTED,
    (State.AWAITING_APPROVAL, c.Cancel): State.CANCELLED,
    (State.AWAITING_APPROVAL, c.Replan): State.REQUESTED,
    (State.APPROVED, c.Reject): State.REJECTED,
    (State.APPROVED, c.Refuse): State.REJECTED,
    (State.APPROVED, c.Cancel): State.CANCELLED,
    (State.APPROVED, c.Replan): State.REQUESTED,
    (State.APPROVED, c.Start): State.EXECUTING,
    (State.EXECUTING, c.Validate): State.VALIDATING,
    (State.EXECUTING, c.Finish): State.SUCCEEDED,
    (State.EXECUTING, c.LoseTrack): State.UNKNOWN,
    (State.VALIDATING, c.Finish): State.SUCCEEDED,
    (State.VALIDATING, c.LoseTrack): State.UNKNOWN,
    (State.UNKNOWN, c.Settle): State.SUCCEEDED,
}
"""Every pair that is decided; all the others are refused by name."""


def in_state(state: State) -> Change:
    """A Change in that state with a plan, and with its one approval where it must have it."""
    given = () if state in (State.REQUESTED, State.DENIED, State.AWAITING_APPROVAL) else (_yes(APPROVER),)
    plain = change(state=state, plan=plan(), verdicts=(ALLOW,), approvals_required=1, approvals=given)
    return replace(plain, seal=seal_of(plain)) if plain.terminal else plain


def _yes(actor: Actor) -> Approval:
    return Approval(actor, plan().digest, "fine", NOW)


def test_the_samples_are_all_messages() -> None:
    assert set(SAMPLES) == set(get_args(Message))


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", State)
def test_each_message_in_each_state_is_decided_or_refused_by_name(state: State, kind: type[object]) -> None:
    before = in_state(state)
    if (state, kind) not in ALLOWED:
        with pytest.raises(StateError) as refused:
            decide(before, SAMPLES[kind], LATER)
        assert state.value in refused.value.why
        assert before.id in refused.value.why
        return
    after, facts = decide(before, SAMPLES[kind], LATER)
    assert after.state is ALLOWED[state, kind]
    assert after.version == before.version + 1
    assert after.updated_at == LATER
    assert facts
    assert (facts[-1].type == "conductor.change.sealed.v1") is after.terminal


def test_a_denial_denies_and_needs_no_approval() -> None:
    after, facts = decide(change(), c.Planned(plan(), (ALLOW, DENY), 0), NOW)
    assert after.state is State.DENIED
    assert [fact.type for fact in facts] == ["conductor.plan.made.v1", "conductor.gates.judged.v1"]


def test_no_gate_at_all_denies() -> None:
    assert decide(change(), c.Planned(plan(), (), 0), NOW)[0].state is State.DENIED


def test_without_required_approvals_a_plan_is_approved_at_once() -> None:
    after, facts = decide(change(), c.Planned(plan(), (ALLOW,), 0), NOW)
    assert after.state is State.APPROVED
    assert facts[-1] == Fact("conductor.change.approved.v1", {"plan": plan().digest, "approvals": 0})


def test_an_approval_of_another_plan_is_refused() -> None:
    with pytest.raises(StateError, match="another plan"):
        decide(in_state(State.AWAITING_APPROVAL), c.Approve(APPROVER, plan("b").digest), NOW)


def test_one_person_approves_once() -> None:
    waiting = replace(in_state(State.AWAITING_APPROVAL), approvals_required=2)
    once, _ = decide(waiting, c.Approve(APPROVER, plan().digest), NOW)
    assert once.state is State.AWAITING_APPROVAL
    with pytest.raises(StateError, match="already approved"):
        decide(once, c.Approve(replace(APPROVER, subject=" APPROVER "), plan().digest), NOW)


def test_a_changed_plan_voids_approvals_says_what_changed_and_stays_void_when_the_old_plan_returns() -> None:
    requested, _ = decide(in_state(State.APPROVED), c.Replan(), NOW)
    other, facts = decide(requested, c.Planned(plan("b"), (ALLOW,), 1), NOW)
    assert other.state is State.AWAITING_APPROVAL
    assert other.approvals_given == 0
    assert other.void_reasons[-1] == "commit: a → b"
    assert [f.data for f in facts if f.type == "conductor.approvals.voided.v1"] == [
        {"plan": plan("b").digest, "changed": list(other.void_reasons)}
    ]
    requested, _ = decide(other, c.Replan(), NOW)
    back, facts = decide(requested, c.Planned(plan(), (ALLOW,), 1), NOW)
    assert back.state is State.AWAITING_APPROVAL
    assert back.approvals_given == 0
    assert not [f for f in facts if f.type == "conductor.approvals.voided.v1"]
    again, _ = decide(back, c.Approve(APPROVER, plan().digest), NOW)
    assert again.state is State.APPROVED


def test_a_change_of_media_type_alone_voids_approvals_and_says_so() -> None:
    same = plan()
    other = replace(same, evidence=(replace(same.evidence[0], media_type="text/plain"),))
    requested, _ = decide(in_state(State.APPROVED), c.Replan(), NOW)
    after, facts = decide(requested, c.Planned(other, (ALLOW,), 1), NOW)
    assert after.approvals_given == 0
    assert "text/plain" in after.void_reasons[0]
    assert "conductor.approvals.voided.v1" in [f.type for f in facts]


def test_the_same_plan_again_keeps_its_approvals() -> None:
    requested, _ = decide(in_state(State.APPROVED), c.Replan(), NOW)
    after, facts = decide(requested, c.Planned(plan(), (ALLOW,), 1), NOW)
    assert after.state is State.APPROVED
    assert after.void_reasons == ()
    assert "conductor.approvals.voided.v1" not in [f.type for f in facts]


def test_more_approvals_are_asked_for_when_the_runbook_asks_for_more() -> None:
    requested, _ = decide(in_state(State.APPROVED), c.Replan(), NOW)
    after, _ = decide(requested, c.Planned(plan(), (ALLOW,), 2), NOW)
    assert after.state is State.AWAITING_APPROVAL


def test_a_failed_check_or_an_error_fails_the_change() -> None:
    running = in_state(State.VALIDATING)
    unwell, _ = decide(running, c.Finish((Check("pods", False, "1 of 3"), Check("api", True, "200"))), NOW)
    assert unwell.state is State.FAILED
    assert unwell.outcome is not None
    assert unwell.outcome.why == "Post-flight checks failed: pods."
    broken, _ = decide(running, c.Finish(error=MENDED, notebook="sha256:n"), NOW)
    assert (broken.state, broken.outcome, broken.notebook) == (State.FAILED, MENDED, "sha256:n")


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ((), "It has no post-flight checks."),
        (("2 pods are ready", "200"), "2 post-flight checks passed."),
        (("2 pods are ready", "not asked: no API"), "1 post-flight check passed, 1 not asked."),
        (("not asked: no pods", "not asked: no API"), "No post-flight check had anything to look at."),
    ],
)
def test_what_was_not_asked_is_not_counted_as_passed(details: tuple[str, ...], why: str) -> None:
    checks = tuple(Check(f"check-{at}", True, detail) for at, detail in enumerate(details))
    ended, _ = decide(in_state(State.VALIDATING), c.Finish(checks), NOW)
    assert ended.state is State.SUCCEEDED
    assert ended.outcome == Outcome("Done.", why)
    assert [check.word for check in checks] == ["not asked" if "not" in d else "passed" for d in details]


def test_settling_says_who_and_why() -> None:
    after, _ = decide(in_state(State.UNKNOWN), c.Settle(CAPTAIN, False, "revision 3 is failed"), NOW)
    assert after.state is State.FAILED
    assert after.outcome == Outcome("Settled as failed by captain.", "revision 3 is failed")


OTHER: dict[str, object] = {
    "id": "chg-02",
    "runbook": "other",
    "title": "other",
    "target": "other",
    "tier": "prod",
    "requester": SECOND,
    "reason": "other",
    "created_at": LATER,
    "state": State.FAILED,
    "plan": plan("b"),
    "verdicts": (DENY,),
    "approvals_required": 2,
    "approvals": (Approval(APPROVER, plan().digest, "fine", NOW, void=True),),
    "void_reasons": ("commit",),
    "checks": (Check("pods", False, ""),),
    "outcome": MENDED,
    "notebook": "sha256:other",
}


@pytest.mark.parametrize("name", [f.name for f in fields(Change) if f.name not in ("version", "updated_at", "seal")])
def test_the_seal_names_everything_that_the_change_says(name: str) -> None:
    done = in_state(State.SUCCEEDED)
    for other in [{"a": 1}, {"a": "1"}, {"a": 1.0}, {"a": True}] if name == "parameters" else [OTHER[name]]:
        assert seal_of(replace(done, **{name: other})) != done.seal  # type: ignore[arg-type]  # fields by name


def test_the_seal_tells_parameters_apart_by_type_and_takes_any_number() -> None:
    values: list[object] = [1, "1", 1.0, True, "True", 2**60, float("inf"), None, [], {}]
    seals = {seal_of(change(parameters={"a": value})) for value in values}
    assert len(seals) == len(values)
    one, two = {"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}
    assert seal_of(change(parameters=one)) == seal_of(change(parameters=two))


PEOPLE = [
    APPROVER,
    CAPTAIN,
    SECOND,
    replace(APPROVER, subject="ＡＰＰＲＯＶＥＲ"),
    replace(SECOND, issuer="https://IDP.example/"),
]
SPELLINGS = [
    REQUESTER,
    replace(REQUESTER, subject="REQUESTER", issuer=" Local/ "),
    replace(REQUESTER, subject="ｒequester\u200b", name="Somebody Else", roles=frozenset(Role)),
    replace(REQUESTER, subject="re\u2060que\u00adster\ufe0f", issuer="ｌｏｃａｌ／"),
]
PLANS = [plan("a"), plan("b"), plan("a", engine="2")]


class ChangeMachine(RuleBasedStateMachine):
    """Sends any message at any time and keeps its own book of who approved what."""

    change: Change

    @initialize()
    def request(self) -> None:
        self.change = change()
        self.yes: set[str] = set()
        self.started = False

    def send(self, message: Message) -> bool:
        before = self.change
        try:
            after, facts = decide(before, message, before.updated_at + timedelta(seconds=1))
        except RefusedError:
            return False
        assert not before.terminal, f"{message} left {before.state}"
        assert after.version == before.version + 1
        assert after.updated_at > before.updated_at
        assert facts
        assert (after.id, after.requester, after.created_at) == (before.id, before.requester, before.created_at)
        if after.plan_digest != before.plan_digest:
            self.yes = set()
        self.change = after
        return True

    @rule(chosen=st.sampled_from(PLANS), verdict=st.sampled_from([ALLOW, ALLOW, ALLOW, DENY]), needed=st.integers(0, 2))
    def planned(self, chosen: Plan, verdict: Verdict, needed: int) -> None:
        if self.send(c.Planned(chosen, (verdict,), needed)):
            assert self.change.state is not State.APPROVED or verdict is ALLOW

    @rule(chosen=st.sampled_from(PLANS[:2]), needed=st.integers(1, 2))
    def planned_again(self, chosen: Plan, needed: int) -> None:
        if self.send(c.Replan()):
            assert self.send(c.Planned(chosen, (ALLOW,), needed))

    @rule(who=st.sampled_from(PEOPLE), chosen=st.sampled_from(PLANS))
    def approve_some_plan(self, who: Actor, chosen: Plan) -> None:
        if self.send(c.Approve(who, chosen.digest)):
            assert chosen.digest == self.change.plan_digest
            assert who.key not in self.yes
            self.yes.add(who.key)

    @rule(who=st.sampled_from(PEOPLE))
    def approve(self, who: Actor) -> None:
        if self.send(c.Approve(who, self.change.plan_digest)):
            assert who.key not in self.yes
            self.yes.add(who.key)

    @rule(who=st.sampled_from(SPELLINGS), chosen=st.sampled_from(PLANS))
    def requester_approves(self, who: Actor, chosen: Plan) -> None:
        for digest in (chosen.digest, self.change.plan_digest):
            with pytest.raises(AccessDeniedError):
                decide(self.change, c.Approve(who, digest), NOW)

    @rule(chosen=st.sampled_from(PLANS))
    def start_some_plan(self, chosen: Plan) -> None:
        self.start(chosen.digest)

    @rule()
    def start_the_plan(self) -> None:
        self.start(self.change.plan_digest)

    def start(self, digest: str) -> None:
        needed = self.change.approvals_required
        if self.send(c.Start(digest)):
            assert digest == self.change.plan_digest
            assert len(self.yes) >= needed
            assert not self.started, "dispatched twice"
            self.started = True

    @rule(
        message=st.sampled_from([m for m in SAMPLES.values() if not isinstance(m, c.Planned | c.Approve | c.Start)]),
        odds=st.integers(0, 3),
    )
    def anything_else(self, message: Message, odds: int) -> None:
        ends = isinstance(message, c.Cancel | c.Reject | c.PlanFailed)
        if not ends or odds == 0:
            self.send(message)

    @precondition(lambda self: self.change.terminal)
    @rule(message=st.sampled_from(list(SAMPLES.values())))
    def nothing_leaves_a_terminal_state(self, message: Message) -> None:
        assert not self.send(message)

    @invariant()
    def terminal_exactly_when_sealed(self) -> None:
        assert self.change.terminal is bool(self.change.seal)
        if self.change.terminal:
            assert self.change.seal == seal_of(self.change)

    @invariant()
    def approvals_agree_with_the_book(self) -> None:
        assert {a.actor.key for a in self.change.valid_approvals} == self.yes
        assert self.change.approvals_given == len(self.yes)

    @invariant()
    def nothing_runs_unapproved(self) -> None:
        beyond = {State.APPROVED, State.EXECUTING, State.VALIDATING, State.UNKNOWN, State.SUCCEEDED}
        if self.change.state in beyond:
            assert len(self.yes) >= self.change.approvals_required
            assert self.change.verdicts == (ALLOW,)
        if self.change.state in beyond - {State.APPROVED}:
            assert self.started


TestChange = ChangeMachine.TestCase
TestChange.settings = settings(max_examples=examples(300), stateful_step_count=40, deadline=None)
