"""Events: past-tense facts, carried in the CloudEvents 1.0 envelope (https://github.com/cloudevents/spec, v1.0.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from conductor_core.domain.actors import Actor

SOURCE = "/maestro-conductor"


@dataclass(frozen=True)
class Event:
    """One fact. `type` is `conductor.<noun>.<fact>.v1`, `subject` the id of what it is about, `time` in UTC.

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
    return Event(event_id, fact.type, subject, now, actor.key, fact.data)
