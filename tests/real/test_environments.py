"""Environments on the real control plane: provisioned, validated, contested, killed in the middle, destroyed."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conductor_core.domain import changes as c
from conductor_core.domain.changes import State
from conductor_core.localplane.build import build
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT, Settings
from tests.crash.workbench import Answer, Workbench, eventually, opened

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

SPACE = """apiVersion: v1
kind: Namespace
metadata:
  name: NAME
  labels:
    summit.example/tier: dev
    summit.example/owner: platform
    app.kubernetes.io/part-of: tests
    pod-security.kubernetes.io/enforce: restricted
"""
WORKER = """apiVersion: apps/v1
kind: Deployment
metadata: {name: maestro-worker, namespace: NAME}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: worker
          image: registry.summit.example/maestro/worker:1.0.0
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
POOLS = 'node_pools={general={nodes=1},memory={nodes=1,cpu=16,memory="128Gi"}}'


@pytest.fixture(scope="module")
def infra() -> Iterator[Path]:
    """A copy of this project's blueprints, modules, manifests and charts, which a test may edit."""
    with tempfile.TemporaryDirectory(prefix="infra-") as made:
        for part in ("infra/terraform", "infra/k8s", "helm"):
            shutil.copytree(PROJECT_ROOT / part, Path(made) / part)
        yield Path(made)


@pytest.fixture(scope="module")
def bench(plane: Endpoints, infra: Path) -> Iterator[Workbench]:
    """A workbench on that copy, planning with the identity that may only read."""
    settings = {
        "CONDUCTOR_HELMFILE": str(build(Settings(), only=["helmfile"]).path("helmfile")),
        "CONDUCTOR_TOFU": str(plane.bin / "tofu"),
        "CONDUCTOR_TOFU_CONFIG": str(plane.tofu_config),
        "CONDUCTOR_PLAN_KUBECONFIG": str(plane.kubeconfig.with_name("planner.yaml")),
        "CONDUCTOR_INFRA": str(infra),
    }
    with opened(plane, (), settings) as bench:
        bench.commit({"channels.yaml": "releases: {}\n"})
        bench.start()
        yield bench


@pytest.fixture
def conductor(bench: Workbench) -> Callable[..., Answer]:
    """Runs a command and compares its exit code."""

    def run(*argv: str, code: int = 0) -> Answer:
        answer = bench.cli(*argv)
        assert answer.code == code, (argv, answer)
        return answer

    return run


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:8]}"


def network() -> str:
    """A network of 10.0.0.0/8 that hardly any other run has."""
    mark = uuid.uuid4().bytes
    return f"10.{mark[0]}.{mark[1] & 0xF0}.0/20"


def asked(name: str, cidr: str, *more: str) -> list[str]:
    return ["env", "request", name, "--blueprint", "summit-local", "--var", f"network_cidr={cidr}", *more,
            "--reason", "a test", "--as", "requester", "--json"]  # fmt: skip


def approved(bench: Workbench, change_id: str, *who: str) -> None:
    eventually(lambda: bench.change(change_id).state is not State.REQUESTED, 120, bench.log.__str__)
    for actor in who:
        if bench.change(change_id).state is State.AWAITING_APPROVAL:
            answer = bench.cli("change", "approve", change_id, "--as", actor, "--json")
            assert answer.code == 0, answer


def destroyed(bench: Workbench, name: str) -> str:
    """Destroy it the regular way; gives the state of the Change."""
    argv = ("env", "destroy", name, "--confirm", name, "--reason", "the test is over", "--as", "requester", "--json")
    change_id = bench.cli(*argv).json["id"]
    approved(bench, change_id, "approver", "captain")
    return bench.ended(change_id, 240).state.value


