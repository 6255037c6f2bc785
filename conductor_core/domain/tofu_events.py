"""The event log of an apply (`tofu apply -json`), line by line: what it did, was in the middle of, and how it ended.

Rule: https://opentofu.org/docs/internals/machine-readable-ui/. A line that is no event is passed over: providers print.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_ACTS = {"create": "created", "update": "changed", "delete": "destroyed", "replace": "replaced", "forget": "forgotten"}


@dataclass(frozen=True)
class Problem:
    """One error of tofu's: its summary, the detail, and the address or place that it is about."""

    summary: str
    detail: str = ""
    place: str = ""

    def __str__(self) -> str:
        told = f"{self.summary.removesuffix('.')}. {self.detail}" if self.summary and self.detail else self.summary
        return f"{self.place}: {told or self.detail}" if self.place else told or self.detail


@dataclass(frozen=True)
class Applied:
    """How far an apply got. `started`: addresses whose change was sent; `done` of them that ended well; `failed` of
    them that did not; `complete`: tofu has said that the whole of it is applied.
    """

    started: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    complete: bool = False
    summary: str = ""

    @property
    def in_flight(self) -> tuple[str, ...]:
        """Addresses whose change was sent and whose end nobody saw."""
        ended = set(self.done) | set(self.failed)
        return tuple(address for address in self.started if address not in ended)

    @property
    def touched(self) -> bool:
        """Whether anything was sent to the world."""
        return bool(self.started)


def event(line: str) -> Mapping[str, Any] | None:
    """The event of one line, None when it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, Mapping) and isinstance(found.get("type"), str) else None


def read(lines: Iterable[str]) -> Applied:
    """What a whole log, or what there is of it, says."""
    started: dict[str, None] = {}
    done: dict[str, None] = {}
    failed: dict[str, None] = {}
    problems: list[Problem] = []
    complete, summary = False, ""
    for found in map(event, lines):
        if found is None:
            continue
        match found["type"]:
            case "apply_start":
                started[_address(found)] = None
            case "apply_complete":
                done[_address(found)] = None
            case "apply_errored":
                failed[_address(found)] = None
            case "change_summary" if _operation(found) in ("apply", "destroy"):
                complete, summary = True, str(found.get("@message", ""))
            case "diagnostic" if found.get("diagnostic", {}).get("severity") == "error":
                problems.append(problem(found["diagnostic"]))
    return Applied(tuple(started), tuple(done), tuple(failed), tuple(problems), complete and not problems, summary)


def problem(diagnostic: Mapping[str, Any]) -> Problem:
    """A diagnostic of tofu's."""
    where = diagnostic.get("range") or {}
    place = str(diagnostic.get("address") or "")
    if not place and where.get("filename"):
        place = f"{where['filename']}:{where.get('start', {}).get('line', '')}"
    return Problem(str(diagnostic.get("summary", "")), " ".join(str(diagnostic.get("detail", "")).split()), place)


def sentence(found: Mapping[str, Any]) -> str:
    """One event as a line for those who watch; '' when it is not worth one."""
    kind = found["type"]
    if kind in ("apply_start", "apply_progress", "apply_complete", "apply_errored"):
        hook = found.get("hook", {})
        seconds, done = hook.get("elapsed_seconds") or 0, _ACTS.get(hook.get("action", ""), "done")
        words = {"apply_start": "…", "apply_progress": f"… {seconds} s", "apply_errored": "failed"}
        return f"{_address(found)}: {words.get(kind) or f'{done} in {seconds} s'}"
    if kind == "change_summary":
        return str(found.get("@message", ""))
    if kind == "diagnostic":
        told = found.get("diagnostic", {})
        return f"{told.get('severity', 'note')}: {problem(told)}"
    return ""


def time_left(done: int, total: int, seconds: float) -> str:
    """How much longer at the pace so far; '' while too little is done to tell."""
    if done < 3 or done >= total or seconds <= 0:
        return ""
    left = round((total - done) * seconds / done)
    return f"about {left} s left" if left < 90 else f"about {round(left / 60)} min left"


def _address(found: Mapping[str, Any]) -> str:
    return str(found.get("hook", {}).get("resource", {}).get("addr", ""))


def _operation(found: Mapping[str, Any]) -> str:
    return str(found.get("changes", {}).get("operation", ""))
