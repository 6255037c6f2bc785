from __future__ import annotations

import json
import shlex
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.changes import Planned, State
from conductor_core.domain.gates import QUEUED, Reason, Result, Verdict, verdict
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.plans import Plan
from conductor_core.domain.rollout_acts import ReadBack
from conductor_core.entrypoints.cli.main import run
from tests.fakes.conductor import FakeConductor, build


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


class Shell:
    """Runs command lines on the fakes, and reads what they print."""

    def __init__(self, conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
        self._conductor, self._capsys = conductor, capsys
        self.err = ""

    def __call__(self, line: str, code: int = 0) -> str:
        assert run(shlex.split(line), lambda: self._conductor) == code
        said = self._capsys.readouterr()
        self.err = said.err
        return said.out

    def json(self, line: str, code: int = 0) -> Any:
        return json.loads(self(f"{line} --json", code))


@pytest.fixture
def shell(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(conductor, capsys)


def test_a_change_is_printed_with_every_field(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.SUCCEEDED)
    form = shell.json(f"change show {change.id}")
    assert form["id"] == change.id
    assert form["state"] == "succeeded"
    assert form["requester"] == "requester"
    assert form["approvals"] == {"given": 0, "required": 0, "by": []}
    assert form["verdicts"][0]["result"] == "allow"
    assert form["checks"] == [{"name": "pods", "passed": True, "detail": "3 of 3"}]
    assert form["outcome"]["what"] == "Done."
    assert form["url"].endswith(f"/changes?change={change.id}")
    assert form["created_at"].endswith("Z")
    wanted = {"title", "target", "tier", "runbook", "parameters", "reason", "plan_digest", "updated_at"}
    assert wanted <= set(form)


def test_a_denial_says_what_clears_it_and_nothing_twice(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.DENIED)
    why = Reason("no-latest", "The tag latest is no version.", clears_by="Pin the tag.")
    twice = Verdict("policy", Result.DENY, (why, replace(why, path="web")), 2)
    conductor.memory.save(replace(change, version=change.version + 1, verdicts=(twice,)), change.version, [])
    said = shell(f"change show {change.id}")
    assert said.count("The tag latest is no version.") == 1
    assert said.count("Pin the tag.") == 1


def test_what_only_warns_is_not_what_has_to_be_cleared(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.DENIED)
    denies, warns = Reason("a", "No tag.", clears_by="Tag it."), Reason("b", "No scan.", clears_by="Scan it.")
    mixed = verdict("policy", denials=[denies], warnings=[warns], rules_run=2)
    conductor.memory.save(replace(change, version=change.version + 1, verdicts=(mixed,)), change.version, [])
    said = shell(f"change show {change.id}")
    assert "deny: No tag.; (warns) No scan." in said
    assert "Tag it." in said
    assert "Scan it." not in said


def test_what_waits_for_a_wave_is_queued_for_people_and_denied_for_programs(
    conductor: FakeConductor, shell: Shell
) -> None:
    asked = conductor.requested()
    why = Reason(QUEUED, "A wave of shop/api runs.", clears_by="Wait for the wave, or end it.")
    conductor.changes.apply(asked.id, Planned(Plan((), {}), (Verdict("waves", Result.DENY, (why,), 1),), 0))
    assert f"{asked.id}  queued  " in shell("change list")
    assert f"{asked.id}  queued  " in shell(f"change show {asked.id}")
    assert shell.json(f"change show {asked.id}")["state"] == "denied"


def test_what_was_read_back_is_printed_rollout_by_rollout(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.SUCCEEDED)
    back = ReadBack(True, False, "0 %, 5 replicas", "Degraded, 20 %")
    told: dict[str, object] = {"read_back": {"dev/a": back.as_json()}}
    row = Operation(change.id, "fleet_abort", "fleet_abort", {}, OperationState.STARTED, change.created_at)
    conductor.operations.begin(row)
    conductor.operations.finish(row.finished(OperationState.FAILED, told, change.created_at))
    assert "dev/a not finished: Degraded, 20 % (promised: 0 %, 5 replicas)" in " ".join(
        shell(f"change show {change.id}").split()
    )
    assert shell.json(f"change show {change.id}")["read_back"] == [
        {"rollout": "dev/a", "word": "not finished", **back.as_json()}
    ]


def test_the_life_of_a_change_from_the_shell(conductor: FakeConductor, shell: Shell) -> None:
    conductor.worker.prompt = True
    asked = shell.json('release deploy intelgraph --channel staging --reason "new image" --as requester')
    refused = shell.json(f"change approve {asked['id']} --as requester", code=4)
    assert refused["error"]["what"] == "The requester of a Change can't approve it."
    waiting = shell.json(f"change wait {asked['id']}", code=3)
    assert waiting["state"] == "awaiting_approval"
    approved = shell.json(f'change approve {asked["id"]} --as approver --reason "read it"')
    assert approved["approvals"] == {"given": 1, "required": 1, "by": ["approver"]}
    assert shell.json(f"change wait {asked['id']}")["state"] == "succeeded"
    assert "validation started" in shell.err
    listed = shell.json("change list --state succeeded --requester requester")["changes"]
    assert [change["id"] for change in listed] == [asked["id"]]
    assert shell.json("change list --requester captain")["changes"] == []


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.SUCCEEDED, 0),
        (State.AWAITING_APPROVAL, 3),
        (State.DENIED, 3),
        (State.FAILED, 1),
        (State.UNKNOWN, 1),
    ],
)
def test_wait_exits_with_what_the_state_means(conductor: FakeConductor, shell: Shell, state: State, code: int) -> None:
    change = conductor.settled(state)
    assert shell.json(f"change wait {change.id}", code)["state"] == state.value


