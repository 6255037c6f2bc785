"""The page of delivery: what moves, one rollout live, its acts as Changes, and what is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from app import session
from app.components.rollout_head import MORE_ACTS
from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.domain.rollout_acts import Act
from conductor_core.errors import OffError, UnreachableError
from tests.fakes.argocd import raw_application, raw_pipeline
from tests.fakes.conductor import RUNBOOKS
from tests.fakes.object_patches import FakePatches
from tests.pages import delivery_worlds
from tests.pages.delivery_worlds import OURS, Away, World
from tests.pages.drive import open_page, press, seen


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A conductor with a rollout at rest in two namespaces."""
    for name, runbook in OURS.items():
        monkeypatch.setitem(RUNBOOKS, name, runbook)
    made = delivery_worlds.world(tmp_path)
    made.argocd.put(raw_application("shop-dev", "shop"))
    made.argocd.sets["shop"] = raw_pipeline("shop")
    for namespace in ("one", "two"):
        made.put(namespace, "1.0.0")
    return made


def test_the_list_says_what_moves_and_offers_to_abort_the_fleet(world: World) -> None:
    at = open_page(world.conductor, "delivery")
    shown = {m.label: m.value for m in at.metric}
    assert shown.items() >= {"Rollouts": "2", "In progress": "0", "Paused": "0", "Failed": "0"}.items()
    assert "1 fleet at rest" in seen(at)
    assert "sync_open" not in {b.key for b in at.button}
    assert "shop-dev" in seen(at)
    for namespace in ("one", "two"):
        world.put(namespace, "2.0.0")
    at = open_page(world.conductor, "delivery")
    assert {m.label: m.value for m in at.metric}["Paused"] == "2"
    assert "2 of 2 in progress" in seen(at)
    assert at.button(key="fleet_0").label == "Abort fleet"
    press(at, "fleet_0")
    assert "2 rollouts give everybody their stable version, side by side, as one Change: one/api, two/api." in seen(at)
    at.text_input(key="_confirm_reason").set_value("errors everywhere").run()
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert (change.runbook, change.parameters["members"]) == ("fleet_abort", ["one/api", "two/api"])


def test_a_fleet_over_clusters_names_the_one_that_does_not_answer(world: World, tmp_path: Path) -> None:
    east = delivery_worlds.world(tmp_path / "east")
    for tag in ("1.0.0", "2.0.0"):
        east.put("one", tag)
    world.others["east"] = ArgoRollouts(east.cluster, FakePatches(east.cluster), "east")
    world.others["west"] = cast(Any, Away("west"))
    alone = delivery_worlds.world(tmp_path / "alone")
    alone.others["west"] = world.others["west"]
    assert "No answer from west" in seen(open_page(alone.conductor, "delivery"))  # though there is no fleet here
    for namespace in ("one", "two"):
        world.put(namespace, "2.0.0")
    at = open_page(world.conductor, "delivery")
    assert (
        "No answer from west: what runs there is neither listed nor among the members of fleets. The cluster"
        in seen(at)
    )
    press(at, "fleet_0")
    assert "No answer from west: what runs there is not aborted." in seen(at)
    at.text_input(key="_confirm_reason").set_value("errors everywhere").run()
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert change.parameters["members"] == ["one/api", "two/api", "east/one/api"]
    assert change.parameters["silent"] == ["west"]


FAR = "arn:aws:eks:eu-west-1:4711:cluster/prod@east"


@pytest.fixture
def far(world: World, tmp_path: Path) -> World:
    """A further cluster, whose `one/api` is held at another version than the one at home; a third does not answer."""
    made = delivery_worlds.world(tmp_path / "far")
    for tag in ("1.0.0", "3.0.0"):
        made.put("one", tag)
    world.others[FAR] = ArgoRollouts(made.cluster, FakePatches(made.cluster), FAR)
    world.others["west"] = cast(Any, Away("west"))
    return made


def columns(world: World) -> list[str]:
    at = open_page(world.conductor, "delivery")
    return list(next(d.value.columns for d in at.dataframe if "replicas" in d.value.columns))


def test_the_list_names_clusters_only_when_there_are_several(world: World, tmp_path: Path) -> None:
    assert columns(world)[:3] == ["state", "namespace", "rollout"]
    world.others["east"] = ArgoRollouts(delivery_worlds.world(tmp_path / "east").cluster, cast(Any, None), "east")
    assert columns(world)[:4] == ["state", "namespace", "rollout", "cluster"]


