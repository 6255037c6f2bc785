"""An Application owns the release that it installs: by its name, else by its chart, in the release's namespace here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from conductor_core.domain.application_owners import Wanted, owned

SHOP = Wanted("shop", "shop-dev", "helm/shop")


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


def test_an_application_that_was_never_synced_has_no_past() -> None:
    never = application("shop")
    del never["status"]
    found = owned([never], [SHOP])[SHOP]
    assert (found.sync, found.health, found.revision, found.earlier, found.at) == ("Unknown", "Unknown", "", "", None)
