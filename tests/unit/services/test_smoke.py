"""Suites run on a web of prepared answers: green, red, under load, by k6; gate, check and plan around them."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.domain.gates import Result
from conductor_core.domain.smoke import Check, Expect, Measured, SmokeRun, Suite, Thresholds
from conductor_core.errors import ConfigurationError, NotFoundError
from conductor_core.ports.locks import HeldLock
from conductor_core.ports.web import WebAnswer
from conductor_core.services.operations import Context
from conductor_core.services.planning import Draft
from conductor_core.services.smoke import SmokeParts, SmokeService, addresses
from conductor_core.services.smoke_gate import SmokeCheck, SmokeGate, SmokePlan
from conductor_core.services.smoke_runner import SmokeRunner
from conductor_core.settings import Settings
from tests.fakes.conductor import API, FakeConductor, build
from tests.fakes.domain import change
from tests.fakes.smoke_runs import MemorySmokeRuns
from tests.fakes.smoke_suites import FakeK6, ShelfOfSuites
from tests.fakes.web import FakeWeb

WHERE: dict[str, object] = {"release": "intelgraph", "channel": "staging"}
GRAPH = Check(
    "graph",
    "POST",
    "/graphql",
    Expect(json={"/data/x": 1}, graphql=True),
    {},
    {"query": "{ x }", "variables": {"k": "{k}"}},
)


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def run(conductor: FakeConductor, suite: str = "health", channel: str = "dev") -> SmokeRun:
    return conductor.smoke.run(suite, "intelgraph", channel, conductor.actor("requester"), lambda _: None)


def test_green_and_red_are_kept_with_a_fact(conductor: FakeConductor) -> None:
    heard: list[str] = []
    green = conductor.smoke.run("health", "", "dev", conductor.actor("requester"), heard.append)
    assert green.passed
    assert heard[1].startswith("healthz: passed")
    red = run(conductor, "sick")
    assert (red.passed, red.failures) == (False, 1)
    assert "no answer" in red.problems[0]
    assert conductor.smoke.runs() == [red, green] or conductor.smoke.runs() == [green, red]
    facts = [row.event for row in conductor.memory.recorded if row.event.type == "conductor.smoke.ended.v1"]
    assert [(f.data["suite"], f.data["passed"]) for f in facts] == [("health", True), ("sick", False)]


def test_unknown_broken_and_unconfigured_suites_say_what_to_do(conductor: FakeConductor) -> None:
    with pytest.raises(NotFoundError) as none:
        run(conductor, "nothing")
    assert "health, sick" in none.value.why
    with pytest.raises(NotFoundError, match="half can't be used"):
        run(conductor, "half")
    lost = replace(conductor.smoke.suite("health"), base="moon")
    with pytest.raises(ConfigurationError, match="'moon'"):
        conductor.smoke.address(lost, "intelgraph", "dev")


@pytest.mark.parametrize(
    ("allowed", "seconds_each", "requests"),
    [(0.02, 0.1, 150), (0.5, 0.1, 20), (0.0, 0.1, 20), (0.02, 1.0, 20)],
    ids=["on until it can be judged", "long enough", "none may fail", "ten times as long at most"],
)
def test_a_load_goes_on_until_its_error_rate_can_be_judged(allowed: float, seconds_each: float, requests: int) -> None:
    now = [0.0]

    class Slow(FakeWeb):
        def get(self, url: str, *, headers: Mapping[str, str] | None = None, timeout: float = 5.0) -> WebAnswer:
            now[0] += seconds_each
            return super().get(url, headers=headers, timeout=timeout)

    suite = Suite("s", "S", "", "base", checks=(Check("c", "GET", "/"),), duration=2, thresholds=Thresholds(allowed))
    (found,) = SmokeRunner(Slow({"http://x/": (200, "")}), lambda: now[0]).run(suite, "http://x", lambda _: None)
    assert abs(found.requests - requests) <= 1


def test_load_goes_round_checks_and_rows_with_many_callers() -> None:
    ticks = itertools.count()
    lock = threading.Lock()

    def clock() -> float:  # every look at it takes ten milliseconds
        with lock:
            return next(ticks) / 100

    answers = {f"{API}/graphql": (200, '{"data": {"x": 1}}'), f"{API}/gone": (500, "")}
    web = FakeWeb(answers)
    gone = Check("gone", "GET", "/gone")
    suite = Suite("s", "S", "p", "b", "", (GRAPH, gone), ({"k": 1}, {"k": 2}), 4, 3.0)
    heard: list[str] = []
    graph, bad = SmokeRunner(web, clock).run(suite, API, heard.append)
    assert graph.requests > 10
    assert abs(graph.requests - bad.requests) <= 4
    assert (graph.failures, bad.failures) == (0, bad.requests)
    assert bad.why[0] == "status 500, not 200"
    assert any("requests, " in line for line in heard)
    assert {json.loads(body)["variables"]["k"] for _, _, body in web.sent if body} == {1, 2}


def test_k6_measures_and_its_thresholds_count(conductor: FakeConductor) -> None:
    k6 = FakeK6((Measured("http", 10, 0, 1, 900, 900, 900),), ("http_req_duration: p(95)<500",))
    suite = Suite("load", "Load", "p", "intelgraph", "intelgraph", k6="load.js", thresholds=Thresholds(p95=800))
    runs = MemorySmokeRuns(conductor.memory)
    parts = SmokeParts(
        ShelfOfSuites(suite), runs, SmokeRunner(FakeWeb({}), lambda: 0), k6, lambda: {"intelgraph": API}, lambda: 0
    )
    service = SmokeService(parts, conductor.releases, conductor.ledger, conductor.clock)
    done = service.run("load", "", "dev", conductor.actor("requester"), lambda _: None)
    assert (done.engine, done.passed, k6.ran) == ("k6", False, [("/suites/load.js", API)])
    assert done.problems == ("http_req_duration: p(95)<500", "http: p95 is 900 ms, more than 800")


def test_the_gate_asks_for_a_green_run_in_the_channel_before(conductor: FakeConductor) -> None:
    gate = SmokeGate(conductor.smoke, conductor.releases)

    def said() -> tuple[Result, str]:
        (verdict,) = gate(change(parameters=dict(WHERE)), Draft())
        return verdict.result, " ".join(r.text + " " + r.clears_by for r in verdict.reasons)

    assert said()[0] is Result.WARN
    assert "never run in dev" in said()[1]
    assert "conductor smoke health --release intelgraph --channel dev" in said()[1]
    run(conductor)
    assert said() == (Result.ALLOW, "")
    conductor.clock.step(86_401)
    assert "too long ago" in said()[1]
    del conductor.web.answers[f"{API}/healthz"]
    run(conductor)
    assert "failed" in said()[1]


def test_a_deploy_is_validated_by_the_suites_of_its_release(conductor: FakeConductor) -> None:
    check, heard = SmokeCheck(conductor.smoke), list[str]()
    asked = change(parameters=dict(WHERE))
    context = Context(asked, HeldLock("x", 0), heard.append)
    look = check(context)
    assert look.passed
    assert "health passed" in look.detail
    assert conductor.smoke.runs()[0].change_id == asked.id
    del conductor.web.answers[f"{API}/healthz"]
    assert (check(context).passed, check(context).hopeless) == (False, True)
    other = Context(change(parameters={**WHERE, "release": "shop"}), HeldLock("x", 0), heard.append)
    assert check(other).detail == "not asked: no suite is declared for this release"


def test_the_plan_names_suite_address_and_load(conductor: FakeConductor) -> None:
    draft = SmokePlan(conductor.smoke)(change(parameters={**WHERE, "suite": "health"}))
    assert draft.facts["address"] == API
    assert draft.summary["load"] == "each check once"


def test_addresses_come_from_settings(tmp_path: Path) -> None:
    given = Settings(home=tmp_path, smoke_urls="shop=https://{namespace}.shop.test, b=http://b")
    assert addresses(given) | {"conductor": ""} == {
        "intelgraph": "", "conductor": "", "shop": "https://{namespace}.shop.test", "b": "http://b",
    }  # fmt: skip
    with pytest.raises(ConfigurationError, match="CONDUCTOR_SMOKE_URLS"):
        addresses(Settings(home=tmp_path, smoke_urls="ftp://x"))
