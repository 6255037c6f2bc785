"""The APIs and front ends that status asks: which addresses, what counts as an answer, and what is said when not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conductor_core.domain.channels import Catalogue, Channel, ReleaseSpec
from conductor_core.errors import OffError, UnreachableError
from conductor_core.services.fronts import Fronts
from conductor_core.settings import Settings
from tests.fakes.cluster import FakeCluster
from tests.fakes.web import FakeWeb

DATA = (200, '{"data": {"__typename": "Query"}}')
API = "https://x.test/shop-dev/shop-api"
UI = "https://x.test/shop-dev/shop-ui/"


def workload(kind: str, namespace: str, **labels: str) -> dict[str, Any]:
    version = "argoproj.io/v1alpha1" if kind == "Rollout" else "apps/v1"
    named = {"app.kubernetes.io/" + name: value for name, value in labels.items()}
    metadata = {"name": kind.lower(), "namespace": namespace, "labels": named}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {"template": {}}}


def asked(answers: dict[str, tuple[int, str]], *objects: dict[str, Any], **settings: str) -> tuple[Fronts, FakeWeb]:
    """The probes over a web of these answers, and a cluster of these objects with the channels dev and prod."""
    patterns = {
        "intelgraph_url": "https://x.test/{namespace}/{release}-api",
        "intelgraph_ui_url": "https://x.test/{namespace}/{release}-ui/",
        "api_url": "https://api.test",
    }
    now = Settings.model_validate(patterns | settings)
    channels = tuple(Channel(name, "main", f"shop-{name}", (), name) for name in ("dev", "prod"))
    catalogue = Catalogue((ReleaseSpec("shop", "helm/shop", channels),), ())
    cluster, web = FakeCluster(), FakeWeb(answers)
    cluster.put(*objects)
    return Fronts(lambda: now, web, cluster, cast(Any, SimpleNamespace(catalogue=lambda: catalogue))), web


def test_each_channel_that_runs_it_is_asked_and_no_other() -> None:
    answers = {f"{API}/healthz": (200, ""), f"{API}/graphql": DATA, UI: (200, "<html>")}
    ours = (
        workload("Rollout", "shop-dev", instance="shop"),
        workload("Deployment", "shop-dev", instance="shop", component="ui"),
    )
    strange = workload("Rollout", "shop-prod", instance="another")
    fronts, _ = asked(answers, *ours, strange)
    assert fronts.intelgraph() == "API and UI answer in dev"


@pytest.mark.parametrize(
    ("address", "answer", "said"),
    [
        (f"{API}/healthz", (500, ""), "healthz answers with status 500"),
        (f"{API}/graphql", (200, "<html>"), "graphql answers a query with 200"),
        (f"{API}/graphql", (200, '{"errors": []}'), "graphql answers a query with 200"),
        (UI, (404, ""), "shop-ui/ answers with status 404"),
        (f"{API}/healthz", None, "no answer for it"),
    ],
)
def test_what_does_not_answer_as_it_should_is_named(address: str, answer: tuple[int, str] | None, said: str) -> None:
    answers = {f"{API}/healthz": (200, ""), f"{API}/graphql": DATA, UI: (200, "")}
    answers.pop(address)
    fronts, _ = asked(
        answers | ({address: answer} if answer else {}),
        workload("Rollout", "shop-dev", instance="shop"),
        workload("Deployment", "shop-dev", instance="shop", component="ui"),
    )
    with pytest.raises(UnreachableError) as bad:
        fronts.intelgraph()
    assert said in bad.value.why
    assert "Roll back" in bad.value.next


def test_one_bad_answer_among_good_ones_is_no_fault() -> None:
    fronts, web = asked({"https://api.test/healthz": (500, ""), "https://api.test/graphql": DATA})
    first = web.get

    def mended(url: str, **how: Any) -> Any:
        answer = first(url, **how)
        web.answers["https://api.test/healthz"] = (200, "")
        return answer

    web.get = mended  # type: ignore[method-assign]
    assert fronts.maestro() == "/healthz and /graphql answer at https://api.test"


def test_an_api_that_asks_for_a_sign_in_answers() -> None:
    fronts, _ = asked({"https://api.test/healthz": (200, ""), "https://api.test/graphql": (401, "")})
    assert "answer" in fronts.maestro()
    with pytest.raises(UnreachableError, match="maestro-api"):
        asked({})[0].maestro()


def test_an_api_that_nobody_has_started_is_off_and_not_down(tmp_path: Path) -> None:
    with pytest.raises(OffError, match="No workbench was started here"):
        asked({}, api_url="", home=str(tmp_path))[0].maestro()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ports.json").write_text('{"api": 8600}')
    with pytest.raises(UnreachableError):
        asked({}, api_url="", home=str(tmp_path))[0].maestro()


def test_an_address_without_placeholders_is_asked_as_it_is() -> None:
    there = {"https://one.test/healthz": (200, ""), "https://one.test/graphql": DATA}
    fronts, _ = asked(there, intelgraph_url="https://one.test", intelgraph_ui_url="")
    assert fronts.intelgraph() == "API and UI answer"


def test_nothing_to_ask_is_off_and_says_what_turns_it_on() -> None:
    with pytest.raises(OffError, match="No channel runs IntelGraph"):
        asked({})[0].intelgraph()
    with pytest.raises(OffError, match="CONDUCTOR_INTELGRAPH_URL"):
        asked({}, intelgraph_url="", intelgraph_ui_url="")[0].intelgraph()
