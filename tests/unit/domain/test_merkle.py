"""The tree against the recursive definition of RFC 6962, exhaustively for small trees."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import merkle, proofs
from conductor_core.errors import InputError, LedgerError

LEAVES = [merkle.leaf_hash(b"entry %d" % n) for n in range(65)]


@cache
def mth(low: int, high: int) -> bytes:
    """RFC 6962 section 2.1, word for word, over LEAVES[low:high]."""
    if low == high:
        return sha256(b"").digest()
    if high - low == 1:
        return LEAVES[low]
    k = 1
    while 2 * k < high - low:
        k *= 2
    return sha256(b"\x01" + mth(low, low + k) + mth(low + k, high)).digest()


def read(level: int, index: int) -> bytes:
    return mth(index << level, (index + 1) << level)


def flipped(data: bytes, bit: int = 0) -> bytes:
    return bytes([*data[: bit // 8], data[bit // 8] ^ 1 << bit % 8, *data[bit // 8 + 1 :]])


def test_hashes_known_from_rfc_6962_implementations() -> None:
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert (
        merkle.node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


@pytest.mark.parametrize("size", range(65))
def test_roots_by_every_route(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]) == mth(0, size)
    assert proofs.tree_root(size, read) == mth(0, size)
    if size and size & (size - 1) == 0:
        assert merkle.complete_root(b"".join(LEAVES[:size])) == mth(0, size)


def test_an_odd_leaf_is_not_duplicated() -> None:
    assert merkle.root_of(LEAVES[:3]) != merkle.root_of([*LEAVES[:3], LEAVES[2]])


@pytest.mark.parametrize("size", range(1, 65))
def test_inclusion_of_every_leaf(size: int) -> None:
    for index in range(size):
        proof = proofs.inclusion_proof(index, size, read)
        merkle.verify_inclusion(LEAVES[index], index, size, proof, mth(0, size))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33, 64])
def test_no_altered_inclusion_proof_holds(size: int) -> None:
    root = mth(0, size)
    for index in range(size):
        proof = proofs.inclusion_proof(index, size, read)
        altered = [
            *((LEAVES[index], index, [*proof[:n], flipped(h, n), *proof[n + 1 :]], root) for n, h in enumerate(proof)),
            *((LEAVES[index], index, [*proof[:n], *proof[n + 1 :]], root) for n in range(len(proof))),
            (LEAVES[index], index, [*proof, root], root),
            (LEAVES[index], index, [root, *proof], root),
            (flipped(LEAVES[index], 9), index, proof, root),
            (LEAVES[index], index, proof, flipped(root, 255)),
            *((LEAVES[index], other, proof, root) for other in range(size) if other != index),
        ]
        for leaf, at, path, head in altered:
            with pytest.raises(LedgerError):
                merkle.verify_inclusion(leaf, at, size, path, head)


@pytest.mark.parametrize("new", range(65))
def test_consistency_of_every_earlier_size(new: int) -> None:
    for old in range(new + 1):
        proof = proofs.consistency_proof(old, new, read)
        merkle.verify_consistency(old, new, mth(0, old), mth(0, new), proof)


@pytest.mark.parametrize("new", [1, 2, 3, 6, 7, 8, 21, 33, 64])
def test_no_altered_consistency_proof_holds(new: int) -> None:
    for old in range(new + 1):
        first, second = mth(0, old), mth(0, new)
        proof = proofs.consistency_proof(old, new, read)
        altered = [
            *((first, second, [*proof[:n], flipped(h, 77), *proof[n + 1 :]]) for n, h in enumerate(proof)),
            *((first, second, [*proof[:n], *proof[n + 1 :]]) for n in range(len(proof))),
            (first, second, [*proof, second]),
            (first, second, [second, *proof]),
            (flipped(first, 3), second, proof),
        ]
        if old:
            altered.append((first, flipped(second, 200), proof))
        for a, b, path in altered:
            with pytest.raises(LedgerError):
                merkle.verify_consistency(old, new, a, b, path)


@given(old=st.integers(0, 64), claimed=st.integers(0, 64), new=st.integers(0, 64))
def test_a_consistency_proof_speaks_of_its_sizes_alone(old: int, claimed: int, new: int) -> None:
    if old <= new and claimed <= new and claimed != old and claimed:
        with pytest.raises(LedgerError):
            merkle.verify_consistency(claimed, new, mth(0, old), mth(0, new), proofs.consistency_proof(old, new, read))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 4), (4, 4), (5, 4)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(InputError):
        proofs.inclusion_proof(index, size, read)
    with pytest.raises(InputError):
        merkle.verify_inclusion(LEAVES[0], index, size, [], mth(0, max(size, 0)))


@pytest.mark.parametrize(("old", "new"), [(-1, 4), (5, 4)])
def test_impossible_sizes_are_refused(old: int, new: int) -> None:
    with pytest.raises(InputError):
        proofs.consistency_proof(old, new, read)
    with pytest.raises(InputError):
        merkle.verify_consistency(old, new, LEAVES[0], LEAVES[0], [])


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(LedgerError, match=f"{size} bytes"):
        merkle.verify_inclusion(LEAVES[0], 0, 2, [bytes(size)], mth(0, 2))


def test_an_empty_new_tree_has_the_empty_root() -> None:
    with pytest.raises(LedgerError):
        merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, LEAVES[0], [])


def test_the_root_of_a_smaller_tree_is_not_that_of_the_claimed_size() -> None:
    merkle.verify_consistency(1, 2, LEAVES[0], mth(0, 2), [LEAVES[1]])
    for claimed in (3, 4, 5, 64):
        with pytest.raises(LedgerError, match="shorter"):
            merkle.verify_consistency(1, claimed, LEAVES[0], mth(0, 2), [LEAVES[1]])
        with pytest.raises(LedgerError, match="shorter"):
            merkle.verify_inclusion(LEAVES[0], 0, claimed, [LEAVES[1]], mth(0, 2))
