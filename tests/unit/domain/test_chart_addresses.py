"""Addresses of charts: one version each, from sources that are known, and nothing that reads as something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import chart_addresses as charts
from conductor_core.domain.chart_addresses import ChartAddress
from conductor_core.errors import InputError, RefusedError

KNOWN = {"shop": "https://charts.example.com", "oci://r.example.com/charts": "oci://r.example.com/charts"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("oci://r.example.com/charts/shop:1.2.3", ChartAddress("oci://r.example.com/charts", "shop", "1.2.3")),
        ("oci://localhost:5000/shop:1.2.3_b1", ChartAddress("oci://localhost:5000", "shop", "1.2.3_b1")),
        ("https://charts.example.com/shop@v2", ChartAddress("https://charts.example.com", "shop", "v2")),
        ("shop/api@1.2.3+b1", ChartAddress("shop", "api", "1.2.3+b1")),
    ],
)
def test_each_form_round_trips(text: str, address: ChartAddress) -> None:
    assert charts.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("oci://r.example.com:5000/shop", "names no version"),
        ("oci://r.example.com/shop", "names no version"),
        ("oci://r.example.com/shop:latest", "a tag such as latest"),
        ("shop/api@~1.2", "a range such as"),
        ("https://user:word@charts.example.com/shop@1.2.3", "without spaces"),
        ("https://charts.example.com/../shop@1.2.3", "without spaces"),
        ("http://charts.example.com/shop@1.2.3", "this machine only"),
        ("oci://r.example.com/--x:1.2.3", "name of a chart"),
        ("Shop/api@1.2.3", "name of a source"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        charts.parse(text)
    assert why in caught.value.why


def test_only_known_sources_and_charts_in_use_are_fetched() -> None:
    inside = charts.parse("oci://r.example.com/charts/team/shop:1.2.3")
    assert charts.located(inside, KNOWN) == inside
    assert charts.located(charts.parse("shop/api@1.2.3"), KNOWN).source == "https://charts.example.com"
    elsewhere = charts.parse("oci://r.example.com/charts-of-others/shop:1.2.3")
    with pytest.raises(RefusedError, match="not taken from"):
        charts.located(elsewhere, KNOWN)
    used = ["oci://r.example.com/charts-of-others/shop:1.0.0"]
    assert charts.located(elsewhere, KNOWN, used) == elsewhere
    with pytest.raises(RefusedError, match="no source of charts named other"):
        charts.located(charts.parse("other/api@1.2.3"), KNOWN)


def test_the_setting_names_sources() -> None:
    assert charts.sources(" shop=https://charts.example.com/; oci://r.example.com/charts ;") == KNOWN
    for bad in ("a b=https://x", "shop=ftp://x", "https://x/?q"):
        with pytest.raises(InputError):
            charts.sources(bad)


def test_this_machine_needs_no_tls() -> None:
    assert charts.parse("oci://127.0.0.1:5000/shop:1.2.3").near
    assert not charts.parse("oci://127.0.0.1.example.com/shop:1.2.3").near


@given(st.text(max_size=30) | st.text(max_size=20).map("oci://".__add__))
def test_whatever_is_typed_is_an_address_or_our_error(text: str) -> None:
    try:
        found = charts.parse(text)
    except InputError:
        return
    assert charts.parse(str(found)) == found
