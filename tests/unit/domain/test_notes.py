"""Signed notes: the vector of the specification, and everything that must be refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain import notes
from conductor_core.errors import InputError, LedgerError

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNATURE = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
TEXT = "This is an example message.\n"
LINE = f"— example.com/foo {SIGNATURE}\n"
NO_BREAK, EM_SPACE = "/f\u00a0o", "/f\u2003o"
NOTE = f"{TEXT}\n{LINE}".encode()
KEY = notes.parse_vkey(VKEY)
SIGNER = make_signer("example.com/log", bytes(range(32)))
STRANGER = make_signer("example.com/other", bytes(32))


def line(signer: notes.NoteSigner, text: bytes) -> str:
    return notes.parse_note(signer.note(text)).signatures[0].encode()


def test_the_vector_of_the_specification() -> None:
    note = notes.open_note(NOTE, [KEY], ed25519)
    assert note.text == TEXT.encode()
    assert [s.verified for s in note.signatures] == [True]
    assert note.encode() == NOTE
    assert KEY.encode() == VKEY
    assert notes.parse_vkey(VKEY + "\n") == KEY


def test_every_flipped_bit_of_a_note_is_refused() -> None:
    for bit in range(len(NOTE) * 8):
        data = bytearray(NOTE)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LedgerError):
            notes.open_note(bytes(data), [KEY], ed25519)


@given(st.binary(max_size=200))
def test_no_bytes_leak_a_foreign_error(data: bytes) -> None:
    with pytest.raises(LedgerError):
        notes.open_note(data, [KEY], ed25519)


@given(st.text(max_size=60))
def test_no_text_leaks_a_foreign_error_as_a_vkey(text: str) -> None:
    with pytest.raises(InputError):
        notes.parse_vkey(text)


@given(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]) | st.just("\n")))
def test_any_text_that_can_be_signed_reads_back(text: str) -> None:
    data = f"{text}\n".encode()
    assert notes.open_note(SIGNER.note(data), [SIGNER.key], ed25519).text == data


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}{LINE}",
        f"{TEXT}\n{LINE[:-1]}",
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n\n",
        f"{TEXT}\r\n{LINE}",
        f"{TEXT}\n{LINE[:-1]}\r\n",
        f"{TEXT}\x00\n\n{LINE}",
        f"{TEXT}\t\n\n{LINE}",
        f"{TEXT}\x1f\n\n{LINE}",
        f"{TEXT}\n{LINE.replace('—', '-')}",
        f"{TEXT}\n{LINE.replace('— ', '—')}",
        f"{TEXT}\n{LINE.replace('— ', '—  ')}",
        f"{TEXT}\n{LINE.replace('/foo', '/f+o')}",
        f"{TEXT}\n{LINE.replace('/foo', NO_BREAK)}",
        f"{TEXT}\n{LINE.replace('/foo', EM_SPACE)}",
        f"{TEXT}\n{LINE.replace('aQM=', 'aQN=')}",
        f"{TEXT}\n{LINE.replace('aQM=', 'aQM')}",
        f"{TEXT}\n{LINE.replace('aQM=', 'aQM= ')}",
        f"{TEXT}\n{LINE.replace('Uw2Q', 'Uw 2Q')}",
        f"{TEXT}\n— example.com/foo \n",
        f"{TEXT}\n— example.com/foo\n",
        f"{TEXT}\n— example.com/foo AAAA\n",
        f"{TEXT}\n— example.com/foo AAAAAA==\n",
        f"{TEXT}\n{LINE}\n{LINE}",
        f"{TEXT}\n{LINE}junk\n",
    ],
    ids=repr,
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(LedgerError):
        notes.open_note(note.encode(), [KEY], ed25519)


def test_latin_1_and_surrogates_are_refused() -> None:
    for raw in (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf"):
        with pytest.raises(LedgerError, match="UTF-8"):
            notes.open_note(TEXT.encode() + raw + b"\n" + NOTE[len(TEXT) :], [KEY], ed25519)


def test_text_may_hold_empty_lines_and_signature_like_lines() -> None:
    text = f"a\n\n\n— b c\n\n{LINE}".encode()
    assert notes.open_note(SIGNER.note(text), [SIGNER.key], ed25519).text == text


def test_unknown_keys_are_ignored_and_known_ones_must_hold() -> None:
    text = b"hello\n"
    note = SIGNER.note(text)
    two = note + line(STRANGER, text).encode()
    opened = notes.open_note(two, [SIGNER.key], ed25519)
    assert [s.verified for s in opened.signatures] == [True, False]
    assert opened.encode() == two
    with pytest.raises(LedgerError, match="known key"):
        notes.open_note(STRANGER.note(text), [SIGNER.key], ed25519)
    with pytest.raises(LedgerError, match="known key"):
        notes.open_note(note, [], ed25519)
    forged = note + line(STRANGER, b"something else\n").encode()
    assert notes.open_note(forged, [SIGNER.key], ed25519).text == text
    with pytest.raises(LedgerError, match=r"example\.com/other does not hold"):
        notes.open_note(forged, [SIGNER.key, STRANGER.key], ed25519)


def test_a_name_or_an_id_alone_makes_no_known_key() -> None:
    text = b"hello\n"
    namesake = make_signer("example.com/log", bytes(32))
    note = SIGNER.note(text) + line(namesake, b"another text\n").encode()
    assert [s.verified for s in notes.open_note(note, [SIGNER.key], ed25519).signatures] == [True, False]


def test_duplicated_signatures_must_each_hold() -> None:
    text = b"hello\n"
    note = SIGNER.note(text)
    assert len(notes.open_note(note + line(SIGNER, text).encode(), [SIGNER.key], ed25519).signatures) == 2
    with pytest.raises(LedgerError, match="does not hold"):
        notes.open_note(note + line(SIGNER, b"x\n").encode(), [SIGNER.key], ed25519)


def test_sixteen_signatures_are_read_and_seventeen_refused() -> None:
    text = b"hello\n"
    others = [line(make_signer(f"w{n}", bytes([n] * 32)), text) for n in range(16)]
    assert (
        len(notes.open_note(SIGNER.note(text) + "".join(others[:15]).encode(), [SIGNER.key], ed25519).signatures) == 16
    )
    with pytest.raises(LedgerError, match="17 signatures"):
        notes.open_note(SIGNER.note(text) + "".join(others).encode(), [SIGNER.key], ed25519)


def test_a_note_without_end_is_not_read() -> None:
    with pytest.raises(LedgerError, match="more than"):
        notes.parse_note(b"x" * (notes.MAX_BYTES + 1))


def cosigned(timestamp: int, text: bytes, signed: int | None = None) -> tuple[notes.VerifierKey, bytes]:
    witness = make_signer("witness.example/w1", bytes([7] * 32))
    key = notes.verifier_key(witness.key.name, witness.key.key, notes.COSIGNATURE_V1)
    value = timestamp.to_bytes(8, "big") + witness.sign(
        notes.cosigned_message(timestamp if signed is None else signed, text)
    )
    return key, notes.Signature(key.name, key.key_id, value).encode().encode()


def test_a_cosignature_gives_its_time() -> None:
    text = b"log\n1\nroot\n"
    assert notes.cosigned_message(1679315147, text) == b"cosignature/v1\ntime 1679315147\nlog\n1\nroot\n"
    key, signature = cosigned(1679315147, text)
    note = notes.open_note(SIGNER.note(text) + signature, [SIGNER.key, key], ed25519)
    assert [(s.verified, s.timestamp) for s in note.signatures] == [(True, None), (True, 1679315147)]
    assert notes.parse_vkey(key.encode()) == key


@pytest.mark.parametrize(("timestamp", "signed"), [(1679315147, 1679315148), (1 << 63, None), (0, 1)])
def test_a_cosignature_for_another_time_is_refused(timestamp: int, signed: int | None) -> None:
    key, signature = cosigned(timestamp, b"log\n", signed)
    with pytest.raises(LedgerError, match="does not hold"):
        notes.open_note(SIGNER.note(b"log\n") + signature, [SIGNER.key, key], ed25519)


def test_a_cosignature_of_a_few_bytes_is_refused() -> None:
    key, _ = cosigned(1, b"log\n")
    short = notes.Signature(key.name, key.key_id, b"\0" * 7).encode().encode()
    with pytest.raises(LedgerError, match="does not hold"):
        notes.open_note(SIGNER.note(b"log\n") + short, [SIGNER.key, key], ed25519)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("530d903a", ""),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("example.com/foo", "example.com/ foo"),
        VKEY.replace("+Aeky", "+Beky"),
        VKEY[:-4],
        VKEY + "=",
        VKEY + "\n\n",
        "a+00000000+",
        "\ud800+00000000+AA==",
    ],
)
def test_what_is_no_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(InputError):
        notes.parse_vkey(vkey)


def test_a_vkey_splits_at_its_first_two_plus_signs() -> None:
    plus = next(k for k in (make_signer("a", bytes([n] * 32)).key for n in range(256)) if "+" in k.encode()[12:])
    assert notes.parse_vkey(plus.encode()) == plus


@pytest.mark.parametrize("kind", [0x02, 0x05, 0x06, 0xFF])
def test_kinds_of_keys_that_we_cannot_check_are_refused(kind: int) -> None:
    encoded = base64.b64encode(bytes([kind]) + bytes(32)).decode()
    with pytest.raises(InputError, match="not supported"):
        notes.parse_vkey(f"name+00000000+{encoded}")


@pytest.mark.parametrize("text", [b"", b"no newline", b"cr\r\n", b"tab\t\n", b"nul\0\n"])
def test_what_cannot_be_a_note_is_not_signed(text: bytes) -> None:
    with pytest.raises(InputError):
        SIGNER.note(text)


@pytest.mark.parametrize("control", [*range(0x0A), *range(0x0B, 0x20)])
def test_a_control_character_is_refused_even_when_it_was_signed(control: int) -> None:
    text = b"a" + bytes([control]) + b"b\n"
    signed = notes.Note(text, (notes.Signature(SIGNER.key.name, SIGNER.key.key_id, SIGNER.sign(text)),)).encode()
    with pytest.raises(LedgerError, match="control character"):
        notes.open_note(signed, [SIGNER.key], ed25519)
