"""What goes wrong on real systems says what happened, why and what to do next, and loses nothing: the Change and its
events can be read afterwards, and a new Change works once the cause is mended.
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from conductor_core.adapters.postgres import embedded
from conductor_core.domain.operations import OperationState
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.crash.workbench import TINY, Answer, Workbench, eventually, fresh_names, opened, tiny_channels
from tests.fakes.small_volume import SmallVolume

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]  # on a machine that does much else

DEPLOY = (
    "release",
    "deploy",
    "tiny",
    "--channel",
    "dev",
    "--reason",
    "try it",
    "--as",
    "requester",
    "--wait",
    "--json",
)
DIFF = ("release", "diff", "tiny", "--from", "live:dev", "--to", "channel:dev", "--json")
NOWHERE = """apiVersion: v1
kind: Config
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
"""


@pytest.fixture(scope="module")
def house(plane: Endpoints) -> Iterator[Workbench]:
    """One workbench for all of these tests."""
    with opened(plane, fresh_names("dev", "staging")) as bench:
        yield bench


@pytest.fixture
def bench(house: Workbench) -> Workbench:
    """The workbench with everything in order and a worker at work."""
    in_order(house)
    return house


def in_order(bench: Workbench) -> None:
    bench.commit(TINY | {"channels.yaml": tiny_channels(["tiny"], *bench.namespaces)})
    if not bench.regular:
        bench.stop()
    if bench.worker is None or bench.worker.poll() is not None:
        bench.start()


def mended(bench: Workbench) -> None:
    """With the cause gone, a new Change works."""
    in_order(bench)
    answer = bench.cli(*DEPLOY, "--set", f"word=w{time.monotonic_ns()}")
    assert (answer.code, answer.json["state"]) == (0, "succeeded"), answer


def ended_badly(bench: Workbench, answer: Answer, state: str) -> dict[str, Any]:
    """The Change that a deploy printed: in that state, with its cause, and readable with all its events afterwards."""
    assert answer.code == {"failed": 1, "denied": 3}[state], answer
    change: dict[str, Any] = answer.json
    assert change["state"] == state, change
    if state == "failed":
        assert all(change["outcome"][text] for text in ("what", "why", "next")), change["outcome"]
    again = bench.cli("change", "show", change["id"], "--json")
    assert (again.code, again.json["state"], again.json["outcome"]) == (0, state, change["outcome"])
    events = bench.cli("change", "events", change["id"], "--json").stdout.splitlines()
    types = [item["event"]["type"] for item in map(json.loads, events) if item["kind"] == "fact"]
    assert types[0] == "conductor.change.requested.v1"
    assert types[-1] == ("conductor.change.sealed.v1" if state == "failed" else "conductor.gates.judged.v1")
    return change


def with_worker(bench: Workbench, environment: dict[str, str]) -> None:
    """A worker with other settings, instead of the one at work."""
    bench.stop()
    bench.start(environment)


def connection(bench: Workbench, name: str, environment: dict[str, str] | None = None) -> dict[str, str]:
    answer = bench.cli("status", "--json", environment=environment)
    (found,) = [c for c in answer.json["connections"] if c["name"] == name]
    assert (answer.code == 0) is answer.json["healthy"]
    if found["health"] == "down":
        assert all(found[text] for text in ("detail", "why", "next")), found
    return dict(found)


def test_a_bad_chart(bench: Workbench) -> None:
    bench.commit({"helm/tiny/templates/configmap.yaml": "kind: {{ .Values.word | nosuchfunction }}\n"})
    error = bench.cli(*DIFF)
    assert (error.code, "nosuchfunction" in error.error["why"]) == (2, True)
    change = ended_badly(bench, bench.cli(*DEPLOY), "failed")
    assert "configmap.yaml:1" in change["outcome"]["why"]
    mended(bench)


def test_a_missing_overlay(bench: Workbench) -> None:
    channels = tiny_channels(["tiny"], *bench.namespaces).replace("values-dev.yaml", "values-gone.yaml")
    bench.commit({"channels.yaml": channels})
    error = bench.cli(*DIFF)
    assert (error.code, "values-gone.yaml" in error.error["what"] + error.error["why"]) == (2, True)
    outcome = ended_badly(bench, bench.cli(*DEPLOY), "failed")["outcome"]
    assert "values-gone.yaml" in outcome["what"] + outcome["why"]
    mended(bench)


def test_an_unreachable_cluster(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "nowhere.yaml").write_text(NOWHERE)
    nowhere = bench.with_settings(kubeconfig=str(tmp_path / "nowhere.yaml"), kube_context="nowhere")
    error = bench.cli(*DIFF, environment=nowhere)
    assert (error.code, "nowhere" in error.error["what"]) == (2, True)
    assert connection(bench, "kubernetes", nowhere)["health"] == "down"
    with_worker(bench, nowhere)
    change = ended_badly(bench, bench.cli(*DEPLOY), "failed")
    assert "did not answer" in change["outcome"]["what"]
    mended(bench)


def test_a_dead_worker(bench: Workbench) -> None:
    bench.kill()
    killed, told = time.monotonic(), list[float]()
    waiting = bench.follow(*DEPLOY, "--set", "word=late")
    assert waiting.stderr is not None

    def listen(lines: Iterator[str]) -> None:
        told.extend(time.monotonic() for line in lines if "No worker answers." in line)

    listener = threading.Thread(target=listen, args=(iter(waiting.stderr),))
    listener.start()
    eventually(lambda: told, 25, lambda: "nobody said that no worker answers")
    assert told[0] - killed < 20
    worker = connection(bench, "worker")
    assert (worker["health"], worker["detail"]) == ("down", "No worker answers.")
    assert waiting.poll() is None
    bench.start()
    assert waiting.stdout is not None
    change = json.loads(waiting.stdout.read())
    listener.join()
    assert (waiting.wait(30), change["state"]) == (0, "succeeded")
    waiting.stdout.close()
    waiting.stderr.close()


def test_a_dead_kernel(bench: Workbench) -> None:
    """The notebook's process dies in the middle of an act: Helm goes on, and what it did is observed."""
    conductor = bench.conductor
    given: dict[str, object] = {"release": "tiny", "channel": "dev", "sets": {"word": "broken off"}}
    change = conductor.changes.request(conductor.actor("requester"), "deploy_release", given, "to be killed")

    def started() -> bool:
        return any(op.state is OperationState.STARTED for op in conductor.operations.of(change.id))

    eventually(lambda: started() and bench.processes("helm upgrade"), 60)
    for kernel in bench.processes("kernel.py"):
        kernel.kill()
    ended = bench.ended(change.id)
    (act, *_) = conductor.operations.of(change.id)
    assert (ended.state.value, act.dispatches, act.result["observed"]) == ("succeeded", 1, "done")
    assert [r.made_by(change.id) for r in conductor.releases.history("tiny", "dev")].count(True) == 1


