"""The write path on in-memory ports: every interruption, every disagreement at start, and the ledger's promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain import checkpoints, merkle, tiles
from conductor_core.domain.notes import NoteSigner, VerifierKey
from conductor_core.errors import ConductorError, LedgerError, StorageError
from conductor_core.ports.log_store import GROUP_LIMIT, Head, LogStoreError
from conductor_core.ports.outbox import Queued
from conductor_core.services.sequencing import Sequencer
from conductor_core.services.verification import verify
from tests.examples import examples
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore

KEY = make_signer("example.com/log", bytes(range(32)))
NEXT = make_signer("example.com/log", bytes([5] * 32))


class PowerCut(Exception):
    """The process is gone."""


class World:
    """What survives a process: files, rows, and every text that was ever signed."""

    def __init__(self) -> None:
        self.countdown = -1
        self.files = MemoryLogStore(self._before)
        self.rows = MemoryLedgerRows(self._before)
        self.signed: list[checkpoints.Checkpoint] = []

    def _before(self, act: str) -> None:
        self.countdown -= 1
        if self.countdown == 0:
            raise PowerCut(act)

    def signer(self, key: NoteSigner = KEY) -> NoteSigner:
        def sign(text: bytes) -> bytes:
            self.signed.append(checkpoints.parse_text(text))
            return key.sign(text)

        return NoteSigner(key.key, sign)

    def sequencer(self, key: NoteSigner = KEY, trusted: Sequence[VerifierKey] = ()) -> Sequencer:
        return Sequencer(self.files, self.rows, self.rows, self.signer(key), ed25519, trusted=trusted)

    def started(self) -> Sequencer:
        found = self.sequencer()
        found.start()
        return found

    def check(self) -> list[bytes]:
        """The log is whole, says what the rows say, and no two signed checkpoints disagree; returns its entries."""
        opened = verify(self.files.published(), self.files.read, [KEY.key, NEXT.key], ed25519)
        size = opened.checkpoint.size
        assert self.rows.head() == Head(size, opened.checkpoint.root)
        entries = [
            entry
            for place in tiles.places(size)
            if place.level == tiles.ENTRIES
            for entry in tiles.read_entries(self.files.read, place)
        ]
        assert entries == [self.rows.entries[row] for row in self.rows.placed]
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        for head in self.signed:
            assert head.root == merkle.root_of(leaves[: head.size]), "what was signed is a state of this log"
        return entries


def test_a_new_log_publishes_the_empty_tree() -> None:
    world = World()
    assert world.sequencer().start() == Head(0, merkle.EMPTY_ROOT)
    assert world.check() == []


def test_queued_events_become_provable_as_one_group() -> None:
    world = World()
    sequencer = world.started()
    assert sequencer.step() == 0
    world.rows.put(b"a", b"b", b"c")
    assert sequencer.step() == 3
    assert world.check() == [b"a", b"b", b"c"]
    assert [head.size for head in world.signed] == [0, 3], "one checkpoint a group, none for an empty one"
    world.rows.put(b"d")
    assert (sequencer.step(), sequencer.step()) == (1, 0)
    assert world.check() == [b"a", b"b", b"c", b"d"]


def test_a_group_has_a_limit() -> None:
    world = World()
    world.rows.put(*(b"%d" % n for n in range(10)))
    sequencer = world.started()
    assert [sequencer.step(4) for _ in range(4)] == [4, 4, 2, 0]
    assert world.check() == [b"%d" % n for n in range(10)]
    asked: list[int] = []

    def queued(limit: int) -> Sequence[Queued]:
        asked.append(limit)
        return []

    world.rows.queued = queued  # type: ignore[method-assign]
    sequencer.step(10**9)
    assert asked == [GROUP_LIMIT]


def test_partials_go_one_tile_late() -> None:
    world = World()
    sequencer = world.started()
    for n in range(520):
        world.rows.put(b"%d" % n)
        sequencer.step()
    partial = {path.partition(".p")[0] for path in world.files.files if ".p/" in path}
    assert partial == {"tile/entries/001", "tile/entries/002", "tile/0/001", "tile/0/002", "tile/1/000"}
    world.check()


@pytest.mark.parametrize("cut", range(1, 40))
@pytest.mark.parametrize("size", [0, 3, 255, 510])
def test_a_cut_anywhere_loses_and_doubles_nothing(cut: int, size: int) -> None:
    world = World()
    world.rows.put(*(b"%d" % n for n in range(size)))
    if size:
        world.started().step()
    world.rows.put(b"x", b"y")
    world.countdown = cut
    acknowledged = len(world.rows.placed)
    try:
        world.started().step(1)
        world.rows.put(b"z")
        world.started().step()
    except PowerCut:
        acknowledged = len(world.rows.placed)
    world.countdown = -1
    before = list(world.rows.placed)
    world.rows.put(b"late")
    world.started().step()
    assert world.rows.placed[:acknowledged] == before[:acknowledged]
    assert sorted(world.check()) == sorted(world.rows.entries)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.lists(st.integers(1, 300), max_size=5))
@settings(max_examples=examples(60), deadline=None)
def test_cuts_during_recovery_too(cuts: list[int], groups: list[int]) -> None:
    world = World()
    for cut, group in zip(cuts, groups, strict=False):
        world.rows.put(*(b"%d" % n for n in range(group)))
        world.countdown = cut
        try:
            world.started().step()
        except PowerCut:
            continue
    world.countdown = -1
    world.rows.put(b"last")
    world.started().step()
    assert sorted(world.check()) == sorted(world.rows.entries)


def test_a_queue_that_is_read_in_another_order_after_a_crash_forks_nothing() -> None:
    world = World()
    world.started()
    world.rows.put(b"a", b"b")
    world.rows.before = fail_at("advance")
    with pytest.raises(PowerCut):
        world.started().step()
    world.rows.before = lambda _: None
    backwards = MemoryLedgerRows.queued
    world.rows.queued = lambda limit: backwards(world.rows, limit)[::-1]  # type: ignore[method-assign]
    world.started().step()
    assert world.check() == [b"b", b"a"]
    assert [sorted(aside) for aside in world.files.aside] == [["tile/0/000.p/2", "tile/entries/000.p/2"]]


def fail_at(name: str) -> Callable[[str], None]:
    def before(act: str) -> None:
        if act == name:
            raise PowerCut(act)

    return before


def test_after_an_error_the_process_must_end() -> None:
    world = World()
    sequencer = world.started()
    world.rows.put(b"a")
    world.files.before = fail_at("written")
    with pytest.raises(PowerCut):
        sequencer.step()
    world.files.before = lambda _: None
    with pytest.raises(LedgerError, match="not being written"):
        sequencer.step()
    world.started().step()
    assert world.check() == [b"a"]


def test_it_does_not_write_before_it_started() -> None:
    with pytest.raises(LedgerError, match="not started"):
        World().sequencer().step()


def test_an_entry_that_is_too_long_is_refused_before_anything_is_written() -> None:
    world = World()
    sequencer = world.started()
    world.rows.put(b"x" * 65_536)
    with pytest.raises(ConductorError, match="65536"):
        sequencer.step()
    assert world.files.files == {}
    assert world.check() == []
    world.rows.entries[0] = b"short"
    assert sequencer.step() == 1, "nothing was begun, so the process may go on"


def test_a_queue_that_cannot_be_read_for_a_moment_ends_nothing() -> None:
    world = World()
    sequencer = world.started()
    world.rows.put(b"a")
    readable = world.rows.queued

    def unreadable(limit: int) -> Sequence[Queued]:
        raise StorageError("The database is away.")

    world.rows.queued = unreadable  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        sequencer.step()
    world.rows.queued = readable  # type: ignore[method-assign]
    assert sequencer.step() == 1
    assert world.check() == [b"a"]


def test_of_two_sequencers_the_one_that_started_last_goes_on() -> None:
    world = World()
    first, second = world.started(), world.started()
    world.rows.put(b"a")
    second.step()
    world.rows.put(b"b")
    with pytest.raises(LedgerError):
        first.step()
    with pytest.raises(LedgerError):
        first.step()
    third = world.started()  # what the first has written and not committed is in the second's way
    third.step()
    assert world.check() == [b"a", b"b"]


def test_of_two_sequencers_with_files_of_their_own_the_second_signs_nothing() -> None:
    world = World()
    world.started()
    copy = MemoryLogStore()
    copy.checkpoint = world.files.checkpoint
    second = Sequencer(copy, world.rows, world.rows, world.signer(), ed25519)
    second.start()
    first = world.started()
    world.rows.put(b"a")
    stale = world.rows.queued(9)
    first.step()
    world.rows.queued = lambda limit: stale  # type: ignore[method-assign]
    with pytest.raises(LedgerError, match="Another process"):
        second.step()
    world.check()


def grown(*groups: Sequence[bytes]) -> World:
    world = World()
    sequencer = world.started()
    for group in groups:
        world.rows.put(*group)
        sequencer.step()
    return world


def refuses(world: World, match: str) -> None:
    files, note, row = dict(world.files.files), world.files.checkpoint, world.rows.row
    with pytest.raises(LedgerError, match=match):
        world.sequencer().start()
    assert (world.files.files, world.files.checkpoint, world.rows.row) == (files, note, row), "nothing was changed"


def test_who_lost_its_seat_in_the_middle_of_a_group_commits_nothing_that_was_set_aside() -> None:
    """Its files are written and not yet committed when its successor starts: they go aside, so it may not commit."""
    world = World()
    first = world.started()
    world.rows.put(b"one")
    first.step()
    world.rows.put(b"two")
    successors: list[Sequencer] = []

    def succeeded(act: str) -> None:
        if act == "advance" and not successors:
            successors.append(world.sequencer())
            successors[0].start()

    world.rows.before = succeeded
    with pytest.raises(LedgerError, match="Another process"):
        first.step()
    assert world.files.aside
    successors[0].step()
    assert world.check() == [b"one", b"two"]


def test_an_old_database_is_refused() -> None:
    world, old = grown([b"a"], [b"b"]), grown([b"a"])
    world.rows = old.rows
    refuses(world, "ahead of the database")


def test_an_empty_database_is_refused() -> None:
    world = grown([b"a"])
    world.rows = MemoryLedgerRows()
    refuses(world, "ahead of the database")


def test_old_files_are_refused() -> None:
    world, old = grown([b"a"], [b"b"]), grown([b"a"])
    world.files = old.files
    refuses(world, "behind the database")


def test_a_store_that_can_not_be_read_is_not_called_old(monkeypatch: pytest.MonkeyPatch) -> None:
    world = grown([b"a"])

    def away(_: str) -> bytes:
        raise LogStoreError("The store is away.")

    monkeypatch.setattr(world.files, "read", away)
    refuses(world, "The store is away")


def test_no_files_are_refused() -> None:
    world = grown([b"a"])
    world.files = MemoryLogStore()
    refuses(world, "behind the database")


def test_a_missing_checkpoint_is_refused() -> None:
    world = grown([b"a"])
    world.files.checkpoint = None
    refuses(world, "behind the database")


def test_files_of_another_history_are_refused() -> None:
    world, other = grown([b"a"], [b"b"]), grown([b"x"], [b"b"])
    world.files = other.files
    refuses(world, "do not belong together")


def test_an_earlier_checkpoint_of_another_history_is_refused() -> None:
    world, other = grown([b"a"], [b"b"]), grown([b"x"])
    world.files.checkpoint = other.files.checkpoint
    refuses(world, "do not belong together")


@pytest.mark.parametrize("path", ["tile/0/000.p/2", "tile/entries/000.p/2"])
def test_a_damaged_edge_is_refused(path: str) -> None:
    world = grown([b"a", b"b"])
    data = world.files.files[path]
    world.files.files[path] = data[:-1] + bytes([data[-1] ^ 1])
    refuses(world, "behind the database|do not belong")


@pytest.mark.parametrize("note", [b"", b"junk", b"example.com/log\n0\n"])
def test_a_broken_checkpoint_is_refused(note: bytes) -> None:
    world = grown([b"a"])
    world.files.checkpoint = note
    refuses(world, "note can't be accepted")


def test_the_checkpoint_of_the_last_group_is_published_after_a_crash() -> None:
    world, old = grown([b"a"], [b"b"]), grown([b"a"])
    world.files.checkpoint = old.files.checkpoint
    assert world.sequencer().start().size == 2
    assert world.check() == [b"a", b"b"]


def test_a_replaced_key_signs_from_the_next_start_on() -> None:
    world = grown([b"a"])
    refused = world.sequencer(NEXT)
    with pytest.raises(LedgerError, match="known key"):
        refused.start()
    sequencer = world.sequencer(NEXT, trusted=[KEY.key])
    sequencer.start()
    note = world.files.published()
    assert note is not None
    assert checkpoints.open_checkpoint(note, [NEXT.key], ed25519).checkpoint.size == 1
    world.rows.put(b"b")
    sequencer.step()
    assert world.check() == [b"a", b"b"]
    with pytest.raises(LedgerError, match="known key"):
        world.sequencer(KEY).start()
