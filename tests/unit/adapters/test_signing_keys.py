"""The log's key: made once, given, replaced; the public ones stay known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conductor_core.adapters.signing import ed25519, make_signer, open_keys, read_vkeys
from conductor_core.domain.checkpoints import Checkpoint
from conductor_core.domain.merkle import EMPTY_ROOT
from conductor_core.domain.notes import parse_note
from conductor_core.errors import ConfigurationError, InputError, StorageError
from conductor_core.services.sequencing import Sequencer
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore


def places(folder: Path) -> tuple[Path, Path]:
    return folder / "ledger.key", folder / "ledger" / "vkey"


def test_the_first_start_makes_a_key_with_a_name_of_its_own(tmp_path: Path) -> None:
    private, public = places(tmp_path)
    signer, earlier = open_keys(private, public)
    assert re.fullmatch("maestro-conductor/[0-9a-f]{12}", signer.key.name)
    assert earlier == ()
    assert private.stat().st_mode & 0o777 == 0o600
    assert public.read_text() == f"{signer.key.encode()}\n"
    assert open_keys(private, public)[0].key == signer.key
    assert open_keys(*places(tmp_path / "other"))[0].key.name != signer.key.name


def test_a_key_that_is_given_is_used(tmp_path: Path) -> None:
    first, _ = open_keys(*places(tmp_path / "a"))
    given = tmp_path / "b" / "ledger.key"
    given.parent.mkdir()
    given.write_bytes((tmp_path / "a" / "ledger.key").read_bytes())
    given.chmod(0o600)
    assert open_keys(*places(tmp_path / "b"))[0].key == first.key


def test_a_replaced_key_s_checkpoints_are_still_checked(tmp_path: Path) -> None:
    private, public = places(tmp_path)
    files, rows = MemoryLogStore(), MemoryLedgerRows()
    first, _ = open_keys(private, public)
    sequencer = Sequencer(files, rows, rows, first, ed25519)
    sequencer.start()
    rows.put(b"a")
    sequencer.step()
    private.rename(tmp_path / "ledger.key.2026")
    second, earlier = open_keys(private, public)
    assert second.key != first.key
    assert (second.key.name, earlier) == (first.key.name, (first.key,))
    assert read_vkeys(public.read_text()) == (second.key, first.key)
    after = Sequencer(files, rows, rows, second, ed25519, trusted=earlier)
    assert after.start().size == 1
    note = files.published()
    assert note is not None
    assert [s.key_id for s in parse_note(note).signatures] == [second.key.key_id]


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    private, public = places(tmp_path)
    private.write_text("no key")
    private.chmod(0o600)
    with pytest.raises((ConfigurationError, InputError)):
        open_keys(private, public)
    with pytest.raises(InputError):
        read_vkeys("example.com/log+00000000+AQ==\n")
    assert read_vkeys("\n\n") == ()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        open_keys(tmp_path / "file" / "ledger.key", tmp_path / "file" / "ledger" / "vkey")
    signer = make_signer("example.com/log", bytes(32))
    assert signer.note(Checkpoint("example.com/log", 0, EMPTY_ROOT).text())