@pytest.mark.usefixtures("far")
def test_a_rollout_of_a_further_cluster_is_read_and_nothing_at_home_is_taken_for_it(world: World) -> None:
    held = {"namespace": "one", "rollout": "api", "act": "abort", "to_revision": 0}
    world.conductor.changes.request(world.conductor.actor("requester"), "rollout_act", held, "of the one at home")
    world.put("one", "2.0.0")
    at = open_page(world.conductor, "delivery", who="captain", rollout=f"{FAR}/one/api", tab="Metrics")
    text = seen(at)
    here, there = (
        {s.name for s in world.conductor.delivery.detail("one", "api", cluster).replica_sets if s.role == "canary"}
        for cluster in ("", FAR)
    )
    drawn = " ".join(t.value.to_string() for t in at.table)
    assert ([n in drawn for n in there], [n in drawn for n in here]) == ([True], [False])
    assert "From here it is aborted with its fleet" in text
    assert "It is in no fleet, so that nothing here aborts it." in text
    assert "Step 2 waits for a person." in text
    assert "Metrics of another cluster are not read here" in text
    assert [t.label for t in at.tabs] == ["Live", "Aborts of its fleet"]
    assert not [b.key for b in at.button if str(b.key).startswith(("act_", "clear_", "out_"))]
    at = open_page(world.conductor, "delivery", rollout=f"{FAR}/one/api", tab="Aborts of its fleet")
    assert [len(d.value) for d in at.dataframe] == [0]
    assert "The cluster of the context west did not answer" in seen(
        open_page(world.conductor, "delivery", rollout="west/one/api")
    )
    assert "There is no cluster 'mars'" in seen(open_page(world.conductor, "delivery", rollout="mars/one/api"))


def test_break_glass_aborts_a_fleet_of_several_clusters_from_either_page(world: World, far: World) -> None:
    for namespace in ("one", "two"):
        world.put(namespace, "2.0.0")
    far.put("one", "2.0.0")
    assert "fleet_emergency_0" not in {b.key for b in open_page(world.conductor, "delivery").button}
    for where in ({}, {"rollout": f"{FAR}/one/api"}):
        at = open_page(world.conductor, "delivery", who="captain", **where)
        press(at, "fleet_emergency_0")
        text = seen(at)
        assert "It is done before anybody has approved" in text
        assert "No answer from west: what runs there is not aborted" in text
        at.text_input(key="_confirm_reason").set_value("errors everywhere").run()
        press(at, "_confirm_request")
        change = world.conductor.changes.find()[0]
        assert (change.runbook, change.reason) == ("emergency_fleet_abort", "errors everywhere")
        assert change.parameters["members"] == ["one/api", "two/api", f"{FAR}/one/api"]
    assert len(world.conductor.emergencies.waiting()) == 2
    at = open_page(world.conductor, "delivery", rollout=f"{FAR}/one/api", tab="Aborts of its fleet")
    assert [len(d.value) for d in at.dataframe] == [2]
    assert "Done without an approval" in seen(open_page(world.conductor, "delivery", who="approver"))


def test_two_clicks_abort_a_fleet_of_which_one_has_failed(world: World) -> None:
    for namespace in ("one", "two"):
        raw = world.put(namespace, "2.0.0")
    raw["status"].update(phase="Degraded", message="ProgressDeadlineExceeded: timed out", pauseConditions=[])
    raw["status"]["controllerPause"] = False
    at = open_page(world.conductor, "delivery", who="captain")
    press(at, "fleet_emergency_0")
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert change.runbook == "emergency_fleet_abort"
    assert change.reason == "rollout two/api at 2.0.0: ProgressDeadlineExceeded: timed out"


def test_a_held_rollout_says_why_and_a_promotion_becomes_a_change(world: World) -> None:
    world.put("one", "2.0.0")
    at = open_page(world.conductor, "delivery", rollout="one/api")
    text = seen(at)
    assert "Step 2 waits for a person." in text
    assert "Promote it, or abort." in text
    assert "pause until a person promotes" in text
    press(at, "act_promote")
    asked = seen(at)
    at.text_input(key="_confirm_reason").set_value("metrics are fine").run()
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert (change.title, change.parameters["act"]) == ("Rollout api in one: promote", "promote")
    assert at.query_params[session.CHANGE] == change.id
    assert "Nothing is sent before that." in asked


def test_an_undo_says_which_version_comes_back_and_how(world: World) -> None:
    world.put("one", "2.0.0")
    at = open_page(world.conductor, "delivery", rollout="one/api")
    assert at.menu_button(key=MORE_ACTS).options == ["Promote fully", "Skip this step", "Undo", "Restart pods"]
    at.menu_button(key=MORE_ACTS).click(Act.UNDO).run()
    assert "goes back to revision 1 (1.0.0) at once: it is the stable version." in seen(at)
    at.text_input(key="_confirm_reason").set_value("not that one").run()
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert (change.title, change.parameters["act"]) == ("Rollout api in one: undo", "undo")


