"""What can be filled in is let through, anything else is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.placeholders import fault, unknown_word

KNOWN = {"namespace", "release"}


@given(st.lists(st.sampled_from(["{namespace}", "{release}", "{", "}", "{}", "{0}", "{x}", "a", "{release!r}"])))
def test_what_is_let_through_can_be_filled(parts: list[str]) -> None:
    text = "".join(parts)
    if not fault(text, KNOWN):
        assert "!r" not in text
        text.format(namespace="n", release="r")


@pytest.mark.parametrize("text", ["https://{host}/", "{", "}", "{}", "{release.x}", "{release:>9}", "{release!r}"])
def test_anything_else_is_named(text: str) -> None:
    assert "use {namespace} and {release}" in fault(text, KNOWN)


def test_braces_of_other_languages_stay() -> None:
    assert unknown_word("d-solo/x?var=${DS}&f={a,b}&n={release}", KNOWN) == ""
    assert (
        unknown_word("d-solo/x?n={relaese}", KNOWN)
        == "{relaese} is no known placeholder: use {namespace} and {release}"
    )
