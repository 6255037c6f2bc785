"""Every event becomes rows; what the read model says of a Change is what the Change itself says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from conductor_core.domain import audit_model as model
from conductor_core.domain import changes as c
from conductor_core.domain.changes import State
from conductor_core.domain.events import Event
from conductor_core.ports.audit_database import Position, Row
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.examples import examples
from tests.fakes.conductor import build
from tests.fakes.domain import ALLOW, DENY

TABLES = {table.name: table for table in model.STORED}
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Memory:
    """A read model in memory: rows by table, those with a key replaced."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Any, Row]] = {}
        self.position = Position()

    def known(self, table: str, keys: Any) -> dict[tuple[object, ...], Row]:
        have = self.rows.get(table, {})
        return {tuple(key): have[tuple(key)] for key in keys if tuple(key) in have}

    def take(self, events: list[RecordedEvent], at_once: int = 1000) -> None:
        for start in range(0, len(events), at_once):
            batch = project(events[start : start + at_once], self.position, self.known)
            for name, rows in batch.rows.items():
                table, into = TABLES[name], self.rows.setdefault(name, {})
                for row in rows:
                    key = tuple(row[table.names.index(k)] for k in table.key) if table.key else len(into)
                    into[key] = row
            self.position = batch.position

    def all(self, table: str) -> list[dict[str, Any]]:
        return [dict(zip(TABLES[table].names, row, strict=True)) for row in self.rows.get(table, {}).values()]


def facts(*types: tuple[str, dict[str, object]], subject: str = "chg-1") -> list[RecordedEvent]:
    return [
        RecordedEvent(n * 3, Event(f"evt-{n}", kind, subject, NOW + timedelta(seconds=n), "local|requester", data))
        for n, (kind, data) in enumerate(types, 1)
    ]


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_the_read_model_says_what_the_change_says(tmp_path: Path, at_once: int) -> None:
    conductor = build(tmp_path)
    changes = {conductor.settled(state).id for state in State}
    memory = Memory()
    memory.take(conductor.store.events(limit=10_000), at_once)
    rows = {row["id"]: row for row in memory.all("changes")}
    assert set(rows) == changes
    for change in conductor.changes.find():
        row = rows[change.id]
        said = (row["state"], row["title"], row["target"], row["tier"], row["requester"], row["reason"], row["plan"])
        plan = change.plan_digest
        want = (change.state.value, change.title, change.target, change.tier, change.requester.key, change.reason, plan)
        assert said == want
        assert (row["seal"], row["notebook"]) == (change.seal, change.notebook)
        assert row["requested_at"] == change.created_at
        assert (row["release"], row["channel"]) == ("intelgraph", change.parameters["channel"])
        assert row["checks_passed"] == sum(check.passed for check in change.checks)
        assert row["checks_failed"] == sum(not check.passed for check in change.checks)
        assert bool(row["finished_at"]) == change.terminal
        assert row["operations"] == len(conductor.operations.of(change.id))
    assert memory.position.events == len(memory.all("events")) == len(conductor.store.events(limit=10_000))
    assert [e["ordinal"] for e in memory.all("events")] == list(range(memory.position.events))


