from __future__ import annotations

import pytest

from conductor_core.domain import merkle
from conductor_core.domain.proof_steps import steps
from conductor_core.domain.proofs import inclusion_proof
from conductor_core.errors import InputError, LedgerError

ENTRIES = [f"entry {n}".encode() for n in range(40)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


def read(level: int, index: int) -> bytes:
    return merkle.root_of(LEAVES[index << level : index + 1 << level])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33, 40])
def test_each_step_hashes_what_it_says_up_to_the_root(size: int) -> None:
    root = merkle.root_of(LEAVES[:size])
    for index in range(size):
        node, found = steps(ENTRIES[index], index, size, inclusion_proof(index, size, read))
        assert node == LEAVES[index]
        for step in found:
            pair = (step.sibling, node) if step.side == "left" else (node, step.sibling)
            node = merkle.node_hash(*pair)
            assert step.node == node
        assert node == root


def test_a_proof_of_another_length_is_refused() -> None:
    proof = inclusion_proof(5, 40, read)
    for wrong in (proof[:-1], [*proof, bytes(32)]):
        with pytest.raises(LedgerError):
            steps(ENTRIES[5], 5, 40, wrong)
    with pytest.raises(InputError):
        steps(ENTRIES[5], 40, 40, proof)
