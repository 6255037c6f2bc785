"""Checkpoints: the signed size and root of the ledger, read strictly.

Rule: C2SP tlog-checkpoint v1.0.0 (https://c2sp.org/tlog-checkpoint@v1.0.0); a log never signs two inconsistent
ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conductor_core.domain import merkle, notes
from conductor_core.errors import LedgerError

MAX_SIZE = (1 << 63) - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """Origin, number of entries, and root hash (32 bytes); `extensions` are opaque lines, which we never write."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> bytes:
        """The note text: origin, size, base64 of the root, each on a line."""
        lines = (self.origin, str(self.size), notes.base64_text(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True)
class Opened:
    """A checkpoint whose signatures were checked: by the log (`signed_by`), by witnesses (`cosigned_by`)."""

    checkpoint: Checkpoint
    note: notes.Note
    signed_by: tuple[notes.Signature, ...]
    cosigned_by: tuple[notes.Signature, ...]


def parse_text(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint; raises `LedgerError` unless it prints back to the same bytes."""
    try:
        lines = text.decode("utf-8").split("\n")
    except UnicodeDecodeError as bad:
        raise _bad("it is not UTF-8") from bad
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise _bad("origin, size and root must stand on three lines, without empty lines")
    origin, size, root, *extensions = lines
    found = Checkpoint(
        origin,
        parse_decimal(size, "the size"),
        notes.base64_bytes(root, "the root of the checkpoint", merkle.HASH_SIZE),
        tuple(extensions),
    )
    if found.size == 0 and found.root != merkle.EMPTY_ROOT:
        raise _bad("its size is 0 and its root is not that of the empty tree")
    if found.text() != text:
        raise _bad("it does not print back to the same bytes")
    return found


def open_checkpoint(
    data: bytes,
    log: Sequence[notes.VerifierKey],
    ed25519: notes.Ed25519,
    *,
    origin: str = "",
    witnesses: Sequence[notes.VerifierKey] = (),
) -> Opened:
    """Read a signed checkpoint that one of the log's keys must have signed.

    `log`: every key of the log that is trusted, more than one while a key is rotated; `origin`: what the first line
    must say, else the name of the first key. Raises `LedgerError`.
    """
    if not log:
        raise _bad("no key of the log was given to check it with")
    note = notes.open_note(data, (*log, *witnesses), ed25519)
    ours, theirs = ({(key.name, key.key_id) for key in keys} for keys in (log, witnesses))
    signed = tuple(s for s in note.signatures if s.verified and (s.name, s.key_id) in ours)
    cosigned = tuple(s for s in note.signatures if s.verified and (s.name, s.key_id) in theirs)
    if not signed:
        raise _bad("witnesses signed it, and the log did not")
    found = parse_text(note.text)
    if found.origin != (origin or log[0].name):
        raise _bad(f"its origin is {found.origin!r}, not {origin or log[0].name!r}")
    return Opened(found, note, signed, cosigned)


def parse_decimal(text: str, what: str) -> int:
    """A whole number without sign or leading zeroes, below 2^63; raises `LedgerError`."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise _bad(f"{what} is not a plain decimal number below 2^63")
    return int(text)


def _bad(why: str) -> LedgerError:
    return LedgerError(
        "The checkpoint can't be accepted.",
        why=f"As read: {why}.",
        next="Fetch it again; if it stays so, compare it with another copy of the log and don't trust this one.",
    )
