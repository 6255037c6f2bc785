"""Identifiers: short to read, whole to copy."""

from __future__ import annotations

from app.components import facts

TAIL = 6


def short(identifier: str) -> str:
    """`sha256:9f3c…e1a2` or `chg-01KB…7Q8Z`: enough to tell two apart, never enough to be taken for the whole."""
    if identifier.startswith("sha256:"):
        return f"{identifier[:15]}…"
    return identifier if len(identifier) <= 16 else f"{identifier[:8]}…{identifier[-TAIL:]}"


def show(identifier: str) -> None:
    """Draw it alone; a click copies the whole."""
    facts.show(facts.copy(identifier, short(identifier)))
