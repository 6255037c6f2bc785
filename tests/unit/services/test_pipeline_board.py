"""The board of pipelines: listed once, then fed by the stream."""

from __future__ import annotations

import pytest

from conductor_core.domain.pipelines import application
from conductor_core.errors import UnreachableError
from conductor_core.ports.argocd import Watched
from conductor_core.services.pipeline_board import PipelineBoard
from tests.fakes.argocd import FakeArgoCd, copied, raw_application, raw_pipeline


def board(argocd: FakeArgoCd) -> PipelineBoard:
    """A board whose follower runs when the test says so."""
    return PipelineBoard(argocd, lambda: 0.0, lambda _: None, lambda _: None)


@pytest.fixture
def argocd() -> FakeArgoCd:
    fake = FakeArgoCd()
    fake.put(raw_application("shop-dev", "shop", history=[{"id": 1, "revision": "a"}]), raw_application("solo"))
    fake.sets["shop"] = raw_pipeline("shop")
    return fake


def test_what_the_stream_brings_is_on_the_board_without_another_list(argocd: FakeArgoCd) -> None:
    found = board(argocd)
    assert [p.name for p in found.live().pipelines] == ["shop", "(none)"]
    bad = copied(raw_application("shop-dev", "shop"), health={"status": "Degraded"})
    argocd.events = [
        Watched(application(bad)),
        Watched(application(raw_application("shop-qa", "shop"))),
        Watched(application(raw_application("solo")), gone=True),
    ]
    found.follow_once()
    (shop,) = found.live().pipelines
    assert [(a.name, a.health) for a in shop.applications] == [("shop-dev", "Degraded"), ("shop-qa", "Healthy")]
    assert shop.applications[0].history[0].id == 1  # the stream leaves it out, and it is not lost
    assert argocd.asked["applications"] == 1


def test_a_broken_first_read_is_an_error_and_a_later_one_a_remark(argocd: FakeArgoCd) -> None:
    argocd.failure = UnreachableError("Argo CD did not answer.")
    with pytest.raises(UnreachableError):
        board(argocd).live()
    with pytest.raises(UnreachableError):
        board(argocd).read()
    argocd.failure = None
    found = board(argocd)
    found.live()
    argocd.failure = UnreachableError("Argo CD did not answer.")
    found._sets_at = float("-inf")
    assert found.live().stale is not None
    assert len(found.live().pipelines) == 2
