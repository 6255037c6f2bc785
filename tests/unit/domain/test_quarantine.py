"""Quarantine: what it blocks, what it holds, and how it ends."""

from __future__ import annotations

import pytest

from conductor_core.domain.quarantine import Quarantine, blocking, fact
from tests.fakes.domain import NOW

BAD = Quarantine("chg-1", "shop", "1.4.3", "staging", "errors", "requester", NOW)


@pytest.mark.parametrize(
    ("content", "asked", "blocked"),
    [
        ("", ("1.4.3", "x"), True),
        ("", ("1.4.2", "x"), False),
        ("x", ("1.4.3", "x"), True),
        ("x", ("1.4.3", "y"), False),
        ("x", ("1.4.3", ""), False),
    ],
)
def test_a_version_is_blocked_and_where_content_is_named_only_that(
    content: str, asked: tuple[str, str], blocked: bool
) -> None:
    bad = Quarantine("chg-1", "shop", "1.4.3", "staging", "errors", "requester", NOW, content)
    assert bad.blocks(*asked) is blocked
    assert (blocking([bad], *asked) == bad) is blocked
    assert blocking([bad.lifted("captain", "chg-2", "mended", NOW)], *asked) is None


def test_it_holds_its_own_channel_until_it_is_lifted() -> None:
    assert BAD.holds("staging")
    assert not BAD.holds("prod")
    free = BAD.lifted("captain", "chg-2", "mended", NOW)
    assert not free.holds("staging")
    assert fact(BAD).data["reason"] == "errors"
    assert fact(free).data["reason"] == "mended"
    assert (BAD.as_json()["active"], free.as_json()["lifted_by"]) == (True, "captain")
