"""What is installed is what was planned: another post-renderer than the approved one stops the deploy."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from conductor_core.domain.operations import Observation
from conductor_core.errors import StateError
from conductor_core.services.helm_operations import HelmUpgrade
from conductor_core.services.operations import Context
from conductor_core.services.release_renders import post_told
from tests.unit.services.test_releases import World, with_overlay


def context(world: World, facts: dict[str, str]) -> Context:
    plan = SimpleNamespace(facts={"commit": world.reader.commit("shop", "staging"), **facts})
    change = SimpleNamespace(parameters={"release": "shop", "channel": "staging"}, plan=plan)
    lock = SimpleNamespace(fd=0)
    return cast("Context", SimpleNamespace(change=change, operation_id="op-1", lock=lock, say=lambda text: None))


def test_only_the_planned_post_renderer_is_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    program = with_overlay(world)
    world.post_renderers["overlay"] = (str(program),)
    planned = post_told(world.reader.chart_request("shop", "staging"))
    upgrade = HelmUpgrade(world.helm, world.reader)
    program.write_text(program.read_text() + "# changed since\n")
    for facts in (planned, {}):
        with pytest.raises(StateError, match="post-renderer of shop is not the one that was planned"):
            upgrade.dispatch(context(world, facts), {})
    assert world.reader.history("shop", "staging") == ()
    now = post_told(world.reader.chart_request("shop", "staging"))
    assert upgrade.dispatch(context(world, now), {})[0] is Observation.DONE
    assert "mirror.test/shop:1.4.2" in world.reader.history("shop", "staging")[0].manifest
