"""`kill -9` of the worker at any point of real deploys and rollbacks (security, rule 7): nothing acknowledged is lost,
nothing is done twice, and every Change ends as it would have, or is unknown with what was seen.

Rounds: a few Changes on different targets are requested and approved; the worker is killed once or several times while
they run, and started again; then everything is compared with what the cluster and Helm itself say.
`CONDUCTOR_CRASH_KILLS` says how many kills (12; `make crash`: 200), `CONDUCTOR_CRASH_SEED` repeats a run's choices.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from conductor_core.domain.changes import Change, State
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import ConflictError
from conductor_core.localplane.layout import Endpoints
from tests.crash.workbench import ENDED, TINY, Workbench, eventually, fresh_names, opened, tiny_channels

pytestmark = [pytest.mark.real, pytest.mark.crash, pytest.mark.slow]

KILLS = int(os.environ.get("CONDUCTOR_CRASH_KILLS", "12"))
SEED = int(os.environ.get("CONDUCTOR_CRASH_SEED") or random.SystemRandom().randrange(10**6))
RELEASES = ("one", "two", "three")
IN_FLIGHT = 2
KILLS_A_ROUND = (2, 2, 3)
RANDOM_SECONDS = 7.0
"""A Change takes about this long from its request to its end."""
PATIENCE = 180.0
"""Seconds for a round's Changes to end after the last kill."""
WAYS = ("aimed", "outlived", "acknowledged", "aimed", "random", "outlived")
"""Aimed: within 400 ms after an act on the cluster was written down as started. Outlived: as soon as its program is
seen to run. Acknowledged: right after the answer to an approval. Random: some time after the request."""
STORY = (
    "conductor.change.requested.v1",
    "conductor.plan.made.v1",
    "conductor.gates.judged.v1",
    "conductor.approval.given.v1",
    "conductor.change.approved.v1",
    "conductor.execution.started.v1",
    "conductor.validation.started.v1",
    "conductor.change.succeeded.v1",
    "conductor.change.sealed.v1",
)
"""The facts of a Change that ends well, in order; approvals only where they are asked for."""

Target = tuple[str, str]


@dataclass
class Asked:
    """A Change in flight: what was acknowledged, and how its target stood before."""

    change_id: str
    target: Target
    back_to: int
    before: int
    """The newest revision before the request."""
    approvals: list[tuple[str, str]] = field(default_factory=list)
    """Acknowledged: who, for which plan."""


@dataclass
class Tally:
    """What was counted over all rounds."""

    kills: Counter[str] = field(default_factory=Counter)
    during_dispatch: int = 0
    orphans: int = 0
    observed: int = 0
    approvals: int = 0
    lost_approvals: int = 0
    double_dispatches: int = 0
    in_no_state: int = 0
    again: int = 0
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def killed(self) -> int:
        return self.kills.total()

    def __str__(self) -> str:
        ways = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        ends = ", ".join(f"{name} {count}" for name, count in sorted(self.ended.items()))
        return (
            f"kills {self.killed} ({ways}), of them during dispatch {self.during_dispatch}; seed {SEED}\n"
            f"acts whose program outlived its worker {self.orphans}, observed after a kill {self.observed}, "
            f"dispatched again after proof of absence {self.again}\n"
            f"approvals {self.approvals}, lost {self.lost_approvals}; double dispatches {self.double_dispatches}; "
            f"Changes {self.ended.total()} ({ends}), in no state {self.in_no_state}"
        )


@pytest.fixture
def bench(plane: Endpoints) -> Iterator[Workbench]:
    dev, staging = fresh_names("dev", "staging")
    with opened(plane, (dev, staging)) as bench:
        bench.commit(TINY | {"channels.yaml": tiny_channels(RELEASES, dev, staging)})
        yield bench


@pytest.mark.timeout(300 + 60 * KILLS)
def test_no_kill_loses_an_approval_or_acts_twice(bench: Workbench) -> None:
    campaign = Campaign(bench, random.Random(SEED))
    bench.start()
    while campaign.tally.killed < KILLS:
        campaign.round()
        print(f"{campaign.tally.killed} of {KILLS} kills, {campaign.tally.during_dispatch} during dispatch", flush=True)
    bench.stop()
    tally = campaign.tally
    print(f"\n{tally}")
    assert (tally.lost_approvals, tally.double_dispatches, tally.in_no_state) == (0, 0, 0), tally
    assert tally.during_dispatch >= 0.3 * tally.killed, tally
    assert tally.orphans > 0, "no act outlived its worker: what that leads to was not tried"
    eventually(lambda: not bench.processes("kernel.py", "helm", "worker"), 10, lambda: str(left(bench)))


