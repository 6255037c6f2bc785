"""Facts and lines of a run as they come, newest in sight."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from app import theme
from app.components import assets, copy_id, facts
from conductor_core.domain.events import words
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.ports.run_log import RunLine

Line = dict[str, str]

_stream = assets.component("stream", '<div class="stream" role="log"></div>')
_GLYPHS = {"cell": "▸", "operation": "⚙", "check": "♥", "cluster": "☸", "note": "!", "output": "·"}
_ENDS = re.compile(
    r"(?<!\d )(?<!\bno )(?<!\bnot )\b(?:(failed|denied|rejected|voided)|(unknown)|(succeeded|passed))\b", re.IGNORECASE
)
"""A word that says how something ended; a count of failures ("0 failed") is none."""
_TINTS = {1: "red", 2: "violet", 3: "green"}
LISTED = 4
"""Items of a list that a line names before it counts the rest."""


def of_run(lines: Iterable[RunLine]) -> list[Line]:
    """The lines of a run."""
    return [_line(line.at, line.kind, _run_text(line), _tint(line.text, line.kind)) for line in lines]


def of_events(events: Iterable[RecordedEvent], about: Mapping[str, str] | None = None) -> list[Line]:
    """The recorded facts: who, what, and the data that belongs to it; with `about` (subject to title) its subject."""
    out: list[Line] = []
    for recorded in events:
        event = recorded.event
        fact = words(event.type)
        subject = copy_id.short(event.subject)
        said = _said(event.data) if about is None else f": {about.get(event.subject, subject)}"
        who = event.actor.rpartition("|")[2]
        out.append(_line(event.time, who, f"{theme.fact(fact)}{said}", _tint(fact, "")))
    return out


def _run_text(line: RunLine) -> str:
    return f"step {line.cell + 1} of {line.cells}  {line.text}" if line.kind == "cell" else line.text


def _said(data: dict[str, object]) -> str:
    parts = [f"{key}: {_brief(data[key])}" for key in sorted(data) if data[key] not in ("", None, [], {})]
    return "\n" + "  ·  ".join(parts) if parts else ""


def _brief(value: object) -> str:
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return f"{len(value)}"
        more = f" and {len(value) - LISTED} more" if len(value) > LISTED else ""
        return ", ".join(map(str, value[:LISTED])) + more
    if isinstance(value, dict):
        return ", ".join(f"{k}={_brief(v)}" for k, v in value.items())
    text = " ".join(str(value).split())
    return f"{text[:19]}…" if text.startswith("sha256:") else text[:300]


def _tint(text: str, kind: str) -> str:
    ends = sorted(found.lastindex or 0 for found in _ENDS.finditer(text))
    return _TINTS[ends[0]] if ends else {"note": "orange", "cell": "blue"}.get(kind, "gray")


def _line(at: datetime, kind: str, text: str, color: str) -> Line:
    clock = at.astimezone(UTC).strftime("%H:%M:%S")
    glyph = _GLYPHS.get(kind, "●")
    return {"clock": clock, "at": facts.absolute(at), "kind": kind, "text": text, "color": color, "glyph": glyph}


def show(lines: Sequence[Line], *, empty: str, key: str, height: int = 420) -> None:
    """Draw the lines in order; `key` keeps the scroll position between runs; `height` in pixels at most."""
    _stream(key=key, data={"lines": list(lines), "empty": empty, "height": height})
