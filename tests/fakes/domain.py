"""Ready-made values of the domain for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from conductor_core.domain.actors import LOCAL_ACTORS, Actor, Role
from conductor_core.domain.changes import Change
from conductor_core.domain.events import Event
from conductor_core.domain.gates import Reason, Result, Verdict
from conductor_core.domain.plans import Evidence, Plan

NOW = datetime(2026, 11, 24, 20, 30, 0, 123456, tzinfo=UTC)
REQUESTER = LOCAL_ACTORS["requester"]
APPROVER = LOCAL_ACTORS["approver"]
CAPTAIN = LOCAL_ACTORS["captain"]
SECOND = Actor("https://idp.example", "second", "Second", frozenset({Role.APPROVER}))

ALLOW = Verdict("policy", Result.ALLOW, (), 12)
DENY = Verdict("policy", Result.DENY, (Reason("no-latest", "Tag latest.", "api", "Pin the tag."),), 12)


def plan(seed: str = "a", **facts: str) -> Plan:
    """A plan whose digest follows `seed` and `facts`."""
    evidence = Evidence("manifests.yaml", "application/yaml", "sha256:" + (seed * 64)[:64], 1234)
    return Plan((evidence,), {"commit": seed, **facts}, {"changed": "3"})


def change(change_id: str = "chg-01", **fields: object) -> Change:
    """A requested Change; `fields` replace what it says."""
    plain = Change(
        id=change_id,
        runbook="deploy-release",
        title="Deploy IntelGraph to staging",
        target="staging/intelgraph",
        tier="staging",
        parameters={"release": "intelgraph", "replicas": 3, "weight": 0.5, "set": {"b": [1, True], "a": None}},
        requester=REQUESTER,
        reason="new image",
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # dataclass fields by name


def event(event_id: str, subject: str = "chg-01", kind: str = "conductor.change.requested.v1", **data: object) -> Event:
    """An event of that id."""
    return Event(event_id, kind, subject, NOW, REQUESTER.key, dict(data))
