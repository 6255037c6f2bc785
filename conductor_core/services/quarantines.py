"""Quarantines as people, gates and operations use them: read, made, lifted; each act is an operation of a Change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conductor_core.domain import quarantine as q
from conductor_core.domain.actors import SYSTEM, Actor
from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.domain.operations import Observation
from conductor_core.domain.quarantine import Quarantine
from conductor_core.ports.clock import Clock
from conductor_core.ports.quarantines import Quarantines
from conductor_core.services.ledger import Ledger
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft

GATE = "quarantine"


class QuarantineService:
    """Quarantined versions by release. What is written is written with its fact, in one transaction."""

    def __init__(self, store: Quarantines, ledger: Ledger, clock: Clock) -> None:
        self._store, self._ledger, self._clock = store, ledger, clock

    def of(self, release: str = "") -> list[Quarantine]:
        """Every quarantine of a release ('' is every one), lifted ones included, newest first."""
        return self._store.of(release)

    def active(self, release: str = "") -> list[Quarantine]:
        """Those that stand."""
        return [found for found in self._store.of(release) if found.active]

    def add(self, change: Change, release: str, channel: str, version: str, content: str = "") -> Quarantine:
        """Quarantine a version on behalf of a Change; again is once."""
        made = Quarantine(
            change.id, release, version, channel, change.reason, change.requester.name, self._clock.now(), content
        )
        self._store.put(made, self._ledger.stamp([q.fact(made)], made.change_id, change.requester))
        return made

    def lift(self, change: Change, release: str, version: str) -> list[Quarantine]:
        """Release every quarantine of a version on behalf of a Change; gives those that it released."""
        out = []
        for found in self.active(release):
            if found.version == version:
                free = found.lifted(change.requester.name, change.id, change.reason, self._clock.now())
                self._store.put(free, self._ledger.stamp([q.fact(free)], found.change_id, change.requester))
                out.append(free)
        return out


@dataclass(frozen=True)
class QuarantineGate:
    """No quarantined version is deployed, and automation leaves a held channel alone."""

    quarantines: QuarantineService

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict; raises what the store raises."""
        release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
        active = self.quarantines.active(release)
        version, content = draft.summary.get("version", ""), draft.facts.get("content", "")
        denials = [
            Reason(
                "quarantine/version",
                f"{release} {version} is in quarantine since {hit.at:%Y-%m-%d %H:%M} UTC: {hit.reason} ({hit.by})",
                hit.change_id,
                f"Deploy another version, or: conductor release unquarantine {release} {version} --reason WHY",
            )
            for hit in active
            if hit.blocks(version, content)
        ]
        if automated(change.requester):
            denials += [
                Reason(
                    "quarantine/held",
                    f"Automation of {release} in {channel} is held while {hit.version} is in quarantine.",
                    hit.change_id,
                    f"A person deploys it, or: conductor release unquarantine {release} {hit.version} --reason WHY",
                )
                for hit in active
                if hit.holds(channel)
            ]
        return [verdict(GATE, denials=denials, warnings=(), rules_run=2)]


def automated(actor: Actor) -> bool:
    """Whether nobody in person asks."""
    return actor.issuer == SYSTEM.issuer


@dataclass(frozen=True)
class QuarantineVersion:
    """The operation `quarantine_version`: what the plan names goes into quarantine."""

    quarantines: QuarantineService

    def prepare(self, context: Context) -> Facts:
        """What goes into quarantine, as the plan says."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {"version": facts.get("quarantine", ""), "content": facts.get("quarantine_content", "")}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Write it down; nothing where the plan names nothing."""
        version, release, channel = str(request["version"]), *where(context.change)
        if not version:
            return Observation.DONE, {"seen": "nothing to quarantine"}
        self.quarantines.add(context.change, release, channel, version, str(request["content"]))
        context.say(f"{release} {version} is in quarantine; automation of {channel} is held")
        return Observation.DONE, {"version": version, "held": channel}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Whether this Change's quarantine is there."""
        made = [q for q in self.quarantines.of(where(context.change)[0]) if q.change_id == context.change.id]
        if made or not request["version"]:
            return Observation.DONE, {"seen": "it is in quarantine"}
        return Observation.ABSENT, {"seen": "it is not in quarantine"}


@dataclass(frozen=True)
class LiftQuarantine:
    """The operation `lift_quarantine`: a version is released, and may be deployed again."""

    quarantines: QuarantineService

    def prepare(self, context: Context) -> Facts:
        """Which version."""
        return {"version": str(context.change.parameters.get("version", ""))}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Release it."""
        lifted = self.quarantines.lift(context.change, where(context.change)[0], str(request["version"]))
        return Observation.DONE, {"released": [f.change_id for f in lifted]}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Whether nothing stands against the version any more."""
        standing = standing_of(self.quarantines, where(context.change)[0], str(request["version"]))
        return (Observation.ABSENT if standing else Observation.DONE), {"seen": f"{len(standing)} stand"}


def standing_of(quarantines: QuarantineService, release: str, version: str) -> list[Quarantine]:
    """The quarantines that stand against a version."""
    return [found for found in quarantines.active(release) if found.version == version]


def where(change: Change) -> tuple[str, str]:
    """The release and the channel that a Change names."""
    return str(change.parameters.get("release", "")), str(change.parameters.get("channel", ""))
