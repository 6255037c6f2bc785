"""Forgeries: ten thousand single bytes and every field of a pack, none accepted; Ed25519 against another make."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conductor_core.adapters.signing import ed25519
from conductor_core.domain import notes, pack_verifier
from conductor_core.domain.pack_verifier import FORMAT, DoubtError, archive, canonical, read_archive, verify
from tests.fakes.conductor import build
from tests.fakes.ledger import VKEY, with_ledger

pytestmark = pytest.mark.slow  # thousands of mutations

BYTES = 10_000
L = 2**252 + 27742317777372353535851937790883648493


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    conductor, ledger = with_ledger(build(tmp_path_factory.mktemp("pack")))
    other = conductor.requested()
    change = conductor.plan(conductor.requested(channel="staging").id)
    conductor.changes.approve(conductor.actor("approver"), change.id, reason="read it")
    conductor.execute(change.id)
    conductor.changes.cancel(conductor.actor("requester"), other.id, "not today")
    ledger.seal()
    data = conductor.audit_packs.of_change(change.id).data
    assert verify(data, VKEY)
    assert verify(data)
    return data


def accepted(data: bytes, key: str = "") -> bool:
    try:
        verify(data, key)
    except DoubtError:
        return False
    return True


def repacked(files: dict[str, bytes]) -> bytes:
    """A forger's archive: its manifest says what the files are."""
    digests = {n: "sha256:" + sha256(d).hexdigest() for n, d in files.items() if n != "manifest.json"}
    return archive({**files, "manifest.json": canonical({"files": digests, "format": FORMAT})})


def test_no_single_byte_may_differ(pack: bytes) -> None:
    chance = random.Random(7)
    places = [chance.randrange(len(pack)) for _ in range(BYTES // 2)]
    for at in places:
        other = bytearray(pack)
        other[at] ^= 1 << chance.randrange(8)
        assert not accepted(bytes(other)), at
    for at in (chance.randrange(len(pack)) for _ in range(BYTES // 4)):
        assert not accepted(pack[:at] + pack[at + 1 :]), at
        assert not accepted(pack[:at] + bytes([chance.randrange(256)]) + pack[at:]), at


def test_no_byte_of_a_file_may_differ_though_the_manifest_is_made_anew(pack: bytes) -> None:
    chance, files = random.Random(8), read_archive(pack)
    names = [n for n in sorted(files) if n not in ("manifest.json", "verify.py")]
    for _ in range(3_000):
        name = chance.choice(names)
        held = bytearray(files[name])
        held[chance.randrange(len(held))] ^= 1 << chance.randrange(8)
        assert not accepted(repacked({**files, name: bytes(held)})), name


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of every value inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield (*path, key)
        yield from fields(item, (*path, key))


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return f"{value}x" if not value.startswith("sha256:") else "sha256:" + sha256(value.encode()).hexdigest()
    return None if value else "x"


def with_field(document: Any, path: tuple[Any, ...], act: Callable[[Any, Any], None]) -> bytes:
    fresh = json.loads(json.dumps(document))
    place = fresh
    for key in path[:-1]:
        place = place[key]
    act(place, path[-1])
    return canonical(fresh)


def test_no_field_may_differ_be_missing_or_be_added(pack: bytes) -> None:
    files, tried = read_archive(pack), 0

    def change(place: Any, key: Any) -> None:
        place[key] = changed(place[key])

    def drop(place: Any, key: Any) -> None:
        del place[key]

    def add(place: Any, key: Any) -> None:
        if isinstance(place, dict):
            place["forged"] = 1
        else:
            place.append(place[key])

    for name, held in files.items():
        if name == "manifest.json" or not held.startswith(b"{"):
            continue
        document = json.loads(held)
        for path in fields(document):
            for act in (change, drop, add):
                forged = with_field(document, path, act)
                moved = {n: d for n, d in files.items() if n != name}
                renamed = f"blobs/{sha256(forged).hexdigest()}" if name.startswith("blobs/") else name
                assert not accepted(repacked({**moved, renamed: forged})), (name, path, act.__name__)
                tried += 1
    assert tried > 500


def test_no_file_may_be_missing_added_or_exchanged(pack: bytes) -> None:
    files = read_archive(pack)
    for name in files.keys() - {"manifest.json", "verify.py"}:
        assert not accepted(repacked({n: d for n, d in files.items() if n != name})), name
    for name in [n for n in files if n.startswith("entries/")]:
        proof = name.replace("entries", "proofs").replace(".json", ".tlog-proof")
        assert not accepted(repacked({n: d for n, d in files.items() if n not in (name, proof)})), name
    assert not accepted(repacked({**files, "blobs/" + sha256(b"more").hexdigest(): b"more"}))
    for wrong in ("README", "entries/1.json", "../x", "blobs/" + "A" * 64):
        with pytest.raises(DoubtError):
            read_archive(archive({**files, wrong: b""}))
    first, second = sorted(n for n in files if n.startswith("entries/"))[:2]
    assert not accepted(repacked({**files, first: files[second], second: files[first]}))


def test_another_log_s_pack_is_not_this_one_s(pack: bytes, tmp_path: Path) -> None:
    assert not accepted(pack, "example.com/other+00000000+AQ==")
    private = Ed25519PrivateKey.generate()
    files = read_archive(pack)
    text = files["checkpoint"].partition(b"\n\n")[0] + b"\n"
    key = notes.verifier_key("example.com/ledger", private.public_key().public_bytes_raw())
    note = notes.NoteSigner(key, private.sign).note(text)
    proofs = {n: d.replace(files["checkpoint"], note) for n, d in files.items()}
    forged = repacked({**proofs, "checkpoint": note, "vkey": f"{key.encode()}\n".encode()})
    assert accepted(forged)  # it is consistent with the key that it brings along ...
    assert not accepted(forged, VKEY)  # ... which is why an auditor gives the published one


def test_ed25519_says_what_another_implementation_says() -> None:
    chance = random.Random(9)
    for _ in range(40):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        key, message = private.public_key().public_bytes_raw(), chance.randbytes(chance.randrange(200))
        good = private.sign(message)
        assert pack_verifier.signed(key, good, message)
        at = chance.randrange(64)
        for forged in (
            good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :],
            good[:32] + (int.from_bytes(good[32:], "little") + L).to_bytes(32, "little"),
            good[:-1],
        ):
            try:
                found = pack_verifier.signed(key, forged, message)
            except DoubtError:
                found = False
            assert found is ed25519(key, forged, message) is False
