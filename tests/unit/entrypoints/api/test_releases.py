from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.entrypoints.api.app import create_app
from conductor_core.errors import UnreachableError
from tests.fakes.browser import Browser
from tests.fakes.conductor import FakeConductor, build


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


@pytest.fixture
def browser(conductor: FakeConductor) -> Browser:
    return Browser(create_app(conductor))


def test_releases_are_listed(browser: Browser) -> None:
    found = browser.get("/api/v1/releases").json()
    assert [(r["channel"], r["revision"]) for r in found["releases"]] == [("dev", 1), ("staging", 0)]
    assert [r["application"] for r in found["releases"]] == ["", ""]
    assert (found["problems"], found["notes"]) == ([], [])


def test_two_sides_are_compared(browser: Browser) -> None:
    at = "/api/v1/releases/intelgraph/compare"
    same = browser.get(f"{at}?from=live:dev&to=channel:dev").json()
    assert same["same"] is True
    other = browser.get(f"{at}?from=channel:dev&to=channel:staging").json()
    assert other["resources"][0]["fields"] == [{"op": "changed", "pointer": "/data/size", "old": "2", "new": "1"}]
    live = browser.get(f"{at}?from=live:dev&to=channel:dev&all_fields=true").json()
    assert (live["basis"], live["all_fields"], same["all_fields"]) == ("prediction", True, False)
    assert browser.get(f"{at}?from=live:dev").status_code == 422
    assert browser.get(f"{at}?from=live:dev&to=nothing").status_code == 422
    assert browser.get("/api/v1/releases/nothing/compare?from=live:dev&to=channel:dev").status_code == 404


def test_revisions_and_an_unreachable_cluster(conductor: FakeConductor, browser: Browser) -> None:
    at = "/api/v1/releases/intelgraph/revisions?channel=dev"
    assert [r["revision"] for r in browser.get(at).json()["revisions"]] == [1]
    conductor.cluster.failure = UnreachableError("The cluster does not answer.")
    assert browser.get(at).status_code == 503


def test_graphql_reads_releases(browser: Browser) -> None:
    query = {"query": "{ releases { release channel revision health inStep } }"}
    found = browser.post("/graphql", query).json()["data"]["releases"]
    assert found[0] == {
        "release": "intelgraph",
        "channel": "dev",
        "revision": 1,
        "health": "healthy",
        "inStep": True,
    }
