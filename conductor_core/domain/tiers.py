"""Tiers: how strict the rules of a target are."""

from __future__ import annotations

from collections.abc import Iterable

TIERS = ("dev", "staging", "prod")
"""The known ones, the laxest first."""
STRICTEST = TIERS[-1]


def rank(tier: str) -> int:
    """Where a tier stands, from 0; a tier of somebody's own counts as stricter than the known ones."""
    return TIERS.index(tier) if tier in TIERS else len(TIERS)


def strictest(tiers: Iterable[str]) -> str:
    """The tier that asks for the most; of none at all, the strictest there is."""
    return max(tiers, key=lambda t: (rank(t), t), default=STRICTEST)
