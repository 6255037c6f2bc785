"""The page of Changes: queue, filters, one Change in every state, the acts and their refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from app import waiting
from app.theme import plain
from conductor_core.domain import changes as c
from conductor_core.domain.changes import State
from conductor_core.domain.gates import QUEUED, Reason, Result, Verdict, verdict
from conductor_core.domain.plans import Plan
from conductor_core.domain.rollout_acts import ReadBack
from conductor_core.errors import UnreachableError
from conductor_core.services.status import Probe, StatusService
from tests.pages.drive import open_page, press, seen
from tests.pages.support import APPROVER, CAPTAIN, FakeConductor, Releases, World, settings
from tests.pages.worlds import broken, busy, empty

STATES = [
    "succeeded",
    "failed",
    "rejected",
    "cancelled",
    "denied",
    "unknown",
    "void",
    "executing",
    "requested",
    "awaiting",
]


@pytest.fixture
def world() -> tuple[FakeConductor, dict[str, str]]:
    return busy()


def buttons(at: AppTest) -> dict[str, bool]:
    """The acts on the page: label to whether it can be pressed."""
    return {b.label: not b.disabled for b in at.button if (b.key or "").startswith("act_")}


def test_empty_says_how_to_fill_it() -> None:
    text = seen(open_page(empty(), "changes"))
    assert "There are no Changes yet." in text
    assert "Request one: deploy a release, or run a runbook." in text
    assert "Nothing waits for requester." in text


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
def test_the_bell_counts_what_needs_this_person_as_the_queue_does(
    who: str, world: tuple[FakeConductor, dict[str, str]]
) -> None:
    conductor, _ = world
    mine = len(waiting.mine_first(conductor.changes.find(), conductor.actor(who), conductor.emergencies.waiting()))
    labels = [bell.proto.popover.label for bell in open_page(conductor, "changes", who).get("popover")]
    assert mine > 0
    assert f"Notices · {mine} need{'s' if mine == 1 else ''} you" in labels


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
def test_broken_shows_diagnostics_and_nothing_else(who: str) -> None:
    at = open_page(broken(), "changes", who)
    assert len(at.error) == 1
    text = seen(at)
    assert "The database does not answer." in text
    assert "connection refused on 127.0.0.1:5432 <b>after</b> 3 attempts" in text
    assert "**Next:** Start it with `make up`, then try again." in text


def test_an_unknown_change_is_named(world: tuple[FakeConductor, dict[str, str]]) -> None:
    at = open_page(world[0], "changes", change="chg-01KZZZZZZZZZZZZZZZZZZZZZZZ")
    assert "chg-01KZZZZZZZZZZZZZZZZZZZZZZZ" in seen(at)
    assert at.error


@pytest.mark.parametrize(
    ("who", "first"),
    [("requester", "Deploy notifier to staging"), ("approver", "Deploy gateway to prod"), ("captain", "graph-ingest")],
)
def test_the_queue_holds_what_needs_me(who: str, first: str, world: tuple[FakeConductor, dict[str, str]]) -> None:
    text = seen(open_page(world[0], "changes", who))
    queue = text[text.index("Needs me") : text.index("All Changes", text.index("Needs me"))]
    assert first in queue
    assert "Deploy search to prod" not in queue


def test_the_table_has_every_change(world: tuple[FakeConductor, dict[str, str]]) -> None:
    at = open_page(world[0], "changes")
    assert len(at.dataframe[0].value) == len(world[1])


def test_filters_narrow_the_table(world: tuple[FakeConductor, dict[str, str]]) -> None:
    at = open_page(world[0], "changes")
    at.text_input(key="q").set_value("GATEWAY prod").run()
    assert list(at.dataframe[0].value["target"]) == ["release/gateway@prod"]
    at.text_input(key="q").set_value("").run()
    at.segmented_control(key="state").set_value("failed").run()
    assert {row[0].split(" ", 1)[1] for row in at.dataframe[0].value["state"]} == {"denied", "failed", "unknown"}
    at.selectbox(key="asked_by").set_value("captain").run()
    assert list(at.dataframe[0].value["asked by"]) == ["captain"]


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
@pytest.mark.parametrize("state", STATES)
def test_one_change_in_every_state(state: str, who: str, world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = open_page(conductor, "changes", who, change=ids[state])
    change = conductor.changes.get(ids[state])
    text = seen(at)
    assert at.title[0].value.replace("\\", "") == change.title
    assert change.id in text
    assert change.reason in text
    word = change.state.value.replace("_", " ")
    assert f"{word}]" in text


@pytest.mark.parametrize("tab", ["Difference", "Gates", "Events", "Notebook", "Evidence"])
@pytest.mark.parametrize("state", ["succeeded", "failed", "executing", "requested"])
def test_every_tab_opens(state: str, tab: str, world: tuple[FakeConductor, dict[str, str]]) -> None:
    at = open_page(world[0], "changes", change=world[1][state], tab=tab)
    assert not at.error or state == "failed"


def test_a_commit_of_values_is_the_difference_of_its_change() -> None:
    made = World(settings())
    change = made.ask("intelgraph", "staging")
    edit = made.evidence.put("values.diff", "text/x-diff", b"-image: {tag: 1.4.2}\n+image: {tag: 1.4.3}\n")
    made.judge(change, 1, plan=Plan((edit,), {"commit": "4f2c9d1"}, {"does": "one commit on staging"}))
    conductor = made.conductor(Releases(()), ())
    at = open_page(conductor, "changes", change=change.id, tab="Difference")
    assert [c.value for c in at.code] == ["-image: {tag: 1.4.2}\n+image: {tag: 1.4.3}"]
    assert "compares nothing" not in seen(at)


@pytest.mark.parametrize(
    ("state", "who", "expected"),
    [
        ("awaiting", "requester", {"Re-plan": True, "Cancel": True, "Reject": False, "Approve": True}),
        ("awaiting", "approver", {"Re-plan": False, "Cancel": False, "Reject": True, "Approve": True}),
        ("awaiting", "captain", {"Re-plan": True, "Cancel": True, "Reject": True, "Approve": True}),
        ("denied", "requester", {"Re-plan": True, "Cancel": True}),
        ("unknown", "requester", {"Settle": False}),
        ("unknown", "captain", {"Settle": True}),
        ("executing", "captain", {}),
        ("succeeded", "captain", {}),
    ],
)
def test_acts_follow_state_and_role(
    state: str, who: str, expected: dict[str, bool], world: tuple[FakeConductor, dict[str, str]]
) -> None:
    assert buttons(open_page(world[0], "changes", who, change=world[1][state])) == expected


def test_the_requester_is_refused_with_the_reason(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = press(open_page(conductor, "changes", "requester", change=ids["awaiting"]), "act_approve")
    said = f"{at.warning[0].proto.title} {at.warning[0].value}".replace("\\", "")
    assert "The requester of a Change can't approve it." in said
    assert "separation of duties asks for a second person" in said
    assert conductor.changes.get(ids["awaiting"]).state is State.AWAITING_APPROVAL
    at.run()
    assert not at.warning, "a refusal is shown once"


def test_a_captain_is_refused_on_a_change_of_their_own(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, _ = world
    change = conductor.changes.request(
        CAPTAIN, "deploy_release", {"release": "search", "channel": "staging", "sets": {}}, "a reason"
    )
    plan = conductor.changes.get(busy_plan(conductor)).plan
    assert plan is not None
    conductor.changes.apply(change.id, c.Planned(plan, conductor.changes.get(busy_plan(conductor)).verdicts, 1))
    at = press(open_page(conductor, "changes", "captain", change=change.id), "act_approve")
    assert "The requester of a Change can't approve it." in at.warning[0].proto.title.replace("\\", "")


def busy_plan(conductor: FakeConductor) -> str:
    """The id of some planned Change."""
    return str(next(change.id for change in conductor.changes.find() if change.plan))


def test_the_approver_approves_what_was_shown(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = press(open_page(conductor, "changes", "approver", change=ids["awaiting"]), "act_approve")
    after = conductor.changes.get(ids["awaiting"])
    assert after.state is State.APPROVED
    assert after.approvals[0].actor == APPROVER
    assert at.toast[0].value == "Approved."
    assert "1 of 1 given" in seen(at)


def test_a_plan_that_moved_under_the_page_is_not_approved(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = open_page(conductor, "changes", "approver", change=ids["awaiting"])
    shown = conductor.changes.get(ids["awaiting"])
    conductor.changes.replan(CAPTAIN, shown.id)
    other = conductor.changes.get(ids["void"])
    assert other.plan is not None
    conductor.changes.apply(shown.id, c.Planned(other.plan, other.verdicts, 1))
    press(at, "act_approve")
    assert "This approval is for another plan." in at.warning[0].proto.title.replace("\\", "")
    assert conductor.changes.get(shown.id).state is State.AWAITING_APPROVAL


def test_void_approvals_say_what_changed(world: tuple[FakeConductor, dict[str, str]]) -> None:
    text = seen(open_page(world[0], "changes", "approver", change=world[1]["void"]))
    assert "The plan has changed" in text
    assert "1 approval no longer counts." in text
    assert "commit: 4f2c9d1 → 9e01aa7" in text
    assert "0 of 2 given" in text


def test_reject_asks_for_a_reason_and_names_the_effect(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = press(open_page(conductor, "changes", "approver", change=ids["awaiting"]), "act_reject")
    text = seen(at)
    assert "Deploy intelgraph to staging (release/intelgraph@staging)" in text
    assert "Nothing is carried out." in text
    press(at, "_confirm_request")
    assert "A reason is needed." in seen(at)
    assert conductor.changes.get(ids["awaiting"]).state is State.AWAITING_APPROVAL
    at.text_input(key="_confirm_reason").set_value("not in the demo")
    press(at, "_confirm_request")
    assert conductor.changes.get(ids["awaiting"]).state is State.REJECTED


def test_settle_asks_how_it_ended(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = press(open_page(conductor, "changes", "captain", change=ids["unknown"]), "act_settle")
    assert at.button(key="_confirm_request").disabled
    at.radio(key="_confirm_choice").set_value("It happened: it succeeded").run()
    at.text_input(key="_confirm_reason").set_value("helm shows revision 38")
    press(at, "_confirm_request")
    assert conductor.changes.get(ids["unknown"]).state is State.SUCCEEDED


def test_cancel_and_replan_are_done(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    press(open_page(conductor, "changes", "requester", change=ids["denied"]), "act_re-plan")
    assert conductor.changes.get(ids["denied"]).state is State.REQUESTED
    at = press(open_page(conductor, "changes", "requester", change=ids["awaiting"]), "act_cancel")
    at.text_input(key="_confirm_reason").set_value("superseded")
    press(at, "_confirm_request")
    assert conductor.changes.get(ids["awaiting"]).state is State.CANCELLED


def test_gates_give_reason_rule_path_and_the_act_that_clears(world: tuple[FakeConductor, dict[str, str]]) -> None:
    text = seen(open_page(world[0], "changes", change=world[1]["denied"], tab="Gates"))
    for part in (
        "no memory limit",
        "/spec/template/spec/containers/name=api",
        "workload/limits",
        "Set resources.limits",
    ):
        assert part in text


def test_data_is_never_markup(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, _ = world
    evil = "<img src=x onerror=alert(1)> ![](http://evil/x.png) :red[**bold**] `code`"
    change = conductor.changes.request(
        CAPTAIN, "deploy_release", {"release": evil, "channel": "dev", "sets": {}}, "try <b>markup</b>"
    )
    at = open_page(conductor, "changes", change=change.id)
    assert at.title[0].value.replace("\\", "") == f"Deploy {evil} to dev"
    assert "\\<img" in at.title[0].value
    assert "\\!\\[\\]\\(http" in at.title[0].value
    assert all(not m.allow_html for m in at.markdown)


def test_a_running_change_shows_lines_and_operations(world: tuple[FakeConductor, dict[str, str]]) -> None:
    text = seen(open_page(world[0], "changes", change=world[1]["executing"]))
    assert "helm_upgrade" in text
    assert "Rollout intelgraph-api: step 2 of 6, weight 25" in text
    assert "running" in text


def test_what_was_read_back_is_told_of_each_rollout_those_that_failed_first(
    world: tuple[FakeConductor, dict[str, str]],
) -> None:
    conductor, ids = world
    (row,) = conductor.operations.of(ids["succeeded"])
    good = ReadBack(True, True, "0 %, 5 replicas of the stable version", "aborted, 0 %, 5 of 5 replicas")
    bad = ReadBack(True, False, "0 %, 5 replicas of the stable version", "Degraded, 20 %")
    told: dict[str, object] = {"read_back": {"dev/a": good.as_json(), "dev/b": bad.as_json()}}
    conductor.operations.rows[ids["succeeded"], row.key] = replace(row, result=told)
    shown = open_page(conductor, "changes", change=ids["succeeded"]).table[0].value
    assert list(shown["rollout"]) == [plain("dev/b"), plain("dev/a")]
    assert ["not finished" in shown["read back"][0], "as promised" in shown["read back"][1]] == [True, True]
    assert list(shown["seen"]) == [plain(bad.seen), plain(good.seen)]


def test_a_notebook_page_goes_into_the_frame(world: tuple[FakeConductor, dict[str, str]]) -> None:
    text = seen(open_page(world[0], "changes", change=world[1]["succeeded"], tab="Notebook"))
    assert "helm upgrade: revision 38" in text
    assert "Executed notebook of Deploy intelgraph to dev" in text


def test_evidence_is_verified(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    at = press(open_page(conductor, "changes", change=ids["awaiting"], tab="Evidence"), "evidence_verify")
    assert "3 pieces hold their digests" in seen(at)
    change = conductor.changes.get(ids["awaiting"])
    assert change.plan is not None
    values = change.plan.find("values.yaml")
    assert values is not None
    del conductor.evidence._blobs.held[values.digest]
    press(at, "evidence_verify")
    assert "changed or gone: values.yaml" in seen(at)


def test_what_waits_for_a_wave_is_no_failure_and_asks_nobody_to_act(
    world: tuple[FakeConductor, dict[str, str]],
) -> None:
    conductor, ids = world
    why = Reason(QUEUED, "A wave of shop/api runs; this is planned again by itself when it has ended.")
    conductor.changes.apply(ids["requested"], c.Planned(Plan((), {}), (Verdict("waves", Result.DENY, (why,), 1),), 0))
    at = open_page(conductor, "changes", "requester", change=ids["requested"])
    assert not at.error
    text = seen(at)
    assert "Waits for **a wave to end**." in text
    assert "mend and plan again" not in text
    assert [(i.value, i.icon) for i in at.info] == [(plain(why.text), ":material/hourglass_top:")]
    assert "waits in the queue]" in text


def test_what_waits_for_a_wave_stands_in_the_list_as_queued_and_not_among_the_failed(
    world: tuple[FakeConductor, dict[str, str]],
) -> None:
    conductor, ids = world
    why = Reason(QUEUED, "A wave of shop/api runs.")
    conductor.changes.apply(ids["requested"], c.Planned(Plan((), {}), (Verdict("waves", Result.DENY, (why,), 1),), 0))
    at = open_page(conductor, "changes")
    shown = dict(zip(at.dataframe[0].value["id"], at.dataframe[0].value["state"], strict=True))
    assert shown[ids["requested"]] == ["… waits in the queue"]
    assert shown[ids["denied"]] == ["✕ denied"]
    at.segmented_control(key="state").set_value("failed").run()
    assert ids["requested"] not in set(at.dataframe[0].value["id"])
    assert ids["denied"] in set(at.dataframe[0].value["id"])


def test_a_change_that_waits_for_a_worker_says_when_none_answers(
    world: tuple[FakeConductor, dict[str, str]],
) -> None:
    conductor, ids = world

    def silent() -> str:
        raise UnreachableError("No worker answers.", why="Its last sign of life is 40 s old.", next="Start one.")

    told = plain("No worker answers. Its last sign of life is 40 s old. Start one.")
    shown = {
        at: [w.value for w in open_page(found, "changes", change=ids[at]).warning]
        for at in ("executing", "denied")
        for found in (replace(conductor, status=StatusService([Probe("worker", silent)], dict)),)
    }
    assert shown == {"executing": [told], "denied": []}
    assert not open_page(conductor, "changes", change=ids["executing"]).warning


def test_the_glance_at_gates_counts_what_they_found(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    why = next(t.value for t in open_page(conductor, "changes", change=ids["denied"]).table if "gate" in t.value)["why"]
    assert sorted(why) == ["1 warning", "2 denials", "9 rules ran"]


def test_what_only_warns_beside_a_denial_says_so(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    change = conductor.changes.get(ids["denied"])
    denies, warns = Reason("a", "No tag.", clears_by="Tag it."), Reason("b", "No scan.", clears_by="Scan it.")
    mixed = verdict("policy", denials=[denies], warnings=[warns], rules_run=2)
    conductor.store.save(replace(change, version=change.version + 1, verdicts=(mixed,)), change.version, [])
    at = open_page(conductor, "changes", change=change.id, tab="Gates")
    (error,) = at.error
    assert "No tag" in error.value
    assert "No scan" not in error.value
    assert "Scan it" not in error.value
    (table,) = [t.value for t in at.table if "what it found" in t.value]
    assert [("deny" in sign, "warn" in sign) for sign in table["verdict"]] == [(True, False), (False, True)]
    (glance,) = [t.value for t in at.table if "gate" in t.value]
    assert list(glance["why"]) == ["1 denial, 1 warning"]


def test_a_change_that_ended_before_its_plan_promises_none(world: tuple[FakeConductor, dict[str, str]]) -> None:
    conductor, ids = world
    soon = seen(open_page(conductor, "changes", change=ids["requested"]))
    assert "The worker makes it within a second or two." in soon
    conductor.changes.cancel(conductor.actor("captain"), ids["requested"], "not any more")
    ended = seen(open_page(conductor, "changes", change=ids["requested"]))
    assert "It ended before one was made" in ended
    assert "It ended before there was a plan that they could judge." in ended
    assert "within a second or two" not in ended