def test_batches_of_any_size_give_the_same_rows(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    for state in State:
        conductor.settled(state)
    events = conductor.store.events(limit=10_000)
    one, many = Memory(), Memory()
    one.take(events, 1)
    many.take(events)
    assert {t: sorted(map(repr, r.values())) for t, r in one.rows.items()} == {
        t: sorted(map(repr, r.values())) for t, r in many.rows.items()
    }


def test_gates_findings_and_approvals(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    change = conductor.requested()
    conductor.plan(change.id, DENY)
    conductor.changes.replan(conductor.actor("requester"), change.id)
    conductor.plan(change.id, ALLOW)
    conductor.clock.step(90)
    conductor.changes.approve(conductor.actor("approver"), change.id, reason="looks right")
    memory = Memory()
    memory.take(conductor.store.events(limit=100))
    assert [(g["gate"], g["result"], g["reasons"]) for g in memory.all("gates")] == [
        ("policy", "deny", 1),
        ("policy", "allow", 0),
    ]
    found = memory.all("findings")
    assert [(f["rule"], f["effect"], f["clears_by"]) for f in found] == [("no-latest", "deny", "Pin the tag.")]
    warning = {"rule": "old", "text": "An old API.", "path": "", "clears_by": "", "warns": True}
    denial = {name: value for name, value in warning.items() if name != "warns"} | {"rule": "gone"}
    verdict = {"gate": "server", "result": "deny", "reasons": [denial, warning], "rules_run": 2, "evidence": ""}
    mixed = Memory()
    mixed.take(facts(("conductor.gates.judged.v1", {"plan": "sha256:x", "verdicts": [verdict]})))
    assert [(f["rule"], f["effect"]) for f in mixed.all("findings")] == [("gone", "deny"), ("old", "warn")]
    [approval] = memory.all("approvals")
    assert (approval["actor"], approval["reason"]) == ("local|approver", "looks right")
    assert approval["waited_seconds"] >= 90
    [row] = memory.all("changes")
    assert (row["state"], row["plans"], row["denials"], row["approvals"]) == ("approved", 2, 1, 1)


def test_a_voided_approval_and_an_unknown_end() -> None:
    outcome: dict[str, object] = {"what": "It can't be told.", "why": "The worker died.", "next": "Look."}
    memory = Memory()
    memory.take(
        facts(
            ("conductor.change.requested.v1", {"runbook": "deploy_release", "parameters": {"release": "a"}}),
            ("conductor.plan.made.v1", {"plan": "sha256:1", "summary": {"version": "1.2"}, "facts": {"commit": "abc"}}),
            ("conductor.approval.given.v1", {"plan": "sha256:1", "reason": ""}),
            ("conductor.approvals.voided.v1", {"plan": "sha256:2", "changed": ["commit: a → b"]}),
            ("conductor.execution.started.v1", {"plan": "sha256:2"}),
            ("conductor.operation.started.v1", {"key": "up", "kind": "helm_upgrade", "dispatches": 1}),
            ("conductor.operation.dispatched_again.v1", {"key": "up", "kind": "helm_upgrade", "dispatches": 2}),
            ("conductor.operation.unknown.v1", {"key": "up", "kind": "helm_upgrade", "dispatches": 2}),
            ("conductor.change.unknown.v1", outcome),
        )
    )
    [row] = memory.all("changes")
    assert (row["state"], row["approvals"], row["version"], row["git_commit"]) == ("unknown", 0, "1.2", "abc")
    assert (row["outcome"], row["outcome_why"], row["operations"]) == ("It can't be told.", "The worker died.", 1)
    [act] = memory.all("operations")
    assert (act["state"], act["dispatches"]) == ("unknown", 2)
    assert act["finished_at"] - act["started_at"] == timedelta(seconds=2)
    assert [void["changed"] for void in memory.all("voids")] == ['["commit: a → b"]']


def test_zero_rules_and_no_verdict_are_denials() -> None:
    none: dict[str, object] = {"plan": "p", "verdicts": []}
    zero: dict[str, object] = {
        "plan": "p",
        "verdicts": [{"gate": "x", "result": "allow", "rules_run": 0, "reasons": []}],
    }
    for data in (none, zero):
        memory = Memory()
        memory.take(facts(("conductor.gates.judged.v1", data)))
        assert memory.all("changes")[0]["state"] == "denied"


def test_policy_decisions() -> None:
    reason = {"rule": "tag", "text": "Tag latest.", "path": "/spec", "clears_by": "Pin it."}
    decided: dict[str, object] = {
        "family": "workload",
        "result": "deny",
        "denials": [reason, reason],
        "warnings": [reason],
        "rules_run": 9,
        "input": "sha256:1",
        "bundle": "sha256:2",
        "engine": "regopy",
        "microseconds": 80,
    }
    memory = Memory()
    memory.take(facts(("conductor.policy.decided.v1", decided)))
    [row] = memory.all("decisions")
    assert (row["family"], row["denials"], row["warnings"], row["microseconds"]) == ("workload", 2, 1, 80)
    assert [f["effect"] for f in memory.all("findings")] == ["deny", "deny", "warn"]
    assert {f["gate"] for f in memory.all("findings")} == {"policy/workload"}


KINDS = [
    "conductor.change.requested.v1",
    "conductor.plan.made.v1",
    "conductor.gates.judged.v1",
    "conductor.change.failed.v1",
    "conductor.approval.given.v1",
    "conductor.approvals.voided.v1",
    "conductor.policy.decided.v1",
    "nonsense",
    "",
    "conductor.operation.started.v1",
    "conductor.operation.succeeded.v1",
    "conductor.change.sealed.v1",
    "conductor..v1",
    "conductor.change.unknown.v1",
    "conductor.plan.requested.v1",
    "conductor.change.v1",
    "dev.cdevents.service.deployed",
]
NAMES = [
    "plan",
    "verdicts",
    "evidence",
    "denials",
    "checks",
    "outcome",
    "parameters",
    "key",
    "kind",
    "summary",
    "dispatches",
]
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from([*NAMES, "gate"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=examples(120), deadline=None)
@given(
    some.lists(some.tuples(some.sampled_from(KINDS), some.dictionaries(some.sampled_from(NAMES), VALUES)), max_size=8)
)
def test_whatever_an_event_says_it_becomes_a_row(said: list[tuple[str, dict[str, object]]]) -> None:
    memory = Memory()
    memory.take(facts(*said))
    assert len(memory.all("events")) == len(said)
    for name, table in TABLES.items():
        for row in memory.all(name):
            for column in table.columns:
                value, kinds = row[column.name], PYTHON[column.type]
                assert value is None or isinstance(value, kinds), (name, column.name, value)


PYTHON: dict[str, type | tuple[type, ...]] = {
    "BIGINT": int,
    "INTEGER": int,
    "VARCHAR": str,
    "JSON": str,
    "TIMESTAMP": datetime,
    "DOUBLE": float,
    "BOOLEAN": bool,
}


def test_what_is_about_no_change_is_an_event_and_nothing_else() -> None:
    memory = Memory()
    memory.take(facts(("conductor.setting.changed.v1", {"name": "x"}), subject="settings"))
    assert set(memory.rows) == {"events"}


def test_a_change_that_is_settled_keeps_its_notebook(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    change = conductor.settled(State.UNKNOWN)
    conductor.changes.apply(change.id, c.Settle(conductor.actor("captain"), True, "I looked."))
    memory = Memory()
    memory.take(conductor.store.events(limit=100))
    [row] = memory.all("changes")
    assert (row["state"], row["outcome_why"]) == ("succeeded", "I looked.")
