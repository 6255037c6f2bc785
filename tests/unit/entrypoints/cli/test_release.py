from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.manifests import Kind
from conductor_core.entrypoints.cli.main import run
from conductor_core.entrypoints.cli.rendering import show_inventory
from conductor_core.errors import UnreachableError
from conductor_core.services.release_inventory import Inventory, Row
from tests.fakes.conductor import RUNBOOKS, FakeConductor, build
from tests.pages.delivery_worlds import EMERGENCY_REVERT, EMERGENCY_ROLLBACK


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def told(conductor: FakeConductor, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> str:
    assert run(shlex.split(line), lambda: conductor) == code
    return capsys.readouterr().out


def asked(conductor: FakeConductor, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> Any:
    return json.loads(told(conductor, capsys, f"{line} --json", code))


def test_releases_are_listed_by_channel(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    dev, staging = asked(conductor, capsys, "release list")["releases"]
    assert (dev["channel"], dev["revision"], dev["health"], dev["in_step"]) == ("dev", 1, "healthy", True)
    assert (staging["channel"], staging["revision"]) == ("staging", 0)
    said = told(conductor, capsys, "release list")
    assert all(len(line) <= 80 for line in said.splitlines())
    assert "healthy" in said


def test_people_see_the_version_that_runs_and_not_that_of_the_chart(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row("shop", "dev", "shop-dev", revision=2, chart_version="0.4.0", app_version="1.4.2", version="1.4.4")
    show_inventory(Inventory((row,)))
    said = capsys.readouterr().out
    assert "1.4.4" in said
    assert "1.4.2" not in said


def test_an_unreachable_cluster_leaves_the_cells_empty_with_a_note(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    conductor.cluster.failure = UnreachableError("The cluster does not answer.", why="Refused.", next="Start it.")
    listed = asked(conductor, capsys, "release list")
    assert "does not answer" in listed["notes"][0]
    assert "note: The cluster does not answer." in told(conductor, capsys, "release list")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("live:dev", "channel:dev", 0),
        ("channel:dev", "channel:dev", 0),
        ("channel:dev", "channel:staging", 1),
        ("live:staging", "channel:staging", 1),
        ("live:dev", "nothing", 2),
        ("live:dev", "channel:prod", 2),
    ],
)
def test_diff_exits_as_diff_does(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str], old: str, new: str, code: int
) -> None:
    line = f"release diff intelgraph --from {old} --to {new}"
    found = asked(conductor, capsys, line, code)
    assert ("error" in found) is (code == 2)
    if code < 2:
        assert found["same"] is (code == 0)
    told(conductor, capsys, line, code)


def test_diff_exits_2_when_the_cluster_is_unreachable(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    conductor.cluster.failure = UnreachableError("The cluster does not answer.")
    found = asked(conductor, capsys, "release diff intelgraph --from live:dev --to channel:dev", 2)
    assert found["error"]["what"] == "The cluster does not answer."


def test_people_see_who_made_a_difference_and_what_it_stands_on(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    key = (Kind("v1", "ConfigMap"), "intelgraph-dev", "intelgraph-settings")
    data: dict[str, Any] = {"f:data": {"f:size": {}, "f:extra": {}}}
    hand = {"manager": "kubectl-edit", "operation": "Update", "time": "2030-01-02T00:00:00Z", "fieldsV1": data}
    helm = {"manager": "helm", "operation": "Update", "time": "2030-01-01T00:00:00Z", "fieldsV1": {"f:data": {}}}
    live = conductor.cluster.store[key]
    live["data"] |= {"size": "9", "extra": "x"}
    live["metadata"]["managedFields"] = [helm, hand]
    line = "release diff intelgraph --from live:dev --to channel:dev"
    said = " ".join(told(conductor, capsys, line, 1).split())
    assert "basis local prediction; --confirm asks the server" in said
    assert '/data/size: "9" → "2" [the cluster changed it: kubectl-edit, 2030-01-02T00:00:00Z]' in said
    assert '/data/extra: "x" [stays: kubectl-edit, 2030-01-02T00:00:00Z]' in said
    assert "/metadata/namespace" in told(conductor, capsys, f"{line} --all-fields", 1)


def test_people_see_the_fields_that_change(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(conductor, capsys, "release diff intelgraph --from channel:dev --to channel:staging", 1)
    assert '/data/size: "2" → "1"' in said
    assert "1 changed" in said


def test_history_is_newest_first(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    revisions = asked(conductor, capsys, "release history intelgraph --channel dev")["revisions"]
    assert [(r["revision"], r["status"]) for r in revisions] == [(1, "deployed")]
    assert "REV" in told(conductor, capsys, "release history intelgraph --channel dev")


def test_deploy_and_rollback_request_changes(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    tail = "--reason testing --as requester"
    deploy = asked(conductor, capsys, f"release deploy intelgraph --channel dev --set a.b=1 --set c=x,y {tail}")
    assert (deploy["runbook"], deploy["state"]) == ("deploy_release", "requested")
    assert deploy["parameters"]["sets"] == {"a.b": "1", "c": "x,y"}
    back = asked(conductor, capsys, f"release rollback intelgraph --channel dev --to-revision 1 {tail}")
    where = {"release": "intelgraph", "channel": "dev", "to_revision": 1}
    assert back["parameters"] == {**where, "sets": {}, "quarantine": True, "revert_git": True}
    kept = asked(
        conductor,
        capsys,
        f"release rollback intelgraph --channel dev --to-revision 1 --set a=b --no-quarantine --no-git {tail}",
    )
    assert kept["parameters"] == {**where, "sets": {"a": "b"}, "quarantine": False, "revert_git": False}
    error = asked(conductor, capsys, f"release rollback intelgraph --channel dev --to-revision 0 {tail}", 2)["error"]
    assert "--to-revision" in error["what"]


def test_wait_leaves_stdout_to_the_json(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    conductor.worker.prompt = True
    line = "release deploy intelgraph --channel dev --reason testing --as requester --wait --json"
    assert run(shlex.split(line), lambda: conductor) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["state"] == "succeeded"
    assert "revision 2" in said.err
    assert asked(conductor, capsys, line.replace("dev", "staging").removesuffix(" --json"), 3)["state"] == (
        "awaiting_approval"
    )


def test_an_emergency_takes_the_break_glass_role_and_no_values(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RUNBOOKS, "emergency_rollback", EMERGENCY_ROLLBACK)
    monkeypatch.setitem(RUNBOOKS, "emergency_revert", EMERGENCY_REVERT)
    tail = "intelgraph --channel dev --emergency --reason errors --as"
    for line, runbook in (
        (f"release rollback --to-revision 1 {tail}", "rollback"),
        (f"release revert {tail}", "revert"),
    ):
        asked(conductor, capsys, f"{line} requester", 4)
        assert asked(conductor, capsys, f"{line} captain")["runbook"] == f"emergency_{runbook}"
    own = asked(conductor, capsys, f"release rollback --to-revision 1 --set a=b {tail} captain", 2)["error"]
    assert own["what"] == "An emergency takes no values of its own."
    both = asked(conductor, capsys, f"release rollback --only ui {tail} captain", 2)["error"]
    assert both["what"] == "--only and --emergency exclude each other."


def test_rollback_takes_a_revision_or_the_last_good_one(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "release rollback intelgraph --channel dev --reason testing --as requester"
    assert "Exactly one of" in asked(conductor, capsys, line, 2)["error"]["why"]
    assert "Exactly one of" in asked(conductor, capsys, f"{line} --last-good --to-revision 1", 2)["error"]["why"]
    none = asked(conductor, capsys, f"{line} --last-good", 2)["error"]
    assert "no earlier revision that was good" in none["what"]
    conductor.carry_out("deploy_release", {"release": "intelgraph", "channel": "dev"}, ["helm_upgrade"])
    assert asked(conductor, capsys, f"{line} --last-good")["parameters"]["to_revision"] == 1


def test_a_version_is_put_into_quarantine_seen_and_released(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    tail = "--reason testing --as requester"
    made = asked(conductor, capsys, f"release quarantine intelgraph 4.5.6 --channel dev {tail}")
    assert (made["runbook"], made["title"]) == ("quarantine_release", "Quarantine intelgraph 4.5.6")
    where: dict[str, object] = {"release": "intelgraph", "version": "4.5.6"}
    conductor.carry_out("quarantine_release", where | {"channel": "dev"}, ["quarantine_version"])
    (listed,) = asked(conductor, capsys, "release quarantines")["quarantines"]
    assert (listed["version"], listed["channel"], listed["active"]) == ("4.5.6", "dev", True)
    shown = asked(conductor, capsys, "release show intelgraph --channel dev")
    assert [q["version"] for q in shown["quarantine"]] == ["4.5.6"]
    assert (shown["revisions"][0]["good"], shown["revisions"][0]["version"]) == (False, "4.5.6")
    assert "quarantine: 4.5.6 since" in told(conductor, capsys, "release show intelgraph --channel dev")
    free = asked(conductor, capsys, f"release unquarantine intelgraph 4.5.6 {tail}")
    assert free["runbook"] == "unquarantine_release"
    conductor.carry_out("unquarantine_release", where, ["lift_quarantine"])
    assert asked(conductor, capsys, "release quarantines")["quarantines"] == []
    assert "released" in told(conductor, capsys, "release quarantines --all")


def test_values_say_where_they_come_from(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    (size,) = asked(conductor, capsys, "release values intelgraph --channel dev")["values"]
    assert (size["path"], size["value"], size["layer"], size["line"]) == (
        "size", 2, "helm/intelgraph/values-dev.yaml", 1,
    )  # fmt: skip
    assert [o["layer"] for o in size["overrides"]] == ["helm/intelgraph/values.yaml"]
    said = told(conductor, capsys, "release values intelgraph --channel dev --set size=9")
    assert "set by hand" in said
    assert "values-dev.yaml:1" in said
    live = asked(conductor, capsys, "release values intelgraph --ref live:dev", 2)["error"]
    assert live["what"] == "live:dev has no values."
    stored = asked(conductor, capsys, "release values intelgraph --ref revision:dev/1")["values"]
    assert stored == []


def test_smoke_runs_tells_and_keeps(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    assert {s["name"] for s in asked(conductor, capsys, "smoke")["suites"]} == {"health", "sick"}
    green = asked(conductor, capsys, "smoke health --channel dev --as requester")
    assert (green["passed"], green["release"], green["channel"]) == (True, "intelgraph", "dev")
    red = asked(conductor, capsys, "smoke sick --release intelgraph --channel dev --as requester", 1)
    assert red["checks"][0]["failures"] == 1
    assert "left out: half.yaml" in told(conductor, capsys, "smoke")
    assert "passed:" in told(conductor, capsys, "smoke health --channel dev --as requester")
    assert len(asked(conductor, capsys, "smoke --history")["runs"]) == 3
    assert "sick" in told(conductor, capsys, "smoke --history")
    assert asked(conductor, capsys, "smoke health --as approver", 4)["error"]["what"].startswith("approver may not")


@pytest.mark.parametrize("which", ["", " --channel dev --ref channel:dev"])
def test_values_are_asked_of_one_state(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    found = asked(conductor, capsys, f"release values intelgraph{which}", 2)
    assert "Exactly one of --channel CHANNEL and --ref REF" in found["error"]["why"]


def test_values_of_what_keeps_none_say_why(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    live = asked(conductor, capsys, "release values intelgraph --ref live:dev", 2)["error"]
    assert (live["what"], live["why"]) == ("live:dev has no values.", "Live objects keep none.")
    past = asked(conductor, capsys, "release values intelgraph --ref revision:dev/9", 2)["error"]
    assert "--channel dev" in past["next"]


def test_what_is_not_installed_is_told_in_words(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        told(conductor, capsys, "release history intelgraph --channel staging") == "Helm has no revision of it here.\n"
    )
    shown = told(conductor, capsys, "release show intelgraph --channel staging")
    assert "chart" not in shown
    assert "REV" not in shown
