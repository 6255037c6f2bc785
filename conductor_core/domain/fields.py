"""Fields of objects that controllers wrote: read with a default where they are missing or of another type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def duration(value: object) -> int | None:
    """Seconds of a duration as Argo Rollouts reads it (`30`, `30s`, `5m`, `1h30m`); None when there is none."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if text.isascii() and text.isdigit():
        return int(text)
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    if not text or parts is None:
        return None
    hours, minutes, seconds = (int(p or 0) for p in parts.groups())
    return hours * 3600 + minutes * 60 + seconds


def moment(value: object) -> datetime | None:
    """A time as the API writes it; None when it is none."""
    text = str(value or "")
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if _TIME.fullmatch(text) else None


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listing(value: object) -> list[Mapping[str, Any]]:
    """The mappings in a list, or none."""
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def number(value: object, default: int = 0) -> int:
    """A whole number, also one that is written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else default
