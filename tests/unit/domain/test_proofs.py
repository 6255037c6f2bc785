"""The `.tlog-proof` file: what an auditor keeps holds, and no altered one does."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain import checkpoints, merkle, notes, proofs
from conductor_core.domain.proofs import Proof, parse_proof
from conductor_core.errors import InputError, LedgerError

LOG = make_signer("example.com/log", bytes(range(32)))
ENTRIES = [b"entry %d" % n for n in range(11)]


@cache
def node(level: int, index: int) -> bytes:
    return merkle.root_of([merkle.leaf_hash(e) for e in ENTRIES[index << level : index + 1 << level]])


def proof_of(index: int, extra: bytes | None = None) -> Proof:
    root = proofs.tree_root(len(ENTRIES), node)
    note = LOG.note(checkpoints.Checkpoint(LOG.key.name, len(ENTRIES), root).text())
    return Proof(index, tuple(proofs.inclusion_proof(index, len(ENTRIES), node)), note, extra)


@pytest.mark.parametrize("index", range(11))
@pytest.mark.parametrize("extra", [None, b"", b"release 4 of checkout"])
def test_a_proof_file_reads_back_and_holds(index: int, extra: bytes | None) -> None:
    data = proof_of(index, extra).encode()
    found = parse_proof(data)
    assert found == proof_of(index, extra)
    assert found.encode() == data
    assert found.verify(ENTRIES[index], [LOG.key], ed25519).checkpoint.size == 11


def test_its_lines_are_those_of_the_specification() -> None:
    lines = proof_of(4, b"x").encode().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra eA==", "index 4"]
    assert lines[3] == notes.base64_text(merkle.leaf_hash(ENTRIES[5])), "the leaf's sibling comes first"
    assert lines[7:9] == ["", "example.com/log"]


def test_the_only_entry_of_a_log_needs_no_hashes() -> None:
    leaf = merkle.leaf_hash(b"one")
    note = LOG.note(checkpoints.Checkpoint(LOG.key.name, 1, leaf).text())
    data = Proof(0, (), note).encode()
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\nexample.com/log\n1\n")
    parse_proof(data).verify(b"one", [LOG.key], ed25519)


def test_every_flipped_bit_is_refused() -> None:
    data = proof_of(6).encode()
    for bit in range(len(data) * 8):
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LedgerError):
            parse_proof(bytes(altered)).verify(ENTRIES[6], [LOG.key], ed25519)


def test_another_entry_index_key_or_origin_does_not_hold() -> None:
    proof = proof_of(6)
    with pytest.raises(LedgerError):
        proof.verify(ENTRIES[5], [LOG.key], ed25519)
    with pytest.raises(LedgerError, match="covers 11"):
        Proof(11, proof.hashes, proof.checkpoint).verify(ENTRIES[6], [LOG.key], ed25519)
    with pytest.raises(LedgerError):
        proof.verify(ENTRIES[6], [make_signer(LOG.key.name, bytes(32)).key], ed25519)
    with pytest.raises(LedgerError, match="origin"):
        proof.verify(ENTRIES[6], [LOG.key], ed25519, origin="example.com/other")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 6", "index 06"),
        ("index 6", "index -6"),
        ("index 6", "index 6 "),
        ("index 6", "Index 6"),
        ("index 6\n", ""),
        ("index 6\n", "index 6\r\n"),
        ("index 6\n", "index 6\nindex 6\n"),
        ("index 6\n", "extra eA==\nextra eA==\nindex 6\n"),
        ("index 6\n", "extra eA\nindex 6\n"),
        ("index 6\n", "index 6\nextra eA==\n"),
        ("index 6\n", "index 6\neA==\n"),
        ("index 6\n", "index 6\n" + f"{notes.base64_text(bytes(32))}\n" * 64),
        ("index 6", f"index {2**63}"),
        ("c2sp.org", "ç2sp.org"),
    ],
)
def test_a_file_that_strays_from_the_format_is_refused(old: str, new: str) -> None:
    text = proof_of(6).encode().decode()
    assert old in text
    with pytest.raises(LedgerError):
        parse_proof(text.replace(old, new, 1).encode())


def test_a_file_without_a_checkpoint_or_without_end_is_refused() -> None:
    head = proof_of(6).encode().partition(b"\n\n")[0]
    with pytest.raises(LedgerError, match="separates"):
        parse_proof(head)
    with pytest.raises(LedgerError):
        parse_proof(head + b"\n\n").verify(ENTRIES[6], [LOG.key], ed25519)
    with pytest.raises(LedgerError, match="more than"):
        parse_proof(head + b"x" * proofs.MAX_BYTES)


@given(st.binary(max_size=200))
def test_no_bytes_leak_a_foreign_error(data: bytes) -> None:
    with pytest.raises(LedgerError):
        parse_proof(data).verify(b"", [LOG.key], ed25519)


def test_sizes_are_checked_before_anything_is_read() -> None:
    with pytest.raises(InputError):
        proofs.inclusion_proof(11, 11, node)
