"""`conductor delivery` on a played controller: what there is, and the abort of a fleet by the name that it says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, cast

import pytest

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import ConfigurationError
from tests.fakes.conductor import RUNBOOKS
from tests.fakes.object_patches import FakePatches
from tests.pages import delivery_worlds
from tests.pages.delivery_worlds import OURS, Away, World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two rollouts of one name and version, both held."""
    for name, runbook in OURS.items():
        monkeypatch.setitem(RUNBOOKS, name, runbook)
    made = delivery_worlds.world(tmp_path)
    for tag in ("1.0.0", "2.0.0"):
        for namespace in ("one", "two"):
            made.put(namespace, tag)
    return made


def said(world: World, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> tuple[str, str]:
    assert run(shlex.split(line), lambda: world.conductor) == code
    told = capsys.readouterr()
    return told.out, told.err


def test_a_fleet_is_listed_and_aborted_by_its_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(world, capsys, "delivery list")
    assert "one/api" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    (row,) = [line.split("  ") for line in out.splitlines() if line.startswith("api 2.0.0")]
    assert [cell.strip() for cell in row if cell.strip()] == ["api 2.0.0", "2 of 2", "one name and version"]
    out, _ = said(world, capsys, 'delivery fleet-abort "api 2.0.0" --reason errors --as requester --json')
    assert json.loads(out)["parameters"]["members"] == ["one/api", "two/api"]
    out, err = said(world, capsys, "delivery fleet-abort nothing --reason errors --as requester", 2)
    assert "Known: api 2.0.0." in out + err


def test_rollouts_are_listed_without_argo_cd(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.argocd.failure = ConfigurationError("Argo CD is not configured.", why="CONDUCTOR_ARGOCD_URL is not set.")
    out, err = said(world, capsys, "delivery list")
    assert "one/api" in out
    assert "no pipelines: Argo CD is not configured." in err
    told = json.loads(said(world, capsys, "delivery list --json")[0])
    assert (len(told["rollouts"]), told["pipelines"]) == (2, [])
    assert "Argo CD is not configured." in told["missing"]


def test_a_cluster_that_does_not_answer_is_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.others["west"] = cast(Any, Away("west"))
    assert (
        "no answer from west: what runs there is neither listed nor in a fl" in said(world, capsys, "delivery list")[0]
    )
    told = json.loads(said(world, capsys, "delivery list --json")[0])
    assert (told["silent"], told["fleets"][0]["silent"]) == (["west"], ["west"])
    assert told["why_silent"] == {"west": "The cluster of the context west did not answer. no route to host"}
    _, err = said(world, capsys, 'delivery fleet-abort "api 2.0.0" --reason errors --as requester --json')
    assert "no answer from west: what runs there is not aborted" in err
    _, err = said(world, capsys, "delivery show west/one/api", 5)
    assert "The cluster of the context west did not answer." in err


FAR = "arn:aws:eks:eu-west-1:4711:cluster/prod@east"


@pytest.fixture
def far(world: World, tmp_path: Path) -> World:
    """A further cluster whose context has colons, a slash and an @; `one/api` is there too, at another version."""
    made = delivery_worlds.world(tmp_path / "far")
    for tag in ("1.0.0", "3.0.0"):
        made.put("one", tag)
    world.others[FAR] = ArgoRollouts(made.cluster, FakePatches(made.cluster, made.player.play), FAR)
    return made


@pytest.mark.usefixtures("far")
def test_a_rollout_of_a_further_cluster_is_listed_and_shown(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(world, capsys, "delivery list --json")[0])
    assert [(r["cluster"], r["namespace"], r["version"]) for r in told["rollouts"]] == [
        ("", "one", "2.0.0"),
        ("", "two", "2.0.0"),
        (FAR, "one", "3.0.0"),
    ]
    (head,) = [line for line in said(world, capsys, "delivery list")[0].splitlines() if "ROLLOUT" in line]
    assert head.split()[-2:] == ["REPLICAS", "CLUSTER"]
    assert f"{FAR}/one/api: step 2 waits for a person" in " ".join(said(world, capsys, "delivery list")[0].split())
    assert "2 of 3" in said(world, capsys, "delivery list")[0], "the step as the page counts it"
    assert all(len(line) <= 80 for line in said(world, capsys, "delivery list")[0].splitlines())
    here = json.loads(said(world, capsys, "delivery show one/api --json")[0])
    there = json.loads(said(world, capsys, f"delivery show {FAR}/one/api --json")[0])
    assert (here["version"], there["version"], there["cluster"]) == ("2.0.0", "3.0.0", FAR)
    assert [len(there[part]) for part in ("steps", "replica_sets")] == [3, 2]
    out, _ = said(world, capsys, f"delivery show {FAR}/one/api")
    assert "aborted with its fleet" in " ".join(out.split())
    found = json.loads(said(world, capsys, f"delivery verdict {FAR}/one/api --json", 3)[0])
    assert found["causes"] == ["waits for a person"]
    unknown = {f["topic"] for f in found["findings"] if f["standing"] == "unknown"}
    assert unknown == {"SLO", "statistics", "policy", "scan", "signature", "calendar", "approvals"}


@pytest.mark.usefixtures("far")
def test_what_another_cluster_is_not_asked_for_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["timeline", "metrics", "promote --reason x", "abort --emergency --reason x", "rollback --as requester"]
    for line in asked:
        verb, *rest = line.split(" ", 1)
        _, err = said(world, capsys, f"delivery {verb} {FAR}/one/api {' '.join(rest)}", 2)
        assert "a further cluster: it can be looked at" in " ".join(err.replace("│", " ").split())
    assert world.conductor.changes.find() == []
    _, err = said(world, capsys, "delivery show mars/one/api", 2)
    assert "There is no cluster 'mars'" in err


def test_an_emergency_aborts_a_fleet_of_several_clusters(
    world: World, far: World, capsys: pytest.CaptureFixture[str]
) -> None:
    far.put("one", "2.0.0")
    line = 'delivery fleet-abort "api 2.0.0" --reason errors --emergency --json'
    assert "emergency.act" in "".join(said(world, capsys, f"{line} --as requester", 4))
    assert world.conductor.changes.find() == []
    told = json.loads(said(world, capsys, f"{line} --as captain")[0])
    assert (told["runbook"], told["approvals"]["required"]) == ("emergency_fleet_abort", 0)
    assert told["parameters"]["members"] == ["one/api", "two/api", f"{FAR}/one/api"]
    assert [e.change.id for e in world.conductor.emergencies.waiting()] == [told["id"]]
    there = world.conductor.delivery.detail("one", "api", FAR).rollout
    here = world.conductor.delivery.detail("one", "api").rollout
    assert [c.id for c in world.conductor.delivery.changes_of(there)] == [told["id"]]
    assert world.conductor.delivery.changes_of(here) == []
