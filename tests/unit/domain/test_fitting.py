from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain.canonical import canonical_bytes, digest_of
from conductor_core.domain.fitting import LIMIT, fit
from conductor_core.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=100),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=5), inner, max_size=10),
    max_leaves=25,
)


def test_what_fits_stays_as_it_is() -> None:
    data: dict[str, object] = {"list": list(range(500)), "text": "é" * 1000, "map": {"a": None}}
    assert fit(data) == data
    exact: dict[str, object] = {"t": "x" * (LIMIT - 8)}
    assert len(canonical_bytes(exact)) == LIMIT
    assert fit(exact) == exact
    assert "cut" in fit({"t": "x" * (LIMIT - 7)})


def test_a_long_list_keeps_its_beginning_its_count_and_the_digest_of_the_whole() -> None:
    denials: list[object] = [{"rule": f"r-{n}", "text": "Tag latest is not allowed. " * 20} for n in range(500)]
    short = fit({"family": "workload", "denials": denials, "rules_run": 12})
    kept = short["denials"]
    assert isinstance(kept, list)
    assert 0 < len(kept) < 500
    assert kept == denials[: len(kept)]
    assert (short["family"], short["rules_run"]) == ("workload", 12)
    assert short["cut"] == [{"path": "/denials", "count": 500, "digest": digest_of(denials)}]


def test_long_texts_and_maps_are_cut_where_they_stand() -> None:
    data: dict[str, object] = {"a/b~c": ["y", {"text": "z" * 70_000}]}
    short = fit(data)
    assert short["cut"] == [{"path": "/a~1b~0c/1/text", "count": 70_000, "digest": digest_of("z" * 70_000)}]
    many = {f"k{n:05}": n for n in range(9_000)}
    short = fit({"facts": many})
    kept = short["facts"]
    assert isinstance(kept, dict)
    assert kept == {k: many[k] for k in sorted(many)[: len(kept)]}
    assert short["cut"] == [{"path": "/facts", "count": 9_000, "digest": digest_of(many)}]


@given(st.dictionaries(st.text(max_size=20), JSON, max_size=12), st.integers(300, 3_000))
@settings(deadline=None)
def test_everything_fits_always_alike(data: dict[str, object], limit: int) -> None:
    short = fit(data, limit)
    assert len(canonical_bytes(short)) <= limit
    assert fit(data, limit) == short
    assert ("cut" in short) == (short != data) or "cut" in data


def test_what_no_cut_can_save_is_named_by_its_digest() -> None:
    data: dict[str, object] = {f"field{n}": "text" for n in range(9_000)}
    assert fit(data) == {"cut": [{"path": "", "count": 9_000, "digest": digest_of(data)}]}


def test_what_is_no_plain_json_is_an_input_error() -> None:
    with pytest.raises(InputError):
        fit({"share": 0.5})
