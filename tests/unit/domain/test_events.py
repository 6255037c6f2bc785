"""Events carry the CloudEvents attributes and have a canonical form."""

from __future__ import annotations

from datetime import timedelta, timezone

from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.events import Fact, stamp
from tests.fakes.domain import NOW, REQUESTER


def test_a_fact_is_stamped_into_an_envelope() -> None:
    fact = Fact("conductor.plan.made.v1", {"plan": "sha256:a"})
    event = stamp(fact, event_id="evt-1", subject="chg-1", actor=REQUESTER, now=NOW)
    assert event.envelope() == {
        "specversion": "1.0",
        "id": "evt-1",
        "source": "/maestro-conductor",
        "type": "conductor.plan.made.v1",
        "subject": "chg-1",
        "time": "2026-11-24T20:30:00.123456Z",
        "datacontenttype": "application/json",
        "actor": "local|requester",
        "data": {"plan": "sha256:a"},
    }


def test_time_is_spelled_in_utc_with_six_digits_always() -> None:
    there = NOW.replace(microsecond=0).astimezone(timezone(timedelta(hours=5, minutes=30)))
    event = stamp(Fact("conductor.a.b.v1"), event_id="e", subject="s", actor=REQUESTER, now=there)
    assert event.envelope()["time"] == "2026-11-24T20:30:00.000000Z"
    assert canonical_bytes(event.envelope())
