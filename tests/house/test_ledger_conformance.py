# ruff: noqa: E501  # a table
"""The ledger keeps to its specifications: which test proves each rule, and that none of these tests is gone.

Hashing (RFC 9162, 2.1)
    leaf, node and empty root | unit/domain/test_merkle.py::test_hashes_known_from_rfc_6962_implementations
    split at the largest power of two | unit/domain/test_merkle.py::test_roots_by_every_route
    an odd leaf is never duplicated | unit/domain/test_merkle.py::test_an_odd_leaf_is_not_duplicated
    inclusion, exhaustive to 64 | unit/domain/test_merkle.py::test_inclusion_of_every_leaf
    consistency, exhaustive m <= n <= 64 | unit/domain/test_merkle.py::test_consistency_of_every_earlier_size
    no altered proof holds | unit/domain/test_merkle.py::test_no_altered_inclusion_proof_holds
    no altered consistency proof holds | unit/domain/test_merkle.py::test_no_altered_consistency_proof_holds
Tiles (c2sp.org/tlog-tiles)
    paths, both ways | unit/domain/test_tiles.py::test_paths
    any place reads back | unit/domain/test_tiles.py::test_a_path_reads_back
    no other path is read | unit/domain/test_tiles.py::test_other_paths_are_refused
    which files a size has | house/test_ledger_conformance.py::test_a_size_has_the_files_that_the_specification_counts
    70,000 entries | unit/domain/test_tiles.py::test_the_places_of_70000_entries
    a level holds full tiles' hashes | house/test_ledger_conformance.py::test_a_level_holds_the_hashes_of_full_tiles_alone
    each size has its root | unit/domain/test_tiles.py::test_each_size_has_its_root_and_all_its_files
    partials are immutable | contracts/test_log_store.py::test_a_resource_is_never_written_twice
    uint16 lengths in bundles | house/test_ledger_conformance.py::test_an_entry_bundle_byte_by_byte
    65,535 taken, 65,536 refused | unit/domain/test_tiles.py::test_the_longest_entry_and_one_byte_more
    a broken bundle is refused | unit/domain/test_tiles.py::test_a_broken_bundle_is_refused
    any grouping, the same files | unit/domain/test_tiles.py::test_the_grouping_of_appends_leaves_no_trace
Signed notes (c2sp.org/signed-note, tlog-cosignature)
    the specification's vector | unit/domain/test_notes.py::test_the_vector_of_the_specification
    unknown keys ignored, known ones must hold | unit/domain/test_notes.py::test_unknown_keys_are_ignored_and_known_ones_must_hold
    a vkey splits at two plus signs | unit/domain/test_notes.py::test_a_vkey_splits_at_its_first_two_plus_signs
    duplicated signatures | unit/domain/test_notes.py::test_duplicated_signatures_must_each_hold
    sixteen signatures, not seventeen | unit/domain/test_notes.py::test_sixteen_signatures_are_read_and_seventeen_refused
    control characters, CR | unit/domain/test_notes.py::test_a_control_character_is_refused_even_when_it_was_signed
    every flipped bit | unit/domain/test_notes.py::test_every_flipped_bit_of_a_note_is_refused
    cosignatures | unit/domain/test_notes.py::test_a_cosignature_gives_its_time
Checkpoints (c2sp.org/tlog-checkpoint)
    the specification's text | unit/domain/test_checkpoints.py::test_the_text_of_the_specification
    a size prints back, no leading zero | unit/domain/test_checkpoints.py::test_a_size_that_does_not_print_back_is_refused
    anything else is a LedgerError | unit/domain/test_checkpoints.py::test_no_bytes_leak_a_foreign_error
    every flipped bit | unit/domain/test_checkpoints.py::test_every_flipped_bit_is_refused
    two sequencers sign one history | unit/services/test_sequencing.py::test_of_two_sequencers_with_files_of_their_own_the_second_signs_nothing
    no fork after a crash | unit/services/test_sequencing.py::test_a_queue_that_is_read_in_another_order_after_a_crash_forks_nothing
Proof files (c2sp.org/tlog-proof)
    its lines | unit/domain/test_proofs.py::test_its_lines_are_those_of_the_specification
    no other form | unit/domain/test_proofs.py::test_a_file_that_strays_from_the_format_is_refused
    every flipped bit | unit/domain/test_proofs.py::test_every_flipped_bit_is_refused
Entries
    RFC 8785 as another program writes it | unit/domain/test_canonical.py::test_it_agrees_with_another_implementation
    every event, by its schema | house/test_events.py::test_what_is_emitted_keeps_to_its_schema
    no type outside the catalogue | house/test_events.py::test_every_type_is_in_the_catalogue_and_no_other
    CDEvents as published | house/test_cdevents.py::test_what_we_make_is_a_cdevent
    payloads by digest | unit/services/test_ledger.py::test_no_transition_makes_an_event_that_is_too_large
    the committed bytes are the entry | contracts/test_ledger_head.py::test_entries_wait_in_order_with_the_bytes_that_were_committed
Write path
    state and events commit together | contracts/test_change_store.py::test_a_trigger_that_fails_on_events_rolls_the_state_back
    one group, no timer | unit/services/test_sequencing.py::test_queued_events_become_provable_as_one_group
    files, then head, then checkpoint | crash/test_tile_files.py::test_the_head_moves_only_when_all_before_it_is_durable
    compare-and-swap | contracts/test_ledger_head.py::test_of_two_sequencers_one_advances
    a fault at each system call | crash/test_tile_files.py::test_a_fault_in_an_append
    a second fault in the recovery | crash/test_tile_files.py::test_a_second_fault_during_the_recovery
    an fsync error ends the process | unit/services/test_sequencing.py::test_after_an_error_the_process_must_end
    none lost, none twice, of 8 processes | crash/test_ledger_processes.py::test_ten_thousand_appends_of_eight_processes
    files ahead are refused | unit/services/test_sequencing.py::test_an_old_database_is_refused
    files behind are refused | unit/services/test_sequencing.py::test_old_files_are_refused
    another history is refused | unit/services/test_sequencing.py::test_files_of_another_history_are_refused
    a refusal changes nothing | crash/test_ledger_processes.py::test_a_restored_old_database_is_refused_and_nothing_is_changed
Read path
    served as static files | unit/entrypoints/api/test_tlog.py::test_a_mirror_of_what_is_served_is_the_log
    kept for ever but the checkpoint | unit/entrypoints/api/test_tlog.py::test_tiles_are_kept_for_ever_and_the_checkpoint_is_asked_for_anew
    proofs from tiles | unit/domain/test_tiles.py::test_proofs_from_tiles
Verify
    every size | unit/services/test_verification.py::test_a_whole_log_passes
    a flipped bit in each kind of file | unit/services/test_verification.py::test_one_flipped_bit_is_found_where_it_is
    the first bad index | unit/services/test_verification.py::test_the_first_of_several_bad_entries_is_named
    no database, no private key | unit/entrypoints/cli/test_ledger.py::test_verify_names_the_first_bad_index_with_no_database_and_no_private_key
    --offline PACK | unit/entrypoints/cli/test_report.py::test_the_ledger_s_verify_takes_a_pack_too
    fsck at each size | real/test_verifiers.py::test_fsck_passes_at_each_size
    fsck finds what we find | real/test_verifiers.py::test_fsck_and_our_verify_both_find_a_flipped_bit
    fsck after crash and recovery | real/test_verifiers.py::test_fsck_passes_after_a_crash_and_after_the_recovery
    Go makes the same proofs | real/test_verifiers.py::test_go_accepts_and_makes_the_same_proofs
"""

