"""The Merkle tree of the ledger: hashes, roots, and the checks of inclusion and consistency proofs.

Rule: RFC 6962 section 2.1 and RFC 9162 section 2.1 (https://www.rfc-editor.org/rfc/rfc9162#section-2.1), with SHA-256.
A tree of n leaves splits at the largest power of two below n; an odd leaf is carried up as it is, never duplicated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from conductor_core.errors import InputError, LedgerError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The 32-byte hash of an entry: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def row_above(row: bytes) -> bytes:
    """The parents of a row of concatenated hashes; an odd last hash has no parent yet and is left out."""
    hash_ = sha256
    return b"".join([hash_(b"\x01" + row[i : i + 64]).digest() for i in range(0, len(row) - 63, 64)])


def complete_root(row: bytes) -> bytes:
    """The root over a row of 2^k concatenated hashes."""
    while len(row) > HASH_SIZE:
        row = row_above(row)
    return row


def push(peaks: Sequence[bytes], count: int, hashes: bytes) -> tuple[bytes, ...]:
    """The peaks after more hashes: the roots of the complete subtrees over `count` hashes, largest first.

    `peaks` holds one root per set bit of `count`; `hashes` are the concatenated new ones.
    """
    stack = list(peaks)
    for start in range(0, len(hashes), HASH_SIZE):
        node, bits = hashes[start : start + HASH_SIZE], count
        while bits & 1:
            node = node_hash(stack.pop(), node)
            bits >>= 1
        stack.append(node)
        count += 1
    return tuple(stack)


def fold(peaks: Iterable[bytes]) -> bytes:
    """The root over complete subtrees, given from left (largest) to right; no subtree at all gives the empty root."""
    root = b""
    for peak in reversed(tuple(peaks)):
        root = node_hash(peak, root) if root else peak
    return root or EMPTY_ROOT


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes that are all at hand."""
    return fold(push((), 0, b"".join(leaves)))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash is at `index` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    `proof`: from the leaf's sibling to the root's child. Raises `InputError` for an impossible index and
    `LedgerError` when the proof does not hold.
    """
    if not 0 <= index < size:
        raise InputError(
            f"There is no entry {index} in a tree of {size}.", next="Ask for an index that is below the tree's size."
        )
    node, last, seen = index, size - 1, leaf
    for sibling in _hashes(proof):
        if last == 0:
            raise _unproven("inclusion", "the proof is longer than the tree is high")
        if node & 1 or node == last:
            seen = node_hash(sibling, seen)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            seen = node_hash(seen, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise _unproven("inclusion", "the proof is shorter than the tree is high")
    if seen != root:
        raise _unproven("inclusion", "the proof leads to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 9162, 2.1.4.2).

    Raises `InputError` for impossible sizes and `LedgerError` when the proof does not hold.
    """
    if not 0 <= old <= new:
        raise InputError(
            f"A tree of {old} is no earlier state of a tree of {new}.", next="Give the smaller of the sizes first."
        )
    path = list(_hashes(proof))
    if old in (0, new):
        if path:
            raise _unproven("consistency", "a proof between these sizes is empty, this one is not")
        if old_root != (EMPTY_ROOT if old == 0 else new_root) or (new == 0 and new_root != EMPTY_ROOT):
            raise _unproven("consistency", "the roots differ where they must be equal")
        return
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise _unproven("consistency", "the proof is empty")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise _unproven("consistency", "the proof is longer than the tree is high")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise _unproven("consistency", "the proof is shorter than the tree is high")
    if first != old_root or second != new_root:
        raise _unproven("consistency", "the proof leads to other roots")


def _hashes(proof: Sequence[bytes]) -> Iterable[bytes]:
    for number, value in enumerate(proof):
        if len(value) != HASH_SIZE:
            raise _unproven("Merkle", f"hash {number} of the proof has {len(value)} bytes, not {HASH_SIZE}")
        yield value


def _unproven(kind: str, why: str) -> LedgerError:
    return LedgerError(
        f"The {kind} proof does not hold.",
        why=f"As seen: {why}.",
        next="Don't trust the record; fetch checkpoint and proof again and compare with another copy of the log.",
    )
