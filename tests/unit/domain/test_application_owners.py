"""An Application owns the release that it installs: by its name, else by its chart, in the release's namespace here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from conductor_core.domain import pipelines
from conductor_core.domain.application_owners import Here, Owned, Wanted
from conductor_core.domain.application_owners import owned as of_applications

NEAR = Here()
SHOP = Wanted("shop", "shop-dev", "helm/shop")


def owned(raw: list[dict[str, Any]], wanted: list[Wanted], here: Here = NEAR) -> dict[Wanted, Owned]:
    return of_applications(map(pipelines.application, raw), wanted, here)


def application(
    name: str = "shop-dev",
    namespace: str = "shop-dev",
    server: str = "https://kubernetes.default.svc",
    **source: Any,
) -> dict[str, Any]:
    history = [{"id": n, "revision": r * 20, "deployedAt": f"2030-01-0{n}T00:00:00Z"} for n, r in enumerate("aabb", 1)]
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"destination": {"server": server, "namespace": namespace}, "source": source},
        "status": {
            "sync": {"status": "OutOfSync", "revision": "c" * 20},
            "health": {"status": "Degraded", "message": "1 of 2"},
            "history": history,
        },
    }


def test_an_owned_release_stands_as_its_application_says() -> None:
    found = owned([application(helm={"releaseName": "shop"})], [SHOP])[SHOP]
    assert (found.application, found.sync, found.health, found.message) == (
        "shop-dev",
        "OutOfSync",
        "Degraded",
        "1 of 2",
    )
    assert (found.revision, found.earlier) == ("b" * 20, "a" * 20)
    assert found.at == datetime(2030, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "owns"),
    [
        (application(helm={"releaseName": "shop"}), True),
        (application("shop", path="x"), True),
        (application(path="helm/shop"), True),
        (application(path="helm/shop", helm={"releaseName": "other"}), True),
        (application("other", path="helm/other"), False),
        (application("shop", namespace="elsewhere"), False),
        (application("shop", server="https://far.test"), False),
        ({}, False),
        ({"metadata": {"name": "shop"}, "spec": None}, False),
    ],
)
def test_which_application_owns_a_release(one: dict[str, Any], owns: bool) -> None:
    assert (SHOP in owned([one], [SHOP])) is owns


FAR = Here("https://far.test:443", "far-context", argo=False)


@pytest.mark.parametrize(
    ("where", "owns"),
    [
        ({"server": "https://far.test"}, True),
        ({"server": "https://FAR.test:443/"}, True),
        ({"name": "far-context"}, True),
        ({"server": "https://kubernetes.default.svc"}, False),
        ({"name": "in-cluster"}, False),
        ({"server": "https://other.test"}, False),
        ({"name": "other"}, False),
    ],
)
def test_an_argo_cd_elsewhere_owns_what_it_deploys_here(where: dict[str, str], owns: bool) -> None:
    one = application("shop")
    one["spec"]["destination"] = {"namespace": "shop-dev", **where}
    assert (SHOP in owned([one], [SHOP], FAR)) is owns
    assert (SHOP in owned([one], [SHOP], Here("https://far.test", "far-context"))) is (
        owns or where in ({"server": "https://kubernetes.default.svc"}, {"name": "in-cluster"})
    )


def test_an_application_that_was_never_synced_has_no_past() -> None:
    never = application("shop")
    del never["status"]
    found = owned([never], [SHOP])[SHOP]
    assert (found.sync, found.health, found.revision, found.earlier, found.at) == ("Unknown", "Unknown", "", "", None)