from __future__ import annotations

import ast
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from conductor_core.domain.tiles import Edge, parse_bundle
from conductor_core.settings import PROJECT_ROOT

SIZES = (0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70000)
TABLE = [line.split(" | ") for line in (__doc__ or "").splitlines() if " | " in line]


@cache
def functions(file: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("rule", "proof"), TABLE, ids=lambda cell: str(cell).strip()[:40])
def test_each_rule_has_its_test(rule: str, proof: str) -> None:
    file, _, name = proof.strip().partition("::")
    found = functions(PROJECT_ROOT / "tests" / file).get(name)
    assert found is not None, rule
    assert not any("skip" in ast.unparse(d) or "xfail" in ast.unparse(d) for d in found.decorator_list), rule


def numbered(n: int) -> str:
    """N as the specification writes it: groups of three digits, all but the last after an x."""
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def counted(size: int) -> set[str]:
    """The files of a log of this size, counted by the formula of the specification, with no code of ours."""
    found, level = set(), 0
    while size >> (8 * level):
        full, width = divmod(size >> (8 * level), 256)
        names = [numbered(n) for n in range(full)] + ([f"{numbered(full)}.p/{width}"] if width else [])
        found |= {f"tile/{kind}/{name}" for name in names for kind in (level, *(["entries"] if level == 0 else []))}
        level += 1
    return found


@cache
def log(size: int) -> dict[str, bytes]:
    _, writes = Edge().extend([b"%d" % n for n in range(size)])
    return {place.path: data for place, data in writes}


@pytest.mark.parametrize("size", SIZES)
def test_a_size_has_the_files_that_the_specification_counts(size: int) -> None:
    assert set(log(size)) == counted(size)
    assert all(len(data) == 8192 for path, data in log(size).items() if ".p/" not in path and "entries" not in path)


def test_two_sizes_as_the_specification_spells_them() -> None:
    assert counted(256) == {"tile/0/000", "tile/entries/000", "tile/1/000.p/1"}
    assert {p for p in counted(70_000) if ".p/" in p} == {
        "tile/0/273.p/112",
        "tile/entries/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }


def test_a_level_holds_the_hashes_of_full_tiles_alone() -> None:
    def root(hashes: list[bytes]) -> bytes:
        while len(hashes) > 1:
            hashes = [sha256(b"\x01" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    files = log(66_000)
    for upper, path, lower in (
        ("tile/1/000", "tile/0/{:03}", 256),
        ("tile/1/001.p/1", "tile/0/256", 1),
        ("tile/2/000.p/1", "tile/1/000", 1),
    ):
        below = [files[path.format(n)] for n in range(lower)]
        roots = [root([tile[at : at + 32] for at in range(0, 8192, 32)]) for tile in below]
        assert files[upper] == b"".join(roots), upper


def test_an_entry_bundle_byte_by_byte() -> None:
    _, writes = Edge().extend([b"", b"ab", b"x" * 258])
    data = next(data for place, data in writes if "entries" in place.path)
    assert data == b"\x00\x00" + b"\x00\x02ab" + b"\x01\x02" + b"x" * 258
    assert parse_bundle(data) == [b"", b"ab", b"x" * 258]
