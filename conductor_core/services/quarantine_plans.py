"""The plans of quarantine: what putting a version into it, or releasing it, means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conductor_core.domain.changes import Change
from conductor_core.domain.tiers import strictest
from conductor_core.errors import InputError, NotFoundError
from conductor_core.services.planning import Draft
from conductor_core.services.quarantines import QuarantineService, standing_of, where

TierOf = Callable[[str, str], str]
"""The tier of a release's channel; raises `NotFoundError`."""


@dataclass(frozen=True)
class QuarantinePlans:
    """What putting a version into quarantine, or releasing it, means."""

    quarantines: QuarantineService
    tier_of: TierOf

    def add(self, change: Change) -> Draft:
        """Names the version; raises `InputError` when all of it is in quarantine already, not only the manifests that a
        rollback has left, and `NotFoundError`.
        """
        release, channel = where(change)
        version = str(change.parameters.get("version", "")).strip()
        self.tier_of(release, channel)
        whole = [q for q in standing_of(self.quarantines, release, version) if not q.content]
        if whole:
            by = whole[0]
            raise InputError(
                f"{release} {version} is in quarantine already.",
                why=f"{by.by} put it there at {by.at:%Y-%m-%d %H:%M} UTC, from {by.channel}: {by.reason}.",
                next=f"Look at it with `conductor release show {release} --channel {channel}`.",
            )
        does = f"No deploy of {release} {version} passes its gates, and automation of {channel} is held."
        return Draft(facts={"quarantine": version}, summary={"does": does})

    def lift(self, change: Change) -> Draft:
        """Names what stands against the version; raises `NotFoundError` when nothing does."""
        release, version = where(change)[0], str(change.parameters.get("version", ""))
        standing = standing_of(self.quarantines, release, version)
        if not standing:
            known = ", ".join(sorted({found.version for found in self.quarantines.active(release)})) or "none"
            raise NotFoundError(
                f"{release} {version} is not in quarantine.", why=f"In quarantine: {known}.", next="Name one of these."
            )
        tiers = [self.tier_of(release, found.channel) for found in standing]
        facts = {"stands": ", ".join(found.change_id for found in standing)}
        why = "; ".join(f"{found.reason} ({found.by}, {found.channel})" for found in standing)
        summary = {"does": f"{release} {version} may be deployed again.", "quarantined for": why}
        return Draft(facts=facts, summary=summary, tier=strictest(tiers))
