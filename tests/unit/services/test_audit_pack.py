"""Audit packs of real Changes on fakes: what they hold, that they are always the same bytes, and what breaks them."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest

from conductor_core.domain import changes as c
from conductor_core.domain import pack_verifier
from conductor_core.domain.changes import State
from conductor_core.domain.proofs import parse_proof
from conductor_core.errors import InputError, LedgerError, NotFoundError, TransientError
from conductor_core.services.audit_pack import AuditPack, verify_pack
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import NOW
from tests.fakes.ledger import VKEY, FakeLedger, with_ledger


@pytest.fixture
def world(tmp_path: Path) -> tuple[FakeConductor, FakeLedger]:
    return with_ledger(build(tmp_path))


def sealed(world: tuple[FakeConductor, FakeLedger], state: State = State.SUCCEEDED) -> str:
    change = world[0].settled(state)
    world[1].seal()
    return change.id


def test_a_pack_of_a_change_holds_everything_about_it(world: tuple[FakeConductor, FakeLedger]) -> None:
    conductor, _ = world
    sealed(world)  # somebody else's
    change = conductor.changes.get(sealed(world))
    pack = conductor.audit_packs.of_change(change.id)
    with tarfile.open(fileobj=io.BytesIO(pack.data)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        held = {name: file.read() for name, file in files.items() if file is not None}
    names = sorted(held)
    assert {n.split("/")[0] for n in names} == {
        "blobs", "checkpoint", "entries", "manifest.json", "proofs", "verify.py", "vkey"
    }  # fmt: skip
    assert f"blobs/{change.seal.removeprefix('sha256:')}" in held
    assert f"blobs/{change.plan_digest.removeprefix('sha256:')}" in held
    assert conductor.evidence.read(change, "manifests.yaml") in held.values()
    assert conductor.evidence.notebook(change) in held.values()
    assert held["verify.py"] == Path(pack_verifier.__file__).read_bytes()
    proof = parse_proof(held[next(n for n in names if n.startswith("proofs/"))])
    assert proof.checkpoint == held["checkpoint"]
    assert (pack.changes, pack.missing, pack.entries) == ((change.id,), (), 11)
    lines = "\n".join(verify_pack(pack.data, VKEY))
    for words in (change.id, "succeeded, requested by requester: new image", "signed by the key given", "1 checks"):
        assert words in lines
    assert "A KEY TAKEN FROM THE PACK" in "\n".join(verify_pack(pack.data))
    assert conductor.audit_packs.of_change(change.id).data == pack.data


@pytest.mark.parametrize("state", [s for s in State if s is not State.VALIDATING])
def test_a_change_in_any_state_makes_a_pack_that_holds(world: tuple[FakeConductor, FakeLedger], state: State) -> None:
    made = {State.REJECTED: State.AWAITING_APPROVAL, State.CANCELLED: State.AWAITING_APPROVAL}.get(state, state)
    change = world[0].settled(State.REQUESTED if made is State.APPROVED else made)
    if state is State.REJECTED:
        world[0].changes.reject(world[0].actor("approver"), change.id, "wrong tag")
    elif state is State.CANCELLED:
        world[0].changes.cancel(world[0].actor("requester"), change.id, "not today")
    world[1].seal()
    pack = world[0].audit_packs.of_change(change.id)
    assert change.id in "\n".join(verify_pack(pack.data, VKEY))


def test_two_people_s_approvals_are_counted(world: tuple[FakeConductor, FakeLedger]) -> None:
    conductor, ledger = world
    change = conductor.plan(conductor.requested(channel="staging").id)
    conductor.changes.approve(conductor.actor("approver"), change.id, reason="read it")
    conductor.execute(change.id)
    ledger.seal()
    lines = verify_pack(conductor.audit_packs.of_change(change.id).data, VKEY)
    assert any("approvals 1 of 1 by others than the requester" in line for line in lines)


def test_a_period_has_every_entry_and_all_about_what_was_sealed_in_it(
    world: tuple[FakeConductor, FakeLedger],
) -> None:
    conductor, _ = world
    early = conductor.plan(conductor.requested(channel="staging").id)
    conductor.clock.step(3600)
    start = conductor.clock.now()
    other = sealed(world)
    conductor.changes.reject(conductor.actor("approver"), early.id, "too late")
    waiting = conductor.requested(channel="staging")
    world[1].seal()
    end = conductor.clock.now() + timedelta(seconds=1)
    conductor.clock.step(60)
    sealed(world)
    pack = conductor.audit_packs.of_period(start, end)
    assert set(pack.changes) == {other, early.id}
    lines = "\n".join(verify_pack(pack.data, VKEY))
    assert "rejected, requested by requester" in lines
    assert f"{waiting.id}: not sealed here; 1 entries" in lines
    with pytest.raises(InputError, match="Nothing was recorded"):
        conductor.audit_packs.of_period(NOW - timedelta(days=2), NOW - timedelta(days=1))


def test_what_waits_for_the_ledger_can_be_packed_in_a_second(world: tuple[FakeConductor, FakeLedger]) -> None:
    change = world[0].settled(State.SUCCEEDED)
    with pytest.raises(TransientError, match="not in the ledger yet"):
        world[0].audit_packs.of_change(change.id)
    with pytest.raises(NotFoundError):
        world[0].audit_packs.of_change("chg-01KB0000000000000000000000")


def test_missing_evidence_is_named_and_the_pack_does_not_hold(world: tuple[FakeConductor, FakeLedger]) -> None:
    conductor, _ = world
    change = conductor.changes.get(sealed(world))
    assert change.plan is not None
    del conductor.blobs.held[change.plan.evidence[0].digest]
    pack = conductor.audit_packs.of_change(change.id)
    assert [piece.split(":")[0] for piece in pack.missing] == [f"manifests.yaml of {change.id}"]
    with pytest.raises(LedgerError, match=r"the evidence manifests\.yaml of .* is missing or changed"):
        verify_pack(pack.data, VKEY)


def test_empty_evidence_is_evidence(world: tuple[FakeConductor, FakeLedger]) -> None:
    conductor, _ = world
    change = conductor.settled(State.EXECUTING)
    digest, _size = conductor.blobs.put(b"")
    conductor.changes.apply(change.id, c.Finish((), None, digest))
    world[1].seal()
    assert verify_pack(conductor.audit_packs.of_change(change.id).data, VKEY)


def run(pack: AuditPack, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the verifier in the pack says, as an auditor runs it."""
    (folder / "pack.tar").write_bytes(pack.data)
    with tarfile.open(folder / "pack.tar") as tar:
        tar.extract("verify.py", folder, filter="data")
    command = [sys.executable, "-S", "-I", str(folder / "verify.py"), str(folder / "pack.tar"), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_verifier_in_the_pack_runs_on_its_own(world: tuple[FakeConductor, FakeLedger], tmp_path: Path) -> None:
    pack = world[0].audit_packs.of_change(sealed(world))
    good = run(pack, tmp_path, "--key", VKEY)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.endswith("All of it holds.\n")
    assert good.stdout.splitlines()[:-1] == verify_pack(pack.data, VKEY)
    bad = run(AuditPack(pack.data.replace(b"new image", b"old image"), 0, (), ()), tmp_path)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("DOES NOT HOLD: ")
    assert run(pack, tmp_path, "--key", VKEY.replace("example", "another")).returncode == 1
    assert run(pack, tmp_path, "--keys", VKEY).returncode == 2
    (tmp_path / "empty").write_bytes(b"")
    for nothing in ("empty", "not there", "."):
        command = [sys.executable, "-S", "-I", str(tmp_path / "verify.py"), str(tmp_path / nothing)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (found.returncode, found.stderr) == (1, "")
