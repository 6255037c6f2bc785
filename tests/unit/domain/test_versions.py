"""Places that state a version: which are read, and how differences are named."""

from __future__ import annotations

from typing import Any

from conductor_core.domain.versions import Compatibility, claims, plain


def workload(image: str, **labels: str) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"image": image}]}}
    return {"kind": "Rollout", "metadata": {"name": "api"}, "spec": {"template": template}}


def test_all_places_agree_with_and_without_a_v_and_a_digest() -> None:
    found = claims("v1.4.2", "1.4.2", [workload("r/api:1.4.2@sha256:ab", version="1.4.2")])
    assert len(found) == 3
    assert Compatibility(found).differences == ()
    assert plain("vault") == "vault"


def test_differences_are_named_and_other_workloads_do_not_count() -> None:
    ui = workload("r/ui:2.3.0", version="2.3.0")
    found = Compatibility(claims("1.4.2", "1.4.3", [workload("r/api:1.4.3", version="1.4.2"), ui], "live"))
    assert found.differences == (
        "appVersion of the chart says 1.4.2, image.tag of the values says 1.4.3",
        "label version of Rollout/api (live) says 1.4.2, image.tag of the values says 1.4.3",
    )
    assert found.as_json()["agree"] is False
    assert Compatibility(()).differences == ()
