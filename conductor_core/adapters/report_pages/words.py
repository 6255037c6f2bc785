"""Words for times and durations in reports."""

from __future__ import annotations

from datetime import UTC, datetime


def duration(seconds: object) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`; a dash for none."""
    if not isinstance(seconds, int):
        return "–"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def instant(text: object) -> str:
    """A time of the document in UTC, to the second; a dash for none."""
    if not text:
        return "–"
    return datetime.fromisoformat(str(text)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def ago(text: object, now: object) -> str:
    """How long before `now` that was."""
    if not text:
        return "–"
    return duration(int((datetime.fromisoformat(str(now)) - datetime.fromisoformat(str(text))).total_seconds()))
