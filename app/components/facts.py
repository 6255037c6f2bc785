"""One dense line of facts: words, copyable identifiers, and times that stay relative."""

from __future__ import annotations

from datetime import UTC, datetime

from app.components import assets

Part = dict[str, str]

_facts = assets.component("facts", '<div class="facts"></div>')


def text(words: str) -> Part:
    """Plain words."""
    return {"kind": "text", "text": words}


def strong(words: str) -> Part:
    """Words that matter most on the line."""
    return {"kind": "strong", "text": words}


def ago(at: datetime) -> Part:
    """A time as "12 min ago", with the absolute one on hover."""
    utc = at.astimezone(UTC)
    return {"kind": "time", "iso": utc.isoformat(), "absolute": absolute(utc)}


def copy(full: str, shown: str = "") -> Part:
    """An identifier; a click copies the whole of it."""
    return {"kind": "copy", "text": shown or full, "full": full}


def absolute(at: datetime) -> str:
    """The time in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def show(*parts: Part) -> None:
    """Draw the line."""
    _facts(data={"parts": list(parts)})
