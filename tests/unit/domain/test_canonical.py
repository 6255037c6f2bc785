"""Canonical JSON: the same bytes as an independent RFC 8785 implementation, and our error for everything else."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.canonical import canonical_bytes, digest_bytes, digest_of
from conductor_core.errors import InputError

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


@given(PLAIN)
def test_it_agrees_with_another_implementation(value: object) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # plain JSON by construction


def test_keys_sort_by_utf16_units() -> None:
    assert canonical_bytes({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_key_order_and_tuples_do_not_matter() -> None:
    assert digest_of({"a": (1, 2), "b": {"y": 1, "x": 2}}) == digest_of({"b": {"x": 2, "y": 1}, "a": [1, 2]})


def deep() -> object:
    value: object = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), b"x", {1: "a"}, {"a": [{"b": 0.5}]}, 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1, 2}, deep()],
    ids=lambda value: repr(value)[:12] if not isinstance(value, list) else "deep",
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(InputError) as refused:
        canonical_bytes(value)
    assert refused.value.what.startswith("The value at $")


def test_the_error_names_the_place() -> None:
    with pytest.raises(InputError, match=r"\$\.a\[1\]\.b"):
        canonical_bytes({"a": [0, {"b": 0.5}]})


def test_a_digest_is_that_of_sha256() -> None:
    assert digest_bytes(b"abc") == "sha256:" + hashlib.sha256(b"abc").hexdigest()
    assert digest_of({}) == digest_bytes(b"{}")
