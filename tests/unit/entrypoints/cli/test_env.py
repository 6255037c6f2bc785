"""`conductor env`: what each command prints, and its exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.entrypoints.cli.main import run
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.environments import Estate

PLAN = ["env", "plan", "blue", "--blueprint", "small", "--as", "requester"]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path / "root")


@pytest.fixture
def conductor(estate: Estate, tmp_path: Path) -> FakeConductor:
    return replace(build(tmp_path / "home"), environments=estate.service, changes=estate.changes)


def said(capsys: pytest.CaptureFixture[str], conductor: FakeConductor, *argv: str, code: int = 0) -> str:
    assert run(list(argv), lambda: conductor) == code
    return capsys.readouterr().out


def test_blueprints_are_listed_and_broken_ones_named(
    capsys: pytest.CaptureFixture[str], conductor: FakeConductor, estate: Estate
) -> None:
    estate.write("infra/terraform/blueprints/half/main.tf", "variable {")
    found = json.loads(said(capsys, conductor, "env", "blueprints", "--json"))
    assert [b["name"] for b in found["blueprints"]] == ["small"]
    assert found["broken"][0]["folder"].endswith("/half")
    assert "network_cidr" in said(capsys, conductor, "env", "blueprints", "small")


def test_plan_exits_2_for_changes_0_for_none_and_1_for_errors(
    capsys: pytest.CaptureFixture[str], conductor: FakeConductor, estate: Estate, tmp_path: Path
) -> None:
    file = tmp_path / "blue.tfvars"
    file.write_text('network_cidr = "10.1.0.0/16"\n')
    planned = json.loads(said(capsys, conductor, *PLAN, "--var-file", str(file), "--var", "size=2", "--json", code=2))
    assert planned["blast_radius"]["create"] == 2
    assert "thing.size-2" in [r["address"] for r in planned["resources"]]
    assert "blast radius: 2 new" in said(capsys, conductor, *PLAN, "--var", "network_cidr=10.1.0.0/16", code=2)
    estate.provision()
    assert "Nothing would change." in said(capsys, conductor, *PLAN, "--var-file", str(file))
    for wrong in (["--var", "colour=1"], ["--var", "size=["], ["--var-file", "/nowhere"], []):
        error = json.loads(said(capsys, conductor, *PLAN, *wrong, "--json", code=1))["error"]
        assert set(error) == {"what", "why", "next"}


def test_an_environment_is_requested_shown_compared_and_destroyed(
    capsys: pytest.CaptureFixture[str], conductor: FakeConductor, estate: Estate
) -> None:
    request = ["env", "request", "blue", "--blueprint", "small", "--var", "network_cidr=10.1.0.0/16"]
    asked = json.loads(said(capsys, conductor, *request, "--reason", "team", "--as", "requester", "--json"))
    assert (asked["runbook"], asked["tier"]) == ("provision_environment", "dev")
    estate.changes.cancel(conductor.actor("requester"), asked["id"], "another way")
    estate.provision()
    estate.provision(estate.asked("green", "10.2.0.0/16"))
    listed = json.loads(said(capsys, conductor, "env", "list", "--json"))["environments"]
    assert [e["name"] for e in listed] == ["blue", "green"]
    assert "active" in said(capsys, conductor, "env", "list")
    assert "outputs.namespaces.app" in said(capsys, conductor, "env", "show", "blue")
    compared = json.loads(said(capsys, conductor, "env", "show", "blue", "--compare", "green", "--json"))
    assert compared["differences"][-1]["right"] == "10.2.0.0/16"
    destroy = ["env", "destroy", "blue", "--reason", "not used", "--as", "requester"]
    said(capsys, conductor, *destroy, code=2)
    assert (
        json.loads(said(capsys, conductor, *destroy, "--confirm", "blue", "--json"))["runbook"] == "destroy_environment"
    )
    said(capsys, conductor, "env", "validate", "moon", "--as", "requester", code=2)


def test_drafts_are_kept_listed_and_dropped(capsys: pytest.CaptureFixture[str], conductor: FakeConductor) -> None:
    draft = ["env", "draft", "blue", "--blueprint", "small", "--var", "size=2", "--as", "requester", "--json"]
    (kept,) = json.loads(said(capsys, conductor, *draft))["drafts"]
    assert kept["values"] == {"size": 2}
    dropped = said(capsys, conductor, "env", "draft", "--drop", kept["id"], "--as", "requester", "--json")
    assert json.loads(dropped)["drafts"] == []
    said(capsys, conductor, "env", "draft", "blue", "--as", "requester", code=2)


def test_without_a_blueprint_what_is_in_force_is_planned_anew_and_a_resource_can_be_made_anew(
    capsys: pytest.CaptureFixture[str], conductor: FakeConductor, estate: Estate
) -> None:
    estate.provision(estate.asked(size=3))
    blue = ["env", "plan", "blue", "--as", "requester"]
    assert "Nothing would change." in said(capsys, conductor, *blue)
    anew = json.loads(said(capsys, conductor, *blue, "--replace", "thing.blue", "--allow-destroy", "--json", code=2))
    assert anew["blast_radius"]["replace"] == 1
    assert [r["address"] for r in anew["resources"]] == ["thing.blue"]
    more = json.loads(said(capsys, conductor, *blue, "--var", "size=4", "--json", code=2))
    assert {r["address"] for r in more["resources"]} == {"thing.size-3", "thing.size-4"}
    strange = json.loads(said(capsys, conductor, *blue, "--replace", "thing.bleu", "--json", code=1))["error"]
    assert "thing.blue" in strange["why"]
    said(capsys, conductor, "env", "plan", "green", "--as", "requester", "--json", code=1)


def test_an_upgrade_is_planned_and_requested_with_the_values_in_force(
    capsys: pytest.CaptureFixture[str], conductor: FakeConductor, estate: Estate
) -> None:
    estate.provision(estate.asked(size=3))
    file = estate.root / "infra/terraform/blueprints/small/blueprint.yaml"
    file.write_text(file.read_text().replace("1.0.0", "2.0.0"))
    main = file.with_name("main.tf")
    main.write_text(main.read_text() + "# resource thing.new\n")
    planned = json.loads(said(capsys, conductor, "env", "plan", "blue", "--as", "requester", "--json", code=2))
    assert [(r["act"], r["address"]) for r in planned["resources"]] == [("create", "thing.new")]
    asked = json.loads(
        said(capsys, conductor, "env", "request", "blue", "--reason", "2.0", "--as", "requester", "--json")
    )
    change = estate.plan(asked["id"])
    assert change.plan is not None, change.outcome
    assert change.plan.facts["blueprint"] == "small 2.0.0"
    assert change.parameters["variables"] == {"network_cidr": "10.1.0.0/16", "size": 3}
