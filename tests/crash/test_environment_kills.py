"""`kill -9` of the worker and its kernel in the middle of applies of tofu: each is applied once, and no state is lost.

`CONDUCTOR_CRASH_APPLY_KILLS` says how many kills (3; `make crash`: 100), `CONDUCTOR_CRASH_SEED` repeats their choices.
"""

from __future__ import annotations

import json
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.changes import Change, State
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.crash.workbench import ENDED, Workbench, eventually, opened
from tests.real.conftest import run_kubectl

pytestmark = [pytest.mark.real, pytest.mark.crash, pytest.mark.slow]

KILLS = int(os.environ.get("CONDUCTOR_CRASH_APPLY_KILLS", "3"))
SEED = int(os.environ.get("CONDUCTOR_CRASH_SEED") or random.SystemRandom().randrange(10**6))
NODES = (24, 40)
"""How many nodes an apply leaves: each round goes to the other number, so that something is made or destroyed."""
MOMENTS = ('"version"', '"apply_start"', '"apply_complete"', '"apply_complete"')
"""What stands in tofu's event log when the first kill of a round comes."""


@pytest.fixture
def bench(plane: Endpoints) -> Iterator[Workbench]:
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


@pytest.mark.timeout(300 + 90 * KILLS)
def test_no_kill_in_the_middle_of_an_apply_applies_twice_or_loses_the_state(bench: Workbench, plane: Endpoints) -> None:
    chance, ends = random.Random(SEED), Counter[str]()
    name, mark = f"t{uuid.uuid4().hex[:8]}", uuid.uuid4().bytes
    cidr, killed, round_ = f"10.{mark[0]}.{mark[1] & 0xF0}.0/20", 0, 0
    serial = 0
    while killed < KILLS:
        wanted = NODES[round_ % 2]
        change_id = requested(bench, name, cidr, wanted)
        log = bench.home / "environments" / name / "runs" / f"{change_id}.jsonl"
        moment = chance.choice(MOMENTS)
        reached(bench, change_id, log, moment)
        killed += kill(bench)
        while killed < KILLS and bench.change(change_id).state is State.EXECUTING and chance.random() < 0.5:
            time.sleep(chance.uniform(0, 2))  # some moment of the next worker's, also one in which it waits or observes
            killed += kill(bench)
        change = bench.ended(change_id, 300)
        ends[change.state.value] += 1
        serial = checked(bench, change, events(log), serial)
        there = nodes(plane, name)
        assert len(there) == wanted, (len(there), wanted)
        round_ += 1
        print(f"{killed} of {KILLS} kills in the middle of applies, {dict(ends)}; seed {SEED}", flush=True)
    destroy(bench, name)
    assert nodes(plane, name) == []
    assert set(ends) == {"succeeded"}, ends


def nodes(plane: Endpoints, name: str) -> list[str]:
    return run_kubectl(plane, "get", "nodes", "-l", f"conductor.summit/environment={name}", "-o", "name").split()


def requested(bench: Workbench, name: str, cidr: str, nodes: int) -> str:
    """The id of an approved Change that brings the environment to so many nodes."""
    pools = f"node_pools={{general={{nodes={nodes}}}}}"
    values = ["--var", f"network_cidr={cidr}", "--var", pools, "--allow-destroy"]
    asked = ["env", "request", name, "--blueprint", "summit-local", *values, "--reason", "a test"]
    argv = [*asked, "--as", "requester", "--json"]
    change_id = str(bench.cli(*argv).json["id"])
    approve(bench, change_id)
    return change_id


def approve(bench: Workbench, change_id: str) -> None:
    eventually(lambda: bench.change(change_id).state is not State.REQUESTED, 120, lambda: bench.log[-2000:])
    for who in ("approver", "captain"):
        if bench.change(change_id).state is State.AWAITING_APPROVAL:
            assert bench.cli("change", "approve", change_id, "--as", who, "--json").code == 0


def reached(bench: Workbench, change_id: str, log: Path, moment: str) -> None:
    """Wait until `moment` stands in tofu's event log; else tell the Change, and what tofu has said."""

    def said() -> str:
        return log.read_text(errors="replace") if log.is_file() else ""

    eventually(lambda: moment in said(), 180, lambda: f"{moment} isn't in {said()[-2000:]!r}; {bench.story(change_id)}")


def kill(bench: Workbench) -> int:
    """Kill kernel and worker, not tofu; start the worker again."""
    for process in bench.processes("ipykernel", "kernel.py"):
        process.kill()
    bench.kill()
    bench.start()
    return 1


def events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]


def checked(bench: Workbench, change: Change, told: list[dict[str, Any]], before: int) -> int:
    """Every act was sent once, in one run of tofu, and the state has grown; gives its serial."""
    acts = bench.conductor.operations.of(change.id)
    assert change.state in ENDED, change.state
    if change.state is not State.SUCCEEDED:  # an assertion would cut it short
        print(f"{change.outcome}\n{acts}\n{bench.story(change.id)}\n{bench.log[-20_000:]}", flush=True)
    assert change.state is State.SUCCEEDED, change.outcome
    started = [(e["hook"]["resource"]["addr"], e["hook"]["action"]) for e in told if e["type"] == "apply_start"]
    assert started
    assert len(started) == len(set(started))
    assert sum(e["type"] == "version" for e in told) == 1
    [applied] = [op for op in acts if op.kind == "tofu_apply"]
    serial = int(str(applied.result["serial"]))
    assert serial > before
    return serial


def destroy(bench: Workbench, name: str) -> None:
    argv = ("env", "destroy", name, "--confirm", name, "--reason", "the test is over", "--as", "requester", "--json")
    change_id = bench.cli(*argv).json["id"]
    approve(bench, change_id)
    assert bench.ended(change_id, 240).state is State.SUCCEEDED
