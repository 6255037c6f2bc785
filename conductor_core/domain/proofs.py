"""Inclusion and consistency proofs out of a log's complete subtrees, and the `.tlog-proof` file that an auditor keeps.

Rules: RFC 9162 sections 2.1.3.1 and 2.1.4.1 (https://www.rfc-editor.org/rfc/rfc9162#section-2.1) and
C2SP tlog-proof (https://c2sp.org/tlog-proof).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conductor_core.domain import checkpoints, merkle, notes
from conductor_core.errors import InputError, LedgerError

HashReader = Callable[[int, int], bytes]
"""`read(level, index)`: the root of the complete subtree over the leaves [index << level, (index + 1) << level)."""

HEADER = "c2sp.org/tlog-proof@v1"
MAX_BYTES = 1 << 20
MAX_HASHES = 63


def tree_root(size: int, read: HashReader) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _root(0, size, read) if size else merkle.EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """The hashes from the leaf's sibling to the root's child; raises `InputError` for an index outside the tree."""
    if not 0 <= index < size:
        raise InputError(
            f"There is no entry {index} in a tree of {size}.",
            next="Ask for an index that is below the tree's size; `conductor ledger checkpoint` shows the size.",
        )
    low, high, path = 0, size, list[bytes]()
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_root(middle, high, read))
            high = middle
        else:
            path.append(_root(low, middle, read))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, read: HashReader) -> list[bytes]:
    """The hashes that prove that the first `old` leaves of the tree of `new` leaves have not changed.

    Empty when `old` is 0 or `new`. Raises `InputError` unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise InputError(
            f"A tree of {old} is no earlier state of a tree of {new}.", next="Give the smaller of the sizes first."
        )
    if old in (0, new):
        return []
    low, high, path = 0, new, list[bytes]()
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_root(middle, high, read))
            high = middle
        else:
            path.append(_root(low, middle, read))
            low = middle
    if low:
        path.append(_root(low, high, read))
    return path[::-1]


@dataclass(frozen=True)
class Proof:
    """A `.tlog-proof` file: where an entry is, its inclusion proof, and the signed checkpoint that it leads to."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The bytes of the file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {notes.base64_text(self.extra)}")
        lines += [f"index {self.index}", *map(notes.base64_text, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    def verify(
        self,
        entry: bytes,
        log: Sequence[notes.VerifierKey],
        ed25519: notes.Ed25519,
        *,
        origin: str = "",
        witnesses: Sequence[notes.VerifierKey] = (),
    ) -> checkpoints.Opened:
        """Check signature, origin and inclusion of the entry's bytes; returns the checkpoint and who signed it.

        `log`: keys of the log, of which one must have signed; `origin`: the log's name, else the first key's. The
        `extra` data is not authenticated. Raises `LedgerError` that says what does not hold.
        """
        opened = checkpoints.open_checkpoint(self.checkpoint, log, ed25519, origin=origin, witnesses=witnesses)
        head = opened.checkpoint
        if self.index >= head.size:
            raise _bad(f"it speaks of entry {self.index}, and its checkpoint covers {head.size}")
        merkle.verify_inclusion(merkle.leaf_hash(entry), self.index, head.size, self.hashes, head.root)
        return opened


def parse_proof(data: bytes) -> Proof:
    """Read a `.tlog-proof` file, strictly, without checking that it holds; raises `LedgerError`."""
    if len(data) > MAX_BYTES:
        raise _bad(f"it has {len(data)} bytes, more than {MAX_BYTES}")
    top, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise _bad("no empty line separates the proof from its checkpoint")
    try:
        lines = top.decode("ascii").split("\n")
    except UnicodeDecodeError as bad:
        raise _bad("its head is not ASCII text") from bad
    if lines[0] != HEADER:
        raise _bad(f"its first line is not {HEADER}")
    rest = lines[1:]
    extra: bytes | None = None
    if rest and rest[0].startswith("extra "):
        extra = notes.base64_bytes(rest.pop(0).removeprefix("extra "), "the extra data of the proof")
    if not rest or not rest[0].startswith("index "):
        raise _bad("the line with the index is missing")
    index = checkpoints.parse_decimal(rest.pop(0).removeprefix("index "), "the index of the proof")
    if len(rest) > MAX_HASHES:
        raise _bad(f"it has {len(rest)} hashes; no tree is that high")
    hashes = tuple(notes.base64_bytes(line, "a hash of the proof", merkle.HASH_SIZE) for line in rest)
    return Proof(index, hashes, checkpoint, extra)


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def _root(low: int, high: int, read: HashReader) -> bytes:
    """The root over the leaves [low, high); `low` is a multiple of every power of two up to `high - low`."""
    peaks = []
    while low < high:
        level = (high - low).bit_length() - 1
        peaks.append(read(level, low >> level))
        low += 1 << level
    return merkle.fold(peaks)


def _bad(why: str) -> LedgerError:
    return LedgerError(
        "The proof file can't be accepted.",
        why=f"As read: {why}.",
        next="Get the proof again with `conductor ledger prove INDEX`, and keep the file as it is.",
    )
