"""The ledger's door: every fact fits an entry, whatever the product found; a seal names what is above it."""

from __future__ import annotations

from conductor_core.domain import changes as c
from conductor_core.domain.canonical import canonical_bytes, digest_of
from conductor_core.domain.changes import Change, Check, Outcome
from conductor_core.domain.events import Event, Fact
from conductor_core.domain.gates import Reason, Result, Verdict
from conductor_core.domain.plans import Evidence, Plan
from conductor_core.domain.policies import PolicyDecision
from conductor_core.domain.transitions import decide, verdict_rows
from conductor_core.ports.policy import PolicyEngine
from conductor_core.services.gates import PolicyGate
from conductor_core.services.ledger import Ledger
from conductor_core.services.planning import Draft
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.domain import APPROVER, NOW, REQUESTER, change
from tests.fakes.policy import allowing

ENTRY = 65_535
REASONS = tuple(
    Reason("no-latest", f"Container {n} uses the tag latest. " * 8, f"/spec/{n}", "Pin it.") for n in range(500)
)


class Denying:
    """A bundle with one family that denies five hundred times."""

    def __init__(self) -> None:
        self._like: PolicyEngine = allowing("workload")

    def decide(self, family: str, document: object) -> PolicyDecision:
        return PolicyDecision(family, Result.DENY, REASONS, (), 12, "sha256:in", "sha256:of", "fake", 0.001)

    def __getattr__(self, name: str) -> object:
        return getattr(self._like, name)


def sizes(store: MemoryChangeStore) -> list[int]:
    return [len(canonical_bytes(recorded.event.envelope())) for recorded in store.recorded]


def test_five_hundred_denials_become_an_entry_with_their_count_and_digest() -> None:
    store = MemoryChangeStore()
    gate = PolicyGate(Denying(), Ledger(store, SteppingClock()), lambda: NOW)  # type: ignore[arg-type]  # the rest is delegated
    verdicts = gate(change(), Draft())
    assert len(verdicts[0].reasons) == 500
    data = store.recorded[0].event.data
    rows = verdict_rows(verdicts)[0]["reasons"]
    assert data["cut"] == [{"path": "/denials", "count": 500, "digest": digest_of(rows)}]
    assert max(sizes(store)) <= ENTRY


def test_no_transition_makes_an_event_that_is_too_large() -> None:
    store, clock = MemoryChangeStore(), SteppingClock()
    ledger = Ledger(store, clock)
    huge = "long words " * 20_000
    plan = Plan(
        tuple(Evidence(f"piece-{n:05}.yaml", "application/yaml", "sha256:" + "a" * 64, 1) for n in range(3_000)),
        {f"fact{n:05}": "v" * 50 for n in range(3_000)},
        {"says": huge},
    )
    verdict = Verdict("policy/workload", Result.WARN, REASONS, 12)
    checks = tuple(Check(f"check-{n}", True, huge[:5_000]) for n in range(100))
    messages: list[c.Message] = [
        c.Planned(plan, (verdict,) * 3, 1),
        c.Replan(tuple(f"line {n} {huge[:1000]}" for n in range(500))),
        c.Planned(Plan((), {}, {}), (verdict,), 1),
        c.Approve(APPROVER, Plan((), {}, {}).digest, huge),
        c.Start(Plan((), {}, {}).digest),
        c.Validate(),
        c.Finish(checks, Outcome(huge, huge, huge), "sha256:" + "b" * 64),
    ]
    now: Change = change()
    store.create(now, ledger.stamp([Fact("conductor.change.requested.v1", {"reason": huge})], now.id, REQUESTER))
    for message in messages:
        after, facts = decide(now, message, clock.now())
        store.save(after, now.version, ledger.stamp(facts, now.id, REQUESTER))
        now = after
    assert now.terminal
    assert max(sizes(store)) <= ENTRY
    assert sum("cut" in recorded.event.data for recorded in store.recorded) >= 6


def test_a_seal_names_every_event_of_its_own_above_it() -> None:
    store, clock = MemoryChangeStore(), SteppingClock()
    ledger = Ledger(store, clock)
    store.record([Event("evt-other", "conductor.change.requested.v1", "chg-02", NOW, "x")])
    store.record(ledger.stamp([Fact("conductor.change.requested.v1")], "chg-01", REQUESTER))
    _, facts = decide(change(), c.Cancel(REQUESTER, "not today"), NOW)
    made = ledger.stamp(facts, "chg-01", REQUESTER)
    assert [event.type.split(".")[2] for event in made] == ["cancelled", "sealed"]
    assert made[1].data["events"] == [store.recorded[1].event.id, made[0].id]
