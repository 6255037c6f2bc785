"""Networks: their bounds as texts, and whether they overlap."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain import networks
from conductor_core.errors import InputError
from tests.examples import examples

V4 = st.builds(lambda n, p: ipaddress.ip_network((n, p), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32))
V6 = st.builds(
    lambda n, p: ipaddress.ip_network((n, p), strict=False), st.integers(2**40, 2**128 - 1), st.integers(8, 128)
)


@settings(max_examples=examples(80), deadline=None)
@given(V4 | V6, V4 | V6)
def test_bounds_agree_with_the_standard_library(
    left: ipaddress.IPv4Network | ipaddress.IPv6Network, right: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> None:
    ours = networks.parse(str(left)).overlaps(networks.parse(str(right)))
    if left.version == right.version:
        assert ours == left.overlaps(right)


def test_addresses_are_counted() -> None:
    assert networks.parse("10.40.0.0/16").addresses == 65536
    assert networks.parse("10.0.0.0/8").private
    assert not networks.parse("8.0.0.0/8").private


@pytest.mark.parametrize("text", ["", "10.0.0.0", "10.0.0.1/16", "10.0.0.0/33", "house"])
def test_no_network_is_refused_with_what_it_might_be(text: str) -> None:
    if text == "10.0.0.0":
        assert networks.parse(text).addresses == 1
        return
    with pytest.raises(InputError) as caught:
        networks.parse(text)
    assert caught.value.why.endswith(".")


def test_networks_are_found_wherever_they_stand() -> None:
    value = {"a": ["10.0.0.0/8", "x/y"], "b": {"c": "fd00::/8", "d": 3}}
    assert [(path, n.cidr) for path, n in networks.found_in(value, "v")] == [
        ("v.a[0]", "10.0.0.0/8"),
        ("v.b.c", "fd00::/8"),
    ]
