"""An escalation bundle has what support asks for, holds no secret, and is made although half of it can't be had."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.changes import State
from conductor_core.errors import AccessDeniedError, NotFoundError, UnreachableError
from conductor_core.services.escalation import MADE, Bundle
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.conductor import FakeConductor, build

TOKEN = "argo-token-0123456789"


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    made = build(tmp_path, argocd_token=TOKEN)
    logs = made.settings.log_dir
    logs.mkdir(parents=True)
    (logs / "maestro-worker.log").write_text(f"sent {TOKEN}\npassword=hunter22 said somebody\nready\n")
    (logs / "maestro-api.log").write_text("GET /healthz\n")
    return made


def opened(bundle: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle.data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_it_has_what_support_asks_for(conductor: FakeConductor) -> None:
    change = conductor.settled(State.FAILED)
    bundle = conductor.escalation.bundle(conductor.actor("captain"), change.id)
    files = opened(bundle)
    assert bundle.missing == ()
    assert set(files) == {
        "README.md", "audit-pack.tar", "change.json", "doctor.json", "events.json", "kubernetes-events.json",
        "logs/maestro-api.log", "logs/maestro-worker.log", "notebook.ipynb", "settings.json", "smoke.json",
        "summary.json",
    }  # fmt: skip
    summary = json.loads(files["summary.json"])
    assert (summary["deployment"], summary["state"]) == (change.id, "failed")
    assert (summary["release"], summary["channel"], summary["namespace"]) == ("intelgraph", "dev", "intelgraph-dev")
    assert summary["helm_revision"] == 1
    assert summary["applications"] == []
    assert json.loads(files["events.json"])[0]["type"] == "conductor.change.requested.v1"
    assert change.id in files["README.md"].decode()


def test_no_secret_is_in_it(conductor: FakeConductor) -> None:
    change = conductor.settled(State.SUCCEEDED)
    files = opened(conductor.escalation.bundle(conductor.actor("captain"), change.id))
    everything = b"\n".join(files.values())
    assert TOKEN.encode() not in everything
    assert b"hunter22" not in everything
    assert b"said somebody\nready\n" in files["logs/maestro-worker.log"]
    row = next(r for r in json.loads(files["settings.json"]) if r["name"] == "CONDUCTOR_ARGOCD_TOKEN")
    assert TOKEN not in json.dumps(row)


def test_what_is_broken_is_named_and_stops_nothing(conductor: FakeConductor) -> None:
    change = conductor.settled(State.FAILED)
    conductor.cluster.failure = UnreachableError("The API server does not answer.", why=f"token={TOKEN}", next="Wait.")
    bundle = conductor.escalation.bundle(conductor.actor("captain"), change.id)
    files = opened(bundle)
    assert any(piece.startswith("kubernetes-events.json: The API server does not answer.") for piece in bundle.missing)
    assert any(piece.startswith("Helm history: ") for piece in bundle.missing)
    assert {"change.json", "events.json", "logs/maestro-api.log"} <= set(files)
    assert "The API server does not answer." in files["README.md"].decode()
    assert TOKEN.encode() not in b"\n".join(files.values())


def test_without_a_change_it_is_about_the_installation(conductor: FakeConductor) -> None:
    files = opened(conductor.escalation.bundle(conductor.actor("captain")))
    assert json.loads(files["summary.json"])["about"] == "installation"
    assert "change.json" not in files
    assert "logs/maestro-worker.log" in files


def test_that_it_was_made_is_recorded_as_the_catalogue_says(conductor: FakeConductor) -> None:
    change = conductor.settled(State.FAILED)
    conductor.escalation.bundle(conductor.actor("captain"), change.id)
    (event,) = [r.event for r in conductor.store.events(limit=1000) if r.event.type == MADE]
    schema = json.loads((PROJECT_ROOT / "data" / "schemas" / "events" / f"{MADE}.schema.json").read_text())
    Draft202012Validator(schema).validate(event.envelope())
    assert event.data["change"] == change.id


def test_only_who_works_here_gets_one_and_only_of_a_change_that_is_there(conductor: FakeConductor) -> None:
    reader = replace(conductor.actor("captain"), roles=frozenset({Role.VIEWER}))
    assert isinstance(reader, Actor)
    with pytest.raises(AccessDeniedError):
        conductor.escalation.bundle(reader)
    with pytest.raises(NotFoundError):
        conductor.escalation.bundle(conductor.actor("captain"), "chg-01KB0000000000000000000000")
