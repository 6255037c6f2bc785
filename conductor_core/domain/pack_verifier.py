"""Checks an audit pack of Maestro Conductor, offline, with nothing but Python: `python verify.py PACK [--key VKEY]`.

This file is in every pack as `verify.py` and imports nothing but the standard library; read it before you trust it.
A pack is a tar archive: `entries/` are ledger entries (CloudEvents), `proofs/` their inclusion proofs (C2SP tlog-proof)
under the signed `checkpoint` (C2SP tlog-checkpoint), `blobs/` everything that entries name by its SHA-256. Trust flows
from the operator's public key to the checkpoint, to the entries, to the blobs; nothing else in a pack is believed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

FORMAT = "maestro-conductor audit pack 1"
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
PLACE, BLOB = r"(entries/[0-9]{12}\.json|proofs/[0-9]{12}\.tlog-proof)", "blobs/[0-9a-f]{64}"
NAMES = re.compile(rf"manifest\.json|vkey|checkpoint|verify\.py|{PLACE}|{BLOB}")
Point = tuple[int, int, int, int]
Json = dict[str, Any]


class DoubtError(Exception):
    """Something does not hold, or can't be read."""


def need(fact: object, what: str) -> None:
    """Raise `DoubtError` unless the fact is true."""
    if not fact:
        raise DoubtError(what)


def archive(files: dict[str, bytes]) -> bytes:
    """The files as a ustar archive with one spelling, so that no byte is free: sorted, mode 0644, no owner, no time."""
    out = bytearray()
    for name in sorted(files):
        size = len(files[name])
        head = name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"%011o\0" % 0
        tail = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2 + bytes(167)
        total = sum(head) + sum(tail) + 8 * 32
        out += head + b"%06o\0 " % total + tail + files[name] + bytes(-size % 512)
    return bytes(out) + bytes(1024)


def read_archive(data: bytes) -> dict[str, bytes]:
    """The files of such an archive; raises `DoubtError` for any other bytes."""
    files: dict[str, bytes] = {}
    at = 0
    while data[at : at + 1] not in (b"\0", b""):
        name, size = data[at : at + 100].rstrip(b"\0").decode(), int(data[at + 124 : at + 135], 8)
        need(NAMES.fullmatch(name) and name not in files, f"the archive holds {name!r}, which is no part of a pack")
        files[name] = data[at + 512 : at + 512 + size]
        at += 512 + size + -size % 512
    need(archive(files) == data, "the archive has bytes that no pack has")
    return files


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def _times(point: Point, scalar: int) -> Point:
    found: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = _add(found, point)
        point, scalar = _add(point, point), scalar >> 1
    return found


def _point(data: bytes) -> Point:
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "a key or signature is no point of the curve")
    return (x, y, 1, x * y % P) if x & 1 == sign else (P - x, y, 1, (P - x) * y % P)


@lru_cache
def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the 64-byte Ed25519 signature of the message is by this 32-byte key (RFC 8032, section 5.1.7)."""
    scalar = int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    base = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    left, right = _times(base, scalar), _times(_point(key), int.from_bytes(digest, "little") % L)
    both = _add(_point(signature[:32]), right)
    same = (left[0] * both[2] - both[0] * left[2]) % P == 0 and (left[1] * both[2] - both[1] * left[2]) % P == 0
    return len(signature) == 64 and scalar < L and same


def decode(text: str) -> bytes:
    """Base64 with one spelling."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 is spelled in an unusual way")
    return data