def test_a_version_that_walked_to_its_end_is_marked_stable_from_the_page(world: World) -> None:
    repository = world.conductor.repository
    repository.push("dev", {"helm/intelgraph/values-dev.yaml": delivery_worlds.VALUES})
    world.conductor.releases.refresh()
    world.put("intelgraph-dev", "1.4.3", "intelgraph", instance="intelgraph")
    place = "intelgraph-dev/intelgraph"
    at = open_page(world.conductor, "delivery", rollout=place)
    assert "in Git no version is marked as stable" in seen(at)
    press(at, "mark_stable")
    at.button(key="_confirm_request").click().run()  # goes on to the Change's page
    (change,) = world.conductor.changes.find()
    assert (change.runbook, change.parameters) == ("mark_stable", {"release": "intelgraph", "channel": "dev"})
    marked = delivery_worlds.VALUES.replace(b"rollout:\n", b"rollout:\n  stableTag: 1.4.3\n")
    repository.push("dev", {"helm/intelgraph/values-dev.yaml": marked})
    world.conductor.releases.refresh()
    at = open_page(world.conductor, "delivery", rollout=place)
    assert "Git says that 1.4.3 is the stable version of dev." in seen(at)
    assert "mark_stable" not in {b.key for b in at.button}
    world.put("intelgraph-dev", "1.4.4", "intelgraph", instance="intelgraph")
    assert "mark_stable" not in {b.key for b in open_page(world.conductor, "delivery", rollout=place).button}


def test_a_component_that_would_break_the_others_is_refused_with_the_set_that_works(world: World) -> None:
    conductor = world.conductor
    for number, (api, ui) in enumerate((("1.2.9", "2.0.0"), ("1.3.9", "1.9.0"), ("1.4.3", "2.3.0"))):
        sets = {"image.tag": api, "ui.image.tag": ui}
        conductor.helm.upgrade(conductor.releases.chart_request("intelgraph", "dev", "", sets), f"chg-{number}")
    world.put("intelgraph-dev", "1.4.3", "intelgraph", instance="intelgraph")
    at = open_page(conductor, "delivery", rollout="intelgraph-dev/intelgraph")
    press(at, "partial")
    text = seen(at)
    assert "ui 1.9.0 alone would break intelgraph in dev" in text
    assert "needs api >=1.0.0, <1.4.0, and it is 1.4.3" in text
    assert "The smallest set that works:** ui 1.9.0, api 1.3.9" in text
    at.text_input(key="partial_version").set_value("2.0.0").run()
    assert "The others work with ui 2.0.0" in seen(at)
    at.text_input(key="partial_version").set_value("").run()
    at.text_input(key="partial_reason").set_value("the old look").run()
    assert at.button(key="partial_request").label == "Request this set together"
    at.button(key="partial_request").click().run()  # goes on to the Change's page
    (change,) = conductor.changes.find()
    assert change.parameters["sets"] == {"image.tag": "1.3.9", "ui.image.tag": "1.9.0"}


def test_an_emergency_is_only_offered_to_the_break_glass_role_and_stays_listed(world: World) -> None:
    world.put("one", "2.0.0")
    at = open_page(world.conductor, "delivery", rollout="one/api")
    assert "act_emergency" not in {b.key for b in at.button}
    at = open_page(world.conductor, "delivery", who="captain", rollout="one/api")
    press(at, "act_emergency")
    at.text_input(key="_confirm_reason").set_value("5 % errors").run()
    press(at, "_confirm_request")
    assert "Done without an approval" in seen(open_page(world.conductor, "delivery", who="approver"))
    for page in ("status", "changes"):
        assert "review it" in seen(open_page(world.conductor, page, who="approver"))
        assert "review it" not in seen(open_page(world.conductor, page, who="captain")), "it is the captain's own"
    (change,) = [e.change for e in world.conductor.emergencies.waiting()]
    world.conductor.emergencies.review(world.conductor.actor("approver"), change.id, "right so", justified=True)
    assert "review it" not in seen(open_page(world.conductor, "status", who="approver"))


def test_a_rollout_at_rest_offers_neither_promote_nor_abort(world: World) -> None:
    at = open_page(world.conductor, "delivery", rollout="one/api")
    assert not {"act_promote", "act_abort"} & {b.key for b in at.button}
    assert at.menu_button(key=MORE_ACTS).options == ["Undo", "Restart pods"]
    assert "Everybody has this version." in seen(at)


