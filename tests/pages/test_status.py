"""The page of the first minute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conductor_core.localplane.progress import BuildProgress
from tests.pages.drive import open_page, seen
from tests.pages.worlds import broken, empty, full


def test_empty_offers_the_first_change_and_shows_the_build() -> None:
    at = open_page(empty(), "status")
    text = seen(at)
    assert "Your first Change: deploy IntelGraph to dev" in text
    links: list[Any] = list(at.main.get("page_link"))
    assert [link.proto.query_string for link in links] == ["release=intelgraph&channel=dev"]
    assert "kube-apiserver · program 4 of 14 · about 5 min 12 s left" in text
    assert "Nothing is queued or running." in text


def test_a_page_that_needs_the_control_plane_says_how_far_its_build_is() -> None:
    words = "kube-apiserver · program 4 of 14 · about 5 min 12 s left"
    assert words in seen(open_page(empty(), "releases"))
    assert words in seen(open_page(empty(), "releases", release="intelgraph", channel="dev"))
    assert words not in seen(open_page(replace(empty(), progress=None), "releases"))


def test_a_failed_build_says_why() -> None:
    conductor = replace(empty(), progress=BuildProgress("failed", 3, 14, why="go: no space left on device"))
    text = seen(open_page(conductor, "status"))
    assert "The local control plane could not be built." in text
    assert "go: no space left on device" in text


def test_no_build_is_shown_on_a_cluster_of_ones_own() -> None:
    assert "control plane" not in seen(open_page(replace(empty(), progress=None), "status"))


def test_full_says_what_is_down_why_and_what_next() -> None:
    text = seen(open_page(full(), "status"))
    for part in (
        "1 down: kubernetes",
        "connection refused on https://127.0.0.1:6443",
        "Run `conductor local up`",
        "CONDUCTOR_ARGOCD_URL turns it on.",
        "PostgreSQL 18.4",
        "gates judged: Deploy intelgraph to staging",
    ):
        assert part in text
    assert "Your first Change" not in text


@pytest.mark.parametrize(
    ("who", "need"),
    [
        ("requester", "mend and plan again, or cancel"),
        ("approver", "approve or reject"),
        ("captain", "look at the target and settle"),
    ],
)
def test_what_waits_for_whom(who: str, need: str) -> None:
    text = seen(open_page(full(), "status", who))
    assert f"Waits for {who}" in text
    assert need in text


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
def test_broken_parts_each_say_why(who: str) -> None:
    at = open_page(broken(), "status", who)
    assert len(at.error) == 4
    assert "The database does not answer." in seen(at)


def test_ask_again_forgets_what_was_read() -> None:
    conductor = full()
    at = open_page(conductor, "status")
    conductor.changes.replan(conductor.actor("captain"), next(c.id for c in conductor.changes.find() if c.plan))
    at.button[0].click().run()
    assert not at.exception
