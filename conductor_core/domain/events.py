"""Events: past-tense facts, carried in the CloudEvents 1.0 envelope (https://github.com/cloudevents/spec, v1.0.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from conductor_core.domain.actors import Actor

SOURCE = "/maestro-conductor"
CDEVENTS = "dev.cdevents."
"""Begins the types of the CDEvents vocabulary, whose data repeats what the envelope says as its `context`."""
CDEVENTS_SPEC = "0.5.0"


@dataclass(frozen=True)
class Event:
    """One fact. `type` is `conductor.<noun>.<fact>.v1` or one of CDEvents, `subject` the id of what it is about.
    `time` is in UTC.

    `data` is plain JSON without floats (it is hashed in canonical form) and never holds a secret.
    """

    id: str
    type: str
    subject: str
    time: datetime
    actor: str
    data: dict[str, object] = field(default_factory=dict)

    def envelope(self) -> dict[str, object]:
        """The CloudEvents structured form; `actor` is an extension attribute."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "actor": self.actor,
            "data": self.data,
        }


@dataclass(frozen=True)
class Fact:
    """An event before it has an identity: what the domain decides; the service stamps it."""

    type: str
    data: dict[str, object] = field(default_factory=dict)


def stamp(fact: Fact, *, event_id: str, subject: str, actor: Actor, now: datetime) -> Event:
    """The event that records `fact`."""
    event = Event(event_id, fact.type, subject, now, actor.key, fact.data)
    if not fact.type.startswith(CDEVENTS):
        return event
    said = event.envelope()
    context = {
        "specversion": CDEVENTS_SPEC,
        "timestamp": said["time"],
        **{k: said[k] for k in ("id", "source", "type")},
    }
    return replace(event, data={"context": context, **fact.data})


def words(kind: str) -> str:
    """What a type says, without what all types of its vocabulary have: `change.sealed`, `service.deployed`."""
    if kind.startswith(CDEVENTS):
        return ".".join(kind.removeprefix(CDEVENTS).split(".")[:2])
    return kind.removeprefix("conductor.").rpartition(".v")[0]