def test_argo_cd_out_of_reach_leaves_the_rollouts(world: World) -> None:
    world.argocd.failure = UnreachableError("Argo CD did not answer.", next="Is argocd-server running?")
    at = open_page(world.conductor, "delivery")
    assert "Argo CD did not answer." in seen(at)
    assert {m.label: m.value for m in at.metric}["Rollouts"] == "2"


def test_argo_cd_that_nobody_configured_is_no_failure(world: World) -> None:
    world.argocd.failure = OffError("Argo CD is not configured.", next="Set CONDUCTOR_ARGOCD_URL.")
    at = open_page(world.conductor, "delivery")
    assert [i.icon for i in at.info if "Set CONDUCTOR" in i.value] == [":material/power_off:"]
    assert not at.error


def test_a_rollout_that_is_not_there_is_said(world: World) -> None:
    assert "There is no Rollout one/nobody." in seen(open_page(world.conductor, "delivery", rollout="one/nobody"))
    assert "names no rollout" in seen(open_page(world.conductor, "delivery", rollout="nonsense"))


def test_a_red_rollout_offers_its_way_out_first_and_none_that_takes_it_further(world: World) -> None:
    raw = world.put("one", "2.0.0")
    raw["status"].update(phase="Degraded", message="ProgressDeadlineExceeded: timed out", pauseConditions=[])
    raw["status"]["controllerPause"] = False
    at = open_page(world.conductor, "delivery", who="captain", rollout="one/api")
    keys = {b.key for b in at.button}
    assert {"act_emergency", "act_abort", "out_undo"} <= keys
    assert "act_promote" not in keys
    assert at.menu_button(key=MORE_ACTS).options == ["Restart pods", "Pause"]
    text = seen(at)
    assert "20 % still get the new version" in text
    assert "No rollback of the release: No channel declares one/api." in text
    press(at, "act_emergency")
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert change.runbook == "emergency_abort"
    assert change.reason.startswith("rollout one/api at 2.0.0: ")


def test_the_rollback_of_a_failed_release_opens_filled_in(tmp_path: Path) -> None:
    made = delivery_worlds.busy(tmp_path)
    conductor = made.conductor
    conductor.helm.upgrade(conductor.releases.chart_request("intelgraph", "dev"), "chg-second")
    at = open_page(conductor, "delivery", rollout="intelgraph-dev/intelgraph")
    press(at, "out_rollback")
    assert "success-rate must be >= 0.99 and was 0.7" in str(at.text_input(key="release_reason").value)
    at.button(key="release_request").click().run()  # goes on to the Change's page
    (change,) = conductor.changes.find()
    assert (change.runbook, change.parameters["to_revision"]) == ("rollback_release", 1)


def test_a_red_rollout_says_the_threshold_and_an_analysis_of_another_version_is_folded(tmp_path: Path) -> None:
    made = delivery_worlds.busy(tmp_path)
    place = "intelgraph-dev/intelgraph"
    at = open_page(made.conductor, "delivery", rollout=place)
    (red,) = [e.value for e in at.error]
    assert "success-rate must be ≥ 0.99 and was 0.7" in red.replace("\\", "").replace(">=", "≥")
    assert not at.expander
    made.player.verdicts.clear()
    made.put("intelgraph-dev", "1.4.5", "intelgraph", delivery_worlds.STEPS, "intelgraph")
    at = open_page(made.conductor, "delivery", rollout=place)
    (folded,) = at.expander
    assert folded.label == "Analyses of other versions (1)"
    assert "of 1.4.4" in " ".join(m.value for m in folded.markdown).replace("\\", "")


def test_two_clicks_reach_an_emergency_rollback_and_its_change_says_so_loudly(world: World, tmp_path: Path) -> None:
    conductor = delivery_worlds.busy(tmp_path / "busy").conductor
    conductor.helm.upgrade(conductor.releases.chart_request("intelgraph", "dev"), "chg-second")
    place = "intelgraph-dev/intelgraph"
    assert "out_emergency" not in {b.key for b in open_page(conductor, "delivery", rollout=place).button}
    at = open_page(conductor, "delivery", who="captain", rollout=place)
    press(at, "out_emergency")
    assert "helm rollback to r1" in seen(at)
    at.button(key="_confirm_request").click().run()  # goes on to the Change's page
    (change,) = conductor.changes.find()
    assert (change.runbook, change.parameters["to_revision"]) == ("emergency_rollback", 1)
    assert "success-rate must be >= 0.99 and was 0.7" in change.reason
    text = seen(open_page(conductor, "changes", who="captain", change=change.id))
    assert "EMERGENCY, not reviewed yet" in text
    conductor.emergencies.review(conductor.actor("approver"), change.id, "errors were real", justified=True)
    text = seen(open_page(conductor, "changes", change=change.id))
    assert "EMERGENCY, approved afterwards" in text
    assert "“errors were real”" in text


