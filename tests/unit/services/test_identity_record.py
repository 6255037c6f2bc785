"""Somebody is recorded when they come for the first time, and when their roles are others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conductor_core.domain.actors import Actor, Role
from conductor_core.errors import UnreachableError
from conductor_core.services.identity import IdentityService
from conductor_core.services.identity_record import AGAIN_SECONDS, IdentityRecord
from conductor_core.services.ledger import Ledger
from conductor_core.settings import Settings
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.identities import FakeIdentities

ADA = Actor("https://id.example", "ada", "Ada", frozenset({Role.VIEWER, Role.OPERATOR}))
CAPTAIN = replace(ADA, roles=frozenset({Role.VIEWER, Role.CAPTAIN}))


def of(store: MemoryChangeStore, clock: SteppingClock | None = None) -> IdentityRecord:
    """A process that knows nothing yet."""
    return IdentityRecord(store, Ledger(store, clock or SteppingClock()))


def told(store: MemoryChangeStore) -> list[tuple[str, str, object, object]]:
    events = [recorded.event for recorded in store.recorded]
    return [(e.type.split(".")[2], e.subject, e.data.get("added"), e.data.get("removed")) for e in events]


def test_first_seen_and_roles_changed_across_processes() -> None:
    store, clock = MemoryChangeStore(), SteppingClock()
    for process in (of(store, clock), of(store, clock)):
        process.meet(ADA)
        process.meet(replace(ADA, name="Ada L.", subject="ADA"))  # another spelling of the same identity
    of(store, clock).meet(CAPTAIN)
    of(store, clock).meet(CAPTAIN)
    who = "identity/https://id.example|ada"
    assert told(store) == [("seen", who, None, None), ("changed", who, ["captain"], ["operator"])]
    assert store.recorded[0].event.actor == ADA.key
    assert store.recorded[1].event.data["roles"] == ["captain", "viewer"]


def test_what_is_known_costs_no_look() -> None:
    store = MemoryChangeStore()
    record = of(store)
    record.meet(ADA)
    store.recorded.clear()
    record.meet(ADA)
    assert told(store) == []


def test_a_record_that_cannot_be_written_holds_nobody_up_and_is_caught_up() -> None:
    store = MemoryChangeStore()

    class Gone(MemoryChangeStore):
        def record(self, events: object) -> None:
            raise UnreachableError("The database does not answer.")

    now = [100.0]
    record = IdentityRecord(store, Ledger(Gone(), SteppingClock()), lambda: now[0])
    record.meet(ADA)
    record._ledger = Ledger(store, SteppingClock())
    now[0] += AGAIN_SECONDS - 1
    record.meet(ADA)
    assert told(store) == [], "it is not tried at every page"
    now[0] += 1
    record.meet(ADA)
    assert [kind for kind, *_ in told(store)] == ["seen"]


def test_a_long_or_odd_identity_is_recorded_too() -> None:
    store = MemoryChangeStore()
    of(store).meet(replace(ADA, subject="x" * 5000, name="A\0\ud800"))
    event = store.recorded[0].event
    assert event.subject.startswith("identity/sha256:")
    assert event.data["name"] == "A??"


def test_every_way_in_is_told(tmp_path: Path) -> None:
    claims = {"iss": "https://id.example", "sub": "ada", "groups": ["leads"]}
    seen: list[Actor] = []
    settings = Settings(
        home=tmp_path, identity_mode="oidc", oidc_issuer="https://id.example", oidc_roles="captain=leads"
    )
    known = IdentityService(settings, FakeIdentities({"t": claims}), seen.append)
    known.bearer("t")
    known.claimed(claims)
    IdentityService(Settings(home=tmp_path), FakeIdentities(), seen.append).local("approver")
    assert [actor.subject for actor in seen] == ["ada", "ada", "approver"]
