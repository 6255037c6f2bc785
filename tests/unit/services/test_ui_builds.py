"""A UI that is built anew: what the plan binds, what is run, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conductor_core.domain.operations import Observation
from conductor_core.errors import ConflictError, NotFoundError, OffError
from conductor_core.services.ui_builds import UiBuild
from tests.fakes.builds import FakeBuilds
from tests.unit.services.test_ui_assets import UI, World

POD = {"spec": {"containers": [{"image": "registry.test:5000/shop/ui:1.8.0@sha256:" + "a" * 64}]}}


class Building(World):
    """The world of a UI, with a source and a program."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**({"ui_ref": "v{version}", "ui_build": "pnpm -C 'the client' build"} | settings))
        self.ui: dict[str, Any] = {**UI, "spec": {"template": POD}}
        self.source = FakeBuilds()
        self.commit = self.source.push("v1.8.0")
        self.act = UiBuild(self.assets, self.source)
        self.said: list[str] = []

    def _render(self, release: str, ref: str) -> SimpleNamespace:
        self.rendered.append(ref)
        return SimpleNamespace(objects={"ui": self.ui})

    def planned(self, **parameters: str) -> Any:
        """The context of a Change whose plan has been made."""
        change = SimpleNamespace(parameters={"release": "shop", "channel": "dev", **parameters}, plan=None)
        change.plan = SimpleNamespace(facts=self.act.plan(cast("Any", change)).facts)
        return SimpleNamespace(change=change, say=self.said.append)


def test_the_plan_binds_commit_and_program_and_the_build_runs_them() -> None:
    world = Building()
    context = world.planned()
    assert world.rendered == ["channel:dev"]
    request = world.act.prepare(context)
    assert request == {
        "ref": "v1.8.0", "commit": world.commit, "command": "pnpm -C 'the client' build", "version": "1.8.0",
    }  # fmt: skip
    done, result = world.act.dispatch(context, request)
    assert done is Observation.DONE
    assert world.commit[:12] in str(result["detail"])
    assert world.source.ran == [(world.commit, ("pnpm", "-C", "the client", "build"))]
    assert world.said == ["built 1.8.0"]
    assert world.act.observe(context, request)[0] is Observation.ABSENT


def test_a_ref_that_is_asked_for_goes_before_the_pattern() -> None:
    world = Building()
    commit = world.source.push("main")
    assert world.act.prepare(world.planned(ref="main"))["commit"] == commit


def test_what_changed_since_the_plan_is_refused() -> None:
    world = Building()
    context = world.planned()
    request = world.act.prepare(context)
    world.settings.ui_build = "pnpm publish"
    with pytest.raises(ConflictError, match="another one now"):
        world.act.dispatch(context, request)
    world.settings.ui_build = "pnpm -C 'the client' build"
    world.source.push("v1.8.0")
    with pytest.raises(ConflictError, match="moved"):
        world.act.dispatch(context, request)
    assert world.source.ran == []


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({"ui_build": ""}, OffError, "how the UI is built"),
        ({"ui_build": "pnpm 'build"}, OffError, "can't be read"),
        ({"ui_ref": "ui-{version}"}, NotFoundError, "no branch, tag or commit ui-1.8.0"),
        ({"intelgraph_ui_url": ""}, OffError, "where the UI is"),
    ],
)
def test_what_is_missing_is_said(settings: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        Building(**settings).planned()


def test_an_unknown_version_is_said_unless_no_version_is_needed() -> None:
    world = Building()
    world.ui = {"kind": "Service"}
    with pytest.raises(NotFoundError, match="which version"):
        world.planned()
    world.source.push("main")
    world.settings.ui_ref = "main"
    assert world.act.prepare(world.planned())["version"] == ""
