"""The ledger's key file, and Ed25519 by the vectors of RFC 8032."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.adapters.signing import ed25519, load_or_create, make_signer
from conductor_core.domain import notes
from conductor_core.errors import ConfigurationError, InputError, StorageError

NAME = "example.com/log"


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_vectors_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    signer = make_signer(NAME, bytes.fromhex(seed))
    assert signer.key.key.hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    assert ed25519(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))
    assert not ed25519(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message) + b"x")


@given(st.binary(max_size=70), st.binary(max_size=70), st.binary(max_size=10))
def test_anything_else_does_not_hold(key: bytes, signature: bytes, message: bytes) -> None:
    assert not ed25519(key, signature, message)


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = load_or_create(tmp_path / "ledger.key", NAME)
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o600
    again = load_or_create(tmp_path / "ledger.key", NAME)
    assert again.key == made.key
    assert again.note(b"x\n") == made.note(b"x\n")
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.key"]
    assert notes.open_note(again.note(b"x\n"), [made.key], ed25519).text == b"x\n"


def test_of_processes_that_start_at_once_one_makes_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_or_create(tmp_path / "ledger.key", NAME).key, range(16)))
    assert len(keys) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path / "ledger.key", NAME)
    (tmp_path / "ledger.key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="others"):
        load_or_create(tmp_path / "ledger.key", NAME)


@pytest.mark.parametrize(
    "harm",
    ["", "junk", "PRIVATE+KEY+a+b", "other name", "other id", "not base64", "other kind", "no prefix", "\xff\xfe"],
)
def test_a_file_that_is_no_key_of_this_log_is_refused_and_kept(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "ledger.key"
    load_or_create(path, NAME)
    text = path.read_text(encoding="utf-8")
    _, _, name, key_id, payload = text.split("+", 4)
    assert name == NAME
    harmed = {
        "other name": text.replace(NAME, "example.com/else"),
        "other id": text.replace(key_id, "00000000"),
        "not base64": text.replace(payload, f"!{payload}"),
        "other kind": text.replace(payload, f"B{payload[1:]}"),
        "no prefix": text.removeprefix("PRIVATE+KEY+"),
    }.get(harm, harm)
    assert harmed != text
    path.write_bytes(harmed.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="can't be used"):
        load_or_create(path, NAME)
    assert path.read_bytes() == harmed.encode("latin-1")


def test_a_folder_that_is_missing_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in ("missing", "file"):
        with pytest.raises(StorageError):
            load_or_create(tmp_path / folder / "ledger.key", NAME)
    (tmp_path / "ledger.key").mkdir(0o700)
    with pytest.raises(StorageError):
        load_or_create(tmp_path / "ledger.key", NAME)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\n", "\u2003"])
def test_a_name_that_no_key_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        load_or_create(tmp_path / "ledger.key", name)
    assert list(tmp_path.iterdir()) == []
