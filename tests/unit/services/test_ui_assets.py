"""The files of a UI: who is asked for them, what a check says, and what a purge sends."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConfigurationError, OffError, ToolError
from conductor_core.services.operations import Context
from conductor_core.services.ui_assets import AssetsPurge, UiAssets
from tests.fakes.web import FakeWeb

HOME = "https://ui.test/shop-dev/shop/"
HTML = '<script src="app.js"></script><link rel="stylesheet" href="https://cdn.test/app.css"><img src="//evil.test/x">'
UI = {"kind": "Deployment", "metadata": {"labels": {"app.kubernetes.io/component": "ui"}}, "spec": {"template": {}}}


class World:
    """A release with a UI, its web, and the settings."""

    def __init__(self, **settings: Any) -> None:
        given = {
            "intelgraph_ui_url": "https://ui.test/{namespace}/{release}/",
            "asset_hosts": "cdn.test",
            "cdn_purge": "PURGE",
            "cdn_token": SecretStr(""),
        }
        self.settings = SimpleNamespace(**(given | settings))
        self.web = FakeWeb({HOME: (200, HTML), HOME + "app.js": (200, ""), "https://cdn.test/app.css": (404, "")})
        self.manifests: tuple[Any, ...] = (UI,)
        self.rendered: list[str] = []
        reader = SimpleNamespace(
            render=self._render,
            namespace=lambda release, channel: f"{release}-{channel}",
            manifests=lambda release, channel: self.manifests,
            channel=lambda release, channel: (None, SimpleNamespace(tier="dev")),
        )
        self.slept: list[float] = []
        self.assets = UiAssets(cast("Any", reader), self.web, lambda: cast("Any", self.settings), self.slept.append)
        self.change = cast("Change", SimpleNamespace(parameters={"release": "shop", "channel": "dev"}, plan=None))
        self.context = cast("Context", SimpleNamespace(change=self.change, say=lambda text: None))

    def _render(self, release: str, ref: str) -> SimpleNamespace:
        self.rendered.append(ref)
        return SimpleNamespace(objects={"ui": UI})


def test_only_the_page_and_named_hosts_are_asked() -> None:
    page = World().assets.look("shop", "dev")
    assert [(a.address, a.status) for a in page.assets] == [
        (HOME + "app.js", 200), ("https://cdn.test/app.css", 404), ("https://evil.test/x", 0),
    ]  # fmt: skip
    assert [a.address for a in page.missing] == ["https://cdn.test/app.css"]


def test_a_release_without_a_ui_is_told_from_one_that_is_down() -> None:
    world = World()
    world.manifests = ({"kind": "Deployment", "metadata": {"labels": {}}, "spec": {"template": {}}},)
    with pytest.raises(OffError, match="shop in dev has no UI") as bad:
        world.assets.look("shop", "dev")
    assert "app.kubernetes.io/component: ui" in bad.value.why


def test_a_silent_host_counts_as_missing() -> None:
    world = World()
    del world.web.answers["https://cdn.test/app.css"]
    assert [a.status for a in world.assets.look("shop", "dev").missing] == [504]


def test_a_check_looks_again_before_it_fails() -> None:
    world = World()
    look = world.assets.probe(world.context)
    assert (look.passed, look.hopeless, world.slept) == (False, True, [2.0] * 4)
    world.web.answers["https://cdn.test/app.css"] = (200, "")
    assert world.assets.probe(world.context).passed


@pytest.mark.parametrize(("settings", "manifests"), [({"intelgraph_ui_url": ""}, (UI,)), ({}, ())])
def test_what_has_no_ui_is_not_asked(settings: dict[str, Any], manifests: tuple[Any, ...]) -> None:
    world = World(**settings)
    world.manifests = manifests
    look = world.assets.probe(world.context)
    assert look.passed
    assert look.detail.startswith("not asked")


def test_the_files_of_a_ui_that_argo_cd_installs_are_asked_for() -> None:
    world = World()
    world.manifests = ()  # Helm has no revision of it
    plan = SimpleNamespace(facts={"application": "argocd/shop", "commit": "c1"})
    change = SimpleNamespace(parameters=world.change.parameters, plan=plan)
    context = cast("Context", SimpleNamespace(change=change))
    detail = world.assets.probe(context).detail
    assert "1 of 2 files are missing" in detail
    assert "Runbook purge_assets" in detail
    assert set(world.rendered) == {"commit:c1/dev"}


def test_without_address_page_or_cache_it_says_so() -> None:
    with pytest.raises(ConfigurationError, match="where the UI is"):
        World(intelgraph_ui_url="").assets.look("shop", "dev")
    with pytest.raises(ConfigurationError, match="No cache"):
        World(cdn_purge="").assets.plan(World().change)
    world = World()
    world.web.answers[HOME] = (503, "starting")
    with pytest.raises(ToolError, match="answers 503"):
        world.assets.look("shop", "dev")


@pytest.mark.parametrize("way", ["PURGE", "https://cdn.test/purge"])
def test_a_purge_sends_what_the_plan_names(way: str) -> None:
    world = World(cdn_purge=way, cdn_token=SecretStr("hunter22"))
    draft = world.assets.plan(world.change)
    world.web.answers["https://cdn.test/app.css"] = (200, "")
    assert world.assets.plan(world.change) == draft, "what a file answers voids no approval"
    assert "hunter22" not in str(draft)
    world.change.plan = cast("Any", SimpleNamespace(facts=draft.facts))  # type: ignore[misc]  # a stand-in
    files = [HOME, HOME + "app.js", "https://cdn.test/app.css"]
    act = AssetsPurge(world.assets)
    request = act.prepare(world.context)
    assert request == {"files": files}
    world.web.answers["https://cdn.test/purge"] = (200, "")
    done, _ = act.dispatch(world.context, request)
    assert done is Observation.DONE
    if way == "PURGE":
        assert [(m, u) for m, u, _ in world.web.sent] == [("PURGE", f) for f in files]
    else:
        ((method, address, body),) = world.web.sent
        assert (method, address, json.loads(body or b"")) == ("POST", way, {"files": files})
    world.web.answers |= {"https://cdn.test/purge": (403, ""), HOME: (405, "")}
    with pytest.raises(ToolError, match="did not drop"):
        act.dispatch(world.context, request)
