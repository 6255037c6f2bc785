"""The sequencer: gives queued events their index, writes them into the log, commits the head, publishes a checkpoint.

Rule: the write path of the ledger. Files first, then the head by compare-and-swap, and only then a signature: what was
signed is committed, so no two inconsistent checkpoints can ever be signed, whoever crashes when. One sequencer runs at
a time; a second one loses the compare-and-swap and stops.
"""

from __future__ import annotations

from collections.abc import Sequence

from conductor_core.domain import checkpoints, proofs, tiles
from conductor_core.domain.notes import Ed25519, NoteSigner, VerifierKey
from conductor_core.domain.tiles import ENTRIES, WIDTH, Edge, Place
from conductor_core.errors import ConflictError, LedgerError
from conductor_core.ports.log_store import GROUP_LIMIT, Head, HeadStore, LogStore, LogStoreError
from conductor_core.ports.outbox import Outbox

MAX_ENTRIES = 4096


class Sequencer:
    """Appends to one log. Call `start` once, then `step` whenever something may be queued.

    When writing, committing or publishing a group fails, the instance refuses to go on (`LedgerError`): the process
    must end, and the next one's `start` finds out what became durable. Retrying a failed write or fsync in the same
    process is never safe. A queue that can't be read, or that holds an entry too long for the log, changes nothing.
    """

    def __init__(
        self,
        log_store: LogStore,
        head_store: HeadStore,
        outbox: Outbox,
        signer: NoteSigner,
        ed25519: Ed25519,
        *,
        trusted: Sequence[VerifierKey] = (),
    ) -> None:
        """`trusted`: earlier keys of the log, for the checkpoint that a key which has been replaced signed last."""
        self._files = log_store
        self._heads = head_store
        self._outbox = outbox
        self._signer = signer
        self._ed25519 = ed25519
        self._keys = (signer.key, *trusted)
        self._edge: Edge | None = None
        self._claim = 0

    def start(self) -> Head:
        """Compare the files with the committed head, finish what a crash left undone, and return the head.

        From here on whoever wrote before can't commit any more: what of theirs lies beyond the head was acknowledged to
        nobody. Raises `LedgerError`, having changed nothing of the log, when the files are ahead of the head (an old
        database), behind it (an old copy of the files) or inconsistent with it.
        """
        self._claim = self._heads.claim()
        head, note = self._heads.head(), self._files.published()
        shown = checkpoints.open_checkpoint(note, self._keys, self._ed25519) if note is not None else None
        if head is None:
            if shown is not None:
                raise _ahead(shown.checkpoint.size, 0)
            head = Head(0, Edge().root)
            self._swap(None, head, ())
        edge = self._agree(head, shown.checkpoint if shown else None)
        self._files.set_aside(head.size)
        by_this_key = shown is not None and any(s.key_id == self._signer.key.key_id for s in shown.signed_by)
        if shown is None or shown.checkpoint.size < head.size or not by_this_key:
            self._publish(head)
        self._edge = edge
        return head

    def step(self, limit: int = MAX_ENTRIES) -> int:
        """Append what is queued, as one group; returns how many entries became provable.

        Raises `LedgerError`; `StorageError` when the queue can't be read; `InputError` for an entry above 65,535 bytes.
        """
        edge = self._edge
        if edge is None:
            raise LedgerError(
                "The ledger is not being written.",
                why="The sequencer was not started, or an earlier group failed.",
                next="Look at the earlier error, mend its cause, and start the process again.",
            )
        rows = self._outbox.queued(min(limit, GROUP_LIMIT))
        if not rows:
            return 0
        grown, writes = edge.extend([row.entry for row in rows])
        self._edge = None  # until all of the following is done, what is durable is unknown
        self._files.write(writes)
        head = Head(grown.size, grown.root)
        self._swap(Head(edge.size, edge.root), head, [row.row for row in rows])
        self._publish(head)
        self._files.prune(_superseded(writes))
        self._edge = grown
        return len(rows)

    def _agree(self, head: Head, shown: checkpoints.Checkpoint | None) -> Edge:
        if shown is not None and shown.size > head.size:
            raise _ahead(shown.size, head.size)
        if shown is None and head.size:
            raise _behind(f"the head has {head.size} entries and there is no checkpoint file")
        try:
            edge = tiles.load_edge(head.size, self._files.read)
        except LogStoreError:
            raise
        except LedgerError as lost:
            raise _behind(lost.what) from lost
        if edge.root != head.root:
            raise _apart(f"the tiles of {head.size} entries give another root than the head")
        if shown is not None:
            root = proofs.tree_root(shown.size, tiles.Tiles(self._files.read).reader(head.size))
            if root != shown.root:
                raise _apart(f"the published checkpoint of {shown.size} entries is no earlier state of this log")
        return edge

    def _swap(self, old: Head | None, new: Head, rows: Sequence[int]) -> None:
        try:
            self._heads.advance(old, new, rows, self._claim)
        except ConflictError as lost:
            raise LedgerError(
                "Another process has written to the ledger.",
                why=lost.what,
                next="Leave one sequencer running; this process must end.",
            ) from lost

    def _publish(self, head: Head) -> None:
        text = checkpoints.Checkpoint(self._signer.key.name, head.size, head.root).text()
        self._files.publish(self._signer.note(text))


def _superseded(writes: Sequence[tuple[Place, bytes]]) -> list[Place]:
    """The full resources whose successor is full too: nobody who reads a recent checkpoint needs their partials."""
    return [Place(p.level, p.n - 1) for p, _ in writes if p.width == WIDTH and p.n and p.level >= ENTRIES]


def _ahead(shown: int, committed: int) -> LedgerError:
    return LedgerError(
        "The ledger's files are ahead of the database.",
        why=f"The published checkpoint covers {shown} entries and the database has committed {committed}.",
        next="The database was probably restored from an old copy: restore one that is at least as new as the files.",
    )


def _behind(why: str) -> LedgerError:
    return LedgerError(
        "The ledger's files are behind the database.",
        why=f"As found: {why}",
        next="The files were probably restored from an old copy: restore ones at least as new as the database.",
    )


def _apart(why: str) -> LedgerError:
    return LedgerError(
        "The ledger's files and the database do not belong together.",
        why=f"As found: {why}.",
        next="Keep both as they are for an investigation, and restore a pair that was saved together.",
    )
