"""What holds of a report: judged from its files and the public keys alone, without database, network or private key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from conductor_core.domain import dsse, proofs
from conductor_core.domain.canonical import digest_of
from conductor_core.domain.notes import Ed25519, VerifierKey

FORMAT = "maestro-conductor/report/v1"
PREDICATE_TYPE = "https://maestro-conductor.dev/report/v1"


ABSENT = "was signed, and is not here to be checked"


def verdict(lines: Sequence[str]) -> str:
    """What the lines of a verification come to, in a sentence."""
    return "What is here holds." if any(line.endswith(ABSENT) for line in lines) else "All of it holds."


def verify_report(files: Mapping[str, bytes], keys: Sequence[VerifierKey], ed25519: Ed25519) -> list[str]:
    """What holds of a report, line by line, from its files by name and the public keys alone; raises `LedgerError`.

    The signature, the digests of the other files, and for each Change the proof that its seal is in the ledger.
    """
    if "report.json" not in files:
        raise dsse.bad("report.json, which holds the signature, is not there")
    statement = dsse.open_envelope(files["report.json"], keys, ed25519)
    document = statement.predicate
    if statement.predicate_type != PREDICATE_TYPE or document.get("format") != FORMAT:
        raise dsse.bad("its statement is not a report of this kind")
    lines = [f"signed by {dsse.keyid(statement.signed_by)}", f"document {digest_of(document)}"]
    for name, data in sorted(files.items()):
        if name != "report.json":
            if statement.subjects.get(name) != hashlib.sha256(data).hexdigest():
                raise dsse.bad(f"{name} is not the file that was signed")
            lines.append(f"{name} is the file that was signed")
    lines += [f"{name} {ABSENT}" for name in sorted(set(statement.subjects) - set(files))]
    parts = document.get("changes")
    proved = sum(_proved(part, keys, ed25519) for part in parts) if isinstance(parts, list) else 0
    total = len(parts) if isinstance(parts, list) else 0
    lines.append(f"{proved} of {total} Changes are sealed in the ledger, each proof holds")
    return lines


def _proved(part: object, keys: Sequence[VerifierKey], ed25519: Ed25519) -> bool:
    if not isinstance(part, Mapping):
        raise dsse.bad("one of its Changes is no map")
    sealed = part.get("sealed")
    if sealed is None:
        return False
    if not isinstance(sealed, Mapping):
        raise dsse.bad(f"the seal of {part.get('id')} is no map")
    entry = str(sealed.get("entry")).encode()
    proofs.parse_proof(str(sealed.get("proof")).encode()).verify(entry, keys, ed25519)
    event = dsse.plain_json(entry)
    data = event.get("data")
    seal = data.get("seal") if isinstance(data, Mapping) else None
    if event.get("subject") != part.get("id") or seal != part.get("seal"):
        raise dsse.bad(f"the entry that is proved is not the seal of {part.get('id')}")
    return True
