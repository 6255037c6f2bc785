"""Quarantine: a version of a release that went bad is not deployed again until somebody releases it, with a reason.

A quarantine names a version; where the bad revision and the one gone back to have the same version, it names the
content as well, so that the good one can still be deployed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from conductor_core.domain.events import Fact

QUARANTINED = "conductor.release.quarantined.v1"
UNQUARANTINED = "conductor.release.unquarantined.v1"


@dataclass(frozen=True)
class Quarantine:
    """One quarantine; `change_id` is the Change that ordered it, and identifies it.

    `content`: the fingerprint of the bad manifests, '' when the version is bad whatever else. `channel`: where it went
    bad. `held`: automation leaves that channel alone meanwhile. `lifted_*` are empty while it stands.
    """

    change_id: str
    release: str
    version: str
    channel: str
    reason: str
    by: str
    at: datetime
    content: str = ""
    held: bool = True
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lifted_change: str = ""
    lifted_reason: str = ""

    @property
    def active(self) -> bool:
        """Whether it still stands."""
        return self.lifted_at is None

    def blocks(self, version: str, content: str = "") -> bool:
        """Whether a deploy of that version (with manifests of that fingerprint) must not happen."""
        return self.active and version == self.version and self.content in ("", content)

    def holds(self, channel: str) -> bool:
        """Whether automation must leave that channel alone."""
        return self.active and self.held and channel == self.channel

    def lifted(self, by: str, change_id: str, reason: str, now: datetime) -> Quarantine:
        """The same quarantine, released."""
        return replace(self, lifted_at=now, lifted_by=by, lifted_change=change_id, lifted_reason=reason)

    def as_json(self) -> dict[str, object]:
        """Plain JSON; times as RFC 3339."""
        return {
            "change": self.change_id,
            "release": self.release,
            "version": self.version,
            "content": self.content,
            "channel": self.channel,
            "reason": self.reason,
            "by": self.by,
            "at": self.at.isoformat(),
            "held": self.held,
            "active": self.active,
            "lifted_at": self.lifted_at.isoformat() if self.lifted_at else None,
            "lifted_by": self.lifted_by,
            "lifted_change": self.lifted_change,
            "lifted_reason": self.lifted_reason,
        }


def blocking(found: Iterable[Quarantine], version: str, content: str = "") -> Quarantine | None:
    """The first of them that stands against that version, or None."""
    return next((q for q in found if q.blocks(version, content)), None)


def fact(quarantine: Quarantine) -> Fact:
    """The fact that it was made or, once lifted, that it was released."""
    data: dict[str, object] = {
        "release": quarantine.release,
        "version": quarantine.version,
        "content": quarantine.content,
        "channel": quarantine.channel,
        "quarantine": quarantine.change_id,
    }
    if quarantine.active:
        return Fact(QUARANTINED, data | {"reason": quarantine.reason, "held": quarantine.held})
    return Fact(UNQUARANTINED, data | {"reason": quarantine.lifted_reason})
