"""Times: relative, with the absolute one on hover."""

from __future__ import annotations

from datetime import datetime

from app.components import facts

UNITS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (float("inf"), 86400, "d"))
"""Below how many seconds, seconds in one, and the unit."""


def words(at: datetime, now: datetime) -> str:
    """`at` as seen from `now`: "just now", "12 s ago", "3 min ago", "5 h ago", "2 d ago"."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 5:
        return "just now"
    size, unit = next((size, unit) for limit, size, unit in UNITS if abs(seconds) < limit)
    amount = f"{int(abs(seconds) // size)} {unit}"
    return f"in {amount}" if seconds < 0 else f"{amount} ago"


def show(at: datetime, before: str = "") -> None:
    """Draw the time, after the words `before`."""
    facts.show(*([facts.text(before)] if before else []), facts.ago(at))
