"""The contract of `Rollouts`, on the played controller and on the real one: each act, and what it must not do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.kubernetes import KubernetesCluster, KubernetesPatches
from conductor_core.domain import rollout_acts as acts
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Phase, Rollout
from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.rollouts import Rollouts
from tests.fakes.cluster import FakeCluster
from tests.fakes.rollouts import fake, manifest
from tests.real.conftest import kubectl, namespace, plane  # noqa: F401  # fixtures that the real half asks for by name


@dataclass
class World:
    """The port, the cluster under it, and how time passes there."""

    rollouts: Rollouts
    cluster: Cluster
    namespace: str
    passes: Callable[[], None]

    def put(self, **more: Any) -> None:
        """Apply a Rollout."""
        self.cluster.apply(manifest(self.namespace, **more), dry_run=False, field_manager="kubectl")
        self.passes()

    def until(self, said: Callable[[Rollout], bool], seconds: float = 90) -> Rollout:
        """The Rollout once that is true of it."""
        end = time.monotonic() + seconds
        while True:
            now = self.rollouts.get(self.namespace, "api")
            if said(now):
                return now
            assert time.monotonic() < end, acts.state(now)
            time.sleep(0.2)

    def held(self) -> Rollout:
        """The first version everywhere, the second one held by its pause at 20 %."""
        self.put()
        self.until(lambda r: r.finished)
        self.put(tag="2.0.0")
        return self.until(lambda r: bool(r.pauses) and r.updated == 1)

    def does(self, act: Act, **more: str) -> acts.ReadBack:
        """Do an act, wait until its promise is kept, and give what was read back."""
        while True:
            seen = self.rollouts.get(self.namespace, "api")
            was = acts.before(seen, more.get("to_hash", ""), more.get("at", ""))
            try:
                self.rollouts.act(seen, act, **more)
            except ConflictError:  # the controller was first: decide again
                continue
            break
        end = time.monotonic() + 5

        def kept(now: Rollout) -> bool:
            reached = acts.read_back(act, was, now).reached
            if not reached and time.monotonic() > end:
                self.rollouts.nudge(now)
            return reached

        self.until(kept)
        return acts.read_back(act, was, self.rollouts.get(self.namespace, "api"))


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.real, pytest.mark.slow])])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        cluster = FakeCluster()
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        rollouts, _, player = fake(cluster)
        yield World(rollouts, cluster, "shop", player.play)
        return
    real = request.getfixturevalue("plane")
    live = KubernetesCluster(real.kubeconfig, real.context)
    patches = KubernetesPatches(real.kubeconfig, real.context)
    yield World(ArgoRollouts(live, patches), live, request.getfixturevalue("namespace"), lambda: None)


def test_a_rollout_is_read_as_it_stands(world: World) -> None:
    now = world.held()
    assert (now.step, now.weight, now.actual, now.updated, now.wanted) == (1, 20, 20, 1, 5)
    assert (now.phase, now.moving, now.version, now.images) == (
        Phase.PAUSED,
        True,
        "2.0.0",
        ("registry.test/api:2.0.0",),
    )
    assert [s.kind for s in now.steps] == ["weight", "pause", "weight"]
    assert [r.name for r in world.rollouts.all(world.namespace)] == ["api"]
    detail = world.rollouts.detail(world.namespace, "api")
    assert {s.role: s.wanted for s in detail.replica_sets} == {"canary": 1, "stable": 4}
    assert [s.revision for s in detail.replica_sets] == [2, 1]


def test_promote_goes_on_to_the_end(world: World) -> None:
    world.held()
    assert world.does(Act.PROMOTE).happened
    assert world.until(lambda r: r.finished).actual == 100


def test_promote_full_and_then_nothing_is_left_to_abort(world: World) -> None:
    world.held()
    assert world.does(Act.PROMOTE_FULL).reached
    now = world.until(lambda r: r.finished)
    assert "must not touch" in acts.no_effect(now, Act.ABORT)
    assert acts.no_effect(now, Act.PROMOTE)
    assert acts.no_effect(now, Act.PROMOTE_FULL)


def test_abort_gives_everybody_the_stable_version_and_retry_starts_again(world: World) -> None:
    was = world.held()
    back = world.does(Act.ABORT)
    assert back.reached
    assert "aborted" in back.seen
    now = world.until(lambda r: r.phase is Phase.DEGRADED)
    assert (now.actual, now.available, now.stable_hash) == (0, 5, was.stable_hash)
    assert acts.no_effect(now, Act.ABORT) == "It is aborted already."
    assert world.does(Act.RETRY).reached
    assert world.until(lambda r: bool(r.pauses)).updated == 1


def test_pause_holds_and_resume_lets_go(world: World) -> None:
    world.held()
    assert world.does(Act.PAUSE).reached
    assert world.does(Act.RESUME).happened
    now = world.until(lambda r: r.finished)
    assert (now.paused_by_hand, now.pauses, now.actual) == (False, (), 100)


def test_skip_leaves_one_step_behind(world: World) -> None:
    world.held()
    assert world.does(Act.SKIP).happened


def test_undo_goes_back_to_a_revision(world: World) -> None:
    was = world.held()
    assert world.does(Act.UNDO, to_hash=was.stable_hash).reached
    now = world.until(lambda r: r.finished)
    assert (now.version, now.current_hash) == ("1.0.0", was.stable_hash)
    with pytest.raises(NotFoundError):
        world.rollouts.act(now, Act.UNDO, to_hash="gone")


def test_restart_is_recognised_by_its_time(world: World) -> None:
    world.put(replicas=1)
    world.until(lambda r: r.finished)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    assert world.does(Act.RESTART, at=at).reached


def test_an_act_on_what_has_changed_writes_nothing(world: World) -> None:
    seen = world.held()
    world.does(Act.ABORT)
    with pytest.raises(ConflictError):
        world.rollouts.act(seen, Act.PROMOTE_FULL)
    with pytest.raises(ConflictError):
        world.rollouts.act(seen, Act.UNDO, to_hash=seen.stable_hash)
    assert world.rollouts.get(world.namespace, "api").aborted


def test_what_is_not_there_is_said(world: World) -> None:
    with pytest.raises(NotFoundError, match="There is no Rollout"):
        world.rollouts.get(world.namespace, "nobody")
    assert world.rollouts.all(world.namespace) == ()
    assert world.rollouts.metrics(world.namespace, ("nobody",)) == ()
