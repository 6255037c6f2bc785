"""Signed notes: strict reading, signing and verifier keys.

Rules: C2SP signed-note v1.0.0 (https://c2sp.org/signed-note@v1.0.0) and, for timestamped cosignatures of witnesses,
tlog-cosignature v1.0.1 (https://c2sp.org/tlog-cosignature@v1.0.1). The Ed25519 primitive comes in as a callable.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from conductor_core.errors import InputError, LedgerError

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
MAX_SIGNATURES = 16
MAX_BYTES = 1 << 20

Ed25519 = Callable[[bytes, bytes, bytes], bool]
"""`verify(public_key, signature, message)`: whether an RFC 8032 signature of 64 bytes holds; never raises."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key as a vkey carries it; `kind` is the signature type byte, `key` the 32 bytes of the Ed25519 key."""

    name: str
    key_id: bytes
    kind: int
    key: bytes

    def encode(self) -> str:
        """The vkey: `name+hex(keyID)+base64(type || key)`."""
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.kind]) + self.key)}"


@dataclass(frozen=True)
class Signature:
    """One signature line; `verified` only when a known key signed. `timestamp`: of a cosignature, POSIX seconds."""

    name: str
    key_id: bytes
    value: bytes
    verified: bool = False
    timestamp: int | None = None

    def encode(self) -> str:
        """The line, with its newline."""
        return f"— {self.name} {base64_text(self.key_id + self.value)}\n"


@dataclass(frozen=True)
class Note:
    """A signed note whose known signatures all hold."""

    text: bytes
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The bytes of the note, byte for byte as read."""
        return self.text + b"\n" + "".join(s.encode() for s in self.signatures).encode()


@dataclass(frozen=True)
class NoteSigner:
    """A private Ed25519 key behind a callable: `sign(message)` gives the 64 bytes of an RFC 8032 signature."""

    key: VerifierKey
    sign: Callable[[bytes], bytes]

    def note(self, text: bytes) -> bytes:
        """The signed note over a text that ends in a newline."""
        _check_text(text)
        return Note(text, (Signature(self.key.name, self.key.key_id, self.sign(text)),)).encode()


def verifier_key(name: str, key: bytes, kind: int = ED25519) -> VerifierKey:
    """The verifier key of a 32-byte Ed25519 public key; raises `InputError` for a name or key that can't be one."""
    if not _name_fits(name):
        raise InputError(
            f"{name!r} can't be the name of a key.",
            why="A key's name is not empty and has no space, plus sign or control character.",
            next="Use a name such as example.com/ledger.",
        )
    if kind not in (ED25519, COSIGNATURE_V1) or len(key) != 32:
        raise InputError(
            f"The key of {name} is of a kind that is not supported.",
            why=f"It has type {kind:#04x} and {len(key)} bytes; supported are types 0x01 and 0x04 with 32 bytes.",
            next="Give the vkey of an Ed25519 key.",
        )
    return VerifierKey(name, sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4], kind, key)


def parse_vkey(text: str) -> VerifierKey:
    """Read a vkey; raises `InputError` when it is not one, or its key ID is not that of its key."""
    parts = text.removesuffix("\n").split("+", 2)
    bad = InputError(
        "That is not a verifier key.",
        why="A verifier key reads name+8 hex digits+base64, and its ID is derived from its key.",
        next="Copy the whole line that the log's operator publishes.",
    )
    if len(parts) != 3:
        raise bad
    try:
        payload = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise bad from wrong
    if not payload or base64_text(payload) != parts[2]:
        raise bad
    found = verifier_key(parts[0], payload[1:], payload[0])
    if found.key_id.hex() != parts[1]:
        raise bad
    return found


def open_note(data: bytes, keys: Sequence[VerifierKey], ed25519: Ed25519) -> Note:
    """Read a note and check the signatures of every known key.

    Signatures of unknown keys are kept unverified. Raises `LedgerError` when the bytes are no note, when a known
    key's signature fails, or when no known key signed.
    """
    note = parse_note(data)
    known = {(key.name, key.key_id): key for key in keys}
    signatures = tuple(
        _checked(s, known[s.name, s.key_id], note.text, ed25519) if (s.name, s.key_id) in known else s
        for s in note.signatures
    )
    if not any(s.verified for s in signatures):
        raise _bad(f"none of its {len(signatures)} signatures is by a known key")
    return Note(note.text, signatures)


def parse_note(data: bytes) -> Note:
    """Read a note strictly without checking any signature; raises `LedgerError`."""
    if len(data) > MAX_BYTES:
        raise _bad(f"it has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise _bad("it is not UTF-8") from bad
    if any(c < 0x20 and c != 0x0A for c in data):
        raise _bad("it holds a control character")
    at = text.rfind("\n\n")
    if at < 0 or not text.endswith("\n") or at + 2 == len(text):
        raise _bad("an empty line and at least one signature must end it")
    lines = text[at + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise _bad(f"it has {len(lines)} signatures, more than {MAX_SIGNATURES}")
    return Note(text[: at + 1].encode(), tuple(map(_signature, lines)))


def cosigned_message(timestamp: int, text: bytes) -> bytes:
    """What a witness signs (cosignature/v1) over a checkpoint's text at a POSIX time in seconds."""
    return f"cosignature/v1\ntime {timestamp}\n".encode() + text


def base64_text(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode()


def base64_bytes(text: str, what: str, size: int | None = None) -> bytes:
    """Strict base64: it must print back to the same text and, if given, have `size` bytes; raises `LedgerError`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as bad:
        raise _bad(f"{what} is not base64") from bad
    if base64_text(data) != text or (size is not None and len(data) != size):
        raise _bad(f"{what} is not the base64 of {'its' if size is None else size} bytes")
    return data


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—" or not _name_fits(name):
        raise _bad("a signature line does not read: em dash, name, base64")
    payload = base64_bytes(encoded, f"the signature of {name}")
    if len(payload) < 5:
        raise _bad(f"the signature of {name} is too short to hold a key ID")
    return Signature(name, payload[:4], payload[4:])


def _checked(line: Signature, key: VerifierKey, text: bytes, ed25519: Ed25519) -> Signature:
    message, signature, timestamp = text, line.value, None
    if key.kind == COSIGNATURE_V1:
        timestamp, signature = int.from_bytes(line.value[:8], "big"), line.value[8:]
        message = cosigned_message(timestamp, text)
    if len(signature) != 64 or (timestamp or 0) >= 1 << 63 or not ed25519(key.key, signature, message):
        raise _bad(f"the signature of {key.name} does not hold")
    return Signature(line.name, line.key_id, line.value, True, timestamp)


def _check_text(text: bytes) -> None:
    if not text.endswith(b"\n") or any(c < 0x20 and c != 0x0A for c in text):
        raise InputError(
            "That text can't be signed as a note.",
            why="A note's text ends in a newline and holds no other control character.",
            next="End it in a newline and remove control characters.",
        )


def _name_fits(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)


def _bad(why: str) -> LedgerError:
    return LedgerError(
        "The signed note can't be accepted.",
        why=f"As read: {why}.",
        next="Fetch it again; if it stays so, compare it with another copy of the log and don't trust this one.",
    )
