"""Checkpoints: strict reading, and who must have signed."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain import checkpoints, merkle, notes
from conductor_core.domain.checkpoints import Checkpoint, open_checkpoint, parse_text
from conductor_core.errors import LedgerError

LOG = make_signer("example.com/log", bytes(range(32)))
NEXT = make_signer("example.com/log", bytes([9] * 32))
WITNESS = make_signer("witness.example/w1", bytes([7] * 32))
WITNESS_KEY = notes.verifier_key(WITNESS.key.name, WITNESS.key.key, notes.COSIGNATURE_V1)
HEAD = Checkpoint("example.com/log", 20852163, bytes(range(32)))
ROOT = base64.b64encode(HEAD.root).decode()


def cosignature(text: bytes, timestamp: int = 1_700_000_000) -> bytes:
    value = timestamp.to_bytes(8, "big") + WITNESS.sign(notes.cosigned_message(timestamp, text))
    return notes.Signature(WITNESS_KEY.name, WITNESS_KEY.key_id, value).encode().encode()


@given(
    st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1),
    st.integers(1, checkpoints.MAX_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_reads_back(origin: str, size: int, root: bytes) -> None:
    head = Checkpoint(origin, size, root)
    assert parse_text(head.text()) == head


def test_the_text_of_the_specification() -> None:
    text = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = parse_text(text)
    assert (found.origin, found.size, found.text()) == ("example.com/behind-the-sofa", 20852163, text)


def test_extension_lines_are_kept() -> None:
    assert parse_text(HEAD.text() + b"more\n").extensions == ("more",)


@pytest.mark.parametrize("size", ["", "01", "00", "-1", "+1", "1 ", " 1", "1.0", "1e3", "0x10", "1_000", "١", "1\r"])
def test_a_size_that_does_not_print_back_is_refused(size: str) -> None:
    with pytest.raises(LedgerError):
        parse_text(f"example.com/log\n{size}\n{ROOT}\n".encode())


def test_a_size_of_2_to_the_63_is_refused() -> None:
    assert parse_text(f"o\n{2**63 - 1}\n{ROOT}\n".encode()).size == 2**63 - 1
    for size in (2**63, 2**64, 10**30):
        with pytest.raises(LedgerError, match="2\\^63"):
            parse_text(f"o\n{size}\n{ROOT}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "example.com/log\n1\n",
        f"example.com/log\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"example.com/log\n1\n{ROOT}\n\n",
        f"example.com/log\n1\n{ROOT}\n\nmore\n",
        f"example.com/log\n\n1\n{ROOT}\n",
        f"example.com/log\n1\n{ROOT[:-1]}\n",
        f"example.com/log\n1\n{ROOT}=\n",
        f"example.com/log\n1\n{ROOT.replace('8=', '9=')}\n",
        f"example.com/log\n1\n{ROOT[:-4]}\n",
        f"example.com/log\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        f"example.com/log\n1\n{base64.b64encode(bytes(33)).decode()}\n",
        f"example.com/log\n0\n{ROOT}\n",
    ],
    ids=repr,
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(LedgerError):
        parse_text(text.encode())


@given(st.binary(max_size=120))
def test_no_bytes_leak_a_foreign_error(data: bytes) -> None:
    try:
        head = parse_text(data)
    except LedgerError:
        return
    assert head.text() == data


def test_the_empty_log_has_the_empty_root() -> None:
    assert parse_text(Checkpoint("o", 0, merkle.EMPTY_ROOT).text()).size == 0


def test_signed_by_the_log_and_cosigned_by_a_witness() -> None:
    text = HEAD.text()
    opened = open_checkpoint(LOG.note(text) + cosignature(text), [LOG.key], ed25519, witnesses=[WITNESS_KEY])
    assert opened.checkpoint == HEAD
    assert [s.name for s in opened.signed_by] == ["example.com/log"]
    assert [(s.name, s.timestamp) for s in opened.cosigned_by] == [("witness.example/w1", 1_700_000_000)]
    assert open_checkpoint(LOG.note(text) + cosignature(text), [LOG.key], ed25519).cosigned_by == ()


def test_a_witness_alone_is_not_the_log() -> None:
    text = HEAD.text()
    with pytest.raises(LedgerError, match="log did not"):
        open_checkpoint(text + b"\n" + cosignature(text), [LOG.key], ed25519, witnesses=[WITNESS_KEY])


def test_another_origin_is_refused() -> None:
    other = LOG.note(Checkpoint("example.com/other", 1, HEAD.root).text())
    with pytest.raises(LedgerError, match="origin"):
        open_checkpoint(other, [LOG.key], ed25519)
    assert open_checkpoint(other, [LOG.key], ed25519, origin="example.com/other").checkpoint.size == 1


def test_a_key_that_is_being_rotated() -> None:
    old, new = LOG.note(HEAD.text()), NEXT.note(HEAD.text())
    for note in (old, new):
        assert open_checkpoint(note, [LOG.key, NEXT.key], ed25519).checkpoint == HEAD
    with pytest.raises(LedgerError):
        open_checkpoint(old, [NEXT.key], ed25519)
    with pytest.raises(LedgerError, match="no key"):
        open_checkpoint(old, [], ed25519)


def test_every_flipped_bit_is_refused() -> None:
    note = LOG.note(HEAD.text())
    for bit in range(len(note) * 8):
        data = bytearray(note)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LedgerError):
            open_checkpoint(bytes(data), [LOG.key], ed25519)