def test_two_pools_are_provisioned_validated_contested_and_destroyed(
    bench: Workbench, conductor: Callable[..., Answer], kubectl: Callable[..., str], name: str
) -> None:
    cidr = network()
    plan = ("env", "plan", name, "--blueprint", "summit-local", "--var", f"network_cidr={cidr}", "--var", POOLS)
    planned = conductor(*plan, "--as", "requester", "--json", code=2).json
    assert planned["blast_radius"]["create"] == 16
    assert {v["result"] for v in planned["verdicts"]} == {"allow"}, planned["verdicts"]

    change_id = conductor(*asked(name, cidr, "--var", POOLS)).json["id"]
    approved(bench, change_id, "approver")
    change = bench.ended(change_id, 240)
    assert change.state is State.SUCCEEDED, (change.outcome, change.checks, change.verdicts)
    checks = {check.name: check.detail for check in change.checks}
    assert checks["environment_nodes"] == "general: 1 of 1 Ready, memory: 1 of 1 Ready"
    assert checks["environment_drift"] == "a new plan finds nothing to do"
    nodes = json.loads(kubectl("get", "nodes", "-l", f"conductor.summit/environment={name}", "-o", "json"))["items"]
    assert {n["status"]["capacity"]["cpu"] for n in nodes} == {"4", "16"}
    quota = kubectl("get", "resourcequota", "compute", "-n", f"{name}-intelgraph", "-o", "name")
    assert quota == "resourcequota/compute"

    assert conductor(*plan, "--as", "requester", "--json", code=0).json["changes_nothing"] is True
    shown = conductor("env", "show", name, "--json").json
    assert (shown["state"], shown["health"], shown["version"]) == ("active", "healthy", "1.0.0")
    assert shown["outputs"]["namespaces"]["system"] == f"{name}-system"

    other = conductor(*asked(f"{name}x", cidr)).json["id"]
    eventually(lambda: bench.change(other).state is State.DENIED, 120)
    [verdict] = [v for v in bench.change(other).verdicts if v.gate == "policy/environment"]
    assert verdict.reasons[0].text == f"{cidr} overlaps {cidr} of {name}."

    kubectl("delete", "namespace", f"{name}-system", "--wait=false")
    ill = conductor("env", "validate", name, "--as", "requester", "--json").json["id"]
    ended = bench.ended(ill, 240)
    assert ended.state is State.FAILED
    assert conductor("env", "show", name, "--json").json["health"] == "degraded"

    denied = conductor("env", "destroy", name, "--reason", "no", "--as", "requester", "--json", code=2)
    assert "not confirmed" in denied.error["what"]
    assert destroyed(bench, name) == "succeeded"
    assert kubectl("get", "nodes", "-l", f"conductor.summit/environment={name}", "-o", "name") == ""
    assert conductor("env", "show", name, "--json").json["state"] == "destroyed"


def test_two_people_ask_for_one_environment_at_once(bench: Workbench, name: str) -> None:
    cidr = network()
    first, second = (bench.cli(*asked(name, cidr)).json["id"] for _ in range(2))
    for change_id in (first, second):
        eventually(lambda c=change_id: bench.change(c).state is State.AWAITING_APPROVAL, 180)  # type: ignore[misc]  # bound now
    approved(bench, first, "approver")
    assert bench.ended(first, 240).state is State.SUCCEEDED
    approved(bench, second, "approver")
    eventually(lambda: bench.change(second).state in (State.FAILED, State.AWAITING_APPROVAL) and
               bench.change(second).version > 4, 240)  # fmt: skip
    after = bench.change(second)
    assert after.state is State.FAILED, (after.state, after.void_reasons)
    assert after.outcome is not None
    assert "Nothing would change" in after.outcome.what
    assert not [op for op in bench.conductor.operations.of(second) if op.kind == "tofu_apply"]
    assert destroyed(bench, name) == "succeeded"


