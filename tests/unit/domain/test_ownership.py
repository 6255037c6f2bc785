"""Which Application owns objects, by either of Argo CD's marks."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.ownership import owner


def thing(**metadata: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "x", **metadata}}


def tracked(by: str) -> dict[str, Any]:
    return thing(annotations={"argocd.argoproj.io/tracking-id": f"{by}:/ConfigMap:ns/x"})


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ([], ("", "")),
        ([thing(), {"metadata": None}], ("", "")),
        ([tracked("shop"), tracked("shop"), tracked("base")], ("", "shop")),
        ([tracked("team-a_shop")], ("team-a", "shop")),
        ([thing(labels={"argocd.argoproj.io/instance": "shop"})], ("", "shop")),
    ],
)
def test_owner(objects: list[dict[str, Any]], found: tuple[str, str]) -> None:
    assert owner(objects) == found
