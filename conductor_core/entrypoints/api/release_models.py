"""Bodies of the REST of releases: what is asked for, and what is answered."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from conductor_core.entrypoints.api.models import Body

EMERGENCY = "At once, before anybody has approved, reviewed afterwards; takes the break-glass role."


class DeployRequest(Body):
    """A deploy to request."""

    channel: str = Field(description="Channel to deploy.", max_length=200, examples=["staging"])
    sets: dict[str, str] = Field(default_factory=dict, description="Chart values to set, as text by dotted key.")
    reason: str = Field(description="Why this is done; it goes into the record.")


class PromoteSetRequest(Body):
    """A set to promote."""

    source: str = Field(description="Channel whose versions are taken.", max_length=200, examples=["staging"])
    to: str = Field(description="Channel that gets them.", max_length=200, examples=["prod"])
    releases: list[str] = Field(default_factory=list, description="Only these; none: all that have both channels.")
    left_out: list[str] = Field(default_factory=list, description="Services to leave where they are.")
    reason: str = Field(description="Why this is done; it goes into the record.")


class RollbackRequest(Body):
    """A rollback to request."""

    channel: str = Field(description="Channel to roll back in.", max_length=200)
    to_revision: int = Field(ge=1, description="Revision whose manifests and values come back.")
    sets: dict[str, str] = Field(default_factory=dict, description="Values chosen instead of those it ran with.")
    quarantine: bool = Field(default=True, description="Put the version that is left into quarantine.")
    revert_git: bool = Field(default=True, description="Give the branch the same content back, in one commit.")
    emergency: bool = Field(default=False, description=EMERGENCY)
    reason: str = Field(description="Why this is done; it goes into the record.")


class RevertRequest(Body):
    """A revert in Git to request, of a release that an Argo CD Application owns."""

    channel: str = Field(description="Channel to revert.", max_length=200)
    to_commit: str = Field(default="", description="Commit to go back to; empty: the newest good one.", max_length=64)
    quarantine: bool = Field(default=True, description="Put the version that is left into quarantine.")
    emergency: bool = Field(default=False, description=EMERGENCY)
    reason: str = Field(description="Why this is done; it goes into the record.")


class AbortRequest(Body):
    """The abort of one rollout, or of a fleet, to request."""

    emergency: bool = Field(default=False, description=EMERGENCY)
    reason: str = Field(description="Why this is done; it goes into the record.")


class WayBackRequest(Body):
    """The way back from a failed rollout to request; everything but the reason is filled in from the rollout."""

    emergency: bool = Field(default=False, description=EMERGENCY)
    reason: str = Field(default="", description="Why this is done; empty: what the failing rollout says.")


class QuarantineRequest(Body):
    """A version to put into quarantine."""

    version: str = Field(description="Version that went bad.", max_length=200)
    channel: str = Field(description="Channel in which it went bad.", max_length=200)
    reason: str = Field(description="Why this is done; it goes into the record.")


class UnquarantineRequest(Body):
    """A version to release from quarantine."""

    version: str = Field(description="Version that may be deployed again.", max_length=200)
    reason: str = Field(description="Why this is done; it goes into the record.")


class RevisionOut(BaseModel):
    """One stored revision."""

    revision: int
    status: str
    chart: str
    chart_version: str
    app_version: str
    description: str
    updated: str | None
    version: str
    commit: str
    change: str | None
    good: bool
    quarantine: dict[str, Any] | None


class RevisionsOut(BaseModel):
    """Stored revisions, newest first."""

    revisions: list[RevisionOut]