def test_add_ons_come_by_helmfile_and_an_upgrade_shows_its_plan(
    bench: Workbench, conductor: Callable[..., Answer], kubectl: Callable[..., str], infra: Path, name: str
) -> None:
    bigger = 'namespaces={intelgraph={part_of="intelgraph",cpu="40",memory="80Gi"}}'
    values = ["--var", f"network_cidr={network()}", "--var", "intelgraph=true", "--var", bigger]
    asked = ["env", "request", name, "--blueprint", "summit-dev", *values, "--reason", "a test", "--as", "requester"]
    change_id = conductor(*asked, "--json").json["id"]
    approved(bench, change_id, "approver")
    change = bench.ended(change_id, 300)
    assert change.state is State.SUCCEEDED, (change.outcome, change.checks, bench.conductor.operations.of(change_id))
    assert change.plan is not None
    assert "intelgraph" in change.plan.summary["add-ons"]
    assert b"Templating release=intelgraph" in bench.conductor.evidence.read(change, "helmfile.log")
    [synced] = [op for op in bench.conductor.operations.of(change_id) if op.kind == "helmfile_sync"]
    assert synced.result["releases"] == {f"{name}-intelgraph/intelgraph": "deployed"}
    told = [line.text for line in bench.conductor.run_log.read(change_id)]
    assert any(text.startswith("event") and f"{name}-intelgraph/" in text for text in told)

    file = infra / "infra/terraform/blueprints/summit-dev/blueprint.yaml"
    file.write_text(file.read_text().replace("version: 1.1.0", "version: 1.2.0"))
    anew = sorted(bench.conductor.environments.addresses(name))[0]
    plan = conductor("env", "plan", name, "--replace", anew, "--as", "requester", "--json", code=2).json
    assert (plan["blast_radius"]["replace"], [r["address"] for r in plan["resources"]]) == (1, [anew])
    upgrade = conductor("env", "request", name, "--reason", "1.2.0", "--as", "requester", "--json").json["id"]
    approved(bench, upgrade, "approver")
    assert bench.ended(upgrade, 300).state is State.SUCCEEDED
    assert conductor("env", "show", name, "--json").json["version"] == "1.2.0"
    assert destroyed(bench, name) == "succeeded"


def test_a_namespace_is_repaired_and_a_worker_restarted_unless_a_task_is_mid_flight(
    bench: Workbench, conductor: Callable[..., Answer], kubectl: Callable[..., str], infra: Path, name: str
) -> None:
    (infra / f"infra/k8s/namespaces/{name}.yaml").write_text(SPACE.replace("NAME", name))

    def run(book: str, *parameters: str) -> str:
        argv = [word for p in parameters for word in ("-p", p)]
        return str(
            conductor("runbook", "run", book, *argv, "--reason", "a test", "--as", "requester", "--json").json["id"]
        )

    repair = run("repair_namespace", f"namespace={name}")
    ended = bench.ended(repair, 120)
    assert ended.state is State.SUCCEEDED, (ended.outcome, ended.verdicts)
    kubectl("apply", "-f", "-", text=WORKER.replace("NAME", name))
    try:
        place = (f"namespace={name}", "deployment=maestro-worker")
        bench.stop()
        busy, waiting = run("restart_worker", *place), run("restart_worker", *place)
        bench.conductor.execution.plan(busy)
        approved(bench, busy, "approver")
        bench.conductor.changes.apply(busy, c.Start(bench.change(busy).plan_digest))
        bench.conductor.execution.plan(waiting)
        refused = bench.change(waiting)
        assert refused.state is State.DENIED
        [reason] = [r for v in refused.verdicts if v.gate == "worker-idle" for r in v.reasons]
        assert f"Restart maestro-worker in {name} ({busy}) is executing" in reason.text
        bench.start()
        done = bench.ended(busy, 180)
        assert done.state is State.SUCCEEDED, (done.outcome, done.checks)
        mark = "jsonpath={.spec.template.metadata.annotations.conductor\\.summit/restarted-by}"
        assert kubectl("get", "deployment", "maestro-worker", "-n", name, "-o", mark) == busy
        logs = bench.ended(run("policy_logs", f"namespace={name}", "denials_only=true"), 120)
        [read] = [op for op in bench.conductor.operations.of(logs.id) if op.kind == "policy_logs"]
        assert "has no Deployment policy-engine" in str(read.result["engine"])
    finally:
        kubectl("delete", "namespace", name, "--wait=false")
