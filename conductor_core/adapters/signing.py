"""The ledger's Ed25519 key in a file of mode 0600, and the check of Ed25519 signatures (RFC 8032).

The file holds one line in the form that Go's note tools read (https://pkg.go.dev/golang.org/x/mod/sumdb/note):
`PRIVATE+KEY+name+hex(keyID)+base64(0x01 || seed)`. The log's public keys stand in a file of their own, one vkey a line:
the present one first, then those that were replaced, which the checkpoints that they signed are still checked with.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from conductor_core.domain import notes
from conductor_core.errors import ConfigurationError, StorageError

_PREFIX = "PRIVATE+KEY+"


def ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature holds; a key or signature of the wrong shape doesn't."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def make_signer(name: str, seed: bytes) -> notes.NoteSigner:
    """A signer from the 32-byte seed of a private key; raises `InputError` for a name that no key can have."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return notes.NoteSigner(notes.verifier_key(name, private.public_key().public_bytes_raw()), private.sign)


def load_or_create(path: Path, name: str) -> notes.NoteSigner:
    """The signer in this file; a new key is made, durably, when there is none.

    Raises `ConfigurationError` when the file is no key, is readable by others, or is the key of another log name, and
    `StorageError` when it can't be read or made.
    """
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        if path.exists():
            return _load(path, name)
        seed = os.urandom(32)
        signer = make_signer(name, seed)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_encode(signer.key, seed).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(new)  # not a rename: a key that is there already must win
        except FileExistsError:
            return _load(path, name)
        finally:
            new.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as bad:
        raise StorageError(
            "The ledger's key can't be read or made.",
            why=f"{path.name}: {bad.strerror}.",
            next="Make the data folder writable for this user, with space on its disk.",
        ) from bad
    return signer


def open_keys(private: Path, public: Path) -> tuple[notes.NoteSigner, tuple[notes.VerifierKey, ...]]:
    """The log's signer, and its earlier public keys. A new key is made under the log's name when there is none, which
    is how a key is replaced: move the private file away. Raises what `load_or_create` and `read_vkeys` raise.
    """
    known = read_vkeys(public.read_text(encoding="utf-8")) if public.exists() else ()
    name = known[0].name if known else _name_in(private) or f"maestro-conductor/{secrets.token_hex(6)}"
    try:
        for folder in (private.parent, public.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        signer = load_or_create(private, name)
        keys = (signer.key, *(key for key in known if key != signer.key))
        text = "".join(f"{key.encode()}\n" for key in keys)
        if known != keys:
            new = public.with_name(f"{public.name}.new")
            new.write_text(text, encoding="utf-8")
            new.replace(public)
    except OSError as bad:
        raise StorageError(
            "The ledger's public key can't be written.",
            why=f"{public.name}: {bad.strerror}.",
            next="Make the data folder writable for this user, with space on its disk.",
        ) from bad
    return signer, keys[1:]


def read_vkeys(text: str) -> tuple[notes.VerifierKey, ...]:
    """The verifier keys in a text, one a line, the present one first; raises `InputError`."""
    return tuple(notes.parse_vkey(line) for line in text.splitlines() if line.strip())


def _name_in(private: Path) -> str:
    """The name in a key that was given; what else is wrong with it, `load_or_create` says."""
    try:
        return private.read_text(encoding="utf-8").removeprefix(_PREFIX).split("+")[0]
    except (OSError, UnicodeDecodeError):
        return ""


def _load(path: Path, name: str) -> notes.NoteSigner:
    if path.stat().st_mode & 0o077:
        raise _unfit(
            path, "others than its owner may read it", "Set its mode to 0600; if others had access, rotate it."
        )
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        found, key_id, payload = text.removeprefix(_PREFIX).split("+", 2)
        seed = base64.b64decode(payload, validate=True)
    except (ValueError, binascii.Error) as bad:
        raise _unfit(path, "it is not one line PRIVATE+KEY+name+id+base64", "Restore it from its backup.") from bad
    if not text.startswith(_PREFIX) or len(seed) != 33 or seed[0] != notes.ED25519:
        raise _unfit(path, "it does not hold an Ed25519 key", "Restore it from its backup.")
    if found != name:
        raise _unfit(path, f"it is the key of {found!r}, not of {name!r}", "Set the log's name to that of its key.")
    signer = make_signer(found, seed[1:])
    if signer.key.key_id.hex() != key_id:
        raise _unfit(path, "its ID is not that of its key", "Restore it from its backup.")
    return signer


def _encode(key: notes.VerifierKey, seed: bytes) -> str:
    return f"{_PREFIX}{key.name}+{key.key_id.hex()}+{notes.base64_text(bytes([notes.ED25519]) + seed)}\n"


def _unfit(path: Path, why: str, next_: str) -> ConfigurationError:
    return ConfigurationError(f"The ledger's key in {path.name} can't be used.", why=f"As found: {why}.", next=next_)