def test_a_policy_that_does_not_compile(bench: Workbench, tmp_path: Path) -> None:
    bundle = shutil.copytree(PROJECT_ROOT / "policies" / "opa", tmp_path / "opa")
    with_worker(bench, bench.with_settings(policy_bundle=str(bundle)))
    rule = bundle / "workload" / "broken.rego"
    rule.write_text("package workload\n\ndeny contains finding if {\n\tfinding := := 1\n}\n")
    change = ended_badly(bench, bench.cli(*DEPLOY), "denied")
    reasons = [r for v in change["verdicts"] if v["result"] == "deny" for r in v["reasons"]]
    assert any("workload/broken.rego:4" in reason["text"] for reason in reasons), reasons
    assert all(reason["clears_by"] for reason in reasons), reasons
    rule.unlink()
    assert bench.cli("change", "replan", change["id"], "--as", "requester", "--json").code == 0
    assert bench.ended(change["id"]).state.value == "succeeded"


def test_a_helm_too_old(bench: Workbench, tmp_path: Path) -> None:
    stub = tmp_path / "helm"
    stub.write_text("#!/bin/sh\necho v3.10.0\n")
    stub.chmod(0o755)
    old = bench.with_settings(helm=str(stub))
    error = bench.cli(*DIFF, environment=old)
    assert (error.code, error.error["what"]) == (2, "Helm v3.10.0 can't be used.")
    assert connection(bench, "helm", old)["health"] == "down"
    with_worker(bench, old)
    change = ended_badly(bench, bench.cli(*DEPLOY), "failed")
    assert "3.14" in change["outcome"]["why"]
    mended(bench)


