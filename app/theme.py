"""One colour, one word and one icon for every state, everywhere; the palette itself is in `.streamlit/config.toml`.

Colour never stands alone: a `Mark` always carries a word, an icon for badges and a glyph for table cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Color = Literal["red", "orange", "blue", "green", "violet", "gray"]


@dataclass(frozen=True)
class Mark:
    """How one state looks. `icon` is a Material symbol for badges, `glyph` one character for tables."""

    word: str
    color: Color
    icon: str
    glyph: str


def _mark(word: str, color: Color, icon: str, glyph: str) -> Mark:
    return Mark(word, color, f":material/{icon}:", glyph)


CHANGE: dict[str, Mark] = {
    "requested": _mark("requested", "blue", "edit_note", "…"),
    "denied": _mark("denied", "red", "gpp_bad", "✕"),
    "queued": _mark("waits in the queue", "blue", "hourglass_top", "…"),
    "awaiting_approval": _mark("awaiting approval", "orange", "hourglass_top", "!"),
    "approved": _mark("approved", "blue", "thumb_up", "✓"),
    "executing": _mark("executing", "blue", "play_circle", "▶"),
    "validating": _mark("validating", "blue", "monitor_heart", "▶"),
    "succeeded": _mark("succeeded", "green", "check_circle", "✓"),
    "failed": _mark("failed", "red", "error", "✕"),
    "unknown": _mark("unknown", "violet", "help", "?"),
    "rejected": _mark("rejected", "gray", "block", "⊘"),
    "cancelled": _mark("cancelled", "gray", "cancel", "⊘"),
}
HEALTH: dict[str, Mark] = {
    "healthy": _mark("healthy", "green", "check_circle", "✓"),
    "progressing": _mark("progressing", "blue", "autorenew", "▶"),
    "suspended": _mark("suspended", "orange", "pause_circle", "!"),
    "degraded": _mark("degraded", "red", "error", "✕"),
    "down": _mark("down", "red", "error", "✕"),
    "missing": _mark("missing", "gray", "do_not_disturb_on", "–"),
    "unknown": _mark("unknown", "violet", "help", "?"),
    "off": _mark("off", "gray", "do_not_disturb_on", "–"),
}
VERDICT: dict[str, Mark] = {
    "allow": _mark("allow", "green", "check_circle", "✓"),
    "warn": _mark("warn", "orange", "warning", "!"),
    "deny": _mark("deny", "red", "gpp_bad", "✕"),
}
ROLLOUT: dict[str, Mark] = {
    "Healthy": HEALTH["healthy"],
    "Progressing": HEALTH["progressing"],
    "Paused": _mark("paused", "orange", "pause_circle", "!"),
    "Degraded": _mark("failed", "red", "error", "✕"),
}
SYNC: dict[str, Mark] = {
    "Synced": _mark("synced", "green", "check_circle", "✓"),
    "OutOfSync": _mark("out of sync", "orange", "sync_problem", "≠"),
    "Unknown": HEALTH["unknown"],
}
STANDING: dict[str, Mark] = {
    "ok": _mark("ok", "green", "check_circle", "✓"),
    "warn": _mark("warn", "orange", "warning", "!"),
    "wait": _mark("waits", "blue", "schedule", "…"),
    "hold": _mark("holds", "red", "front_hand", "✕"),
    "unknown": _mark("not known", "gray", "help", "?"),
}
ANALYSIS: dict[str, Mark] = {
    "Successful": _mark("passed", "green", "check_circle", "✓"),
    "Failed": _mark("failed", "red", "error", "✕"),
    "Error": _mark("error", "red", "error", "✕"),
    "Inconclusive": _mark("inconclusive", "violet", "help", "?"),
    "Running": _mark("measures", "blue", "play_circle", "▶"),
    "Pending": _mark("pending", "gray", "circle", "·"),
}
OPERATION: dict[str, Mark] = {
    "started": _mark("started", "blue", "play_circle", "▶"),
    "succeeded": CHANGE["succeeded"],
    "failed": CHANGE["failed"],
    "unknown": CHANGE["unknown"],
}
MOMENT: dict[str, Mark] = {
    "done": _mark("done", "green", "check", "✓"),
    "current": _mark("now", "blue", "play_circle", "▶"),
    "failed": _mark("stopped here", "red", "error", "✕"),
    "ahead": _mark("ahead", "gray", "circle", "·"),
}
CHECK: dict[bool, Mark] = {
    True: _mark("passed", "green", "check_circle", "✓"),
    False: _mark("failed", "red", "error", "✕"),
}
UNASKED = _mark("not asked", "gray", "remove", "–")
"""A check that had nothing to look at."""


def of(table: dict[str, Mark], state: StrEnum | str) -> Mark:
    """The mark of a state; one that the table doesn't know keeps its own word and is drawn as unknown."""
    known = table.get(str(state))
    return known or Mark(str(state).replace("_", " ") or "unknown", "violet", ":material/help:", "?")


def fact(name: str) -> str:
    """The words of a fact's name: `operation.dispatched_again` as a person says it."""
    return name.replace(".", " ").replace("_", " ")


NBSP = "\u00a0"
"""Keeps a glyph and its word on one line."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!:$~|<>^=&\"'])")

_MARKS = re.compile(r"([\\`*\[\]:$~|<>&]|(?<![^\W_])_|_(?![^\W_])|^[-+#]|(?<=^\d)[.)])")


def plain(data: object) -> str:
    """Text of strangers for a place that reads Markdown: every character with a meaning there is escaped."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(data).split()))


def spoken(data: object) -> str:
    """A name for the label of a field, which screen readers are given as it is: nothing is escaped but what would be a
    mark there.
    """
    return _MARKS.sub(r"\\\1", " ".join(str(data).split()))


def prose(text: str) -> str:
    """A sentence of ours for a place that reads Markdown: `commands` in backticks as code, the rest plainly."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    shown = [f"`{part}`" if at % 2 and part.strip() else _spaced(part) for at, part in enumerate(parts)]
    return "".join(shown)


def _spaced(part: str) -> str:
    return f"{' ' * part.startswith(' ')}{plain(part)}{' ' * part.endswith(' ')}" if part.strip() else part


def cell(mark: Mark, text: str = "") -> str:
    """A Markdown cell with the mark's colour, glyph and word (or `text` in place of the word)."""
    return f":{mark.color}[{mark.glyph}{NBSP}{plain(text) if text else plain(mark.word).replace(' ', NBSP)}]"
