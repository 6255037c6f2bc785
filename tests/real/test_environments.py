"""Environments on the real control plane: provisioned, validated, contested, killed in the middle, destroyed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from conductor_core.domain.changes import State
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.crash.workbench import Answer, Workbench, eventually, opened

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

POOLS = 'node_pools={general={nodes=1},memory={nodes=1,cpu=16,memory="128Gi"}}'


@pytest.fixture(scope="module")
def bench(plane: Endpoints) -> Iterator[Workbench]:
    """A workbench on this project's own blueprints, planning with the identity that may only read."""
    settings = {
        "CONDUCTOR_TOFU": str(plane.bin / "tofu"),
        "CONDUCTOR_TOFU_CONFIG": str(plane.tofu_config),
        "CONDUCTOR_PLAN_KUBECONFIG": str(plane.kubeconfig.with_name("planner.yaml")),
        "CONDUCTOR_INFRA": str(PROJECT_ROOT),
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
