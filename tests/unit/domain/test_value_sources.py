"""Where values come from agrees with how Helm merges them, whatever the layers are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain.value_sources import Layer, sources
from conductor_core.domain.values import merge
from tests.examples import examples

KEYS = st.sampled_from("abc")
LEAVES = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["x", "y"]), st.lists(st.integers(0, 1), max_size=2))
TREES = st.dictionaries(KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3)), max_size=3)


def leaves(tree: dict[str, Any], at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    out: dict[tuple[str, ...], Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            out |= leaves(value, (*at, key))
        else:
            out[(*at, key)] = value
    return out


def without_empty(found: dict[tuple[str, ...], Any]) -> dict[tuple[str, ...], Any]:
    return {path: value for path, value in found.items() if value != {}}


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(TREES, max_size=4))
def test_the_values_are_those_of_the_merged_tree(layers: list[dict[str, Any]]) -> None:
    found = sources([Layer(str(n), tree) for n, tree in enumerate(layers)])
    merged = without_empty(leaves(merge({}, *layers)))
    assert without_empty({one.path: one.value for one in found}) == merged
    for one in found:
        at: Any = layers[int(one.origin.layer)]
        for key in one.path:
            at = at[key]
        assert at == one.value
        assert all(int(o.layer) < int(one.origin.layer) for o in one.overrides)


def test_a_value_names_its_line_and_what_it_beats() -> None:
    found = sources(
        [
            Layer("chart", {"image": {"tag": "1", "name": "api"}}, {("image",): 1, ("image", "tag"): 2}),
            Layer("prod", {"image": {"tag": "2"}}, {("image", "tag"): 7}),
            Layer("by hand", {"image": {"tag": "3"}}),
        ]
    )
    name, tag = found
    assert (tag.name, tag.value, str(tag.origin)) == ("image.tag", "3", "by hand")
    assert [str(o) for o in tag.overrides] == ["prod:7", "chart:2"]
    assert str(name.origin) == "chart:1"
    assert tag.as_json()["overrides"][0] == {"layer": "prod", "line": 7, "value": "2"}