ON_A_SMALL_DISK = """
import json, os, subprocess, sys, time
worker, deploy, show, status = json.loads({commands!r})
log = open({log!r}, "ab")
process = subprocess.Popen(worker, stdout=log, stderr=log)
def run(argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    return {{"code": done.returncode, "out": json.loads(done.stdout)}}
try:
    for name in range(4096):
        try:
            (volume / f"filler-{{name}}").write_bytes(b"x" * 65536)
        except OSError:
            break
    answers = {{"full": run(deploy), "status": run(status)}}
    for filler in volume.glob("filler-*"):
        filler.unlink()
    answers["again"] = run([*show, answers["full"]["out"]["id"], "--json"])
    answers["mended"] = run(deploy)
    print(json.dumps(answers))
finally:
    process.terminate()
    process.wait(45)
"""


def test_a_full_disk(bench: Workbench) -> None:
    """The evidence lies on a volume of 2 MB, which fills up while a worker is at work."""
    bench.stop()
    blobs = bench.home / "blobs"
    shutil.rmtree(blobs, ignore_errors=True)
    blobs.mkdir()
    conductor = str(Path(sys.executable).with_name("conductor"))
    worker = [sys.executable, "-m", "conductor_core.entrypoints.worker"]
    commands = [worker, [conductor, *DEPLOY], [conductor, "change", "show"], [conductor, "status", "--json"]]
    log = str(bench.home / "small-disk.log")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bench.environment.items():
            patch.setenv(name, value)
        said = SmallVolume(blobs)("2m", ON_A_SMALL_DISK.format(commands=json.dumps(commands), log=log))
    full, status, again, mended = (json.loads(said)[name] for name in ("full", "status", "again", "mended"))
    outcome = full["out"]["outcome"]
    assert (full["code"], full["out"]["state"], all(outcome.values())) == (1, "failed", True), full
    assert f"The volume of {blobs} is full" in outcome["why"], outcome
    (evidence,) = [c for c in status["out"]["connections"] if c["name"] == "evidence"]
    assert evidence["health"] == "down"
    assert (again["code"], again["out"]["outcome"]) == (0, outcome)
    assert (mended["code"], mended["out"]["state"]) == (0, "succeeded")


def test_a_port_in_use(bench: Workbench) -> None:
    """The workbench takes the next free port, and says which."""
    bench.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        first = bench.with_settings(ui_port=str(port), api_port=str(port))
        try:
            up = bench.cli("up", "--json", environment=first, timeout=150)
            assert up.code == 0, up
            ports = {int(up.json[name].rsplit(":", 1)[1]) for name in ("url", "api_url")}
            assert len(ports) == 2
            assert all(port < each <= port + 50 for each in ports)
        finally:
            assert bench.cli("down", "--json", environment=first).code == 0
    assert not [p for p in bench.processes("streamlit", "entrypoints") if p.status() != psutil.STATUS_ZOMBIE]


def test_a_database_that_does_not_answer(bench: Workbench) -> None:
    change = bench.cli(*DEPLOY, "--set", "word=before").json
    elsewhere = bench.with_settings(database_url="postgresql://nobody@127.0.0.1:1/conductor")
    lost = bench.cli("change", "show", change["id"], "--json", environment=elsewhere)
    assert (lost.code, set(lost.error)) == (5, {"what", "why", "next"})
    assert connection(bench, "database", elsewhere)["health"] == "down"
    # The embedded one is started by whoever needs it first, and everything is there.
    embedded.stop(bench.home)
    bench.conductor.store._engine.dispose()  # type: ignore[attr-defined]  # the connections of this process are dead
    assert bench.cli("change", "show", change["id"], "--json").json["seal"] == change["seal"]
    mended(bench)
