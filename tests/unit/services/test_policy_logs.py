"""The policy engine's log and the record's decisions, without what was judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.changes import Change
from conductor_core.domain.events import Fact
from conductor_core.errors import InputError, UnreachableError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context, Facts
from conductor_core.services.policy_logs import DECIDED, PolicyLogs
from tests.fakes.conductor import FakeConductor, build

LOG = json.dumps({
    "decision_id": "d-1", "path": "workload/deny", "input": {"password": "hunter22"}, "msg": "Decision Log",
    "result": {"deny": ["no"], "echo": "hunter22"},
})  # fmt: skip


PEM = "-----BEGIN PRIVATE KEY-----\nMIIabcdef\n-----END PRIVATE KEY-----"


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    made = build(tmp_path)
    place = {"namespace": "maestro-system"}
    made.cluster.put(
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "policy-engine", **place},
            "spec": {"selector": {"matchLabels": {"app": "opa"}}},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "opa-1", "labels": {"app": "opa"}, **place}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "opa-2", "labels": {"app": "opa"}, **place}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-1", "labels": {"app": "api"}, **place}},
    )  # fmt: skip
    made.cluster.log["maestro-system", "opa-1"] = f"starting with token=hunter23\n{PEM}\n{LOG}\n"
    reason = {"rule": "workload/root", "text": "It runs as root."}
    for result, denials in (("allow", []), ("deny", [reason])):
        fact = Fact(DECIDED, {"family": "workload", "result": result, "denials": denials, "warnings": []})
        made.ledger.append([fact], f"chg-{result}", SYSTEM)
    return made


def read(conductor: FakeConductor, **more: object) -> Facts:
    given: dict[str, object] = {"namespace": "maestro-system", "deployment": "policy-engine", "lines": 50}
    change = Change(**{**vars(conductor.requested()), "parameters": given | {"denials_only": False} | more})
    logs = PolicyLogs(conductor.store, conductor.cluster, bytes(16))
    logs.plan(change)
    return logs.dispatch(Context(change, HeldLock("x", 0), lambda _: None), {})[1]


def test_the_log_comes_without_the_input_that_was_judged(conductor: FakeConductor) -> None:
    found = read(conductor)
    kept = {"decision_id": "d-1", "msg": "Decision Log", "path": "workload/deny", "result": {"deny": ["no"]}}
    assert found["log"] == ["opa-1: starting with token=••••", "opa-1: ••••", f"opa-1: {json.dumps(kept)}"]
    assert str(found["engine"]).startswith("2 pods of maestro-system/policy-engine; opa-2 gives no log: ")


def test_decisions_are_given_newest_first_with_their_reasons(conductor: FakeConductor) -> None:
    decisions = read(conductor)["decisions"]
    assert isinstance(decisions, list)
    assert [" ".join(line.split()[3:6]) for line in decisions] == [
        "chg-deny workload deny:",
        "chg-allow workload allow",
    ]
    assert decisions[0].endswith("workload/root: It runs as root.")
    assert read(conductor, denials_only=True)["decisions"] == decisions[:1]
    assert len(read(conductor, lines=1)["decisions"]) == 1  # type: ignore[arg-type]  # a list, as above


def test_an_engine_elsewhere_and_a_cluster_that_is_down_are_told_and_the_record_is_given(
    conductor: FakeConductor,
) -> None:
    elsewhere = read(conductor, deployment="opa")
    assert "has no Deployment opa" in str(elsewhere["engine"])
    conductor.cluster.failure = UnreachableError("The cluster does not answer.")
    assert "can't be asked" in str(read(conductor)["engine"])
    assert len(read(conductor)["decisions"]) == 2  # type: ignore[arg-type]  # a list


@pytest.mark.parametrize("lines", [0, -1, 1001])
def test_more_than_is_kept_is_refused(conductor: FakeConductor, lines: int) -> None:
    with pytest.raises(InputError, match="lines can't be read"):
        read(conductor, lines=lines)
