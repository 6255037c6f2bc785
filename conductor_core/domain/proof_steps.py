"""An inclusion proof as steps that a person can follow with nothing but SHA-256 (RFC 9162 section 2.1.3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conductor_core.domain import merkle


@dataclass(frozen=True)
class Step:
    """One hash on the way up: `sibling` stands to the `side` ("left" or "right") of what was derived so far, and
    SHA-256(0x01 || left || right) of the two is `node`."""

    side: str
    sibling: bytes
    node: bytes


def steps(entry: bytes, index: int, size: int, proof: Sequence[bytes]) -> tuple[bytes, list[Step]]:
    """The leaf's hash, and the steps from it to the root of the tree of `size` leaves.

    Whoever calls this compares the last node with the root of a checkpoint. Raises what `verify_inclusion` raises.
    """
    leaf = node = merkle.leaf_hash(entry)
    found: list[Step] = []
    at, last = index, size - 1
    for sibling in proof:
        if at & 1 or at == last:
            node = merkle.node_hash(sibling, node)
            found.append(Step("left", sibling, node))
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = merkle.node_hash(node, sibling)
            found.append(Step("right", sibling, node))
        at, last = at >> 1, last >> 1
    merkle.verify_inclusion(leaf, index, size, proof, node)
    return leaf, found