def test_wait_gives_up_when_the_time_is_over(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.EXECUTING)
    error = shell.json(f"change wait {change.id} --timeout 0.1", code=5)["error"]
    assert error["what"] == f"{change.id} is still executing."


@pytest.mark.slow
def test_wait_goes_on_through_an_approval(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)

    def later() -> None:
        time.sleep(0.5)
        conductor.worker.prompt = True
        conductor.changes.approve(conductor.actor("approver"), change.id)

    helper = threading.Thread(target=later)
    helper.start()
    assert shell.json(f"change wait {change.id} --through-approval --timeout 30")["state"] == "succeeded"
    helper.join()


def test_approve_waits_for_the_plan(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.requested()
    planner = threading.Timer(0.4, conductor.plan, (change.id,))
    planner.start()
    assert shell.json(f"change approve {change.id} --as approver")["state"] == "approved"
    planner.join()


def test_approve_of_another_plan_is_refused(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    error = shell.json(f"change approve {change.id} --as approver --plan sha256:0", code=3)["error"]
    assert error["what"] == "This approval is for another plan."


@pytest.mark.parametrize(
    ("line", "state", "ends"),
    [
        ("reject {id} --as approver --reason wrong", State.AWAITING_APPROVAL, "rejected"),
        ("cancel {id} --as requester", State.AWAITING_APPROVAL, "cancelled"),
        ("replan {id} --as requester", State.DENIED, "requested"),
        ("settle {id} --failed --as captain --reason looked", State.UNKNOWN, "failed"),
        ("settle {id} --succeeded --as captain --reason looked", State.UNKNOWN, "succeeded"),
    ],
)
def test_acts(conductor: FakeConductor, shell: Shell, line: str, state: State, ends: str) -> None:
    change = conductor.settled(state)
    assert shell.json(f"change {line.format(id=change.id)}")["state"] == ends


def test_settle_asks_how_it_ended(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.UNKNOWN)
    error = shell.json(f"change settle {change.id} --as captain --reason looked", code=2)["error"]
    assert "--succeeded" in error["why"]


def test_whoever_acts_must_be_named(conductor: FakeConductor, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDUCTOR_ACTOR", raising=False)
    change = conductor.settled(State.AWAITING_APPROVAL)
    error = shell.json(f"change reject {change.id} --reason wrong", code=2)["error"]
    assert "requester, approver, captain" in error["why"]
    monkeypatch.setenv("CONDUCTOR_ACTOR", "approver")
    assert shell.json(f"change reject {change.id} --reason wrong")["state"] == "rejected"


def test_an_unknown_change_is_named(shell: Shell) -> None:
    assert "chg-" in shell.json("change show nothing", code=2)["error"]["why"]
    assert shell.json("change events chg-01KB0000000000000000000000", code=2)["error"]["what"].startswith("There is no")


def test_events_are_json_lines_in_order(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.SUCCEEDED)
    items = [json.loads(line) for line in shell(f"change events {change.id} --json").splitlines()]
    facts = [item["event"]["type"] for item in items if item["kind"] == "fact"]
    assert facts[0] == "conductor.change.requested.v1"
    assert facts[-1] == "conductor.change.sealed.v1"
    assert [item["line"]["text"] for item in items if item["kind"] == "line"] == ["run.perform()", "revision 2\n"]
    assert [item["operation"]["state"] for item in items if item["kind"] == "operation"] == ["succeeded"]


@pytest.mark.slow
def test_events_follow_within_a_second(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    seen: list[tuple[float, str]] = []
    monkeypatch.setattr("sys.stdout", _Timed(seen))
    done: list[float] = []

    def act() -> None:
        time.sleep(0.6)
        conductor.changes.approve(conductor.actor("approver"), change.id)
        done.append(time.monotonic())
        conductor.start(change.id)
        time.sleep(0.5)
        conductor.finish(change.id)

    helper = threading.Thread(target=act)
    helper.start()
    assert run(["change", "events", change.id, "--follow", "--json"], lambda: conductor) == 0
    helper.join()
    approved = next(at for at, text in seen if "conductor.approval.given" in text)
    assert approved - done[0] < 1.0
    assert "conductor.change.sealed" in seen[-1][1]
    states = [json.loads(text)["operation"]["state"] for _, text in seen if '"kind": "operation"' in text]
    assert states == ["started", "succeeded"]


class _Timed:
    """A stdout that notes when each line came."""

    def __init__(self, seen: list[tuple[float, str]]) -> None:
        self._seen = seen

    def write(self, text: str) -> int:
        self._seen.append((time.monotonic(), text))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


def test_people_read_tables_of_80_columns(conductor: FakeConductor, shell: Shell) -> None:
    change = conductor.settled(State.FAILED)
    for line in ("change list", f"change show {change.id}"):
        said = shell(line)
        assert said
        assert "\x1b" not in said
        assert all(len(row) <= 80 for row in said.splitlines()), said
    assert change.id in shell("change list")


def test_an_empty_list_says_how_to_fill_it(shell: Shell) -> None:
    assert "conductor runbook list" in shell("change list")
