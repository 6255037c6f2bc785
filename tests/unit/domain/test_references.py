"""References round-trip, and a missing channel is the other side's."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conductor_core.domain import references
from conductor_core.domain.references import Ref
from conductor_core.errors import InputError

FORMS = [
    ("channel:staging", Ref("channel", "staging")),
    ("live:prod", Ref("live", "prod")),
    ("revision:staging/12", Ref("revision", "staging", "12")),
    ("revision:012", Ref("revision", "", "12")),
    ("commit:0123abc/dev", Ref("commit", "dev", "0123abc")),
    ("commit:0123abc", Ref("commit", "", "0123abc")),
    ("tag:v1.2/dev", Ref("tag", "dev", "v1.2")),
    ("tag:v1.2", Ref("tag", "", "v1.2")),
    ("oci://r.example.com:5000/a/shop:1.2.3#dev", Ref("chart", "dev", "oci://r.example.com:5000/a/shop:1.2.3")),
    ("https://charts.example.com/shop@1.2.3", Ref("chart", "", "https://charts.example.com/shop@1.2.3")),
    ("shop/api@v1.2.3-rc.1#dev", Ref("chart", "dev", "shop/api@v1.2.3-rc.1")),
    ("folder:./helm/shop#dev", Ref("folder", "dev", "./helm/shop")),
    ("folder:/srv/shop", Ref("folder", "", "/srv/shop")),
]


@pytest.mark.parametrize(("text", "ref"), FORMS)
def test_each_form(text: str, ref: Ref) -> None:
    assert references.parse(text) == ref
    if ref.channel:
        assert references.parse(str(ref)) == ref


@given(
    st.text(max_size=40) | st.text(max_size=20).map("channel:".__add__) | st.text(max_size=9).map("revision:".__add__)
)
@example("revision:²")  # a digit to str.isdigit, not to int
def test_anything_else_is_our_error(text: str) -> None:
    try:
        found = references.parse(text)
    except InputError:
        return
    assert found.kind in text or found.kind == "chart"


def test_a_missing_channel_is_the_other_side_s() -> None:
    assert references.pair("revision:3", "live:prod") == (Ref("revision", "prod", "3"), Ref("live", "prod"))
    pair = references.pair("folder:x", "oci://r/x:1.0.0")
    assert [r.channel for r in pair] == ["", ""]  # two charts are compared with their own values
    with pytest.raises(InputError, match="No channel"):
        references.pair("revision:3", "commit:0123abc")
