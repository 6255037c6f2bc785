"""Promotion of a set: planned from what runs and passed, committed once, held or queued while a wave runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain import changes as c
from conductor_core.domain.changes import Change, State
from conductor_core.domain.gates import queued as queued_up
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.runbooks import Parameter, Runbook
from conductor_core.domain.set_promotions import Cause
from conductor_core.errors import ConflictError, InputError, NotFoundError, StateError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context
from conductor_core.services.planning import Draft
from conductor_core.services.set_promotions import SetCommit
from conductor_core.services.wave_freeze import WaveFreeze
from tests.fakes.conductor import CHART, RUNBOOKS
from tests.pages import delivery_worlds
from tests.pages.delivery_worlds import World

PROMOTE = Runbook(
    "promote_set",
    "Promote the set of {source} to {to}",
    "Promotes.",
    "promote_set",
    "set_promote",
    "set/{to}",
    "dev",
    (
        Parameter("source", "str", "", required=True),
        Parameter("to", "str", "", required=True),
        Parameter("releases", "list", []),
        Parameter("left_out", "list", []),
    ),
    approvals={"default": 0},
)
FILE = "helm/intelgraph/values-staging.yaml"
CHANNELS = """releases:
  intelgraph:
    chart: helm/intelgraph
    channels:
      dev: {branch: dev, namespace: intelgraph-dev, values: [helm/intelgraph/values-dev.yaml], tier: dev}
      staging:
        {branch: staging, namespace: intelgraph-staging, values: [helm/intelgraph/values-staging.yaml], tier: staging}
"""


def tags(api: str, ui: str) -> bytes:
    return f"# versions\nimage: {{tag: {api}}}\nui: {{image: {{tag: {ui}}}}}\n".encode()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """dev runs api 1.4.3 and ui 2.3.0, staging's branch has 1.4.2 and 2.3.0."""
    monkeypatch.setitem(RUNBOOKS, "promote_set", PROMOTE)
    made = delivery_worlds.world(tmp_path)
    files = {**CHART, "channels.yaml": CHANNELS.encode(), FILE: tags("1.4.2", "2.3.0")}
    for branch in ("main", "dev", "staging"):
        made.conductor.repository.push(branch, {**files, "helm/intelgraph/values-dev.yaml": tags("1.4.3", "2.3.0")})
    releases = made.conductor.releases
    releases.refresh()
    sets = {"image.tag": "1.4.3", "ui.image.tag": "2.3.0"}
    made.conductor.helm.upgrade(releases.chart_request("intelgraph", "dev", sets=sets), "chg-second")
    return made


def asked(world: World, **more: Any) -> Change:
    given: dict[str, object] = {"source": "dev", "to": "staging", "releases": [], "left_out": [], **more}
    return world.conductor.changes.request(world.conductor.actor("requester"), "promote_set", given, "1.4.3 soaked")


def planned(world: World, change: Change) -> Context:
    draft = world.conductor.desk.promotions.plan(change)
    return Context(replace(change, plan=Plan((), draft.facts, draft.summary)), HeldLock("none", 0), lambda _: None)


def test_the_plan_says_what_is_promoted_and_what_stays(world: World) -> None:
    draft = world.conductor.desk.promotions.plan(asked(world))
    assert draft.summary["does"] == "one commit on staging: api 1.4.2 → 1.4.3"
    assert draft.summary["skipped"] == f"ui ({Cause.SAME.value})"
    assert draft.tier == "staging"
    assert b"+image: {tag: 1.4.3}" in draft.pieces["values.diff"][1]
    assert draft.facts["promotes api"] == "1.4.3"


def test_it_is_committed_once_also_after_a_crash(world: World) -> None:
    context = planned(world, asked(world))
    driver = SetCommit(world.conductor.desk.promotions)
    request = driver.prepare(context)
    assert driver.observe(context, request)[0] is Observation.ABSENT
    assert driver.dispatch(context, request)[0] is Observation.DONE
    repository = world.conductor.repository
    repository.fetch()
    tip = repository.resolve("staging")
    assert repository.read(tip, FILE) == tags("1.4.3", "2.3.0")
    assert driver.observe(context, request)[0] is Observation.DONE
    assert driver.dispatch(context, request)[1]["commits"] == {"staging": tip}
    world.conductor.releases.refresh()
    with pytest.raises(StateError, match="Nothing is to be promoted"):
        world.conductor.desk.promotions.plan(asked(world))


def test_a_branch_that_has_moved_on_is_not_written_to(world: World) -> None:
    context = planned(world, asked(world))
    driver = SetCommit(world.conductor.desk.promotions)
    request = driver.prepare(context)
    world.conductor.repository.push("staging", {"other": b"x"})
    world.conductor.releases.refresh()
    with pytest.raises(ConflictError):
        driver.dispatch(context, request)


@pytest.mark.parametrize(
    ("cause", "tag", "act"),
    [(Cause.WAVE_RUNS, "2.0.0", None), (Cause.NOT_VERIFIED, "2.0.0", Act.ABORT)],
)
def test_what_is_under_way_or_red_in_the_source_stays(world: World, cause: Cause, tag: str, act: Act | None) -> None:
    for version in ("1.0.0", tag):
        world.put("intelgraph-dev", version, "intelgraph", instance="intelgraph")
    if act:
        raw = world.put("intelgraph-dev", tag, "intelgraph", instance="intelgraph")
        raw["status"]["abort"] = True
        world.player.play()
    found = world.conductor.desk.promotions.preview("dev", "staging")
    assert {s.cause for s in found} == {cause}


def test_a_quarantined_version_and_one_that_nothing_runs_stay(world: World) -> None:
    promotions = world.conductor.desk.promotions
    assert {s.cause for s in promotions.preview("staging", "dev")} == {Cause.NOTHING_RUNS}
    world.conductor.quarantines.add(asked(world), "intelgraph", "dev", "1.4.3")
    assert Cause.QUARANTINED in {s.cause for s in promotions.preview("dev", "staging")}


def test_a_wish_that_can_not_be_is_said(world: World) -> None:
    promotions = world.conductor.desk.promotions
    for source, target, kind in (("dev", "dev", InputError), ("dev", "moon", NotFoundError)):
        with pytest.raises(kind):
            promotions.preview(source, target)


def test_a_promotion_into_a_frozen_set_is_refused_or_queued_until_the_wave_has_ended(world: World) -> None:
    for version in ("1.0.0", "2.0.0"):
        world.put("intelgraph-staging", version, "intelgraph", instance="intelgraph")
    change = asked(world)
    rollouts = world.conductor.desk.promotions.rollouts
    refusing = WaveFreeze(rollouts, world.conductor.releases)(change, Draft())[0]
    assert [r.rule for r in refusing.reasons] == ["waves/set-frozen"]
    queued = world.conductor.desk.queued
    verdict = queued.freeze(change, Draft())[0]
    assert queued_up([verdict])
    assert "planned again by itself" in verdict.reasons[0].text
    assert not queued_up([refusing])
    assert queued.freeze.of_promotion("staging") == list(verdict.reasons), "said before it is asked for"
    assert queued.freeze.of_promotion("prod") == []
    world.conductor.changes.apply(change.id, c.Planned(Plan((), {}), (verdict,), 0))
    assert world.conductor.changes.get(change.id).state is State.DENIED
    assert queued.once() == []
    raw = world.put("intelgraph-staging", "2.0.0", "intelgraph", instance="intelgraph")
    raw["status"]["promoteFull"] = True
    world.player.play()
    assert queued.once() == [change.id]
    assert world.conductor.changes.get(change.id).state is State.REQUESTED
