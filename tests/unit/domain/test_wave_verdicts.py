"""One verdict on a wave: each cause has its act, and what can't be told is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conductor_core.domain import analysis
from conductor_core.domain.burn_rate import WINDOWS, burns
from conductor_core.domain.canary_statistics import Judgement
from conductor_core.domain.changes import State
from conductor_core.domain.gates import Reason, Result, Verdict
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollout_parts import Detail, Pod, ReplicaSet
from conductor_core.domain.rollouts import Phase, Step
from conductor_core.domain.wave_findings import Cause, Standing
from conductor_core.domain.wave_verdicts import WaveVerdict, judge
from tests.fakes.domain import change
from tests.fakes.rollouts import run
from tests.unit.domain.test_rollout_acts import PAUSED, moving

RAW = {"metadata": {"name": "api", "namespace": "shop", "uid": "u"}, "status": {"currentPodHash": "new"}}
GOING = replace(moving(), pauses=(), controller_pause=False, phase=Phase.PROGRESSING)
BURNING = burns(0.99, dict.fromkeys(WINDOWS, 0.5))


def verdict(rollout: Any = GOING, runs: Any = (), pods: Any = (), sets: Any = (), **more: Any) -> WaveVerdict:
    return judge(Detail(rollout, tuple(sets), tuple(pods), tuple(runs)), **more)


def test_a_wave_that_nothing_holds_goes_on() -> None:
    found = verdict(burns=burns(0.99, dict.fromkeys(WINDOWS, 0.001)))
    assert (found.word, found.causes) == ("goes on", ())
    assert {f.topic for f in found.findings} >= {"SLO", "analysis", "policy", "scan", "signature", "calendar", "health"}


def test_of_a_rollout_elsewhere_nothing_of_the_home_cluster_is_taken() -> None:
    waiting = [replace(change(), state=State.AWAITING_APPROVAL, approvals_required=1)]
    there = replace(moving(), steps=(Step("weight", ""), Step("pause", "")), cluster="eu/east")
    found = verdict(there, burns=BURNING, judgements=[Judgement("errors", "worse", "", None)], changes=waiting)
    assert (found.word, found.causes) == ("held", (Cause.WAITS_FOR_A_PERSON,))
    assert {f.topic for f in found.unjudged} == {
        "SLO", "statistics", "policy", "scan", "signature", "calendar", "approvals"
    }  # fmt: skip
    assert [f.act for f in found.findings if f.act] == []
    assert found.holds[0].clears_by == "Promote it, or abort. This is done in a workbench of its cluster."


@pytest.mark.parametrize(
    ("cause", "given"),
    [
        (Cause.WAITS_FOR_A_PERSON, {"rollout": replace(moving(), steps=(Step("weight", ""), Step("pause", "")))}),
        (Cause.PAUSED_BY_HAND, {"rollout": replace(GOING, paused_by_hand=True)}),
        (Cause.CONTROLLER_BEHIND, {"rollout": replace(moving(), pauses=())}),
        (Cause.PODS_NOT_READY, {"pods": [Pod("api-1", "new", False, "Pending", 3, "CrashLoopBackOff", None)]}),
        (Cause.PODS_NOT_READY, {"sets": [ReplicaSet("api-1", "new", 2, "canary", 1, 0, 0, (), None, "quota")]}),
        (Cause.ANALYSIS_FAILED, {"runs": [analysis.parse(run(RAW, "ok"))]}),
        (Cause.ANALYSIS_INCONCLUSIVE, {"runs": [analysis.parse(run(RAW, "ok", "Inconclusive"))]}),
        (Cause.SLO_BURNING, {"burns": BURNING}),
        (Cause.APPROVAL_MISSING, {"changes": [replace(change(), state=State.AWAITING_APPROVAL, approvals_required=1)]}),
    ],
)
def test_each_cause_holds_the_wave_and_names_the_act_that_clears_it(cause: Cause, given: dict[str, Any]) -> None:
    found = verdict(**given)
    assert found.word == "held"
    assert cause in found.causes
    assert all(f.clears_by for f in found.holds)


@pytest.mark.parametrize(
    ("cause", "given"),
    [
        (Cause.TIMED_PAUSE, {"rollout": replace(moving(), pauses=PAUSED)}),
        (Cause.PODS_NOT_READY, {"rollout": replace(GOING, available=0)}),
        (Cause.PODS_NOT_READY, {"pods": [Pod("api-1", "new", False, "Pending", 0, "ContainerCreating", None)]}),
        (Cause.ANALYSIS_RUNNING, {"runs": [analysis.parse(run(RAW, "ok", "Running"))]}),
    ],
)
def test_what_ends_by_itself_holds_nobody_up(cause: Cause, given: dict[str, Any]) -> None:
    found = verdict(**given)
    assert (found.word, found.causes, found.holds) == ("goes on", (cause,), ())
    (waits,) = found.waits
    assert waits.text in found.summary
    assert waits.clears_by
    held = verdict(**given, burns=BURNING)
    assert held.word == "held"
    assert held.summary == held.holds[0].text


def test_a_step_that_waits_is_told_before_the_approval_of_an_act() -> None:
    asked = replace(change(), state=State.AWAITING_APPROVAL, approvals_required=1)
    paused = replace(moving(), steps=(Step("weight", ""), Step("pause", "")))
    found = verdict(rollout=paused, changes=[asked])
    assert (found.word, len(found.holds)) == ("held", 2)
    assert found.summary == f"Step {paused.step + 1} waits for a person. {asked.title} waits for 1 approval."


def test_a_wave_that_makes_no_progress_has_failed_and_an_abort_clears_it() -> None:
    found = verdict(rollout=replace(GOING, phase=Phase.DEGRADED))
    assert (found.word, found.causes) == ("failed", (Cause.NO_PROGRESS,))
    assert "still get the new version" in found.summary
    assert [f.act for f in found.holds] == [Act.ABORT]


def test_no_progress_tells_what_keeps_the_pods_from_being_made() -> None:
    told = 'violates PodSecurity "restricted:latest"'
    stuck = ReplicaSet("api-new", "new", 2, "canary", 2, 0, 0, (), None, told)
    found = verdict(rollout=replace(GOING, phase=Phase.DEGRADED), sets=[stuck])
    assert any(f"api-new can't make its pods: {told}" in f.text for f in found.holds)


def test_a_denied_gate_holds_and_other_topics_are_told() -> None:
    gates = (
        Verdict("policy/images", Result.DENY, (Reason("r", "The tag floats.", clears_by="Pin it."),), 3),
        Verdict("calendar", Result.WARN, (Reason("freeze", "A freeze begins in 1 h."),), 1),
    )
    found = verdict(changes=[replace(change(), runbook="deploy_release", verdicts=gates)])
    by_topic = {f.topic: f for f in found.findings}
    assert (by_topic["policy"].cause, by_topic["policy"].clears_by) == (Cause.GATE_DENIED, "Pin it.")
    assert by_topic["calendar"].standing is Standing.WARN
    assert by_topic["scan"].standing is Standing.UNKNOWN


def test_what_rules_of_policy_object_to_is_told_of_its_topic() -> None:
    reasons = (
        Reason("deploy_gate/scan-attached", "No scan is attached.", clears_by="Attach one."),
        Reason("deploy_gate/signature-attached", "No signature is attached."),
    )
    gates = (Verdict("policy/deploy_gate", Result.WARN, reasons, 9),)
    found = verdict(changes=[replace(change(), runbook="deploy_release", verdicts=gates)])
    by_topic = {f.topic: f for f in found.findings}
    assert (by_topic["scan"].standing, by_topic["scan"].text) == (Standing.WARN, "No scan is attached.")
    assert by_topic["scan"].clears_by == "Attach one."
    assert by_topic["signature"].text == "No signature is attached."
    assert by_topic["calendar"].standing is Standing.UNKNOWN


def test_a_worse_version_is_a_warning_with_its_figures() -> None:
    found = verdict(judgements=[Judgement("Error rate", "worse", "p 0.001"), Judgement("p99", "not judged", "few")])
    (said,) = [f for f in found.findings if f.topic == "statistics"]
    assert (said.standing, said.cause) == (Standing.WARN, Cause.CANARY_WORSE)
    assert "p 0.001" in said.text


def test_an_aborted_wave_says_which_threshold_and_by_how_much() -> None:
    failed = verdict(replace(GOING, aborted=True), runs=[analysis.parse(run(RAW, "success-rate"))])
    assert failed.word == "failed"
    assert "must be >= 0.99 and was 0.7: missed by 0.29" in failed.summary
    assert Cause.ABORTED in failed.causes


def test_analyses_of_earlier_versions_are_not_held_against_this_one() -> None:
    old = run(RAW | {"status": {"currentPodHash": "older"}}, "ok")
    assert verdict(runs=[analysis.parse(old)]).word == "goes on"


def test_at_the_end_it_is_done() -> None:
    done = replace(GOING, stable_hash="new", phase=Phase.HEALTHY)
    assert verdict(done).word == "done"
    assert verdict(replace(done, phase=Phase.PROGRESSING, available=1)).word == "at rest"


def test_an_aborted_wave_that_still_has_users_says_so() -> None:
    found = verdict(rollout=replace(GOING, aborted=True, phase=Phase.DEGRADED, actual=23))
    assert "23 % still get the new one" in next(f.text for f in found.findings if f.topic == "health")


def test_an_abort_by_hand_is_said_in_words_and_blames_no_wave() -> None:
    by_hand = replace(GOING, aborted=True, message="RolloutAborted: Rollout aborted update to revision 2")
    found = verdict(rollout=by_hand)
    assert (found.word, found.wave, found.summary) == ("failed", "", "It was aborted by hand.")


def test_a_failed_analysis_names_the_wave_that_it_was_in() -> None:
    steps = (Step("weight", "", 10, wave="canary"), Step("experiment", "", wave="baseline"))
    failed = analysis.parse(run(RAW, "ok"))  # of its second step
    found = verdict(rollout=replace(GOING, aborted=True, steps=steps), runs=[failed])
    assert (found.word, found.wave) == ("failed", "baseline")


def test_a_timed_pause_says_how_long_and_a_warning_what_clears_it() -> None:
    pause = replace(moving(), pauses=PAUSED, steps=(Step("weight", ""), Step("pause", "", seconds=90)), step=1)
    assert "Step 2 pauses: a timed pause of 90 s." in verdict(rollout=pause).summary
    gates = (Verdict("policy/images", Result.WARN, (Reason("r", "The tag floats.", clears_by="Pin it."),), 3),)
    found = verdict(changes=[replace(change(), runbook="deploy_release", verdicts=gates)])
    assert [f.clears_by for f in found.findings if f.topic == "policy"] == ["Pin it."]


def test_the_gates_that_count_are_those_of_what_runs() -> None:
    def asked(runbook: str, state: State, result: Result, gate: str = "policy/images") -> Any:
        gates = (Verdict(gate, result, (Reason("r", f"{runbook} {state}."),), 1),)
        return replace(change(), runbook=runbook, state=state, verdicts=gates)

    bad = asked("deploy_release", State.FAILED, Result.WARN)
    back = asked("rollback_release", State.SUCCEEDED, Result.WARN)
    refused = asked("deploy_release", State.DENIED, Result.DENY)
    act = asked("rollout_act", State.DENIED, Result.DENY)

    def policy(*changes: Any) -> str:
        return next(f.text for f in verdict(changes=changes).findings if f.topic == "policy")

    assert policy(bad) == "deploy_release failed."
    assert policy(back, bad) == "rollback_release succeeded.", "the version that was left is not judged any more"
    assert policy(refused, back) == "rollback_release succeeded.", "what was only asked for doesn't run"
    assert policy(act, back) == "rollout_act denied."
    assert policy(asked("rollout_act", State.SUCCEEDED, Result.ALLOW), act, back) == "rollback_release succeeded."
    assert policy(asked("rollout_act", State.DENIED, Result.DENY, "rollout"), back) == "rollback_release succeeded."
    urgent = replace(change(), runbook="emergency_rollback", state=State.SUCCEEDED)
    assert "No gate of this kind" in policy(urgent, bad)