def read_checkpoint(note: bytes, vkey: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint that this key (a vkey of C2SP signed-note), and nobody else, has signed."""
    name, key_id, payload = vkey.removesuffix("\n").split("+", 2)
    key = decode(payload)
    true_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    need(key[0] == 1 and len(key) == 33 and true_id.hex() == key_id, "the vkey is not one of Ed25519")
    text, line = note.decode().split("\n\n")
    origin, size, root = text.split("\n")
    need(line.endswith("\n") and line.startswith(f"— {name} "), f"the checkpoint is not signed by {name}")
    signature = decode(line.removesuffix("\n").removeprefix(f"— {name} "))
    need(origin == name and str(int(size)) == size, "the checkpoint is not one of this log")
    holds = signature[:4] == true_id and signed(key[1:], signature[4:], (text + "\n").encode())
    need(holds, "the signature of the checkpoint does not hold")
    return int(size), decode(root)


def check_proof(index: int, entry: bytes, proof: bytes, checkpoint: bytes, size: int, root: bytes) -> None:
    """Raise `DoubtError` unless the entry stands at this index of the log of the checkpoint (RFC 9162, 2.1.3.2)."""
    head, _, note = proof.partition(b"\n\n")
    lines = head.decode().split("\n")
    need(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"], f"the proof of entry {index} is of something else")
    need(note == checkpoint, f"the proof of entry {index} is under another checkpoint")
    found, at, last = hashlib.sha256(b"\0" + entry).digest(), index, size - 1
    for sibling in map(decode, lines[2:]):
        need(last > 0, f"the proof of entry {index} is too long")
        left = at & 1 or at == last
        found = hashlib.sha256(b"\x01" + (sibling + found if left else found + sibling)).digest()
        while left and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    need(index < size and last == 0 and found == root, f"the proof of entry {index} does not lead to the root")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _ordered(value[k]) for k in sorted(value, key=lambda k: k.encode("utf-16-be", "surrogatepass"))}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def canonical(value: Any) -> bytes:
    """RFC 8785 for JSON without fractions."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def sha256(data: bytes) -> str:
    """`sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def agrees(shown: Any, whole: Any, path: str, cuts: dict[str, str]) -> bool:
    """Whether an entry shows this value, or so much of it as fits and the digest of the whole."""
    if path in cuts:
        return cuts[path] == sha256(canonical(whole))
    if isinstance(shown, list) and isinstance(whole, list):
        shown, whole = dict(enumerate(shown)), dict(enumerate(whole))
    if isinstance(shown, dict) and isinstance(whole, dict):
        return shown.keys() == whole.keys() and all(agrees(shown[k], whole[k], f"{path}/{k}", cuts) for k in shown)
    return bool(shown == whole)


def says(event: Json, whole: Json, *names: str) -> bool:
    """Whether the data of the event agrees with these fields of the whole."""
    cuts = {cut["path"]: cut["digest"] for cut in event["data"].get("cut", ())}
    return all(agrees(event["data"].get(name), whole[name], f"/{name}", cuts) for name in names)


class Pack:
    """The entries of a pack, its blobs, and which of them something has named."""

    def __init__(self, files: dict[str, bytes], events: dict[int, Json]) -> None:
        self.files, self.events = files, [event for _, event in sorted(events.items())]
        self.named: set[str] = set()

    def blob(self, digest: str, what: str) -> bytes:
        """The bytes that the digest names; raises `DoubtError` when they are missing or others."""
        name = f"blobs/{digest.removeprefix('sha256:')}"
        need(name in self.files and sha256(self.files[name]) == digest, f"{what} ({digest}) is missing or changed")
        self.named.add(name)
        return self.files[name]

    def change(self, subject: str) -> list[str]:
        """What holds of one Change; raises `DoubtError`."""
        mine = [event for event in self.events if event["subject"] == subject]
        of: dict[str, list[Json]] = {}
        for event in mine:
            kind = event["type"].removeprefix("conductor.").removesuffix(".v1")
            of.setdefault(kind, []).append(event)
            if kind.startswith("operation."):
                for digest in filter(None, (event["data"]["request"], event["data"]["result"])):
                    self.blob(digest, f"what operation {event['data']['key']} of {subject} was asked or came to")
        if "change.sealed" not in of:
            return [f"change      {subject}: not sealed here; {len(mine)} entries"]
        seal = of["change.sealed"][0]
        record = json.loads(self.blob(seal["data"]["seal"], f"the sealed record of {subject}"))
        others = [] if "cut" in seal["data"] else ["policy.decided", *(k for k in of if k.startswith("operation."))]
        aside = {e["id"] for kind in others for e in of.get(kind, ())} - set(seal["data"]["events"])
        above = {"events": [e["id"] for e in mine[: mine.index(seal)] if e["id"] not in aside]}
        asked, ended, outcome = of["change.requested"], of[f"change.{record['state']}"], record["outcome"] or {}
        given = [(e["data"]["by"], e["data"]["plan"]) for e in of.get("approval.given", ())]
        people = {a["actor"]["key"] for a in record["approvals"] if a["plan"] == record["plan"] and not a["void"]}
        people -= {record["requester"]["key"]}
        started = [event["data"]["plan"] for event in of.get("execution.started", ())]
        for fact, doubt in (
            (record["id"] == subject and len(of["change.sealed"]) == 1, "its record is another Change's"),
            (record["state"] == seal["data"]["state"], "its record has another state"),
            (says(seal, above, "events"), "entries are missing, or are there that its seal does not name"),
            (len(asked) == 1 and asked[0]["actor"] == record["requester"]["key"], "it is in doubt who requested it"),
            (says(asked[0], record, "runbook", "title", "target", "tier", "reason"), "something else was requested"),
            (says(ended[-1], record, "outcome", "checks", "notebook"), "it ended otherwise"),
            (all((a["actor"]["key"], a["plan"]) in given for a in record["approvals"]), "an approval is in no entry"),
            (not started or started[-1] == record["plan"], "another plan was executed"),
            (not started or len(people) >= record["approvals_required"], "it ran with too few approvals"),
        ):
            need(fact, f"{subject}: {doubt}")
        gates = self._plan(subject, record, of) if record["plan"] else "no plan was made"
        if record["notebook"]:
            self.blob(record["notebook"], f"the executed notebook of {subject}")
        ran = "executed notebook present" if record["notebook"] else "no notebook was executed"
        return [
            f"change      {subject}: {record['title']}",
            f"  record    {record['state']}, requested by {record['requester']['name']}: {record['reason']}",
            f"  gates     {gates}",
            f"  approvals {len(people)} of {record['approvals_required']} by others than the requester",
            f"  outcome   {outcome.get('what', '')} {len(record['checks'])} checks; {ran}",
            f"  sealed    {seal['data']['seal']}, {len(above['events'])} entries above it",
        ]

    def _plan(self, subject: str, record: Json, of: dict[str, list[Json]]) -> str:
        digest = record["plan"]
        plan = json.loads(self.blob(digest, f"the plan of {subject}"))
        for name, piece in plan["evidence"].items():
            self.blob(piece["digest"], f"the evidence {name} of {subject}")
        made, judged = ([e for e in of[k] if e["data"]["plan"] == digest] for k in ("plan.made", "gates.judged"))
        need(says(made[-1], plan, "facts", "summary"), f"{subject}: another plan was made")
        need(says(judged[-1], record, "verdicts"), f"{subject}: the gates said something else")
        decided = {(d["data"]["input"], d["data"]["result"]) for d in of.get("policy.decided", ())}
        for gate in (v for v in record["verdicts"] if v["gate"].startswith("policy/")):
            need((gate["evidence"], gate["result"]) in decided, f"{subject}: no entry has the decision {gate['gate']}")
        said = ", ".join(f"{v['gate']} {v['result']}" for v in record["verdicts"]) or "none asked"
        return f"{said}; {len(plan['evidence'])} pieces of evidence"


def verify(data: bytes, key: str = "") -> list[str]:
    """What holds of a pack, line by line. `key`: the operator's vkey; empty: the pack's own, which proves less.

    Raises `DoubtError` with the first thing that does not hold.
    """
    try:
        files = read_archive(data)
        vkey, checkpoint = files["vkey"].decode(), files["checkpoint"]
        said = canonical({"files": {k: sha256(v) for k, v in files.items() if k != "manifest.json"}, "format": FORMAT})
        need(files["manifest.json"] == said, "a file is not what the manifest says")
        need(not key or key.strip() == vkey.strip(), "the pack is signed with another key than the one given")
        size, root = read_checkpoint(checkpoint, vkey)
        events: dict[int, Json] = {}
        for name in (name for name in files if name.startswith(("entries/", "proofs/"))):
            index = int(name.split("/")[1].split(".")[0])
            entry, proof = files[f"entries/{index:012}.json"], files[f"proofs/{index:012}.tlog-proof"]
            check_proof(index, entry, proof, checkpoint, size, root)
            events[index] = json.loads(entry)
        pack, first, last = Pack(files, events), min(events), max(events)
        lines = [line for subject in dict.fromkeys(e["subject"] for e in pack.events) for line in pack.change(subject)]
        blobs = {name for name in files if name.startswith("blobs/")}
        need(blobs == pack.named, "the pack has a blob that nothing names")
    except Exception as bad:  # whatever a forger writes, it is a doubt and no traceback
        raise bad if isinstance(bad, DoubtError) else DoubtError(f"the pack can't be read ({bad!r})") from bad
    trust = "the key given" if key else f"A KEY TAKEN FROM THE PACK; compare it with the operator's: {vkey.strip()}"
    gaps = sum(index + 1 not in events for index in events) - 1
    return [
        f"archive     {len(files)} files, each as the manifest says",
        f"checkpoint  {size} entries, root {base64.b64encode(root).decode()}, signed by {trust}",
        f"entries     {len(events)} proven to be in it, from {first} to {last} with {gaps or 'no'} gaps",
        *lines,
    ]


def main(arguments: list[str]) -> int:
    """The program: 0 when all of the pack holds, 1 when something does not, 2 when it is called wrongly."""
    if len(arguments) not in (1, 3) or arguments[1:2] not in ([], ["--key"]):
        print("usage: python verify.py PACK [--key VKEY]", file=sys.stderr)
        return 2
    try:
        print("\n".join([*verify(Path(arguments[0]).read_bytes(), "".join(arguments[2:])), "All of it holds."]))
    except (OSError, DoubtError) as bad:
        print(f"DOES NOT HOLD: {bad}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
