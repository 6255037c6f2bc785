"""DSSE envelopes around in-toto statements: what a signed report is.

Rules: DSSE v1.0 (https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md) and in-toto Statement v1
(https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md). The signed bytes begin with `DSSEv1 `, which no
checkpoint of the ledger does, so one key can sign both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conductor_core.domain import notes
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.notes import Ed25519, NoteSigner, VerifierKey
from conductor_core.errors import LedgerError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class Statement:
    """A statement whose signature holds: digests (hex SHA-256) by name, the predicate, and who signed."""

    subjects: Mapping[str, str]
    predicate_type: str
    predicate: Mapping[str, object]
    signed_by: VerifierKey


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(
    subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, object], signer: NoteSigner
) -> bytes:
    """The envelope; `subjects` are hex SHA-256 digests by name. Raises `InputError` for what is no plain JSON."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": subjects[name]}} for name in sorted(subjects)],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    payload = canonical_bytes(statement)
    signature = {"keyid": keyid(signer.key), "sig": notes.base64_text(signer.sign(pae(payload)))}
    envelope = {"payloadType": PAYLOAD_TYPE, "payload": notes.base64_text(payload), "signatures": [signature]}
    return canonical_bytes(envelope) + b"\n"


def open_envelope(data: bytes, keys: Sequence[VerifierKey], ed25519: Ed25519) -> Statement:
    """The statement, when one of these keys signed exactly these bytes; raises `LedgerError` that says what is wrong.

    Strict: the envelope and the statement must be written canonically, so that one report has one spelling.
    """
    envelope = _json(data[:-1] if data.endswith(b"\n") else data, "the envelope")
    if set(envelope) != {"payloadType", "payload", "signatures"} or envelope["payloadType"] != PAYLOAD_TYPE:
        raise bad("it is no DSSE envelope of an in-toto statement")
    payload = notes.base64_bytes(str(envelope["payload"]), "the payload")
    signatures = envelope["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise bad("it must have one signature")
    said = signatures[0]
    if set(said) != {"keyid", "sig"}:
        raise bad("its signature has other fields than keyid and sig")
    signer = next((key for key in keys if keyid(key) == said["keyid"]), None)
    if signer is None:
        raise bad(f"the key {str(said['keyid'])[:120]} that signed it is not among those that are trusted")
    value = notes.base64_bytes(str(said["sig"]), "the signature", 64)
    if not ed25519(signer.key, value, pae(payload)):
        raise bad("its signature does not hold")
    return _statement(payload, signer)


def keyid(key: VerifierKey) -> str:
    """How a key is named in an envelope: `name+hex`, the beginning of its vkey."""
    return f"{key.name}+{key.key_id.hex()}"


def bad(why: str) -> LedgerError:
    """The error of a report that does not hold."""
    return LedgerError(
        "The report does not hold.",
        why=f"As read: {why}.",
        next="Don't trust it; ask whoever gave it to you for a fresh one, and keep this one as it is.",
    )


def plain_json(data: bytes) -> dict[str, object]:
    """The map in canonical JSON bytes; raises `LedgerError`."""
    return _json(data, "an entry")


def _statement(payload: bytes, signer: VerifierKey) -> Statement:
    found = _json(payload, "the statement")
    if set(found) != {"_type", "subject", "predicateType", "predicate"} or found["_type"] != STATEMENT_TYPE:
        raise bad("it holds no in-toto statement")
    subjects, predicate = found["subject"], found["predicate"]
    if not isinstance(subjects, list) or not isinstance(predicate, dict):
        raise bad("its statement has no subjects or no predicate")
    digests: dict[str, str] = {}
    for subject in subjects:
        try:
            digests[str(subject["name"])] = str(subject["digest"]["sha256"])
        except (TypeError, KeyError) as odd:
            raise bad("one of its subjects has no name or digest") from odd
    return Statement(digests, str(found["predicateType"]), predicate, signer)


def _json(data: bytes, what: str) -> dict[str, object]:
    if len(data) > MAX_BYTES:
        raise bad(f"{what} is too large")
    try:
        found = json.loads(data)
        same = canonical_bytes(found) == data
    except Exception as odd:
        raise bad(f"{what} is no JSON that was written canonically") from odd
    if not isinstance(found, dict) or not same:
        raise bad(f"{what} is no map that was written canonically")
    return found