def test_what_argo_cd_owns_goes_back_by_git(world: World, tmp_path: Path) -> None:
    conductor = delivery_worlds.owned(tmp_path / "owned").conductor
    good = conductor.releases.commit("intelgraph", "dev")
    at = open_page(conductor, "delivery", who="captain", rollout="intelgraph-dev/intelgraph")
    assert at.button(key="out_rollback").label.startswith("Revert Git to ")
    press(at, "out_rollback")
    assert "the Argo CD Application platform-0 is synced to it" in seen(at)
    at.button(key="_confirm_request").click().run()
    at = open_page(conductor, "delivery", who="captain", rollout="intelgraph-dev/intelgraph")
    press(at, "out_emergency")
    at.button(key="_confirm_request").click().run()
    asked = {c.runbook: c.parameters["to_commit"] for c in conductor.changes.find()}
    assert set(asked) == {"revert_release", "emergency_revert"}
    assert len({*asked.values(), good}) == 2  # both name the same commit, and not the one that is there now


def test_the_timeline_is_shown_and_can_be_taken_away(world: World) -> None:
    world.put("one", "2.0.0")
    at = open_page(world.conductor, "delivery", rollout="one/api", tab="Timeline")
    assert "revision 2 began" in seen(at)
    assert "moments since" in seen(at)


def test_the_dora_measures_say_what_was_counted(world: World) -> None:
    measured = {m.label.replace("\\", ""): m.value for m in open_page(world.conductor, "delivery").metric}
    assert measured["Lead time (nothing counted yet)"] == "–"
    change = world.conductor.requested(channel="dev")
    world.conductor.plan(change.id)
    world.conductor.execute(change.id)
    at = open_page(world.conductor, "delivery")
    assert {m.label.replace("\\", ""): m.value for m in at.metric}["Change failure rate (of 1)"] == "0%"
    assert "rolled back or reverted before the next deployment" in seen(at)


def test_a_set_is_promoted_from_the_page_or_says_what_keeps_it(world: World) -> None:
    at = open_page(world.conductor, "delivery")
    press(at, "promote_set")
    text = seen(at)
    assert "nothing runs in the source" in text
    assert "There is nothing to promote to " in text
    assert at.button(key="set_request").disabled


def test_waves_of_a_pipeline_are_edited_with_who_is_synced_when(world: World, tmp_path: Path) -> None:
    conductor = delivery_worlds.busy(tmp_path / "busy").conductor
    at = open_page(conductor, "delivery")
    at.selectbox(key="pipeline_waves_which").select_index(3).run()  # shop
    press(at, "pipeline_waves")
    assert "env (shop-0, shop-1, shop-2)" in seen(at)
    assert at.button(key="pipeline_waves_request").disabled
    at.session_state["waves_of_shop"] = {
        "edited_rows": {0: {"takes the Applications with": "env in shop-0", "at a time": "1"}},
        "added_rows": [{"takes the Applications with": "env in shop-1"}],
        "deleted_rows": [],
    }
    at.run()
    text = seen(at)
    assert "No step takes shop-2" in text
    assert "+  strategy:" in text
    at.text_input(key="pipeline_waves_reason").set_value("shop-0 is the canary").run()
    at.button(key="pipeline_waves_request").click().run()  # goes on to the Change's page
    (change,) = conductor.changes.find()
    first, second = cast(Any, change.parameters["steps"])
    assert first == {"matchExpressions": [{"key": "env", "operator": "In", "values": ["shop-0"]}], "maxUpdate": 1}
    assert second["matchExpressions"][0]["values"] == ["shop-1"]


def test_an_application_out_of_step_is_synced_as_a_change(world: World) -> None:
    world.argocd.put(raw_application("shop-eu", "shop", sync={"status": "OutOfSync", "revision": "c" * 40}))
    at = open_page(world.conductor, "delivery")
    assert at.selectbox(key="sync_which").label == "Out of step (1)"
    press(at, "sync_open")
    assert "shop-eu in shop-eu" in seen(at)
    at.text_input(key="_confirm_reason").set_value("after the fix").run()
    press(at, "_confirm_request")
    (change,) = world.conductor.changes.find()
    assert change.parameters == {"application": "shop-eu", "namespace": "argocd"}
    assert at.query_params[session.CHANGE] == change.id
