"""The channels file: bad releases are named and left out, good ones work, and no input leaks a foreign error."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import channels
from conductor_core.errors import InputError, NotFoundError
from conductor_core.settings import PROJECT_ROOT

GOOD: dict[str, Any] = {
    "chart": "helm/shop",
    "channels": {"dev": {"branch": "dev", "namespace": "shop-dev", "values": ["helm/shop/v.yaml"], "tier": "dev"}},
}


def test_this_project_s_own_file_is_good() -> None:
    document = YamlDocuments().load((PROJECT_ROOT / "channels.yaml").read_bytes(), "channels.yaml")
    catalogue = channels.parse(document, "channels.yaml")
    assert catalogue.problems == ()
    spec = catalogue.release("intelgraph")
    assert [c.name for c in spec.channels][:2] == ["dev", "staging"]
    assert all((PROJECT_ROOT / v).is_file() for c in spec.channels for v in c.values)


BAD: list[tuple[str, Any, str]] = [
    ("chart", None, "no `chart`"),
    ("chart", "../x", "can't be a path"),
    ("chart", "oci://r/x", "names no version"),
    ("chart", "oci://r/x:^1.2", "isn't one version"),
    ("channels/dev/chart", "http://charts.example.com/x@1.2.3", "is not encrypted"),
    ("channels", {}, "no channels"),
    ("channels", [], "isn't a mapping"),
    ("channels/dev/tier", "gold", "Tiers are: dev, staging, prod"),
    ("channels/dev/branch", "--x", "name of a branch"),
    ("channels/dev/namespace", "A", "name of a namespace"),
    ("channels/dev/values", "x", "isn't a list"),
    ("channels/dev/values", ["/etc/passwd"], "can't be a path"),
    ("channels/dev/extra", 1, "unknown keys: extra"),
    ("colour", "red", "unknown keys: colour"),
]


@pytest.mark.parametrize(("path", "value", "why"), BAD)
def test_a_bad_release_is_named_and_the_others_work(path: str, value: Any, why: str) -> None:
    entry = copy.deepcopy(GOOD)
    *inner, last = path.split("/")
    at = entry
    for step in inner:
        at = at[step]
    at[last] = value
    catalogue = channels.parse({"releases": {"bad": entry, "good": GOOD}}, "x")
    assert [r.name for r in catalogue.releases] == ["good"]
    assert catalogue.problems[0].where == "bad"
    assert why in catalogue.problems[0].why


def test_a_chart_may_come_from_a_registry_and_each_channel_may_pin_its_own_version() -> None:
    entry = copy.deepcopy(GOOD)
    entry["channels"]["dev"]["chart"] = "oci://registry.example.com/charts/shop:1.4.2"
    catalogue = channels.parse({"releases": {"shop": entry}}, "x")
    assert catalogue.release("shop").charts == ("oci://registry.example.com/charts/shop:1.4.2",)
    del entry["chart"]
    assert channels.parse({"releases": {"shop": entry}}, "x").problems == ()


def test_two_channels_in_one_namespace_are_refused() -> None:
    entry = copy.deepcopy(GOOD)
    entry["channels"]["prod"] = entry["channels"]["dev"]
    catalogue = channels.parse({"releases": {"shop": entry}}, "x")
    assert "shop/prod and shop/dev" in catalogue.problems[0].why


def test_unknown_releases_and_channels_list_the_known() -> None:
    catalogue = channels.parse({"releases": {"shop": GOOD}}, "x")
    with pytest.raises(NotFoundError, match=r"There is no release x.*The channels file has: shop"):
        catalogue.release("x")
    with pytest.raises(NotFoundError, match="Its channels are: dev"):
        catalogue.release("shop").channel("x")


@pytest.mark.parametrize("document", [None, [], "x", {}, {"releases": None}, {"releases": []}])
def test_what_is_no_channels_file(document: Any) -> None:
    with pytest.raises(InputError, match="is no channels file"):
        channels.parse(document, "channels.yaml")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda c: (
        st.lists(c, max_size=3) | st.dictionaries(st.sampled_from(["chart", "channels", "dev", "x"]), c, max_size=3)
    ),
)


@given(st.dictionaries(st.text(max_size=5), anything, max_size=3))
def test_whatever_is_in_it_only_our_errors_come_out(entries: dict[str, Any]) -> None:
    catalogue = channels.parse({"releases": entries}, "x")
    assert len(catalogue.releases) + len(catalogue.problems) == len(entries)
