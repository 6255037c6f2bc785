"""A witness cosigns what extends what it has seen, and nothing else: the fake, and one behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.adapters.witness import CosignedFile, HttpWitness, read_witnesses
from conductor_core.domain import checkpoints, merkle, notes, proofs
from conductor_core.errors import ConfigurationError, RefusedError, UnreachableError
from conductor_core.ports.witness import BehindError, Witness
from tests.fakes.witness import FakeWitness, Rules, serving

SIGNER = make_signer("example.com/log", b"l" * 32)
OTHER = make_signer("example.com/other", b"o" * 32)
LEAVES = [merkle.leaf_hash(f"{n}".encode()) for n in range(20)]


def read(level: int, index: int) -> bytes:
    return merkle.root_of(LEAVES[index << level : (index + 1) << level])


def note(size: int, signer: notes.NoteSigner = SIGNER, root: bytes = b"") -> bytes:
    return signer.note(checkpoints.Checkpoint(signer.key.name, size, root or proofs.tree_root(size, read)).text())


@dataclass
class Case:
    """A witness and its rules."""

    witness: Witness
    rules: Rules


@pytest.fixture(params=["fake", "http"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    rules = Rules("example.com/witness", [SIGNER.key])
    if request.param == "fake":
        yield Case(FakeWitness(rules), rules)
        return
    with serving(rules) as url:
        (witness,) = read_witnesses(f"{rules.key.encode()} {url}")
        yield Case(witness, rules)


def opened(signed: bytes, lines: bytes, key: notes.VerifierKey) -> checkpoints.Opened:
    return checkpoints.open_checkpoint(signed + lines, [SIGNER.key], ed25519, witnesses=[key])


def test_it_cosigns_from_the_first_checkpoint_on(case: Case) -> None:
    old = 0
    for size in (3, 3, 7, 20):
        signed = note(size)
        lines = case.witness.add_checkpoint(old, proofs.consistency_proof(old, size, read), signed)
        found = opened(signed, lines, case.witness.key)
        assert [(s.name, s.timestamp) for s in found.cosigned_by] == [("example.com/witness", case.rules.now)]
        old = size


def test_it_says_what_it_has_seen(case: Case) -> None:
    case.witness.add_checkpoint(0, [], note(5))
    for old in (0, 3):
        with pytest.raises(BehindError) as behind:
            case.witness.add_checkpoint(old, proofs.consistency_proof(old, 9, read), note(9))
        assert behind.value.size == 5


def test_it_refuses_another_history(case: Case) -> None:
    case.witness.add_checkpoint(0, [], note(5))
    with pytest.raises(RefusedError, match="does not cosign"):
        case.witness.add_checkpoint(5, proofs.consistency_proof(5, 9, read), note(9, root=b"x" * 32))
    with pytest.raises(BehindError):
        case.witness.add_checkpoint(5, [], note(5, root=b"x" * 32))


def test_it_refuses_a_log_that_it_does_not_know(case: Case) -> None:
    with pytest.raises(RefusedError, match="does not cosign"):
        case.witness.add_checkpoint(0, [], note(5, OTHER))
    forged = notes.NoteSigner(SIGNER.key, OTHER.sign)
    with pytest.raises(RefusedError, match="does not cosign"):
        case.witness.add_checkpoint(0, [], note(5, forged))


def http(answer: httpx.Response) -> HttpWitness:
    key = Rules("example.com/witness", []).key
    return HttpWitness(key, "https://witness.example/", httpx.MockTransport(lambda _: answer))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500, text="oops"), UnreachableError),
        (httpx.Response(409, text="many\n"), UnreachableError),
        (httpx.Response(409, text="007\n"), UnreachableError),
        (httpx.Response(302, headers={"location": "https://elsewhere.example/"}), RefusedError),
        (httpx.Response(422, text="x" * 100_000), RefusedError),
    ],
)
def test_what_it_may_answer_is_an_error_of_ours(answer: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error) as told:
        http(answer).add_checkpoint(0, [], note(5))
    assert len(str(told.value)) < 500


def test_nobody_there_is_said() -> None:
    with serving(Rules("example.com/witness", [])) as url:
        pass
    with pytest.raises(UnreachableError, match="did not answer"):
        HttpWitness(Rules("example.com/witness", []).key, url).add_checkpoint(0, [], note(5))


@pytest.mark.parametrize(
    "text",
    [
        "no-key https://witness.example",
        f"{SIGNER.key.encode()} https://witness.example",
        f"{Rules('w.example', []).key.encode()} ftp://witness.example",
        Rules("w.example", []).key.encode(),
    ],
)
def test_a_setting_that_names_no_witness_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="witness"):
        read_witnesses(text)


def test_several_witnesses_are_named_by_commas_or_lines() -> None:
    one, two = (f"{Rules(name, []).key.encode()} https://{name}" for name in ("w1.example", "w2.example"))
    assert [w.key.name for w in read_witnesses(f" {one},\n{two},,\n")] == ["w1.example", "w2.example"]


def test_what_was_cosigned_is_kept_whole(tmp_path: Path) -> None:
    store = CosignedFile(tmp_path / "checkpoint.cosigned")
    assert store.kept() is None
    for size in (1, 2):
        store.keep(note(size))
        assert store.kept() == note(size)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.cosigned"]
