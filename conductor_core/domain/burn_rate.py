"""How fast an error budget burns, over several windows at once (Google's SRE workbook, chapter 5: alerting on SLOs).

A rate of 1 uses the budget up exactly at the end of its period. A pair of windows alarms only when both burn: the long
one says that it matters, the short one that it still goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Two windows as PromQL writes them, and the rate from which they alarm."""

    long: str
    short: str
    rate: float
    urgency: str


PAIRS = (Pair("1h", "5m", 14.4, "page"), Pair("6h", "30m", 6.0, "page"), Pair("3d", "6h", 1.0, "ticket"))
WINDOWS = tuple(dict.fromkeys(w for pair in PAIRS for w in (pair.short, pair.long)))


@dataclass(frozen=True)
class Burn:
    """What one pair says; rates are None where nothing was measured."""

    pair: Pair
    long: float | None
    short: float | None

    @property
    def alarming(self) -> bool:
        """Whether both windows burn too fast."""
        return self.long is not None and self.short is not None and min(self.long, self.short) >= self.pair.rate


def burns(objective: float, errors: Mapping[str, float | None]) -> tuple[Burn, ...]:
    """Each pair of windows, from the share of errors in each window (0 to 1) and the objective (0 to 1, such as 0.99).

    An objective of 1 has no budget: any error burns without end.
    """
    budget = 1 - objective

    def rate(window: str) -> float | None:
        share = errors.get(window)
        if share is None or share != share:
            return None
        return share / budget if budget > 0 else (float("inf") if share > 0 else 0.0)

    return tuple(Burn(pair, rate(pair.long), rate(pair.short)) for pair in PAIRS)