def left(bench: Workbench) -> list[str]:
    return [" ".join(process.cmdline()) for process in bench.processes("kernel.py", "helm", "worker")]


class Campaign:
    """Rounds of Changes and kills on one workbench."""

    def __init__(self, bench: Workbench, chance: random.Random) -> None:
        self.bench, self.chance, self.tally = bench, chance, Tally()
        self.rollbacks: Counter[Target] = Counter()
        self.targets: list[Target] = [(release, channel) for release in RELEASES for channel in ("dev", "staging")]

    def round(self) -> None:
        """Ask, kill and start again, wait for every end, and look at everything."""
        chosen = self.chance.sample(self.targets, IN_FLIGHT - 1)
        if all(channel == "dev" for _, channel in chosen):
            chosen.append(self.chance.choice([t for t in self.targets if t[1] == "staging"]))
        else:
            chosen.append(self.chance.choice([t for t in self.targets if t not in chosen]))
        batch = [self.ask(target) for target in chosen]
        for _ in range(min(self.chance.choice(KILLS_A_ROUND), KILLS - self.tally.killed)):
            way = WAYS[self.tally.killed % len(WAYS)]
            if not self.moment(way, batch):
                break
            self.bench.kill()
            self.tally.kills[way] += 1
            self.tally.orphans += self.orphans(batch)
            eventually(lambda: not self.bench.processes("kernel.py"), 5, lambda: "a kernel outlived its worker")
            self.tally.during_dispatch += any(op.state is OperationState.STARTED for op in self.acts(batch))
            self.bench.start()
        eventually(lambda: self.tick(batch), PATIENCE, lambda: self.seen(batch))
        for asked in batch:
            self.judge(asked)

    def orphans(self, batch: list[Asked]) -> int:
        """How many acts outlived the worker; each still holds its Change's lock, so that nobody acts beside it."""
        found = 0
        for asked in batch:
            if self.helm_runs(asked):
                try:
                    with self.bench.conductor.locks.hold(asked.change_id, 0):
                        assert not self.helm_runs(asked), "Helm runs without its lock"
                except ConflictError:
                    found += 1
        return found

    def helm_runs(self, asked: Asked) -> bool:
        """Whether Helm acts on the target now."""
        word, end = ("rollback", f" -- {asked.target[0]} ") if asked.back_to else ("upgrade", asked.change_id)
        where = f"--namespace={self.bench.conductor.releases.namespace(*asked.target)} "
        lines = [" ".join(process.cmdline()) + " " for process in self.bench.processes(f"helm {word} ")]
        return any(end in line and where in line for line in lines)

    def ask(self, target: Target) -> Asked:
        """Request a deploy of something new, or a rollback where there is something to go back to."""
        conductor, (release, channel) = self.bench.conductor, target
        revisions = conductor.releases.history(release, channel)
        good = [r.revision for r in revisions if r.status in (Status.DEPLOYED, Status.SUPERSEDED)]
        back_to = self.chance.choice(good) if good and self.chance.random() < 0.4 else 0
        where: dict[str, object] = {"release": release, "channel": channel}
        word: dict[str, object] = {"sets": {"word": f"w{self.chance.randrange(10**9)}"}}
        what = {"to_revision": back_to, "quarantine": False} if back_to else word
        name = "rollback_release" if back_to else "deploy_release"
        change = conductor.changes.request(conductor.actor("requester"), name, where | what, "to be killed")
        return Asked(change.id, target, back_to, max((r.revision for r in revisions), default=0))

    def tick(self, batch: list[Asked], *, approve: bool = True) -> bool:
        """Approve what waits for it; True when all have ended."""
        changes = [(asked, self.bench.change(asked.change_id)) for asked in batch]
        for asked, change in changes:
            if approve and change.state is State.AWAITING_APPROVAL:
                self.approve(asked, change)
        return all(change.state in ENDED for _, change in changes)

    def approve(self, asked: Asked, change: Change) -> None:
        actor = self.bench.conductor.actor("approver")
        self.bench.conductor.changes.approve(actor, change.id, change.plan_digest, "go")
        asked.approvals.append((actor.key, change.plan_digest))

    def moment(self, way: str, batch: list[Asked]) -> bool:
        """Wait for the moment to kill; False when everything has ended before it came."""
        end = time.monotonic() + (self.chance.uniform(0, RANDOM_SECONDS) if way == "random" else PATIENCE)
        before = {(op.change_id, op.dispatches) for op in self.acts(batch) if op.state is OperationState.STARTED}
        while time.monotonic() < end:
            given = sum(len(asked.approvals) for asked in batch)
            if self.tick(batch):
                return False
            if way == "acknowledged" and sum(len(asked.approvals) for asked in batch) > given:
                return True
            started = {(op.change_id, op.dispatches) for op in self.acts(batch) if op.state is OperationState.STARTED}
            if way == "outlived" and any(self.helm_runs(asked) for asked in batch):
                return True
            if way in ("aimed", "acknowledged") and started - before:
                time.sleep(self.chance.uniform(0, 0.4))
                return True
            time.sleep(0.05)
        return True

    def acts(self, batch: list[Asked]) -> list[Operation]:
        """The acts on the cluster so far."""
        found = [op for asked in batch for op in self.bench.conductor.operations.of(asked.change_id)]
        return [op for op in found if op.kind.startswith("helm_")]

    def judge(self, asked: Asked) -> None:
        """Compare one ended Change with what was acknowledged, with the cluster, and with what Helm was called for."""
        tally, change = self.tally, self.bench.change(asked.change_id)
        facts = [recorded.event for recorded in self.bench.conductor.changes.events(change.id)]
        lines = [line.text for line in self.bench.conductor.run_log.read(change.id)]
        (act,) = self.acts([asked]) or (None,)
        tally.ended[change.state.value] += 1
        tally.in_no_state += change.state not in ENDED

        kept = {(approval.actor.key, approval.plan_digest) for approval in change.approvals}
        told = {(f.data["by"], f.data["plan"]) for f in facts if f.type == "conductor.approval.given.v1"}
        tally.approvals += len(asked.approvals)
        tally.lost_approvals += len([a for a in asked.approvals if a not in kept or a not in told])

        proofs = sum("it had not happened" in line for line in lines)
        tally.again += proofs
        dispatches = act.dispatches if act else 0
        made = self.made(asked)
        # Helm may be started less often than dispatches are counted: the row comes first, and the kill in between.
        for count in (len(made) - 1, self.helm_started(asked) - 1 - proofs, dispatches - 1 - proofs):
            tally.double_dispatches += max(0, count)
        tally.observed += act is not None and "observed" in act.result

        assert change.state is not State.UNKNOWN or (change.outcome and "revision" in change.outcome.why), change
        assert change.state in (State.SUCCEEDED, State.UNKNOWN), (change, lines)
        assert [f.time for f in facts] == sorted(f.time for f in facts)
        if change.state is State.SUCCEEDED:
            assert len(made) == 1, (change, made)
            assert act is not None
            assert act.result["revision"] == made[0].revision
            once = [f.type for f in facts if f.type in STORY]
            asks = asked.target[1] == "staging"
            assert once == [t for t in STORY if asks or t != "conductor.approval.given.v1"], once
            assert change.seal

    def made(self, asked: Asked) -> list[Revision]:
        """The revisions since the request; nobody else works on the target, so every one is this Change's."""
        later = [r for r in self.bench.conductor.releases.history(*asked.target) if r.revision > asked.before]
        if not asked.back_to:
            assert all(revision.made_by(asked.change_id) for revision in later), later
        return later

    def helm_started(self, asked: Asked) -> int:
        """How often Helm's program was started for this act, by the note that it leaves before anything else."""
        file = self.bench.helm_log
        noted = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        if not asked.back_to:
            return sum(f"--description=conductor:{asked.change_id} " in line for line in noted)
        since = self.rollbacks[asked.target]
        namespace = self.bench.conductor.releases.namespace(*asked.target)
        end = f"--namespace={namespace} -- {asked.target[0]} "
        found = sum(line.startswith("rollback ") and end in line for line in noted)
        self.rollbacks[asked.target] = found
        return found - since

    def seen(self, batch: list[Asked]) -> str:
        """What there is to read about the round when it hangs."""
        told = [str(self.bench.change(asked.change_id)) for asked in batch]
        lines = [ln.text for asked in batch for ln in self.bench.conductor.run_log.read(asked.change_id)[-8:]]
        return "\n".join([*told, *lines, self.bench.log[-4000:]])
