"""The four measures of software delivery, from what the record says was deployed, failed, and put right again.

Rule: https://dora.dev/guides/dora-metrics-four-keys/. Each measure says how it is counted here, since the words are
used differently elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

DEFINITIONS = {
    "deployment frequency": "Deployments that succeeded, per day. A rollback or revert is none.",
    "lead time": "Median time from the commit that was deployed to the end of its first deployment to that target that "
    "succeeded.",
    "change failure rate": "Share of the deployments that failed, or that were rolled back or reverted before the next "
    "deployment to the same target.",
    "time to restore": "Median time from the end of a failed deployment (of one that was rolled back later: from the "
    "request of the rollback) to the next success on the same target.",
}
"""How each measure is counted."""


@dataclass(frozen=True)
class Deployment:
    """One run that put a version on a target: `back` when it went back to an earlier one. `committed` is the time of
    the commit that it deployed, None when that isn't known.
    """

    target: str
    commit: str
    asked: datetime
    ended: datetime
    ok: bool
    back: bool = False
    committed: datetime | None = None


@dataclass(frozen=True)
class Measure:
    """One measure: `value` in `unit` (per day, s, share), None when nothing was counted; `counted` is of how many."""

    name: str
    value: float | None
    unit: str
    counted: int

    @property
    def text(self) -> str:
        """The value as people read it."""
        if self.value is None:
            return "–"
        if self.unit == "s":
            return _length(self.value)
        return f"{self.value:.0%}" if self.unit == "share" else f"{self.value:.2g} {self.unit}"

    def as_json(self) -> dict[str, object]:
        """Plain JSON, with the definition."""
        told = {"name": self.name, "value": self.value, "unit": self.unit, "counted": self.counted}
        return {**told, "definition": DEFINITIONS[self.name]}


def measures(found: Iterable[Deployment], since: datetime, until: datetime) -> tuple[Measure, ...]:
    """The four measures of the deployments that ended from `since` up to `until`; `found` may hold earlier ones, which
    are looked at for what was deployed before.
    """
    lines: dict[str, list[Deployment]] = {}
    for one in sorted(found, key=lambda d: d.ended):
        lines.setdefault(one.target, []).append(one)
    new, failed, leads, restored = 0, 0, list[float](), list[float]()
    succeeded = 0
    for line in lines.values():
        seen: set[str] = set()
        for at, one in enumerate(line):
            if one.back or one.ended > until:
                continue
            first = one.ok and one.commit not in seen
            if one.ok:
                seen.add(one.commit)
            if one.ended < since:
                continue
            new, succeeded = new + 1, succeeded + one.ok
            if first and one.committed is not None:
                leads.append((one.ended - one.committed).total_seconds())
            broke = _broke(one, line[at + 1 :])
            if broke is not None:
                failed += 1
                well = next((d.ended for d in line[at + 1 :] if d.ok and d.ended <= until), None)
                restored += [(well - broke).total_seconds()] if well else []
    days = max((until - since) / timedelta(days=1), 1e-9)
    return (
        Measure("deployment frequency", succeeded / days if new else None, "per day", succeeded),
        Measure("lead time", median(leads) if leads else None, "s", len(leads)),
        Measure("change failure rate", failed / new if new else None, "share", new),
        Measure("time to restore", median(restored) if restored else None, "s", len(restored)),
    )


def _broke(one: Deployment, later: list[Deployment]) -> datetime | None:
    """When it was known to be bad; None when it was good."""
    if not one.ok:
        return one.ended
    following = later[0] if later else None
    return following.asked if following is not None and following.back else None


def _length(seconds: float) -> str:
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {word}"
    return f"{seconds:.0f} s"
