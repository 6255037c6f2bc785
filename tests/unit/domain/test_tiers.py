"""Which of several tiers decides."""

from __future__ import annotations

import pytest

from conductor_core.domain import tiers
from conductor_core.domain.runbooks import DEFAULT_APPROVALS


@pytest.mark.parametrize(
    ("given", "decides"),
    [
        (["dev"], "dev"),
        (["dev", "prod", "staging"], "prod"),
        (["staging", "dev"], "staging"),
        (["prod", "of-our-own"], "of-our-own"),
        (["b", "a"], "b"),
        ([], "prod"),
    ],
)
def test_the_strictest_decides_whatever_the_order(given: list[str], decides: str) -> None:
    assert tiers.strictest(given) == tiers.strictest(reversed(given)) == decides


def test_a_stricter_tier_never_asks_for_fewer_approvals() -> None:
    asked = [DEFAULT_APPROVALS[tier] for tier in tiers.TIERS]
    assert asked == sorted(asked)
    assert set(DEFAULT_APPROVALS) == set(tiers.TIERS)
