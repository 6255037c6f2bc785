"""Operations: at most one dispatch, whatever dies in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from conductor_core.domain.operations import Observation, OperationState
from conductor_core.errors import ConductorError, NotFoundError, StateError, ToolError, UnreachableError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context, Facts, OperationService
from tests.fakes import domain
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.operation_store import MemoryOperationStore


class Died(BaseException):
    """Stands for the process's death: nothing of ours catches it."""


class World:
    """A driver over a list of acts; `dies` says where the process dies, `fails` what the act raises."""

    def __init__(self) -> None:
        self.acts: list[str] = []
        self.dies = ""
        self.fails: ConductorError | None = None
        self.seen: Observation | None = None

    def prepare(self, context: Context) -> Facts:
        return {"before": len(self.acts)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        if self.dies == "before":
            raise Died
        if self.fails:
            raise self.fails
        self.acts.append(context.operation_id)
        if self.dies == "after":
            raise Died
        return Observation.DONE, {"acts": len(self.acts)}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        if self.seen is not None:
            return self.seen, {"seen": "as told"}
        done = len(self.acts) > int(str(request["before"]))
        return (Observation.DONE if done else Observation.ABSENT), {}


class Desk:
    """An operation service over one world."""

    def __init__(self) -> None:
        clock = SteppingClock()
        self.world = World()
        self.rows = MemoryOperationStore(MemoryChangeStore(), clock)
        self.service = OperationService(self.rows, {"act": self.world}, clock)
        self.said: list[str] = []
        self.context = Context(domain.change(), HeldLock("x", -1), self.said.append)

    def act(self) -> OperationState:
        return self.service.perform(self.context, "act").state


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_act_is_done_once_and_told_again(desk: Desk) -> None:
    assert desk.act() is OperationState.SUCCEEDED
    assert desk.act() is OperationState.SUCCEEDED
    assert len(desk.world.acts) == 1
    assert desk.said[-1] == "act: already succeeded"


def test_death_after_the_act_is_observed_and_not_repeated(desk: Desk) -> None:
    desk.world.dies = "after"
    with pytest.raises(Died):
        desk.act()
    desk.world.dies = ""
    assert desk.act() is OperationState.SUCCEEDED
    assert len(desk.world.acts) == 1
    assert desk.rows.of("chg-01")[0].dispatches == 1


def test_death_before_the_act_lets_it_happen_once(desk: Desk) -> None:
    desk.world.dies = "before"
    with pytest.raises(Died):
        desk.act()
    desk.world.dies = ""
    assert desk.act() is OperationState.SUCCEEDED
    assert len(desk.world.acts) == 1
    assert desk.rows.of("chg-01")[0].dispatches == 2


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Observation.UNCLEAR, OperationState.UNKNOWN),
        (Observation.FAILED, OperationState.FAILED),
        (Observation.DONE, OperationState.SUCCEEDED),
    ],
)
def test_what_is_observed_decides(desk: Desk, seen: Observation, state: OperationState) -> None:
    desk.world.dies = "before"
    with pytest.raises(Died):
        desk.act()
    desk.world.dies, desk.world.seen = "", seen
    assert desk.act() is state
    assert desk.world.acts == []


def test_a_failed_act_keeps_its_diagnostics(desk: Desk) -> None:
    desk.world.fails = ToolError("helm said no", why="the schema", next="mend the values")
    ended = desk.service.perform(desk.context, "act")
    assert ended.state is OperationState.FAILED
    assert (ended.result["what"], ended.result["next"]) == ("helm said no", "mend the values")


def test_an_act_that_raised_but_happened_has_succeeded(desk: Desk) -> None:
    desk.world.fails = UnreachableError("the connection broke")
    desk.world.seen = Observation.DONE
    assert desk.act() is OperationState.SUCCEEDED


def test_a_world_that_cant_be_observed_leaves_it_unknown(desk: Desk) -> None:
    class Blind(World):
        def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
            raise UnreachableError("no answer")

    blind = Blind()
    blind.fails = UnreachableError("no answer")
    service = OperationService(desk.rows, {"act": blind}, SteppingClock())
    assert service.perform(desk.context, "act").state is OperationState.UNKNOWN


def test_an_act_that_has_not_begun_gives_way_to_an_emergency(desk: Desk) -> None:
    desk.context = replace(desk.context, overtaken=lambda: "chg-urgent")
    with pytest.raises(StateError, match="gives way to the emergency chg-urgent"):
        desk.act()
    assert (desk.world.acts, desk.rows.of("chg-01")) == ([], [])


@pytest.mark.parametrize(("dies", "state", "acts"), [("before", "failed", 0), ("after", "succeeded", 1)])
def test_an_act_found_half_done_is_observed_and_not_begun_again_beside_an_emergency(
    desk: Desk, dies: str, state: str, acts: int
) -> None:
    desk.world.dies = dies
    with pytest.raises(Died):
        desk.act()
    desk.world.dies, desk.context = "", replace(desk.context, overtaken=lambda: "chg-urgent")
    assert desk.act().value == state
    assert len(desk.world.acts) == acts
    (row,) = desk.rows.of("chg-01")
    assert row.dispatches == 1
    assert ("chg-urgent" in str(row.result.get("what"))) is (acts == 0)


def test_an_unknown_kind_is_named(desk: Desk) -> None:
    with pytest.raises(NotFoundError) as bad:
        desk.service.perform(desk.context, "fly")
    assert "act" in bad.value.why
