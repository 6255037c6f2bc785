"""Which Application owns objects, by either of Argo CD's marks."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.ownership import owner, without_marks


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


MARKED = thing(
    namespace="ns",
    annotations={"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:ns/x"},
    labels={"argocd.argoproj.io/instance": "shop", "app": "x"},
)


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (thing(), thing(labels={"app": "x"})),
        (thing(annotations={}), thing(labels={"app": "x"}, annotations={})),
        (thing(namespace="ns", labels={"app": "y"}), thing(namespace="ns", labels={"app": "x"})),
        (MARKED, MARKED),
        ({"kind": "ConfigMap"}, MARKED),
    ],
)
def test_what_argo_cd_adds_by_itself_is_nobodys_wish(wanted: dict[str, Any], left: dict[str, Any]) -> None:
    assert without_marks(MARKED, wanted) == left
